#include "mask.h"

#include "descriptors.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct kernel_set every = {{[0 ... sizeof(struct kernel_set) / sizeof(unsigned long) - 1] = ~0UL}};

/* The first word has signals 1 to 32, or to 64. */
static const struct kernel_set standard = {{0x7fffffff}};

void signals_take(struct inherited *inherited) {
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &every, &inherited->mask, sizeof every);
    static const struct kernel_action normal; /* zeros are SIG_DFL and no flags, on every architecture */
    syscall(SYS_rt_sigaction, SIGCHLD, &normal, &inherited->chld, sizeof every);
}

void signals_give_back(const struct inherited *inherited) {
    syscall(SYS_rt_sigaction, SIGCHLD, &inherited->chld, NULL, sizeof every);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &inherited->mask, NULL, sizeof every);
}

/* The kernel's timespec has longs in it, where the system call is the old one (it is there on every architecture but
 * 32-bit RISC-V, which has the other one alone). */
static int wait_for(const struct kernel_set *set, siginfo_t *info, int64_t timeout) {
#ifdef SYS_rt_sigtimedwait
    struct {
        long seconds;
        long nanoseconds;
    } limit = {(long)(timeout / 1000), (long)(timeout % 1000 * 1000000)};
    long signal = syscall(SYS_rt_sigtimedwait, set, info, timeout < 0 ? NULL : &limit, sizeof *set);
#else
    struct {
        int64_t seconds;
        int64_t nanoseconds;
    } limit = {timeout / 1000, timeout % 1000 * 1000000};
    long signal = syscall(SYS_rt_sigtimedwait_time64, set, info, timeout < 0 ? NULL : &limit, sizeof *set);
#endif
    return signal > 0 ? (int)signal : 0;
}

int signals_wait(siginfo_t *info, int64_t timeout, bool real_time) {
    return wait_for(real_time ? &every : &standard, info, timeout);
}

void signals_drop_own(void) {
    static const struct kernel_set hangup = {{1UL << (SIGHUP - 1) | 1UL << (SIGCONT - 1)}};
    siginfo_t info;
    pid_t self = getpid();
    for (int i = 0; i < 2; i++) {
        int signal = wait_for(&hangup, &info, 0);
        if (signal && info.si_pid != self)
            syscall(SYS_rt_sigqueueinfo, self, signal, &info); /* to ourselves any sender's name may be given */
    }
}

int signals_open(void) {
    return descriptor_up((int)syscall(SYS_signalfd4, -1, &every, sizeof every, O_CLOEXEC | O_NONBLOCK));
}
