/* TERM to what remains, at most --grace of time, then KILL; it ends as soon as nothing remains.
 *
 * What remains are our children (a subreaper and PID 1 have every orphan among them, wait4() says when there are none)
 * and, as PID 1, the processes that somebody brought into our PID namespace from outside (podman exec), or, where we
 * adopt nobody, the rest of the application's group. Those are not ours to wait for: the pidfd of one of them at a time
 * says when it is worth to look again. */
#include "ending.h"

#include "clock.h"
#include "forward.h"
#include "say.h"

#include <signal.h>
#include <unistd.h>

enum {
    LAST_RESORT_MS = 10000, /* for what KILL does not end: a process that is stuck in the kernel */
    UNREACHED_MS = 500,     /* for what has left the group where there is no /proc to find it by */
    LOOK_MS = 50,           /* between looks for stragglers, where there are no pidfds */
};

static bool keep_pidfd(struct process *process, void *data) {
    int *straggler = data;
    *straggler = process->pidfd;
    process->pidfd = -1;
    return true;
}

/* Whether anybody is left who is not our child; init->straggler or init->look_at then say when to look again. */
static bool has_straggler(struct init *init) {
    if (init->straggler >= 0)
        return true;
    init->look_at = NO_LIMIT;
    enum scope scope = rest_scope(init);
    if (scope == DESCENDANTS)
        return false; /* all of them would be children */
    /* Signal 0 says whether somebody is there at all, zombies too. */
    if (scope == EVERYONE ? kill(-1, 0) : !init->group || kill(-init->group, 0))
        return false;
    int found = processes_visit(init->self, init->group, scope, keep_pidfd, &init->straggler); /* -1, no /proc: as if */
    if (found && init->straggler < 0)
        init->look_at = now_ms() + LOOK_MS;
    return found;
}

static void start_grace(struct init *init) {
    note("the application has ended: SIGTERM to what remains");
    init->phase = GRACE;
    init->end_at = now_ms() + init->config->grace_ms;
    signal_rest(init, SIGTERM);
    signal_rest(init, SIGCONT); /* a stopped process would never see it */
}

static void start_killing(struct init *init) {
    note("SIGKILL to what remains");
    init->phase = KILLING;
    init->kill_all = true;
    bool reached = signal_rest(init, SIGKILL);
    init->end_at = now_ms() + (reached ? LAST_RESORT_MS : UNREACHED_MS);
}

void ending_begin(struct init *init) {
    const struct config *config = init->config;
    if (config->wait_all) {
        init->phase = WAITING;
    } else if (config->grace_ms == 0) {
        if (config->closing_term && init->group) /* as rewritten, but -r 15:0 does not cancel it */
            kill(-init->group, config->rewrite[SIGTERM] ? config->rewrite[SIGTERM] : SIGTERM);
        init->phase = DONE;
    } else if (!init->children && !has_straggler(init)) {
        init->phase = DONE;
    } else if (init->kill_all) {
        start_killing(init);
    } else {
        start_grace(init);
    }
}

void ending_check(struct init *init) {
    if (init->phase == DONE)
        return;
    if (!init->children && !has_straggler(init))
        init->phase = DONE;
}

void ending_hurry(struct init *init) {
    if (init->phase == WAITING && init->config->grace_ms) {
        start_grace(init);
    } else if (init->phase == WAITING) {
        signal_rest(init, SIGTERM);
        init->phase = DONE;
    } else if (init->phase == GRACE) {
        start_killing(init);
    }
}

void ending_expire(struct init *init, int64_t now) {
    if (init->kill_at != NO_LIMIT && now >= init->kill_at) {
        init->kill_at = NO_LIMIT;
        if (init->phase == RUNNING) {
            note("--kill-after is over: SIGKILL to everything");
            init->kill_all = true;
            signal_rest(init, SIGKILL);
        } else if (init->phase != KILLING) {
            start_killing(init);
        }
    }
    if (init->end_at == NO_LIMIT || now < init->end_at)
        return;
    init->end_at = NO_LIMIT;
    if (init->phase == GRACE) {
        start_killing(init);
    } else {
        warn("something that remains does not end, even by SIGKILL");
        init->phase = DONE;
    }
}
