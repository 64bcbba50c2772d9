#include "clock.h"

#include <sys/syscall.h>
#include <unistd.h>

void clock_read(clockid_t clock, struct timespec *now) {
#ifdef SYS_clock_gettime64 /* 32-bit, where a libc may have kept a 32-bit time_t */
    syscall(sizeof now->tv_sec == 8 ? SYS_clock_gettime64 : SYS_clock_gettime, clock, now);
#else
    syscall(SYS_clock_gettime, clock, now);
#endif
}

int64_t now_ms(void) {
    struct timespec now;
    clock_read(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
