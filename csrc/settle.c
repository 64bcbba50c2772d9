#include "settle.h"

#include <limits.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436 /* Linux 5.9, the same on every architecture */
#endif

/* The kernel's own, and so its calls: a libc's setrlimit() tells its threads, and brings what that needs. */
struct limit {
    uint64_t soft, hard;
};

/* The descriptors that stay: -1 for none. Standard error is there for warnings, unless there will be none. */
struct needed {
    int fds[3];
};

static bool is_needed(const struct needed *needed, int fd) {
    return fd == needed->fds[0] || fd == needed->fds[1] || fd == needed->fds[2];
}

/* The next one that is not needed, from fd on, and the last before one that is. */
static bool next_gap(const struct needed *needed, int fd, unsigned *first, unsigned *last) {
    while (is_needed(needed, fd))
        fd++;
    *first = (unsigned)fd;
    *last = UINT_MAX;
    for (int i = 0; i < 3; i++) {
        if (needed->fds[i] > fd && (unsigned)needed->fds[i] - 1 < *last)
            *last = (unsigned)needed->fds[i] - 1;
    }
    return *last != UINT_MAX;
}

/* Before Linux 5.9, or where a seccomp profile knows no close_range. Open ones above a lowered limit are not worth a
 * search. */
static void close_one_by_one(const struct needed *needed) {
    enum { MANY = 1 << 20 };
    struct limit limit = {.soft = 1024};
    syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit);
    int end = limit.soft < MANY ? (int)limit.soft : MANY;
    for (int fd = 0; fd < end; fd++) {
        if (!is_needed(needed, fd))
            close(fd);
    }
}

static void close_others(const struct needed *needed) {
    unsigned first;
    unsigned last = 0;
    bool more = next_gap(needed, 0, &first, &last);
    for (;;) {
        if (syscall(SYS_close_range, first, last, 0)) {
            close_one_by_one(needed);
            return;
        }
        if (!more)
            return;
        more = next_gap(needed, (int)last + 1, &first, &last);
    }
}

/* Signals that are queued to us count against the same limit of the user as those that we queue on. If they could use
 * it up, none would ever get through: what is sent to us is refused a little earlier, and its sender tries again. */
static void leave_room_in_the_queue(void) {
    struct limit limit;
    if (syscall(SYS_prlimit64, 0, RLIMIT_SIGPENDING, NULL, &limit) || limit.soft == 0 || limit.soft == UINT64_MAX)
        return;
    limit.soft -= limit.soft >= 4 ? limit.soft / 4 : 1;
    syscall(SYS_prlimit64, 0, RLIMIT_SIGPENDING, &limit, NULL);
}

void settle(const struct init *init) {
    struct needed needed = {{init->signals, init->report, init->config->verbosity < 0 ? -1 : STDERR_FILENO}};
    close_others(&needed);
    leave_room_in_the_queue();
    /* So that no file system is kept busy. In an empty chroot without even that: nothing to do. */
    (void)!chdir("/");
}
