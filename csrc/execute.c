#include "execute.h"

#include "span.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A script without #! is the shell's, says POSIX. */
static void by_shell(const char *path, char **command, char **environment) {
    size_t count = 0;
    while (command[count])
        count++;
    char *words[count + 2]; /* at least sh, the path and NULL: count is 1 or more */
    words[0] = (char[]){"/bin/sh"};
    words[1] = (char *)path;
    for (size_t i = 1; i <= count; i++)
        words[i + 1] = command[i];
    execve(words[0], words, environment);
    errno = ENOEXEC;
}

static void try(const char *path, char **command, char **environment) {
    execve(path, command, environment);
    if (errno == ENOEXEC)
        by_shell(path, command, environment);
    else if (errno == ENOENT && access(path, F_OK) == 0)
        errno = ELIBBAD;
}

/* Joins directory and name; false: the path would be too long. */
static int join(char path[PATH_MAX], const char *directory, size_t length, const char *name) {
    size_t name_length = strlen(name);
    if (length + 1 + name_length >= PATH_MAX)
        return 0;
    memcpy(path, directory, length);
    if (length) /* an empty entry is the current directory */
        path[length++] = '/';
    memcpy(path + length, name, name_length + 1);
    return 1;
}

void execute(char **command, char **environment) {
    if (command[0][span(command[0], '/')] || !*command[0]) {
        try(command[0], command, environment);
        return;
    }
    const char *entry = getenv("PATH");
    if (!entry)
        entry = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    int error = ENOENT; /* the most telling one of all entries */
    for (;;) {
        size_t length = span(entry, ':');
        char path[PATH_MAX];
        if (join(path, entry, length, command[0])) {
            try(path, command, environment);
            if (errno == EACCES || errno == ELIBBAD)
                error = errno;
            else if (errno != ENOENT && errno != ENOTDIR && errno != ENAMETOOLONG && errno != ELOOP)
                return; /* this is the command, and it cannot be executed */
        }
        if (!entry[length])
            break;
        entry += length + 1;
    }
    errno = error;
}
