#include "shim/sequence.h"

#include "check.h"

#include <signal.h>

enum { TREE = TARGET_TREE };

static void in_order(void) {
    struct stop_step steps[] = {{0, 5}, {SIGTERM, 100}, {SIGINT, 0}, {SIGHUP, 20}};
    struct sequence stop = {0};
    CHECK_NUMBER(sequence_next(&stop), -1);
    CHECK_NUMBER(sequence_due(&stop, 0), -1);
    sequence_begin(&stop, TREE, steps, sizeof steps, 1000);
    CHECK_NUMBER(stop.target, TREE);
    CHECK_NUMBER(sequence_due(&stop, 1000), 0);
    CHECK_NUMBER(sequence_due(&stop, 1004), -1);
    CHECK_NUMBER(sequence_next(&stop), 1005);
    CHECK_NUMBER(sequence_due(&stop, 1005), SIGTERM);
    CHECK_NUMBER(stop.signal, SIGTERM);
    CHECK_NUMBER(sequence_due(&stop, 1104), -1);
    CHECK_NUMBER(sequence_due(&stop, 1105), SIGINT);
    CHECK_NUMBER(sequence_due(&stop, 1105), SIGHUP);
    CHECK_NUMBER(sequence_due(&stop, 1124), -1);
    CHECK(!stop.killing);
    CHECK_NUMBER(sequence_due(&stop, 1125), SIGKILL);
    CHECK(stop.killing);
    CHECK_NUMBER(stop.signal, SIGHUP);
    CHECK_NUMBER(sequence_due(&stop, 1125), -1);
}

/* Each KILL is followed by another, later each time, and soon again when something ends. */
static void again_and_again(void) {
    struct sequence stop = {0};
    int64_t now = 0, last = 0;
    sequence_begin(&stop, TREE, NULL, 0, now);
    for (int i = 0; i < 20; i++) {
        CHECK_NUMBER(sequence_due(&stop, now), SIGKILL);
        CHECK_NUMBER(sequence_due(&stop, now), -1);
        last = now;
        now = sequence_next(&stop);
        CHECK(now > last && now <= last + 1000);
    }
    CHECK_NUMBER(now - last, 1000);
    sequence_again(&stop, last + 1);
    CHECK(sequence_next(&stop) <= last + 5);
}

static void for_ever(void) {
    struct stop_step steps[] = {{SIGTERM, -1}, {SIGINT, 0}}, quick[] = {{SIGHUP, 10}, {SIGHUP, 20}}, slow = {1, -1};
    struct sequence stop = {0};
    sequence_begin(&stop, TARGET_MAIN, steps, sizeof steps, 50);
    CHECK_NUMBER(sequence_due(&stop, 50), SIGTERM);
    CHECK_NUMBER(sequence_next(&stop), -1);
    CHECK_NUMBER(sequence_due(&stop, INT64_MAX), -1);
    sequence_begin(&stop, TREE, &slow, sizeof slow, 60);
    CHECK_NUMBER(sequence_next(&stop), -1);
    sequence_begin(&stop, TREE, quick, sizeof quick, 70);
    CHECK_NUMBER(sequence_next(&stop), 100);
    sequence_begin(&stop, TREE, quick, sizeof quick, 80);
    CHECK_NUMBER(sequence_next(&stop), 100);
    CHECK_NUMBER(stop.target, TARGET_MAIN);
    CHECK_NUMBER(sequence_due(&stop, 99), -1);
    CHECK_NUMBER(sequence_due(&stop, 100), SIGKILL);
    sequence_begin(&stop, TREE, quick, sizeof quick, 101);
    CHECK(stop.killing);
}

static void validity(void) {
    struct stop_step steps[STEPS_LIMIT + 1] = {{0}};
    CHECK(sequence_valid(steps, 0));
    CHECK(sequence_valid(steps, STEPS_LIMIT * sizeof *steps));
    CHECK(!sequence_valid(steps, sizeof steps));
    CHECK(!sequence_valid(steps, 7));
    steps[2].signal = 65;
    CHECK(sequence_valid(steps, 2 * sizeof *steps));
    CHECK(!sequence_valid(steps, 3 * sizeof *steps));
    steps[2].signal = -1;
    CHECK(!sequence_valid(steps, 3 * sizeof *steps));
    steps[2].signal = 64;
    steps[2].wait_ms = -5;
    CHECK(sequence_valid(steps, 3 * sizeof *steps));
}

int main(void) {
    in_order();
    again_and_again();
    for_ever();
    validity();
}
