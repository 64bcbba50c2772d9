#include "forward.h"

#include "clock.h"
#include "say.h"
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* One signal on its way. */
struct parcel {
    int signal;
    bool queued; /* with a value */
    siginfo_t info;
};

/* The kernel lets us keep SI_QUEUE and its value, but a pid other than ours would be a lie. */
static void pack(struct parcel *parcel, int signal, const siginfo_t *info) {
    parcel->signal = signal;
    parcel->queued = info && info->si_code == SI_QUEUE;
    if (!parcel->queued)
        return;
    memset(&parcel->info, 0, sizeof parcel->info);
    parcel->info.si_signo = signal;
    parcel->info.si_code = SI_QUEUE;
    parcel->info.si_pid = getpid();
    parcel->info.si_uid = getuid();
    parcel->info.si_value = info->si_value;
}

/* The receiver may be gone already: that is no error. */
static void complain(const char *whom, int signal) {
    if (errno != ESRCH)
        warn("cannot send SIG%s to %s: %m", signal_name(signal), whom);
}

static bool deliver(struct process *process, void *data) {
    const struct parcel *parcel = data;
    long result = parcel->queued ? syscall(SYS_rt_sigqueueinfo, process->pid, parcel->signal, &parcel->info)
                                 : process_signal(process, parcel->signal);
    if (result)
        complain("a process", parcel->signal);
    return false;
}

/* A full queue (RLIMIT_SIGPENDING) is its receiver's to empty: the parcel waits for that, and we go on. */
static void keep(struct init *init, const struct parcel *parcel) {
    enum { RETRY_MS = 1 };
    init->stuck = parcel->info;
    init->retry_at = now_ms() + RETRY_MS;
}

/* Our child, which we have not reaped: its number cannot be another's. */
static void to_main(struct init *init, const struct parcel *parcel) {
    if (!init->main)
        return;
    long result = parcel->queued ? syscall(SYS_rt_sigqueueinfo, init->main, parcel->signal, &parcel->info)
                                 : kill(init->main, parcel->signal);
    if (result && parcel->queued && errno == EAGAIN)
        keep(init, parcel);
    else if (result)
        complain("the application", parcel->signal);
}

/* One call queues a value to a whole group since Linux 6.9; before, each of its processes has to be found. */
static int queue_to_group(const struct init *init, const struct parcel *parcel) {
    enum { PIDFD_SIGNAL_TO_GROUP = 4 };
    int leader = (int)syscall(SYS_pidfd_open, init->group, 0);
    if (leader < 0)
        return -1;
    int result = (int)syscall(SYS_pidfd_send_signal, leader, parcel->signal, &parcel->info, PIDFD_SIGNAL_TO_GROUP);
    int error = errno;
    close(leader);
    errno = error;
    return result;
}

static void to_group(struct init *init, struct parcel *parcel) {
    if (!init->group) {
        to_main(init, parcel);
        return;
    }
    if (parcel->queued) {
        if (queue_to_group(init, parcel) == 0)
            return;
        if (errno == EAGAIN) {
            keep(init, parcel);
            return;
        }
        if (processes_visit(init->self, init->group, OF_GROUP, deliver, parcel) >= 0)
            return;
    }
    if (kill(-init->group, parcel->signal))
        complain("the application's group", parcel->signal);
}

/* False: only to the group. */
static bool to_tree(struct init *init, struct parcel *parcel) {
    if (processes_visit(init->self, init->group, DESCENDANTS, deliver, parcel) >= 0)
        return true;
    warn("no /proc: SIG%s goes to the application's group only", signal_name(parcel->signal));
    to_group(init, parcel);
    return false;
}

void forward(struct init *init, int signal, const siginfo_t *info) {
    struct parcel parcel;
    pack(&parcel, signal, info);
    switch (init->config->target) {
    case TO_MAIN:
        to_main(init, &parcel);
        break;
    case TO_GROUP:
        to_group(init, &parcel);
        break;
    case TO_TREE:
        to_tree(init, &parcel);
        break;
    }
}

void forward_stuck(struct init *init) {
    siginfo_t info = init->stuck;
    init->retry_at = NO_LIMIT;
    forward(init, info.si_signo, &info);
}

enum scope rest_scope(const struct init *init) {
    if (init->first)
        return EVERYONE;
    return init->adopts ? DESCENDANTS : OF_GROUP;
}

bool signal_rest(struct init *init, int signal) {
    struct parcel parcel = {.signal = signal};
    switch (rest_scope(init)) {
    case EVERYONE:
        if (kill(-1, signal))
            complain("the PID namespace", signal);
        break;
    case DESCENDANTS:
        return to_tree(init, &parcel);
    case OF_GROUP:
        to_group(init, &parcel);
        break;
    }
    return true;
}
