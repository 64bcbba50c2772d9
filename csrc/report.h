/* --report: what became of the application, as one JSON object in a file (Kubernetes' /dev/termination-log). */
#pragma once

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <time.h>

struct outcome {
    pid_t pid;                                /* of the main child */
    int wait_status;                          /* as wait(2) gives it */
    int exit_code;                            /* pyinit's own, after --map-exit */
    struct timespec started, ended;           /* CLOCK_REALTIME, for the times of day */
    struct timespec started_mono, ended_mono; /* CLOCK_MONOTONIC, for the duration: the wall clock may jump */
    struct rusage usage;                      /* of the main child and the descendants it waited for */
    unsigned long orphans;                    /* reaped, beside the main child */
    unsigned long killed;                     /* that had to be sent KILL in the end, and died of it */
    unsigned long ooms_before, ooms_after;    /* oom_kills() at the start and at the end */
};

/* The file, opened for writing and not yet changed, as a descriptor >= 3 that is closed on exec; dies with code. */
int report_open(const char *path, int code);

/* Processes that the kernel's OOM killer killed in our cgroup so far (v2 memory.events, v1 memory.oom_control); 0 where
 * that cannot be read. */
unsigned long oom_kills(void);

enum { REPORT_SIZE = 1024 }; /* enough for any outcome */

/* The JSON text of *outcome, at most size bytes, ending in a newline and a NUL; its length (without the NUL), or 0 and
 * no text if it does not fit. Pure.
 *
 * pid; exit_code (the application's own, null if it was killed), signal ("SIGTERM", or null), core_dumped, oom_kill
 * (something in our cgroup was, meanwhile); pyinit_exit_code; started_at and finished_at (RFC 3339, UTC, in the years
 * 0 to 9999); duration_seconds, user_seconds, system_seconds; peak_memory_bytes; orphans_reaped; killed. */
int report_format(char *text, int size, const struct outcome *outcome);

/* Replaces the file's content by *outcome; warns where that fails. */
void report_write(int file, const struct outcome *outcome);
