#include "tell.h"

#include "link.h"
#include "record.h"

#include <errno.h>
#include <string.h>

/* One slot in STATUS's body. */
struct kept {
    uint16_t slot;
    uint16_t zero;
    int32_t tag;
    int32_t index; /* of the descriptor that comes along; -1: none does */
};
_Static_assert(sizeof(struct kept) == 12, "the record has no padding");

void tell_all(struct shim *shim, uint32_t id) {
    struct link *link = &shim->link;
    link->greeted = true;
    link->status_from = 0;
    link->status_id = id;
    link->exited_due = shim->report.waits && (!shim->report.unwritten || shim->report.error);
    link->empty_due = shim->run.number && !shim->children;
}

static unsigned flags(const struct shim *shim) {
    const struct run *run = &shim->run;
    return (run->alive ? STATUS_ALIVE : 0) | (shim->report.waits ? STATUS_EXITED : 0) |
           (shim->stop.active ? STATUS_STOPPING : 0) | (!run->alive && shim->children ? STATUS_LEFT : 0);
}

/* Sends the slots from *from on that fit; *from is then the first that did not, or SLOTS. */
static int send_status(struct shim *shim, int *from) {
    struct kept body[STATUS_FDS];
    int fds[STATUS_FDS], count = 0, slot;
    for (slot = *from; slot < SLOTS && count < STATUS_FDS; slot++) {
        if (shim->slots[slot].fd < 0)
            continue;
        body[count] = (struct kept){.slot = (uint16_t)slot, .tag = shim->slots[slot].tag, .index = count};
        fds[count++] = shim->slots[slot].fd;
    }
    while (slot < SLOTS && shim->slots[slot].fd < 0)
        slot++;
    const struct run *run = &shim->run;
    struct header header = {
        .version = PROTOCOL_VERSION,
        .type = MSG_STATUS,
        .slot = (uint16_t)(flags(shim) | (slot < SLOTS ? STATUS_MORE : 0)),
        .id = shim->link.status_id,
        .a = run->alive ? run->pid : 0,
        .b = run->alive ? run->start_time : 0,
        .c = (int32_t)run->number,
        .length = (uint32_t)((size_t)count * sizeof *body),
    };
    int error = link_send(&shim->link, &header, body, fds, count);
    if (error == ETOOMANYREFS) { /* too many on their way for this user: it asks for each */
        for (int i = 0; i < count; i++)
            body[i].index = -1;
        error = link_send(&shim->link, &header, body, NULL, 0);
    }
    *from = slot;
    return error;
}

static int send_exited(struct shim *shim) {
    char text[RECORD_SIZE];
    struct header header = {
        .version = PROTOCOL_VERSION,
        .type = MSG_EXITED,
        .slot = shim->report.unwritten ? EXITED_UNWRITTEN : 0,
        .id = (uint32_t)(shim->report.unwritten ? shim->report.error : 0),
        .a = shim->run.pid,
        .b = shim->run.number,
        .c = shim->run.status,
        .length = (uint32_t)record_format(text, &shim->run),
    };
    return link_send(&shim->link, &header, text, NULL, 0);
}

static int send_empty(struct shim *shim) {
    struct header header = {
        .version = PROTOCOL_VERSION,
        .type = MSG_EMPTY,
        .a = shim->run.number,
        .c = (int32_t)shim->run.killed,
    };
    return link_send(&shim->link, &header, NULL, NULL, 0);
}

void tell_due(struct shim *shim) {
    struct link *link = &shim->link;
    while (link->connection >= 0 && link->greeted && !link->blocked) {
        if (link->status_from >= 0) {
            int from = link->status_from;
            if (send_status(shim, &from) == 0)
                link->status_from = from < SLOTS ? from : -1;
        } else if (link->exited_due) {
            link->exited_due = send_exited(shim) != 0;
        } else if (link->empty_due) {
            link->empty_due = send_empty(shim) != 0;
        } else {
            return;
        }
    }
}
