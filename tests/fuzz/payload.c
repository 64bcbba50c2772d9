/* A payload of any bytes is refused or is one: every part lies within it. */
#include "shim/payload.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct payload payload;
    char listen[1] = "", watchdog[1] = "";
    char *bytes = fuzz_copy(data, size, false);
    if (payload_parse(&payload, bytes, size)) {
        const struct payload_header *header = &payload.header;
        char **words = malloc(payload_pointers(header) * sizeof *words);
        HOLDS(words);
        char **env = payload_words(&payload, words, listen, watchdog);
        size_t length = strlen(payload.directory) + strlen(payload.cgroup);
        for (uint32_t i = 0; i < header->arguments; i++)
            length += strlen(words[i]);
        HOLDS(env == words + header->arguments + 1 && !env[-1] && !env[header->variables]);
        for (uint32_t i = 0; i < header->variables; i++)
            length += env[i] == listen || env[i] == watchdog ? 0 : strlen(env[i]);
        HOLDS(length <= size && **words);
        for (uint32_t i = 0; i < header->descriptors; i++)
            HOLDS(payload.descriptors[i].target < TARGET_LIMIT);
        volatile uint64_t sum = 0;
        for (uint32_t i = 0; i < header->limits; i++)
            sum += payload.limits[i].hard;
        free(words);
    }
    free(bytes);
    return 0;
}
