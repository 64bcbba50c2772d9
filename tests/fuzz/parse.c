/* Everything of parse.h and signals.h. */
#include "parse.h"

#include "fuzz.h"
#include "signals.h"

#include <stdlib.h>
#include <string.h>

static void tables(const char *text) {
    unsigned char rewrite[SIGNALS + 1] = {0}, map[256] = {0};
    int32_t delay[SIGNALS + 1] = {0};
    parse_rewrites(text, rewrite);
    parse_exit_maps(text, map);
    parse_delays(text, delay);
    HOLDS(rewrite[0] == 0 && delay[0] == 0);
    for (int i = 0; i <= SIGNALS; i++)
        HOLDS(rewrite[i] <= SIGNALS && delay[i] >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *bytes = fuzz_copy(data, size, false);
    char *text = fuzz_copy(data, size, true);
    int number = -1;
    bool yes = false;
    int signal = signal_number(bytes, (int)size);
    HOLDS(signal >= -1 && signal <= SIGNALS);
    if (signal > 0) {
        const char *name = signal_name(signal);
        HOLDS(signal_number(name, (int)strlen(name)) == signal);
    }
    HOLDS(parse_unsigned(bytes, (int)size, 255, &number) == (number >= 0) && number <= 255);
    number = -1;
    HOLDS(parse_duration(text, &number) == (number >= 0));
    parse_boolean(text, &yes);
    tables(text);
    free(bytes);
    free(text);
    return 0;
}
