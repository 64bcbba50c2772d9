#include "config.h"
#include "options.h"
#include "persona.h"
#include "say.h"
#include "signals.h"

#include <signal.h>
#include <string.h>

enum { GRACE_MS = 5000 };

static const struct {
    const char *called, *name;
    enum persona persona;
} personas[] = {
    {"dumb-init", "dumb-init", DUMB_INIT}, {"tini", "tini", TINI},
    {"tini-static", "tini", TINI},         {"docker-init", "tini", TINI},
    {"catatonit", "catatonit", CATATONIT},
};

static void choose_persona(struct config *config, const char *path) {
    const char *slash = strrchr(path, '/');
    const char *called = slash ? slash + 1 : path;
    config->name = "pyinit";
    for (unsigned i = 0; i < sizeof personas / sizeof *personas; i++) {
        if (!strcmp(called, personas[i].called)) {
            config->name = personas[i].name;
            config->persona = personas[i].persona;
        }
    }
}

static void set_defaults(struct config *config) {
    *config = (struct config){
        .target = TO_GROUP,
        .session = SESSION_NEW,
        .subreaper = AUTO,
        .kept = signal_bit(SIGCHLD),
        .grace_ms = GRACE_MS,
        .kill_after_ms = NO_LIMIT,
        .own_error = 125,
        .cannot_exec = 126,
        .not_found = 127,
    };
    for (int i = 0; i <= SIGNALS; i++)
        config->rewrite[i] = (unsigned char)i;
    for (int i = 0; i < 256; i++)
        config->map_exit[i] = (unsigned char)i;
}

void configure(struct config *config, char **argv) {
    set_defaults(config);
    /* execve() with no words at all: no persona, and no command either. */
    char **words = argv[0] ? argv + 1 : argv;
    choose_persona(config, argv[0] ? argv[0] : "");
    say_as(config->name, 0);
    switch (config->persona) {
    case PYINIT:
        options_native(config, words);
        break;
    case DUMB_INIT:
        options_dumb_init(config, words);
        break;
    case TINI:
        options_tini(config, words);
        break;
    case CATATONIT:
        options_catatonit(config, words);
        break;
    }
    say_as(config->name, config->verbosity);
}
