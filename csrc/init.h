/* What the running init knows. One of these, in main(). */
#pragma once

#include "config.h"
#include "report.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum phase {
    RUNNING, /* the main child lives */
    WAITING, /* it is gone; the others may end by themselves (--wait-all) */
    GRACE,   /* they were sent TERM and have until the deadline */
    KILLING, /* they were sent KILL */
    DONE,
};

struct init {
    const struct config *config;
    pid_t self;
    pid_t parent; /* at the first instruction */
    pid_t main;   /* 0 when it was reaped: the number may belong to somebody else then */
    pid_t group;  /* the application's process group; 0 with --single-child, whose group is our own */
    bool first;   /* PID 1 */
    bool adopts;  /* PID 1 or subreaper: every orphaned descendant becomes our child */
    bool parent_died;
    bool children; /* some are left, as far as the last reaping saw */
    bool settled;  /* the memory of start-up has been given back */
    bool unreaped; /* the last reaping stopped at its bound: there may be more */
    int signals;   /* signalfd, opened when there is a straggler to wait for as well; else -1 */
    int report;    /* descriptor, or -1 */

    enum phase phase;
    bool kill_all;   /* --kill-after is over, or a grace period: whatever appears is killed */
    int straggler;   /* pidfd of one process that is left and not our child, or -1 */
    int64_t end_at;  /* monotonic ms: the grace period's or KILL's deadline; NO_LIMIT: none */
    int64_t kill_at; /* --kill-after's deadline; NO_LIMIT: none */
    int64_t look_at; /* where stragglers have to be looked for: when next; NO_LIMIT: not at all */
    unsigned held;   /* how many signals are being delayed */
    int64_t held_until[SIGNALS + 1];

    /* A real-time signal whose receiver's queue is full (RLIMIT_SIGPENDING): tried again at retry_at, and until it went
     * through the kernel keeps those behind it, in their order. */
    siginfo_t stuck;
    int64_t retry_at; /* NO_LIMIT: there is none */

    struct outcome outcome;
};
