#include "stop.h"

#include "../clock.h"
#include "deliver.h"

#include <errno.h>
#include <signal.h>

/* A stopped process would not see a signal, but for KILL. */
static void send_step(struct shim *shim, int target, int signal) {
    deliver(shim, target, signal, NO_VALUE);
    if (signal != SIGKILL && signal != SIGSTOP && signal != SIGCONT)
        deliver(shim, target, SIGCONT, NO_VALUE);
}

int stop_begin(struct shim *shim, int target, const void *body, size_t length) {
    if (target < TARGET_MAIN || target > TARGET_TREE || !sequence_valid(body, length))
        return EINVAL;
    if (!shim->children) { /* it is over before it began */
        shim->link.empty_due = shim->run.number != 0;
        return 0;
    }
    int64_t now = now_ms();
    sequence_begin(&shim->stop, target, body, length, now);
    stop_tick(shim, now);
    return 0;
}

void stop_tick(struct shim *shim, int64_t now) {
    int signal;
    while ((signal = sequence_due(&shim->stop, now)) >= 0) {
        if (shim->stop.killing)
            deliver(shim, TARGET_TREE, SIGKILL, NO_VALUE);
        else if (signal)
            send_step(shim, shim->run.alive ? shim->stop.target : TARGET_TREE, signal);
    }
}

/* What the main process leaves has not had the signal, if that was for it alone. */
static void send_to_rest(struct shim *shim) {
    const struct sequence *stop = &shim->stop;
    if (!stop->killing && stop->target != TARGET_TREE && stop->signal)
        send_step(shim, TARGET_TREE, stop->signal);
}

void stop_reaped(struct shim *shim, bool main_died) {
    if (!shim->stop.active)
        return;
    if (!shim->children) {
        shim->stop.active = shim->stop.killing = false;
        return;
    }
    if (main_died)
        send_to_rest(shim);
    sequence_again(&shim->stop, now_ms());
}
