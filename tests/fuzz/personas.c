/* The command lines and variables of the programs that pyinit can be: the input's first line is the name. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    if (!end)
        return 0;
    size_t length = (size_t)(end - data);
    char *called = fuzz_copy(data, length, true);
    fuzz_configure(called, end + 1, size - length - 1);
    free(called);
    return 0;
}
