#include "settings.h"

#include "protocol.h"

#include <string.h>

/* Counts strings up to an empty one, and steps behind that; they are within bytes that end with a NUL. */
static size_t count_words(char **at, const char *end) {
    size_t count = 0;
    while (*at < end && **at) {
        *at += strlen(*at) + 1;
        count++;
    }
    ++*at;
    return count;
}

static const char *take_path(char **at, const char *end) {
    const char *path = *at;
    if (path >= end || *path != '/')
        return NULL;
    *at += strlen(path) + 1;
    return path;
}

bool settings_parse(struct settings *settings, char *bytes, size_t size) {
    const char *end = bytes + size;
    if (size < 2 || bytes[size - 1] || bytes[size - 2])
        return false;
    char *at = bytes;
    settings->record = take_path(&at, end);
    settings->lock = settings->record ? take_path(&at, end) : NULL;
    settings->socket = settings->lock ? take_path(&at, end) : NULL;
    if (!settings->socket || at >= end || *at++)
        return false;
    settings->arguments = at;
    settings->argument_count = count_words(&at, end);
    settings->variables = at;
    settings->variable_count = count_words(&at, end);
    return at == end && settings->argument_count + settings->variable_count <= CALL_LIMIT;
}

char **settings_words(const struct settings *settings, char **words) {
    char **at = words;
    for (char *word = settings->arguments; *word; word += strlen(word) + 1)
        *at++ = word;
    *at++ = NULL;
    char **variables = at;
    for (char *word = settings->variables; *word; word += strlen(word) + 1)
        *at++ = word;
    *at = NULL;
    return variables;
}
