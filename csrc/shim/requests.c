#include "requests.h"

#include "call.h"
#include "child.h"
#include "deliver.h"
#include "link.h"
#include "slots.h"
#include "stop.h"
#include "tell.h"

#include <errno.h>
#include <unistd.h>

enum { ANSWERED = -1 };

/* An answer that finds no room ends the connection: the supervisor has stopped reading, and would wait for it for ever.
 * (There is room as a rule: requests are taken only then.) */
static void answer(struct shim *shim, struct header *header, uint32_t id, const int *fd) {
    header->version = PROTOCOL_VERSION;
    header->id = id;
    int error = link_send(&shim->link, header, NULL, fd, fd != NULL);
    if (error == ETOOMANYREFS) {
        header->c = error;
        error = link_send(&shim->link, header, NULL, NULL, 0);
    }
    if (error == EAGAIN)
        link_drop(&shim->link);
}

/* Each gives the errno for DONE, or ANSWERED. A request's descriptor that it takes over, it sets to -1. */
typedef int handler(struct shim *shim, struct request *request);

static int hello(struct shim *shim, struct request *request) {
    tell_all(shim, request->header.id);
    return ANSWERED;
}

static int configure(struct shim *shim, struct request *request) {
    return call_configure(shim, request->body, request->header.length, request->header.c);
}

static int keep(struct shim *shim, struct request *request) {
    int fd = request->fd;
    request->fd = -1;
    return slots_keep(shim, request->header.slot, fd, request->header.c);
}

static int give(struct shim *shim, struct request *request) {
    int fd = slots_get(shim, request->header.slot);
    if (fd < 0)
        return ENOENT;
    struct header header = {.type = MSG_DONE};
    answer(shim, &header, request->header.id, &fd);
    return ANSWERED;
}

static enum step spawn(struct shim *shim, struct request *request) {
    errno = EBUSY;
    if (shim->run.alive || shim->stop.active)
        return STEP_BUSY;
    errno = EINVAL;
    if (shim->calling.config < 0)
        return STEP_CONFIG;
    if (request->header.a < 1 || request->header.a > INT32_MAX)
        return STEP_PAYLOAD;
    shim->untidy = true;
    return child_start(shim, request->fd, request->header.a);
}

static int start(struct shim *shim, struct request *request) {
    struct header header = {.type = MSG_SPAWNED};
    enum step step = spawn(shim, request);
    if (step == STEP_NONE) {
        header.a = shim->run.pid;
        header.b = shim->run.start_time;
    } else {
        header.slot = (uint16_t)step;
        header.c = errno;
    }
    answer(shim, &header, request->header.id, NULL);
    return ANSWERED;
}

static int signal_it(struct shim *shim, struct request *request) {
    const struct header *header = &request->header;
    if (header->a < 1 || header->a > SIGNAL_MAX || header->c < TARGET_MAIN || header->c > TARGET_TREE)
        return EINVAL;
    return deliver(shim, header->c, (int)header->a, header->b);
}

static int stop(struct shim *shim, struct request *request) {
    return stop_begin(shim, request->header.c, request->body, request->header.length);
}

static int acknowledge(struct shim *shim, struct request *request) {
    if (!shim->report.waits || request->header.a != shim->run.number)
        return ENOENT;
    shim->report.waits = false;
    shim->link.exited_due = false;
    return 0;
}

static int quit(struct shim *shim, struct request *request) {
    if (shim->run.alive && request->header.b != 1)
        return EBUSY;
    shim->quit = true;
    shim->code = request->header.c & 0xff;
    return 0;
}

static int rest(struct shim *shim, struct request *request) {
    shim->calling.resting = request->header.c & 1;
    return 0;
}

static int watch(struct shim *shim, struct request *request) {
    return slots_watch(shim, request->header.slot, request->header.c & 1);
}

static handler *const handlers[] = {
    [MSG_HELLO] = hello, [MSG_CONFIG] = configure, [MSG_KEEP] = keep,   [MSG_GIVE] = give,
    [MSG_SPAWN] = start, [MSG_SIGNAL] = signal_it, [MSG_STOP] = stop,   [MSG_ACK] = acknowledge,
    [MSG_QUIT] = quit,   [MSG_REST] = rest,        [MSG_WATCH] = watch,
};

static handler *handler_of(const struct header *header) {
    bool known = header->version == PROTOCOL_VERSION && header->type < sizeof handlers / sizeof *handlers;
    return known ? handlers[header->type] : NULL;
}

static void refuse(struct shim *shim, const struct header *asked) {
    struct header header = {.type = MSG_UNKNOWN, .a = asked->type, .b = asked->version, .c = PROTOCOL_VERSION};
    answer(shim, &header, asked->id, NULL);
}

static void serve(struct shim *shim, struct request *request) {
    struct header header = {.type = MSG_DONE};
    handler *handle = handler_of(&request->header);
    if (request->error)
        header.c = request->error;
    else if (!handle)
        refuse(shim, &request->header);
    else if (!shim->link.greeted && handle != hello)
        header.c = EPROTO;
    else
        header.c = handle(shim, request);
    if (header.c != ANSWERED && (handle || request->error))
        answer(shim, &header, request->header.id, NULL);
    if (request->fd >= 0)
        close(request->fd);
}

void requests_serve(struct shim *shim) {
    enum { AT_ONCE = 32 };
    struct request request;
    /* A STATUS in parts is whole before anything else is answered. */
    for (int i = 0; i < AT_ONCE && !shim->quit && shim->link.connection >= 0; i++) {
        if (!link_writable(&shim->link) || !link_receive(&shim->link, &request))
            return;
        serve(shim, &request);
        tell_due(shim);
        if (shim->link.blocked)
            return;
    }
}
