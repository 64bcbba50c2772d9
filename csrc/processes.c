/* One pass over /proc's numbers. Whether a process descends from us is found by going up its parents, which needs no
 * memory whatever the tree looks like, and no kernel option (CONFIG_PROC_CHILDREN). */
#include "processes.h"

#include "numbers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct stat_line {
    char state;
    pid_t parent;
    pid_t group;
};

/* Reads /proc/PID/stat; false: there is no such process (any more). */
static bool read_stat(pid_t pid, struct stat_line *stat) {
    char path[32] = "/proc/";
    strcpy(put_number(path + 6, (unsigned long)pid), "/stat");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    char text[256]; /* "PID (name of at most 64 bytes) S PPID PGRP …" */
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    if (length <= 0)
        return false;
    text[length] = 0;
    const char *at = strrchr(text, ')'); /* the name may have one as well */
    if (!at || at[1] != ' ' || at[2] == 0 || at[3] != ' ')
        return false;
    stat->state = at[2];
    at = get_number(at + 4, &stat->parent);
    get_number(at + 1, &stat->group);
    return true;
}

static bool is_gone(const struct stat_line *stat) {
    return stat->state == 'Z' || stat->state == 'X';
}

/* A parent that was found not to descend from us: most processes of a machine have the same few. It cannot become our
 * descendant, since only those do that are orphaned by one. */
static pid_t unrelated;

/* Goes up from pid, whose parent was just read. An ancestor that ends meanwhile leaves the path to its own parent: then
 * from the start. */
static bool descends(pid_t pid, pid_t parent, pid_t from) {
    enum { MANY = 100000 }; /* a bound for a tree that changes faster than it is read */
    pid_t first = parent;
    for (int steps = 0; steps < MANY && parent != from; steps++) {
        struct stat_line stat;
        if (parent <= 1 || parent == unrelated) {
            unrelated = first;
            return false;
        }
        bool found = read_stat(parent, &stat);
        if (!found && !read_stat(pid, &stat))
            return false;
        parent = stat.parent;
        if (!found)
            first = parent;
    }
    return parent == from;
}

static bool belongs(pid_t self, pid_t group, pid_t pid, enum scope scope) {
    struct stat_line stat;
    if (!read_stat(pid, &stat) || is_gone(&stat))
        return false;
    switch (scope) {
    case OF_GROUP:
        return group && stat.group == group;
    case DESCENDANTS:
        return descends(pid, stat.parent, self);
    case EVERYONE:
        break;
    }
    return true;
}

static int open_pidfd(pid_t pid) {
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* What is read of the number once there is a pidfd is of that process, or of none; most are not worth one. */
static bool visit_one(pid_t self, pid_t group, pid_t pid, enum scope scope, visitor visit, void *data) {
    if (!belongs(self, group, pid, scope))
        return false;
    struct process process = {.pid = pid, .pidfd = open_pidfd(pid)};
    bool ended = belongs(self, group, pid, scope) && visit(&process, data);
    if (process.pidfd >= 0)
        close(process.pidfd);
    return ended;
}

bool process_visit(pid_t self, pid_t pid, visitor visit, void *data) {
    return visit_one(self, 0, pid, DESCENDANTS, visit, data);
}

/* /proc may be missing, or another PID namespace's, whose numbers are not ours. */
static bool is_ours(pid_t self) {
    char text[16] = {0};
    pid_t pid;
    return readlink("/proc/self", text, sizeof text - 1) > 0 && *get_number(text, &pid) == 0 && pid == self;
}

struct entry { /* linux_dirent64 */
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

int processes_visit(pid_t self, pid_t group, enum scope scope, visitor visit, void *data) {
    if (!is_ours(self))
        return -1;
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (proc < 0)
        return -1;
    _Alignas(struct entry) char entries[1024];
    unrelated = 0;
    bool ended = false;
    long length;
    while (!ended && (length = syscall(SYS_getdents64, proc, entries, sizeof entries)) > 0) {
        for (long at = 0; at < length && !ended;) {
            const struct entry *entry = (const struct entry *)(entries + at);
            pid_t pid;
            if (*get_number(entry->name, &pid) == 0 && pid != self)
                ended = visit_one(self, group, pid, scope, visit, data);
            at += entry->length;
        }
    }
    close(proc);
    return ended;
}

int process_signal(const struct process *process, int signal) {
    if (process->pidfd >= 0) {
        if (syscall(SYS_pidfd_send_signal, process->pidfd, signal, NULL, 0) == 0)
            return 0;
        if (errno == ESRCH)
            return -1;
    }
    return kill(process->pid, signal);
}
