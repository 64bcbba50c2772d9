/* Options: a scanner of argv by a table, which every persona uses, and pyinit's own table. */
#pragma once

#include "config.h"

enum option_kind { FLAG, COUNT, VALUE, LIST, MAYBE, SHOW };

struct option {
    const char *name; /* without dashes; NULL: it has only the letter */
    char letter;      /* 0: it has only the name */
    char other;       /* another letter for it, or 0 */
    unsigned char kind;
    const char *metavar, *allowed, *help;
};

enum option_id {
#define OPTION(id, ...) OPTION_##id,
#include "options.def"
#undef OPTION
    OPTIONS
};

extern const struct option native_options[OPTIONS];

struct scan {
    char **argv; /* the next word; in the end the command, or NULL at its end */
    const struct option *options;
    int count;
    int code;         /* what a bad option exits with */
    const char *help; /* what prints help: "pyinit --help" */
    bool shortened;   /* long names may be: "--rew", where one name alone begins so */

    const char *value; /* of the option found, or NULL */
    char *word;        /* where the option found was */
    char *cluster;     /* what is left of "-cvw" */
    char letters[3];   /* "-c" */
};

/* The next option's index in the table; -1 at the command, at "--" (which it takes) or at the end. A bad option exits.
 */
int scan_next(struct scan *scan);

/* Exits: the option found last has a value that is not what the table allows. */
[[gnu::noreturn]] void scan_refuse(struct scan *scan, int index);

/* Exits: there has to be a command. */
[[gnu::noreturn]] void scan_no_command(const struct scan *scan);

/* pyinit's own options and PYINIT_* variables; leaves config->command. */
void options_native(struct config *config, char **argv);
