#include "config.h"
#include "fuzz.h"
#include "signals.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS = 64 };

struct call {
    struct config config;
    char *argv[WORDS + 2];
    char *variables[WORDS + 1];
    int arguments, count;
};

static bool is_variable(const char *word) {
    static const char *const prefixes[] = {"PYINIT_", "DUMB_INIT_", "TINI_", "CATATONIT_"};
    for (int i = 0; i < 4; i++)
        if (strncmp(word, prefixes[i], strlen(prefixes[i])) == 0)
            return strchr(word, '=') != NULL;
    return false;
}

static void add(struct call *call, const uint8_t *word, size_t size) {
    char *copy = fuzz_copy(word, size, true);
    if (is_variable(copy))
        call->variables[call->count++] = copy;
    else
        call->argv[++call->arguments] = copy;
}

static void split(struct call *call, const uint8_t *data, size_t size) {
    while (size && call->count + call->arguments < WORDS) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t length = end ? (size_t)(end - data) : size;
        add(call, data, length);
        size_t used = length + (end != NULL);
        data += used;
        size -= used;
    }
}

static void act(void *with) {
    struct call *call = with;
    configure(&call->config, call->argv);
}

static void check(const struct call *call) {
    const struct config *config = &call->config;
    HOLDS(config->pause == (config->command == NULL));
    if (config->command) {
        HOLDS(config->command > call->argv && config->command <= call->argv + call->arguments);
        HOLDS(*config->command);
    }
    for (int i = 1; i <= SIGNALS; i++)
        HOLDS(config->rewrite[i] <= SIGNALS && config->delay_ms[i] >= 0);
    HOLDS(config->kept & signal_bit(SIGCHLD));
    HOLDS(config->grace_ms >= 0 && config->kill_after_ms >= NO_LIMIT);
    HOLDS(config->parent_death >= 0 && config->parent_death <= SIGNALS);
    HOLDS(config->verbosity >= -1 && config->name);
    HOLDS(config->session != SESSION_KEEP || config->target != TO_GROUP);
}

void fuzz_configure(const char *called, const uint8_t *data, size_t size) {
    struct call call = {0};
    char **variables = environ;
    int code;
    call.argv[0] = fuzz_copy((const uint8_t *)called, strlen(called), true);
    split(&call, data, size);
    environ = call.variables;
    bool returned = fuzz_returns(act, &call, &code);
    environ = variables;
    if (returned)
        check(&call);
    else
        HOLDS(code == 0 || code == call.config.own_error);
    for (int i = 0; i <= call.arguments; i++)
        free(call.argv[i]);
    for (int i = 0; i < call.count; i++)
        free(call.variables[i]);
}
