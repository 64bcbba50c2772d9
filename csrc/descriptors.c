#include "descriptors.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef SYS_fcntl64
#define FCNTL SYS_fcntl64
#else
#define FCNTL SYS_fcntl
#endif

int descriptor_up(int fd) {
    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    /* The system call itself: a libc's fcntl() is long, for all that it can do. */
    int moved = (int)syscall(FCNTL, fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close(fd);
    return moved;
}
