#include "files.h"

#include "../descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void files_make_parents(const char *path) {
    char folder[PATH_MAX];
    size_t length = strlen(path);
    if (length >= sizeof folder)
        return;
    for (size_t i = 1; i < length; i++) {
        if (path[i] != '/')
            continue;
        memcpy(folder, path, i);
        folder[i] = 0;
        mkdir(folder, 0700); /* whatever is wrong shows when the file itself is made */
    }
}

static int write_all(int fd, const char *text, size_t length) {
    while (length) {
        ssize_t some = write(fd, text, length);
        if (some < 0)
            return errno;
        text += some;
        length -= (size_t)some;
    }
    return 0;
}

int files_replace(const char *path, const char *text, size_t length, bool sync) {
    static const char suffix[] = ".new";
    char beside[PATH_MAX];
    size_t size = strlen(path);
    if (size + sizeof suffix > sizeof beside)
        return ENAMETOOLONG;
    memcpy(beside, path, size);
    memcpy(beside + size, suffix, sizeof suffix);
    enum { FLAGS = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK };
    int fd = open(beside, FLAGS, 0600);
    if (fd < 0 && errno == ENOENT) {
        files_make_parents(beside);
        fd = open(beside, FLAGS, 0600);
    }
    if (fd < 0)
        return errno;
    int error = write_all(fd, text, length);
    if (!error && sync && fsync(fd))
        error = errno;
    close(fd);
    if (!error && rename(beside, path))
        error = errno;
    if (error)
        unlink(beside);
    return error;
}

int files_memory(const char *name) {
    return descriptor_up(memfd_create(name, MFD_CLOEXEC));
}
