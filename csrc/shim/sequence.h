/* The order of a stop: signals with a time after each, then KILL until nothing is left. Pure: the caller passes the
 * time in monotonic ms, and sends. */
#pragma once

#include "protocol.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stop_step {
    int32_t signal;  /* 0: none, only the time */
    int32_t wait_ms; /* negative: for ever */
};

struct sequence {
    bool active;
    bool killing;
    int target; /* of the steps' signals */
    int count;
    int next;        /* step */
    int signal;      /* last one that was due, of the steps; 0: none */
    int retry_ms;    /* between two KILLs */
    int64_t next_at; /* when the next signal is due; -1: never */
    int64_t kill_at; /* when a later, shorter stop wants KILL; -1: never */
    struct stop_step steps[STEPS_LIMIT];
};

/* Whether body, of that length, is a list of steps. */
bool sequence_valid(const void *body, size_t length);

/* Starts it, or makes one that goes on shorter. The body is a valid one. */
void sequence_begin(struct sequence *sequence, int target, const void *body, size_t length, int64_t now);

/* The signal that is due now, or -1; to be asked again until it is that. With killing set, it is for everything. */
int sequence_due(struct sequence *sequence, int64_t now);

/* When to ask again; -1: never. */
int64_t sequence_next(const struct sequence *sequence);

/* Something has ended while KILL goes on: whoever was forked meanwhile is to be killed soon. */
void sequence_again(struct sequence *sequence, int64_t now);
