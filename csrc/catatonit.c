/* catatonit: as tini, but a subreaper wherever it is not PID 1, and with a pause mode. */
#include "options.h"
#include "persona.h"
#include "say.h"
#include "signals.h"
#include "text.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { ERROR = 1 };

static const struct option options[] = {
    {.letter = 'g', .kind = FLAG},
    {.letter = 'h', .kind = SHOW},
    {.letter = 'L', .kind = SHOW},
    {.letter = 'P', .kind = FLAG},
    {.name = "version", .letter = 'V', .kind = SHOW},
};

/* The original begins like tini as well, for `docker info`. */
#define NAME_AND_VERSION "tini version 0.2.1_catatonit - " PYINIT_ABOUT

static const char help[] = "Usage: catatonit [-ghLPV] [--] COMMAND [ARG...]\n"
                           "\n"
                           "  -g             signals go to the child's process group\n"
                           "  -h             print this and exit\n"
                           "  -L             print the license and exit\n"
                           "  -P             no command: reap until TERM or INT\n"
                           "  -V, --version  print the version and exit\n"
                           "\n"
                           "CATATONIT_DEBUG says what happens.\n";

static void take(struct config *config, char letter) {
    switch (letter) {
    case 'g':
        config->target = TO_GROUP;
        break;
    case 'P':
        config->pause = true;
        break;
    case 'h':
        show(STDERR_FILENO, ERROR, help);
    case 'L':
        show(STDOUT_FILENO, ERROR, license_text);
    case 'V':
        show(STDOUT_FILENO, ERROR, NAME_AND_VERSION);
    }
}

void options_catatonit(struct config *config, char **argv) {
    static const int own[] = {SIGTSTP, SIGTTIN, SIGTTOU, SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS};
    for (unsigned i = 0; i < sizeof own / sizeof *own; i++)
        config->kept |= signal_bit(own[i]);
    config->session = SESSION_GROUP;
    config->target = TO_MAIN;
    config->subreaper = getpid() == 1 ? NO : YES;
    config->grace_ms = 0;
    config->own_error = config->cannot_exec = config->not_found = ERROR;
    /* Its warnings are not shown either, unless it is debugged. */
    config->verbosity = getenv("CATATONIT_DEBUG") ? 2 : -1;
    if (getenv("CATATONIT_LOG"))
        die(ERROR, "CATATONIT_LOG is reserved: it must not be set");
    struct scan scan = {.argv = argv,
                        .options = options,
                        .count = sizeof options / sizeof *options,
                        .code = ERROR,
                        .help = "catatonit -h",
                        .shortened = true};
    int index;
    while ((index = scan_next(&scan)) >= 0)
        take(config, options[index].letter);
    if (!config->pause && !*scan.argv)
        scan_no_command(&scan);
    /* A command beside -P is passed over, as there. */
    config->command = config->pause ? NULL : scan.argv;
}
