/* tini 0.19 (and docker-init, which is the same program): a process group for the child, which gets the signals alone
 * unless -g is given, and an immediate exit when it has ended. */
#include "options.h"
#include "parse.h"
#include "persona.h"
#include "say.h"
#include "signals.h"
#include "text.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { USAGE_ERROR = 1 };

static const struct option options[] = {
    {.letter = 's', .kind = FLAG},
    {.letter = 'p', .kind = VALUE, .metavar = "SIGNAL", .allowed = "a signal's name, like SIGTERM"},
    {.letter = 'v', .kind = FLAG},
    {.letter = 'w', .kind = FLAG},
    {.letter = 'g', .kind = FLAG},
    {.letter = 'e', .kind = VALUE, .metavar = "EXIT_CODE", .allowed = "an exit code: 0 to 255"},
    {.letter = 'l', .kind = SHOW},
    {.letter = 'h', .kind = SHOW},
};

/* `docker info` looks for these three words. */
#define NAME_AND_VERSION "tini version 0.19.0 - " PYINIT_ABOUT

static const char help[] =
    NAME_AND_VERSION "\n"
                     "Usage: tini [OPTIONS] [--] COMMAND [ARG...] | --version\n"
                     "\n"
                     "  -s            adopt orphans when not PID 1; also by TINI_SUBREAPER\n"
                     "  -p SIGNAL     what the child gets when our parent dies\n"
                     "  -v            say more (up to three times); TINI_VERBOSITY: 0 to 4\n"
                     "  -w            a line for each orphan reaped\n"
                     "  -g            signals go to the child's group; also by TINI_KILL_PROCESS_GROUP\n"
                     "  -e EXIT_CODE  exit with 0 where it would be this\n"
                     "  -l            print the license and exit\n"
                     "  -h            print this and exit\n";

static bool take_signal(struct config *config, const char *value) {
    /* A name, and in full: numbers are no signals here. */
    if (strncmp(value, "SIG", 3))
        return false;
    config->parent_death = signal_number(value, (int)strlen(value));
    return config->parent_death > 0;
}

static bool take_exit_code(struct config *config, const char *value) {
    int code;
    if (!parse_unsigned(value, (int)strlen(value), 255, &code))
        return false;
    config->map_exit[code] = 0;
    return true;
}

static void take(struct config *config, struct scan *scan, int index) {
    switch (options[index].letter) {
    case 's':
        config->subreaper = YES;
        break;
    case 'p':
        if (!take_signal(config, scan->value))
            scan_refuse(scan, index);
        break;
    case 'v':
        config->verbosity++;
        break;
    case 'w':
        config->warn_on_reap = true;
        break;
    case 'g':
        config->target = TO_GROUP;
        break;
    case 'e':
        if (!take_exit_code(config, scan->value))
            scan_refuse(scan, index);
        break;
    case 'l':
        show(STDOUT_FILENO, USAGE_ERROR, license_text);
    case 'h':
        show(STDOUT_FILENO, USAGE_ERROR, help);
    }
}

/* Being there is enough for two of them; the third beats -v. */
static void read_environment(struct config *config) {
    if (getenv("TINI_SUBREAPER"))
        config->subreaper = YES;
    if (getenv("TINI_KILL_PROCESS_GROUP"))
        config->target = TO_GROUP;
    const char *verbosity = getenv("TINI_VERBOSITY");
    if (verbosity) {
        int level = 0;
        parse_unsigned(verbosity, (int)strlen(verbosity), 100, &level);
        config->verbosity = level - 1; /* 0 is silence there, 1 warnings */
    }
}

void options_tini(struct config *config, char **argv) {
    static const int own[] = {SIGTTIN, SIGTTOU, SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS};
    for (unsigned i = 0; i < sizeof own / sizeof *own; i++)
        config->kept |= signal_bit(own[i]);
    config->session = SESSION_GROUP;
    config->target = TO_MAIN;
    config->subreaper = NO;
    config->grace_ms = 0;
    config->own_error = USAGE_ERROR;
    if (argv[0] && !argv[1] && !strcmp(argv[0], "--version"))
        show(STDOUT_FILENO, USAGE_ERROR, NAME_AND_VERSION);
    struct scan scan = {.argv = argv,
                        .options = options,
                        .count = sizeof options / sizeof *options,
                        .code = USAGE_ERROR,
                        .help = "tini -h"};
    int index;
    while ((index = scan_next(&scan)) >= 0)
        take(config, &scan, index);
    if (!*scan.argv)
        scan_no_command(&scan);
    config->command = scan.argv;
    read_environment(config);
}
