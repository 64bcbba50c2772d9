/* dumb-init 1.2.5: a session for the child, signals to its group, TERM to the rest and an immediate exit at the end. */
#include "options.h"
#include "parse.h"
#include "persona.h"
#include "say.h"
#include "span.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Real-time signals cannot be rewritten here; as everywhere, they are forwarded. */
enum { LAST = 31, USAGE_ERROR = 1, EXEC_FAILED = 2 };

static const struct option options[] = {
    {.name = "single-child", .letter = 'c', .kind = FLAG},
    {.name = "rewrite",
     .letter = 'r',
     .kind = VALUE,
     .metavar = "s:r",
     .allowed = "a rewrite s:r: the numbers of signals, 1 to 31; 0 for r drops s"},
    {.name = "verbose", .letter = 'v', .kind = FLAG},
    {.name = "help", .letter = 'h', .kind = SHOW},
    {.name = "version", .letter = 'V', .kind = SHOW},
};

#define NAME_AND_VERSION "dumb-init v1.2.5 - " PYINIT_ABOUT

static const char help[] = NAME_AND_VERSION "\n"
                                            "Usage: dumb-init [OPTIONS] [--] COMMAND [ARG...]\n"
                                            "\n"
                                            "  -c, --single-child  no session; signals go to the child alone\n"
                                            "  -r, --rewrite s:r   forward signal s (1 to 31) as r; r 0 drops it\n"
                                            "  -v, --verbose       say what happens\n"
                                            "  -h, --help          print this and exit\n"
                                            "  -V, --version       print the version and exit\n"
                                            "\n"
                                            "DUMB_INIT_SETSID=0 is --single-child, DUMB_INIT_DEBUG=1 is --verbose.\n";

static bool rewrite(struct config *config, const char *value) {
    int from, to, length = (int)span(value, ':');
    if (!value[length] || !parse_unsigned(value, length, LAST, &from) || !from)
        return false;
    const char *second = value + length + 1;
    if (!parse_unsigned(second, (int)strlen(second), LAST, &to))
        return false;
    config->rewrite[from] = (unsigned char)to;
    return true;
}

static void take(struct config *config, struct scan *scan, int index) {
    switch (options[index].letter) {
    case 'c':
        config->session = SESSION_KEEP;
        break;
    case 'r':
        if (!rewrite(config, scan->value))
            scan_refuse(scan, index);
        break;
    case 'v':
        config->verbosity = 2;
        break;
    case 'h':
        show(STDERR_FILENO, USAGE_ERROR, help);
    case 'V':
        show(STDERR_FILENO, USAGE_ERROR, NAME_AND_VERSION);
    }
}

static bool variable_is(const char *name, const char *wanted) {
    const char *value = getenv(name);
    return value && !strcmp(value, wanted);
}

void options_dumb_init(struct config *config, char **argv) {
    config->subreaper = NO;
    config->grace_ms = 0;
    config->closing_term = true;
    config->own_error = USAGE_ERROR;
    config->cannot_exec = config->not_found = EXEC_FAILED;
    struct scan scan = {.argv = argv,
                        .options = options,
                        .count = sizeof options / sizeof *options,
                        .code = USAGE_ERROR,
                        .help = "dumb-init --help",
                        .shortened = true};
    int index;
    while ((index = scan_next(&scan)) >= 0)
        take(config, &scan, index);
    if (!*scan.argv)
        scan_no_command(&scan);
    config->command = scan.argv;
    if (variable_is("DUMB_INIT_DEBUG", "1"))
        config->verbosity = 2;
    if (variable_is("DUMB_INIT_SETSID", "0"))
        config->session = SESSION_KEEP;
    config->target = config->session == SESSION_KEEP ? TO_MAIN : TO_GROUP;
}
