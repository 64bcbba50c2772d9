#include "loop.h"

#include "clock.h"
#include "ending.h"
#include "forward.h"
#include "mask.h"
#include "memory.h"
#include "reap.h"
#include "receive.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

/* Start-up's memory is given back once the application has run for a moment: for one that ends at once, that would be a
 * good part of our work. */
enum { SETTLING_MS = 50 };

static int64_t earlier(int64_t one, int64_t other) {
    if (one == NO_LIMIT || other == NO_LIMIT)
        return one == NO_LIMIT ? other : one;
    return one < other ? one : other;
}

static int64_t next_deadline(const struct init *init) {
    int64_t next = earlier(earlier(init->end_at, init->kill_at), earlier(init->look_at, init->retry_at));
    return init->held ? earlier(next, held_next(init)) : next;
}

/* In milliseconds, rounded up, so that the deadline is over then. NO_LIMIT: for ever. */
static int64_t time_left(const struct init *init) {
    if (init->unreaped)
        return 0;
    int64_t next = next_deadline(init);
    if (next == NO_LIMIT)
        return NO_LIMIT;
    int64_t left = next - now_ms() + 1;
    return left > 0 ? left : 0;
}

/* Until there is a signal, or the straggler has ended: then it is let go. True: a signal is there. */
static bool wait_for_straggler(struct init *init, int64_t timeout) {
    if (init->signals < 0)
        init->signals = signals_open();
    struct pollfd polled[] = {{.fd = init->straggler, .events = POLLIN}, {.fd = init->signals, .events = POLLIN}};
    if (poll(polled, 2, timeout < INT_MAX ? (int)timeout : INT_MAX) <= 0)
        return false;
    if (polled[0].revents) {
        close(init->straggler);
        init->straggler = -1;
    }
    return polled[1].revents;
}

static void turn(struct init *init) {
    siginfo_t info;
    int64_t timeout = time_left(init);
    bool signalled = true;
    if (init->straggler >= 0) {
        signalled = wait_for_straggler(init, timeout);
        timeout = 0;
    }
    if (!init->settled)
        timeout = earlier(timeout, SETTLING_MS);
    int signal = signalled ? signals_wait(&info, timeout, init->retry_at == NO_LIMIT) : 0;
    if (!signal && !init->settled) {
        memory_release();
        init->settled = true;
    }
    if (signal == SIGCHLD || init->unreaped) {
        reap(init);
        if (init->kill_all && init->children)
            signal_rest(init, SIGKILL); /* who was forked while we killed */
    }
    if (signal > 0 && signal != SIGCHLD)
        receive(init, &info);
    if (init->held || init->end_at != NO_LIMIT || init->kill_at != NO_LIMIT) {
        int64_t now = now_ms();
        held_expire(init, now);
        ending_expire(init, now);
    }
    if (init->retry_at != NO_LIMIT && now_ms() >= init->retry_at)
        forward_stuck(init);
    if (init->phase == RUNNING && !init->main && !init->config->pause)
        ending_begin(init);
    if (init->phase != RUNNING && !init->unreaped)
        ending_check(init);
}

void loop(struct init *init) {
    while (init->phase != DONE)
        turn(init);
}
