/* The other processes, through /proc. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

enum scope {
    OF_GROUP,    /* the application's process group */
    DESCENDANTS, /* whoever has us among its ancestors, also out of the group and the session */
    EVERYONE,    /* as PID 1: the whole PID namespace, podman exec's processes included */
};

/* A process, held by a pidfd where the kernel and its seccomp profile give one, so that what is done to it cannot hit
 * another process which got the number later. */
struct process {
    pid_t pid;
    int pidfd; /* -1: none */
};

/* Called for each process of the scope that is no zombie; true ends the search. It may keep process->pidfd by setting
 * it to -1. */
typedef bool (*visitor)(struct process *process, void *data);

/* Visits the processes of the scope, but not self, which is us; group is OF_GROUP's, 0: nobody's. -1: there is no /proc
 * of our PID namespace; 1: the visitor ended it; else 0. A process that is forked meanwhile may be missed. */
int processes_visit(pid_t self, pid_t group, enum scope scope, visitor visit, void *data);

/* Visits one process, if it descends from self and is no zombie. True: the visitor ended it. */
bool process_visit(pid_t self, pid_t pid, visitor visit, void *data);

/* Sends a signal to one process: through the pidfd if there is one. -1 with errno. */
int process_signal(const struct process *process, int signal);
