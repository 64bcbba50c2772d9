#include "user.h"

#include "accounts.h"
#include "say.h"
#include "span.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* What is asked for, and where to look and complain. */
struct question {
    const char *spec;
    int code;
    const char *passwd;
    const char *group;
};

/* -1 if there is no such file. */
static int open_table(const struct question *question, const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (file < 0 && errno != ENOENT && errno != ENOTDIR)
        die(question->code, "--user \"%s\": cannot open %s: %m", question->spec, path);
    return file;
}

/* The next bytes of the file, and a newline after its last one; 0 when even that was given. */
static int read_table(const struct question *question, const char *path, int *file, char *bytes, int size) {
    if (*file < 0)
        return 0;
    ssize_t length;
    do
        length = read(*file, bytes, (size_t)size);
    while (length < 0 && errno == EINTR);
    if (length < 0)
        die(question->code, "--user \"%s\": cannot read %s: %m", question->spec, path);
    if (length > 0)
        return (int)length;
    close(*file);
    *file = -1;
    bytes[0] = '\n';
    return 1;
}

enum { CHUNK = 1024 };

static void search_passwd(const struct question *question, struct passwd_search *search) {
    char bytes[CHUNK];
    int length;
    int file = open_table(question, question->passwd);
    if (file < 0 && search->name)
        die(question->code, "--user \"%s\": no such user, and no %s", question->spec, question->passwd);
    while ((length = read_table(question, question->passwd, &file, bytes, CHUNK)) > 0)
        if (!passwd_feed(search, bytes, length))
            break;
    if (file >= 0)
        close(file);
}

static void search_group(const struct question *question, struct group_search *search) {
    char bytes[CHUNK];
    int length;
    int file = open_table(question, question->group);
    if (file < 0 && !search->members)
        die(question->code, "--user \"%s\": no such group, and no %s", question->spec, question->group);
    while ((length = read_table(question, question->group, &file, bytes, CHUNK)) > 0)
        if (!group_feed(search, bytes, length))
            break;
    if (file >= 0)
        close(file);
}

static bool all_digits(const char *text, int length) {
    for (int i = 0; i < length; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return length > 0;
}

static uint32_t number(const struct question *question, const char *what, const char *text, int length) {
    uint32_t id = account_id(text, length);
    if (id == NOT_AN_ID)
        die(question->code, "--user \"%s\": a %s is 0 to 4294967294", question->spec, what);
    return id;
}

/* A uid that passwd does not know: the digits are its name, without leading zeros. */
static void unnamed(struct user *user, uid_t uid) {
    char digits[12];
    char *at = digits + sizeof digits - 1;
    *at = '\0';
    uint32_t rest = uid;
    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    user->uid = uid;
    user->gid = 0;
    strcpy(user->name, at);
    strcpy(user->home, "/");
}

/* Fills all but the groups; true if passwd has the user. */
static bool find_user(const struct question *question, struct user *user, int length) {
    struct passwd_search search = {.user = user};
    const char *spec = question->spec;
    if (length == 0)
        die(question->code, "--user \"%s\": no user is named", spec);
    if (all_digits(spec, length)) {
        search.uid = number(question, "uid", spec, length);
    } else {
        search.name = spec;
        search.name_length = length;
    }
    search_passwd(question, &search);
    if (!search.found && search.name)
        die(question->code, "--user \"%s\": no such user in %s", spec, question->passwd);
    if (!search.found)
        unnamed(user, search.uid);
    else if (search.too_long)
        die(question->code, "--user \"%s\": its name or home directory in %s is too long", spec, question->passwd);
    return search.found;
}

static gid_t find_group(const struct question *question, const char *name) {
    int length = (int)strlen(name);
    if (length == 0)
        die(question->code, "--user \"%s\": no group after the colon", question->spec);
    if (all_digits(name, length))
        return number(question, "gid", name, length);
    struct group_search search = {.name = name, .name_length = length};
    search_group(question, &search);
    if (!search.found)
        die(question->code, "--user \"%s\": no such group in %s", question->spec, question->group);
    return search.gid;
}

static void find_supplementary(const struct question *question, struct user *user) {
    struct group_search search = {
        .user = user, .name = user->name, .name_length = (int)strlen(user->name), .members = true};
    search_group(question, &search);
    if (search.too_many)
        die(question->code, "--user \"%s\": in more than %d groups by %s", question->spec, MAX_GROUPS, question->group);
}

void user_find_in(struct user *user, const char *spec, int code, const char *passwd, const char *group) {
    struct question question = {.spec = spec, .code = code, .passwd = passwd, .group = group};
    int length = (int)span(spec, ':');
    user->group_count = 0;
    bool known = find_user(&question, user, length);
    if (spec[length])
        user->gid = find_group(&question, spec + length + 1);
    else if (known)
        find_supplementary(&question, user);
}

void user_find(struct user *user, const char *spec, int code) {
    user_find_in(user, spec, code, "/etc/passwd", "/etc/group");
}
