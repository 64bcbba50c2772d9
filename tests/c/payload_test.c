#include "shim/payload.h"

#include "check.h"

#include <stdlib.h>

/* A payload in memory of exactly its size, for the sanitizer. */
struct made {
    char *bytes;
    size_t size;
};

static struct payload_header header_of(void) {
    return (struct payload_header){.magic = "PYS1",
                                   .umask = KEEP_UMASK,
                                   .uid = KEEP_ID,
                                   .gid = KEEP_ID,
                                   .groups = 2,
                                   .limits = 1,
                                   .descriptors = 2,
                                   .arguments = 2,
                                   .variables = 3};
}

static const uint32_t groups[] = {7, 8};
static const struct payload_limit limit = {7, 100, UINT64_MAX};
static const char strings[] = "/work\0\0cmd\0x\0A=1\0LISTEN_PID=@\0WATCHDOG_PID=@";

static struct made make(struct payload_header header, const struct payload_descriptor descriptors[2]) {
    struct made made = {.size =
                            sizeof header + sizeof groups + sizeof limit + 2 * sizeof *descriptors + sizeof strings};
    made.bytes = malloc(made.size);
    CHECK(made.bytes != NULL);
    char *at = mempcpy(made.bytes, &header, sizeof header);
    at = mempcpy(at, groups, sizeof groups);
    at = mempcpy(at, &limit, sizeof limit);
    at = mempcpy(at, descriptors, 2 * sizeof *descriptors);
    memcpy(at, strings, sizeof strings);
    return made;
}

static const struct payload_descriptor usual[] = {{0, 1}, {SLOT_NULL, 1023}};

static void whole(void) {
    struct made made = make(header_of(), usual);
    struct payload payload;
    char *words[7], listen[] = "L", watchdog[] = "W";
    CHECK(payload_parse(&payload, made.bytes, made.size));
    CHECK(memcmp(payload.groups, groups, sizeof groups) == 0);
    CHECK(payload.limits[0].hard == UINT64_MAX && payload.limits[0].soft == 100);
    CHECK_NUMBER(payload.descriptors[1].target, 1023);
    CHECK_TEXT(payload.directory, "/work");
    CHECK_TEXT(payload.cgroup, "");
    CHECK_NUMBER(payload_pointers(&payload.header), 7);
    char **env = payload_words(&payload, words, listen, watchdog);
    CHECK_TEXT(words[0], "cmd");
    CHECK_TEXT(words[1], "x");
    CHECK(words[2] == NULL && env == words + 3 && words[6] == NULL);
    CHECK_TEXT(env[0], "A=1");
    CHECK(env[1] == listen && env[2] == watchdog);
    free(made.bytes);
}

static bool accepts(struct payload_header header, const struct payload_descriptor descriptors[2]) {
    struct payload payload;
    struct made made = make(header, descriptors);
    bool accepted = payload_parse(&payload, made.bytes, made.size);
    free(made.bytes);
    return accepted;
}

static void cut_off(void) {
    struct payload payload;
    struct made made = make(header_of(), usual);
    for (size_t size = 0; size < made.size; size++) {
        char *exact = malloc(size + !size);
        CHECK(exact != NULL);
        memcpy(exact, made.bytes, size);
        CHECK(!payload_parse(&payload, exact, size));
        free(exact);
    }
    free(made.bytes);
}

#define REFUSED(field, value)                                                                                          \
    do {                                                                                                               \
        struct payload_header header = header_of();                                                                    \
        header.field = (value);                                                                                        \
        CHECK(!accepts(header, usual));                                                                                \
    } while (0)

static void headers(void) {
    CHECK(accepts(header_of(), usual));
    REFUSED(magic[3], '2');
    REFUSED(flags, 16);
    REFUSED(flags, PAYLOAD_TERMINAL);
    REFUSED(umask, -2);
    REFUSED(umask, 01000);
    for (uint32_t count = 0; count < 9; count++) {
        if (count != 2)
            REFUSED(arguments, count);
        if (count != 1)
            REFUSED(limits, count);
        if (count != 3)
            REFUSED(variables, count);
    }
    static const uint32_t many[] = {1000, 65537, 0x7fffffff, 0x80000000, 0xfffffffe, UINT32_MAX};
    for (size_t i = 0; i < sizeof many / sizeof *many; i++) {
        if (many[i] != KEEP_ID)
            REFUSED(groups, many[i]);
        REFUSED(limits, many[i]);
        REFUSED(descriptors, many[i]);
        REFUSED(arguments, many[i]);
        REFUSED(variables, many[i]);
    }
}

static void descriptors(void) {
    CHECK(!accepts(header_of(), (struct payload_descriptor[]){{0, 5}, {1, 5}}));
    CHECK(!accepts(header_of(), (struct payload_descriptor[]){{0, 5}, {1, 1024}}));
    CHECK(!accepts(header_of(), (struct payload_descriptor[]){{0, 5}, {48, 1}}));
    CHECK(!accepts(header_of(), (struct payload_descriptor[]){{63, 5}, {4, 1}}));
    CHECK(accepts(header_of(), (struct payload_descriptor[]){{47, 5}, {47, 1}}));
}

int main(void) {
    whole();
    cut_off();
    headers();
    descriptors();
}
