/* CONFIG's and STOP's bodies of any bytes: what is accepted is whole, and a stop made of two of them comes to its KILL,
 * unless both wait for ever. */
#include "shim/sequence.h"
#include "shim/settings.h"

#include "fuzz.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static void configure(const uint8_t *data, size_t size) {
    struct settings settings;
    char *bytes = fuzz_copy(data, size, false);
    if (settings_parse(&settings, bytes, size)) {
        size_t count = settings.argument_count + settings.variable_count;
        char **words = malloc((count + 2) * sizeof *words);
        HOLDS(words);
        char **env = settings_words(&settings, words);
        size_t length = strlen(settings.record) + strlen(settings.lock) + strlen(settings.socket) + 3 + 3;
        for (size_t i = 0; i < settings.argument_count; i++)
            length += strlen(words[i]) + 1;
        for (size_t i = 0; i < settings.variable_count; i++)
            length += strlen(env[i]) + 1;
        HOLDS(length == size && !env[-1] && !env[settings.variable_count]);
        free(words);
    }
    free(bytes);
}

static void stop(const uint8_t *data, size_t size) {
    struct sequence sequence = {0};
    size_t half = size / 2;
    if (!sequence_valid(data, half) || !sequence_valid(data + half, size - half))
        return;
    sequence_begin(&sequence, TARGET_MAIN, data, half, 0);
    int64_t now = 0;
    int killed = 0;
    for (int i = 0; i < 1000 && killed < 3; i++) {
        if (i == 2)
            sequence_begin(&sequence, TARGET_TREE, data + half, size - half, now);
        int signal = sequence_due(&sequence, now);
        HOLDS(signal >= -1 && signal <= 64);
        killed += sequence.killing && signal == SIGKILL;
        if (signal >= 0)
            continue;
        int64_t next = sequence_next(&sequence);
        if (next < 0 && i > 2)
            return;
        HOLDS(next < 0 || next > now);
        now = next < 0 ? now : next;
    }
    HOLDS(killed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    configure(data, size);
    stop(data, size);
    return 0;
}
