#include "oom.h"

#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool text_is(const struct cgroup *cgroup, const char *text) {
    return cgroup->length == (int)strlen(text) && memcmp(cgroup->text, text, strlen(text)) == 0;
}

/* At the end of a controller's name, which a ',' or the field's ':' follows. */
static void controller(struct cgroup *cgroup) {
    cgroup->memory |= text_is(cgroup, "memory");
    cgroup->unified &= cgroup->length == 0;
    cgroup->length = 0;
}

static void path_ends(struct cgroup *cgroup) {
    if (!cgroup->memory && (!cgroup->unified || cgroup->v1))
        return;
    cgroup->v1 = cgroup->memory;
    bool fits = cgroup->length < CGROUP_PATH;
    if (!fits)
        cgroup->length = 0;
    memcpy(cgroup->path, cgroup->text, (size_t)cgroup->length);
    cgroup->path[cgroup->length] = '\0';
    /* "/../x" is outside of our cgroup namespace, and nothing in our view is its name. */
    if (cgroup->path[0] != '/' || strncmp(cgroup->path, "/..", 3) == 0)
        cgroup->path[0] = '\0';
}

static void cgroup_byte(struct cgroup *cgroup, char byte) {
    bool separates = (byte == ':' && cgroup->field < 2) || (byte == ',' && cgroup->field == 1) || byte == '\n';
    if (!separates) {
        if (cgroup->length < CGROUP_PATH)
            cgroup->text[cgroup->length++] = byte;
        return;
    }
    if (byte == '\n') {
        if (cgroup->field == 2)
            path_ends(cgroup);
        cgroup->field = 0;
        cgroup->memory = false;
    } else if (cgroup->field == 0) {
        cgroup->unified = text_is(cgroup, "0");
        cgroup->field = 1;
    } else {
        controller(cgroup);
        cgroup->field += byte == ':';
    }
    cgroup->length = 0;
}

void cgroup_feed(struct cgroup *cgroup, const char *bytes, int length) {
    for (int i = 0; i < length; i++)
        cgroup_byte(cgroup, bytes[i]);
}

bool oom_count(const char *text, int length, unsigned long *count) {
    static const char key[] = "oom_kill ";
    int size = (int)sizeof key - 1;
    for (int at = 0; at + size < length; at++) {
        bool starts_line = at == 0 || text[at - 1] == '\n';
        if (!starts_line || memcmp(text + at, key, (size_t)size) != 0)
            continue;
        *count = 0;
        for (at += size; at < length && text[at] >= '0' && text[at] <= '9'; at++)
            *count = *count * 10 + (unsigned long)(text[at] - '0');
        return true;
    }
    return false;
}

/* The first bytes of a file, at most size; -1 if it cannot be read. */
static int read_start(const char *path, char *bytes, int size) {
    int length = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -1;
    while (length < size) {
        ssize_t some = read(file, bytes + length, (size_t)(size - length));
        if (some < 0 && errno == EINTR)
            continue;
        if (some <= 0)
            break;
        length += (int)some;
    }
    close(file);
    return length;
}

static bool join(char *text, int size, const char *const *parts) {
    int length = 0;
    for (; *parts; parts++) {
        int more = (int)strlen(*parts);
        if (length + more >= size)
            return false;
        memcpy(text + length, *parts, (size_t)more);
        length += more;
    }
    text[length] = '\0';
    return true;
}

static bool count_in(const char *mount, const char *hierarchy, const char *path, const char *file,
                     unsigned long *count) {
    char name[CGROUP_PATH + 128];
    char text[512];
    const char *const parts[] = {mount, hierarchy, path, "/", file, NULL};
    if (!join(name, sizeof name, parts))
        return false;
    int length = read_start(name, text, sizeof text);
    return length > 0 && oom_count(text, length, count);
}

static void find_cgroup(struct cgroup *cgroup, const char *list) {
    char bytes[512];
    ssize_t length;
    int file = open(list, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return;
    while ((length = read(file, bytes, sizeof bytes)) > 0 || (length < 0 && errno == EINTR))
        if (length > 0)
            cgroup_feed(cgroup, bytes, (int)length);
    close(file);
}

unsigned long oom_kills_in(const char *list, const char *mount) {
    struct cgroup cgroup = {0};
    unsigned long count = 0;
    find_cgroup(&cgroup, list);
    /* A container's runtime mounts the container's own cgroup where the host's root would be, so the path that the
     * list gives is often not there; the mount's root is what we look for then. */
    if (cgroup.v1) {
        if (!count_in(mount, "/memory", cgroup.path, "memory.oom_control", &count))
            count_in(mount, "/memory", "", "memory.oom_control", &count);
        return count;
    }
    static const char *const hierarchies[] = {"", "/unified"};
    for (int i = 0; i < 2; i++)
        if (count_in(mount, hierarchies[i], cgroup.path, "memory.events", &count))
            return count;
    for (int i = 0; i < 2; i++)
        if (count_in(mount, hierarchies[i], "", "memory.events", &count))
            return count;
    return 0;
}

unsigned long oom_kills(void) {
    return oom_kills_in("/proc/self/cgroup", "/sys/fs/cgroup");
}
