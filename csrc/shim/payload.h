/* What a SPAWN's memfd says. Pure, and nothing of it is believed: who wrote it may have a bug or worse. */
#pragma once

#include "protocol.h"

#include <stdbool.h>
#include <stddef.h>

/* Points into the bytes that were parsed. */
struct payload {
    struct payload_header header;
    const char *groups; /* header.groups gids, or none with KEEP_ID */
    const struct payload_limit *limits;
    const struct payload_descriptor *descriptors;
    const char *directory; /* "": stay */
    const char *cgroup;    /* "": stay */
    char *words;           /* arguments, then variables */
};

/* Whether the header's numbers are within their limits; needed before anything is sized by them. */
bool payload_sane(const struct payload_header *header);

/* The pointers that payload_words() fills. */
size_t payload_pointers(const struct payload_header *header);

/* Takes size bytes apart; false if they are not exactly a payload. */
bool payload_parse(struct payload *payload, char *bytes, size_t size);

/* Fills argv and env, each ended by NULL, one after the other; returns env. A variable that is LISTEN_PID=@ or
 * WATCHDOG_PID=@ is replaced by listen or watchdog. */
char **payload_words(const struct payload *payload, char **words, char *listen, char *watchdog);
