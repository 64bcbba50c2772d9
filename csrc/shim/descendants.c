/* /proc/PID/task/TID/children lists a thread's children, so the cost is that of our own tree, while a pass over /proc
 * costs all of the machine's processes in each of hundreds of shims. Where the kernel has no such list
 * (CONFIG_PROC_CHILDREN), or the tree is larger than we have room for, it is the pass all the same. */
#include "descendants.h"

#include "../numbers.h"
#include "room.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A queue in room->processes: those found, of which the first ones have been asked for their children. */
static int found;

struct entry { /* linux_dirent64 */
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

/* Adds the numbers in text, of which the last one may go on in the next piece: the place of that one. False: no room.
 */
static bool add_numbers(const char *text, const char **rest) {
    pid_t pid;
    for (;;) {
        while (*text == ' ')
            text++;
        const char *end = get_number(text, &pid);
        *rest = text;
        if (pid < 0 || *end != ' ')
            return true;
        if (found == ROOM_PROCESSES)
            return false;
        room->processes[found++] = pid;
        text = end;
    }
}

/* False: it cannot be read, or there is no room. A thread that has ended has no children any more. */
static bool add_children(const char *path, bool must_be) {
    char text[2048];
    size_t kept = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return !must_be;
    bool fits = true;
    ssize_t length;
    while (fits && (length = read(fd, text + kept, sizeof text - 1 - kept)) > 0) {
        const char *rest;
        text[kept + (size_t)length] = 0;
        fits = add_numbers(text, &rest);
        kept = strlen(rest);
        memmove(text, rest, kept);
    }
    close(fd);
    return fits;
}

/* The children of all threads of pid. */
static bool add_all_children(pid_t pid, bool must_be) {
    char path[64] = "/proc/";
    char *end = put_number(path + 6, (unsigned long)pid);
    strcpy(end, "/task/");
    end += 6;
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return !must_be;
    _Alignas(struct entry) char entries[1024];
    bool fits = true;
    long length;
    while (fits && (length = syscall(SYS_getdents64, folder, entries, sizeof entries)) > 0) {
        for (long at = 0; at < length && fits;) {
            const struct entry *entry = (const struct entry *)(entries + at);
            if (entry->name[0] != '.') {
                strcpy(stpcpy(end, entry->name), "/children");
                fits = add_children(path, must_be);
            }
            at += entry->length;
        }
    }
    close(folder);
    return fits;
}

/* Our own children cannot have been replaced by others, as only we reap them; who is further down may have ended, and
 * its number may be another's: that is looked at again, once a pidfd holds it. */
static int visit_found(pid_t self, int own, visitor visit, void *data) {
    for (int i = 0; i < found; i++) {
        struct process process = {.pid = room->processes[i], .pidfd = -1};
        if (i < own ? visit(&process, data) : process_visit(self, process.pid, visit, data))
            return 1;
    }
    return 0;
}

int descendants_visit(pid_t self, visitor visit, void *data) {
    found = 0;
    bool whole = add_all_children(self, true);
    int own = found;
    for (int i = 0; whole && i < found; i++)
        whole = add_all_children(room->processes[i], false);
    return whole ? visit_found(self, own, visit, data) : processes_visit(self, 0, DESCENDANTS, visit, data);
}
