/* /proc/self/cgroup and memory.events, whatever they hold and in whatever pieces they come. */
#include "oom.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *bytes = fuzz_copy(data, size, false);
    struct cgroup whole = {0}, pieces = {0};
    int length = (int)size, piece = 1 + length % 13;
    cgroup_feed(&whole, bytes, length);
    for (int at = 0; at < length; at += piece)
        cgroup_feed(&pieces, bytes + at, length - at < piece ? length - at : piece);
    HOLDS(whole.v1 == pieces.v1 && strcmp(whole.path, pieces.path) == 0);
    HOLDS(strlen(whole.path) < CGROUP_PATH && strncmp(whole.path, "/../", 4) != 0);
    HOLDS(whole.path[0] == '\0' || whole.path[0] == '/');
    unsigned long count = 0;
    bool there = oom_count(bytes, length, &count);
    HOLDS(there || count == 0);
    free(bytes);
    return 0;
}
