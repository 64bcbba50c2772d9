/* The time, by the system call itself: the vDSO's code and the search for it would stay resident, for a call that is
 * made only when something happens. */
#pragma once

#include <stdint.h>
#include <time.h>

/* As clock_gettime(2), which does not fail for the clocks used here. */
void clock_read(clockid_t clock, struct timespec *now);

/* CLOCK_MONOTONIC in ms, which is what deadlines are in: the wall clock may jump. */
int64_t now_ms(void);
