#include "payload.h"

#include <string.h>

bool payload_sane(const struct payload_header *header) {
    static const uint32_t flags = PAYLOAD_SESSION | PAYLOAD_TERMINAL | PAYLOAD_NO_PRIVS | PAYLOAD_OUTLIVES;
    return memcmp(header->magic, "PYS1", sizeof header->magic) == 0 && !(header->flags & ~flags) &&
           (header->flags & PAYLOAD_SESSION || !(header->flags & PAYLOAD_TERMINAL)) &&
           (header->groups == KEEP_ID || header->groups <= GROUPS_LIMIT) && header->limits <= LIMITS_LIMIT &&
           header->descriptors <= DESCRIPTORS_LIMIT && header->arguments >= 1 && header->arguments <= WORDS_LIMIT &&
           header->variables <= WORDS_LIMIT && header->arguments + header->variables <= WORDS_LIMIT &&
           header->umask >= KEEP_UMASK && header->umask <= 0777;
}

size_t payload_pointers(const struct payload_header *header) {
    return (size_t)header->arguments + header->variables + 2;
}

static size_t group_count(const struct payload_header *header) {
    return header->groups == KEEP_ID ? 0 : header->groups;
}

/* A target twice, or one that is too high, is not what anybody means. */
static bool descriptors_sane(const struct payload *payload) {
    for (uint32_t i = 0; i < payload->header.descriptors; i++) {
        const struct payload_descriptor *one = &payload->descriptors[i];
        if (one->target >= TARGET_LIMIT || (one->slot >= SLOTS && one->slot != SLOT_NULL))
            return false;
        for (uint32_t j = 0; j < i; j++) {
            if (payload->descriptors[j].target == one->target)
                return false;
        }
    }
    return true;
}

/* The bytes are count strings, and nothing else. */
static bool are_strings(const char *bytes, size_t size, size_t count) {
    while (count) {
        const char *end = size ? memchr(bytes, 0, size) : NULL;
        if (!end)
            return false;
        size -= (size_t)(end + 1 - bytes);
        bytes = end + 1;
        count--;
    }
    return size == 0;
}

bool payload_parse(struct payload *payload, char *bytes, size_t size) {
    struct payload_header *header = &payload->header;
    if (size < sizeof *header || size > PAYLOAD_LIMIT)
        return false;
    memcpy(header, bytes, sizeof *header);
    if (!payload_sane(header))
        return false;
    size_t groups = sizeof *header;
    size_t limits = groups + group_count(header) * sizeof(uint32_t);
    size_t descriptors = limits + header->limits * sizeof(struct payload_limit);
    size_t strings = descriptors + header->descriptors * sizeof(struct payload_descriptor);
    if (strings > size)
        return false;
    payload->groups = bytes + groups;
    payload->limits = (const struct payload_limit *)(const void *)(bytes + limits);
    payload->descriptors = (const struct payload_descriptor *)(const void *)(bytes + descriptors);
    if (!descriptors_sane(payload) ||
        !are_strings(bytes + strings, size - strings, 2 + (size_t)header->arguments + header->variables))
        return false;
    payload->directory = bytes + strings;
    payload->cgroup = payload->directory + strlen(payload->directory) + 1;
    payload->words = bytes + (payload->cgroup + strlen(payload->cgroup) + 1 - bytes);
    return *payload->words != 0; /* a command has a name */
}

char **payload_words(const struct payload *payload, char **words, char *listen, char *watchdog) {
    char *word = payload->words;
    char **at = words;
    for (uint32_t i = 0; i < payload->header.arguments; i++, word += strlen(word) + 1)
        *at++ = word;
    *at++ = NULL;
    char **variables = at;
    for (uint32_t i = 0; i < payload->header.variables; i++, word += strlen(word) + 1) {
        if (strcmp(word, "LISTEN_PID=@") == 0)
            *at++ = listen;
        else
            *at++ = strcmp(word, "WATCHDOG_PID=@") == 0 ? watchdog : word;
    }
    *at = NULL;
    return variables;
}
