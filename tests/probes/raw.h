/* Signals 1 to 64 by system call: a libc keeps some of them (32, 33) for itself and hides them from its users. */
#pragma once

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The kernel's own struct: the handler comes first, and the rest is only ever 0 here. */
struct kernel_action {
    uintptr_t handler;
    unsigned long rest[7];
};

static inline uint64_t bit(int number) {
    return UINT64_C(1) << (number - 1);
}

static inline void set_mask(uint64_t mask) {
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof mask);
}

static inline uint64_t get_mask(void) {
    uint64_t mask = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &mask, sizeof mask);
    return mask;
}

static inline void set_ignored(int number, int ignored) {
    struct kernel_action action = {.handler = ignored ? (uintptr_t)SIG_IGN : (uintptr_t)SIG_DFL};
    syscall(SYS_rt_sigaction, number, &action, NULL, sizeof(uint64_t));
}

static inline uint64_t get_ignored(void) {
    uint64_t ignored = 0;
    for (int number = 1; number <= 64; number++) {
        struct kernel_action action = {0};
        syscall(SYS_rt_sigaction, number, NULL, &action, sizeof(uint64_t));
        if (action.handler == (uintptr_t)SIG_IGN)
            ignored |= bit(number);
    }
    return ignored;
}

/* The next signal of mask, with what came along in *info; 0 after so many seconds. */
static inline int next_signal(uint64_t mask, siginfo_t *info, int seconds) {
    struct timespec limit = {.tv_sec = seconds};
    long number;
    do
        number = syscall(SYS_rt_sigtimedwait, &mask, info, &limit, sizeof mask);
    while (number < 0 && errno == EINTR);
    return number < 0 ? 0 : (int)number;
}

/* Sends a signal with a value, as sigqueue(3) does, but for all 64 of them. */
static inline int send_value(pid_t pid, int number, int value) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    info.si_signo = number;
    info.si_code = SI_QUEUE;
    info.si_pid = getpid();
    info.si_uid = getuid();
    info.si_value.sival_int = value;
    return (int)syscall(SYS_rt_sigqueueinfo, pid, number, &info);
}
