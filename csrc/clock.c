#include "clock.h"

#include <sys/syscall.h>
#include <unistd.h>

#ifdef SYS_clock_gettime
#define CLOCK_GETTIME SYS_clock_gettime
#else
#define CLOCK_GETTIME SYS_clock_gettime32 /* musl's name for it, where time_t has 64 bits */
#endif

void clock_read(clockid_t clock, struct timespec *now) {
#if !defined SYS_clock_gettime64
    syscall(CLOCK_GETTIME, clock, now);
#elif defined SYS_clock_gettime /* glibc with 32 bits, which may have kept a 32-bit time_t */
    syscall(sizeof now->tv_sec == 8 ? SYS_clock_gettime64 : CLOCK_GETTIME, clock, now);
#else                           /* musl with 32 bits, whose time_t always has 64 */
    syscall(SYS_clock_gettime64, clock, now);
#endif
}

int64_t now_ms(void) {
    struct timespec now;
    clock_read(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
