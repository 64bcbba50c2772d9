/* CONFIG's body. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Points into the bytes that were parsed. */
struct settings {
    const char *record, *lock, *socket; /* paths */
    char *arguments;                    /* strings, ended by an empty one; and the next */
    char *variables;
    size_t argument_count, variable_count;
};

/* False if they are not exactly the body of a CONFIG. */
bool settings_parse(struct settings *settings, char *bytes, size_t size);

/* Fills argv and env, each ended by NULL, one after the other (both counts and two more); returns env. */
char **settings_words(const struct settings *settings, char **words);
