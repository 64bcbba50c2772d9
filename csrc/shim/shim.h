/* What the running shim knows. One of these, in main(). */
#pragma once

#include "protocol.h"
#include "sequence.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <time.h>

enum { SIGNAL_MAX = 64 };
enum { NEVER = -1 }; /* a deadline, in monotonic ms, that there is not */

/* A descriptor that outlives supervisors. */
struct slot {
    int fd; /* -1: empty */
    int32_t tag;
    bool watched;
};

/* One life of the main process. */
struct run {
    int64_t number; /* 0: there was none yet */
    pid_t pid;
    int64_t start_time; /* /proc/PID/stat's field 22 */
    bool alive;
    int status; /* wait status, from here on once it is dead */
    struct timespec started, ended;
    struct timespec started_mono, ended_mono;
    struct rusage usage;
    unsigned long ooms; /* while it lives: before it; then: during it */
    unsigned killed;
};

/* The exit report and the way it has gone. */
struct report {
    bool waits;       /* for its ACK */
    bool unwritten;   /* for a disk that takes it */
    int error;        /* why */
    int64_t retry_at; /* monotonic ms, or NEVER */
};

/* The connection to the supervisor, and what it is still to be told: states, not a queue, so that nothing grows while
 * it does not read. */
struct link {
    int listener;   /* -1: none */
    int connection; /* -1: none */
    dev_t device;   /* of the socket's file */
    ino_t inode;
    bool greeted;    /* HELLO came */
    bool blocked;    /* it does not read: nothing is sent and no request taken until it does */
    int status_from; /* STATUS is due from this slot on; -1: it is not */
    uint32_t status_id;
    bool exited_due;
    bool empty_due;
};

/* How a supervisor is started when there is none. */
struct calling {
    int config; /* memfd of CONFIG's body; -1: there was none */
    bool wanted;
    bool unsynced; /* exit records need no fsync */
    bool resting;
    bool woken;       /* a watched slot was readable */
    int64_t next_at;  /* to try it, and to see whether our socket is still there */
    int32_t delay_ms; /* until the next try */
    bool complained;
};

struct shim {
    pid_t self;
    mode_t umask; /* we were started with */
    int signals;
    struct link link;
    struct calling calling;
    struct slot slots[SLOTS];
    struct run run;
    struct report report;
    struct sequence stop;
    char cgroup[256]; /* of the run, for its OOM counter; "": ours */
    bool children;    /* some are left, as far as the last reaping saw */
    bool unreaped;    /* the last reaping stopped at its bound */
    bool untidy;      /* memory was used that is not needed again soon */
    bool quit;
    int code;
};
