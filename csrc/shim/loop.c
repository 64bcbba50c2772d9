#include "loop.h"

#include "../clock.h"
#include "../mask.h"
#include "../memory.h"
#include "call.h"
#include "exits.h"
#include "link.h"
#include "requests.h"
#include "room.h"
#include "stop.h"
#include "tell.h"

#include <limits.h>
#include <poll.h>

/* What is waited for; the slots only while they are reason to call a supervisor. */
enum { SIGNALS_AT, LISTENER_AT, CONNECTION_AT, SLOTS_AT };

static int64_t earlier(int64_t one, int64_t other) {
    if (one == NEVER || other == NEVER)
        return one == NEVER ? other : one;
    return one < other ? one : other;
}

/* In ms, for poll(): -1 is for ever. Rounded up, so that the deadline is over then. */
static int time_left(const struct shim *shim) {
    int64_t next = earlier(sequence_next(&shim->stop), shim->report.retry_at);
    if (shim->link.connection < 0 && shim->calling.config >= 0)
        next = earlier(next, shim->calling.next_at);
    if (shim->unreaped)
        return 0;
    if (next == NEVER)
        return -1;
    int64_t left = next - now_ms() + 1;
    return left < 0 ? 0 : left < INT_MAX ? (int)left : INT_MAX;
}

/* What was used for this turn is given back before a longer wait. */
static void tidy(struct shim *shim, int timeout) {
    enum { SHORT_MS = 20 };
    if (!shim->untidy || (timeout >= 0 && timeout < SHORT_MS))
        return;
    shim->untidy = false;
    room_tidy();
    memory_release();
}

static nfds_t prepare(const struct shim *shim, struct pollfd polled[SLOTS_AT + SLOTS]) {
    const struct link *link = &shim->link;
    polled[SIGNALS_AT] = (struct pollfd){.fd = shim->signals, .events = POLLIN};
    polled[LISTENER_AT] = (struct pollfd){.fd = link->listener, .events = POLLIN};
    polled[CONNECTION_AT] = (struct pollfd){.fd = link->connection, .events = link->blocked ? POLLOUT : POLLIN};
    nfds_t count = SLOTS_AT;
    for (int i = 0; call_watches(shim) && i < SLOTS; i++) {
        if (shim->slots[i].fd >= 0 && shim->slots[i].watched)
            polled[count++] = (struct pollfd){.fd = shim->slots[i].fd, .events = POLLIN};
    }
    return count;
}

/* The signals themselves mean nothing, but for SIGCHLD, and that only that somebody is to be reaped. */
static void take_signals(struct shim *shim) {
    siginfo_t info;
    while (signals_wait(&info, 0, true))
        ;
    exits_reap(shim);
}

static void serve_link(struct shim *shim, short listener, short connection) {
    struct link *link = &shim->link;
    if (connection & (POLLIN | POLLHUP | POLLERR | POLLOUT)) {
        link->blocked = false;
        requests_serve(shim);
        shim->untidy = true;
    }
    for (int i = 0; (listener & POLLIN) && i < 16 && link_accept(link); i++)
        ;
}

static void turn(struct shim *shim) {
    struct pollfd polled[SLOTS_AT + SLOTS] = {0};
    bool connected = shim->link.connection >= 0;
    nfds_t count = prepare(shim, polled);
    int timeout = time_left(shim);
    tidy(shim, timeout);
    if (poll(polled, count, timeout) < 0)
        return;
    if (polled[SIGNALS_AT].revents || shim->unreaped)
        take_signals(shim);
    serve_link(shim, polled[LISTENER_AT].revents, polled[CONNECTION_AT].revents);
    for (nfds_t i = SLOTS_AT; i < count; i++) {
        if (polled[i].revents && call_watches(shim))
            call_wake(shim);
    }
    int64_t now = now_ms();
    stop_tick(shim, now);
    exits_tick(shim, now);
    tell_due(shim);
    if (connected && shim->link.connection < 0)
        call_begin(shim);
    call_tick(shim, now);
}

/* Without a socket nobody can connect, and without a process there is nothing to keep for anybody. */
static bool is_lost(const struct shim *shim) {
    return shim->link.connection < 0 && shim->calling.config < 0 && !shim->children;
}

void loop(struct shim *shim) {
    while (!shim->quit && !is_lost(shim))
        turn(shim);
    call_end(shim);
}
