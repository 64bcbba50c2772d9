/* pyinit's own command line and variables: a line of the input each. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_configure("pyinit", data, size);
    return 0;
}
