#include "deliver.h"

#include "descendants.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct parcel {
    int signal;
    bool queued; /* with a value, in info */
    siginfo_t info;
    int error; /* of the last one that failed */
    unsigned delivered;
};

static void pack(struct parcel *parcel, const struct shim *shim, int signal, int64_t value) {
    memset(parcel, 0, sizeof *parcel);
    parcel->signal = signal;
    parcel->error = ESRCH;
    parcel->queued = value != NO_VALUE;
    parcel->info.si_signo = signal;
    parcel->info.si_code = SI_QUEUE;
    parcel->info.si_pid = shim->self;
    parcel->info.si_uid = getuid();
    parcel->info.si_value.sival_int = (int)value;
}

static int send_one(const struct process *process, const struct parcel *parcel) {
    if (!parcel->queued)
        return process_signal(process, parcel->signal);
    if (process->pidfd >= 0)
        return (int)syscall(SYS_pidfd_send_signal, process->pidfd, parcel->signal, &parcel->info, 0);
    return (int)syscall(SYS_rt_sigqueueinfo, process->pid, parcel->signal, &parcel->info);
}

static bool to_one(struct process *process, void *data) {
    struct parcel *parcel = data;
    if (send_one(process, parcel) == 0)
        parcel->delivered++;
    else
        parcel->error = errno;
    return false;
}

static void to_group(struct shim *shim, struct parcel *parcel) {
    if (parcel->queued)
        processes_visit(shim->self, shim->run.pid, OF_GROUP, to_one, parcel);
    else if (kill(-shim->run.pid, parcel->signal) == 0)
        parcel->delivered++;
    else
        parcel->error = errno;
}

/* Without /proc, the group is what there is; its number can be another's once its leader was reaped. */
static void to_tree(struct shim *shim, struct parcel *parcel) {
    if (shim->children && descendants_visit(shim->self, to_one, parcel) < 0 && shim->run.alive)
        to_group(shim, parcel);
}

int deliver(struct shim *shim, int target, int signal, int64_t value) {
    struct parcel parcel;
    pack(&parcel, shim, signal, value);
    struct process process = {.pid = shim->run.pid, .pidfd = -1};
    if (target == TARGET_MAIN && shim->run.alive)
        to_one(&process, &parcel);
    else if (target == TARGET_GROUP && shim->run.alive)
        to_group(shim, &parcel);
    else if (target != TARGET_MAIN)
        to_tree(shim, &parcel);
    shim->untidy = true;
    return parcel.delivered ? 0 : parcel.error;
}
