#include "sequence.h"

#include <signal.h>
#include <string.h>

enum {
    RETRY_FIRST_MS = 10,  /* a process forked while everything was killed */
    RETRY_LAST_MS = 1000, /* one that is stuck in the kernel */
    AGAIN_MS = 2,         /* at most so often, however many end */
    HIGHEST_SIGNAL = 64,
};

bool sequence_valid(const void *body, size_t length) {
    struct stop_step step;
    if (length % sizeof step || length / sizeof step > STEPS_LIMIT)
        return false;
    for (size_t at = 0; at < length; at += sizeof step) {
        memcpy(&step, (const char *)body + at, sizeof step);
        if (step.signal < 0 || step.signal > HIGHEST_SIGNAL)
            return false;
    }
    return true;
}

/* -1: for ever. */
static int64_t total(const struct stop_step *steps, int count) {
    int64_t sum = 0;
    for (int i = 0; i < count; i++) {
        if (steps[i].wait_ms < 0)
            return -1;
        sum += steps[i].wait_ms;
    }
    return sum;
}

static void shorten(struct sequence *sequence, const void *body, size_t length, int64_t now) {
    struct stop_step steps[STEPS_LIMIT];
    memcpy(steps, body, length);
    int64_t sum = total(steps, (int)(length / sizeof *steps));
    if (sum >= 0 && (sequence->kill_at < 0 || now + sum < sequence->kill_at))
        sequence->kill_at = now + sum;
}

void sequence_begin(struct sequence *sequence, int target, const void *body, size_t length, int64_t now) {
    if (sequence->active) {
        shorten(sequence, body, length, now);
        return;
    }
    memset(sequence, 0, sizeof *sequence);
    sequence->active = true;
    sequence->target = target;
    sequence->count = (int)(length / sizeof *sequence->steps);
    sequence->next_at = now;
    sequence->kill_at = -1;
    sequence->retry_ms = RETRY_FIRST_MS;
    if (length)
        memcpy(sequence->steps, body, length);
}

static int kill_due(struct sequence *sequence, int64_t now) {
    if (now < sequence->next_at)
        return -1;
    sequence->next_at = now + sequence->retry_ms;
    sequence->retry_ms *= 2;
    if (sequence->retry_ms > RETRY_LAST_MS)
        sequence->retry_ms = RETRY_LAST_MS;
    return SIGKILL;
}

static bool is_over(int64_t deadline, int64_t now) {
    return deadline >= 0 && now >= deadline;
}

int sequence_due(struct sequence *sequence, int64_t now) {
    if (!sequence->active)
        return -1;
    bool due = is_over(sequence->next_at, now);
    if (!sequence->killing && (is_over(sequence->kill_at, now) || (due && sequence->next == sequence->count))) {
        sequence->killing = true;
        sequence->next_at = now;
    }
    if (sequence->killing)
        return kill_due(sequence, now);
    if (!due)
        return -1;
    const struct stop_step *step = &sequence->steps[sequence->next++];
    sequence->next_at = step->wait_ms < 0 ? -1 : sequence->next_at + step->wait_ms;
    if (step->signal)
        sequence->signal = step->signal;
    return step->signal;
}

int64_t sequence_next(const struct sequence *sequence) {
    if (!sequence->active)
        return -1;
    if (sequence->killing || sequence->kill_at < 0)
        return sequence->next_at;
    if (sequence->next_at < 0 || sequence->kill_at < sequence->next_at)
        return sequence->kill_at;
    return sequence->next_at;
}

void sequence_again(struct sequence *sequence, int64_t now) {
    if (!sequence->active || !sequence->killing)
        return;
    sequence->retry_ms = RETRY_FIRST_MS;
    if (sequence->next_at > now + AGAIN_MS)
        sequence->next_at = now + AGAIN_MS;
}
