/* What the drivers share. They take candidates on the command line, each a command after a word "::", and run all of
 * them in every round, in an order that is drawn anew each time: so that load, clock speed and the state in which one
 * candidate leaves the caches falls on all alike. What they print is one line per round: nanoseconds, in the order
 * of the command line. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CANDIDATES = 32 };

static inline void fail(const char *what) {
    perror(what);
    exit(1);
}

static inline int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* DRIVER ROUNDS :: COMMAND… :: COMMAND…: how many there are. Each ends with NULL in place of the next "::". */
static inline int candidates_of(char **argv, char **commands[CANDIDATES]) {
    int count = 0;
    for (char **word = argv + 2; *word; word++) {
        if (strcmp(*word, "::") != 0)
            continue;
        *word = NULL;
        if (count < CANDIDATES)
            commands[count++] = word + 1;
    }
    return count;
}

static inline void shuffle(int *order, int count) {
    static uint32_t state = 2463534242;
    for (int last = count - 1; last > 0; last--) {
        state ^= state << 13, state ^= state >> 17, state ^= state << 5;
        int other = state % (last + 1), kept = order[last];
        order[last] = order[other];
        order[other] = kept;
    }
}

static inline void print_rounds(const int64_t *took, int rounds, int count) {
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < count; i++)
            printf("%lld%c", (long long)took[round * count + i], i + 1 < count ? ' ' : '\n');
}
