/* pyinit's own command line and PYINIT_* variables. */
#include "options.h"
#include "parse.h"
#include "say.h"
#include "signals.h"
#include "span.h"
#include "text.h"

#include <string.h>
#include <unistd.h>

enum source { COMMAND_LINE, ENVIRONMENT, SOURCES };
enum { UNSAID = -1 };

/* What was said, where it takes both sources to know what it comes to. */
struct native {
    struct config *config;
    uint32_t given; /* bit N: option N was on the command line, or in a variable before */
    int target[SOURCES];
    bool single_child[SOURCES];
    const char *pause; /* how it was spelled */
};

static uint32_t bit(int id) {
    return UINT32_C(1) << id;
}

static bool take_target(int *target, const char *value) {
    static const char words[][6] = {[TO_MAIN] = "main", [TO_GROUP] = "group", [TO_TREE] = "tree"};
    for (int i = TO_MAIN; i <= TO_TREE; i++) {
        if (!strcmp(value, words[i])) {
            *target = i;
            return true;
        }
    }
    return false;
}

static bool take_choice(enum choice *choice, const char *value) {
    bool yes = true;
    if (value && !strcmp(value, "auto")) {
        *choice = AUTO;
        return true;
    }
    if (value && (!value[0] || !parse_boolean(value, &yes)))
        return false;
    *choice = yes ? YES : NO;
    return true;
}

static bool take_duration(int64_t *milliseconds, const char *value) {
    int number;
    if (!parse_duration(value, &number))
        return false;
    *milliseconds = number;
    return true;
}

static bool take_signal(int *signal, const char *value) {
    int number = signal_number(value, (int)strlen(value));
    if (number < 0)
        return false;
    *signal = number;
    return true;
}

/* Options that have a value; false if it is a bad one. */
static bool take_value(struct native *native, enum option_id id, const char *value, enum source source) {
    struct config *config = native->config;
    switch ((int)id) {
    case OPTION_REWRITE:
        return parse_rewrites(value, config->rewrite);
    case OPTION_MAP_EXIT:
        return parse_exit_maps(value, config->map_exit);
    case OPTION_DELAY:
        return parse_delays(value, config->delay_ms);
    case OPTION_FORWARD:
        return take_target(&native->target[source], value);
    case OPTION_SUBREAPER:
        return take_choice(&config->subreaper, value);
    case OPTION_PARENT_DEATH_SIGNAL:
        return take_signal(&config->parent_death, value);
    case OPTION_GRACE:
        return take_duration(&config->grace_ms, value);
    case OPTION_KILL_AFTER:
        return take_duration(&config->kill_after_ms, value);
    case OPTION_USER:
        config->user = value;
        break;
    case OPTION_CHDIR:
        config->chdir = value;
        break;
    case OPTION_REPORT:
        config->report = value;
        break;
    }
    return true;
}

/* Options that are there or not. */
static void take_flag(struct native *native, enum option_id id, enum source source) {
    struct config *config = native->config;
    switch ((int)id) {
    case OPTION_SINGLE_CHILD:
        native->single_child[source] = true;
        break;
    case OPTION_GROUP:
        /* Variables have no order: the more specific one wins. */
        if (source == COMMAND_LINE || native->target[source] == UNSAID)
            native->target[source] = TO_GROUP;
        break;
    case OPTION_WAIT_ALL:
        config->wait_all = true;
        break;
    case OPTION_NO_NEW_PRIVS:
        config->no_new_privs = true;
        break;
    case OPTION_WARN_ON_REAP:
        config->warn_on_reap = true;
        break;
    case OPTION_PAUSE:
        config->pause = true;
        break;
    case OPTION_QUIET:
        config->verbosity = -1;
        native->given |= bit(OPTION_VERBOSE); /* variables have no order: this one wins */
        break;
    case OPTION_VERBOSE:
        config->verbosity = config->verbosity < 0 ? 1 : config->verbosity + 1;
        break;
    case OPTION_HELP:
        show_native_help(config->own_error);
    case OPTION_VERSION:
        show(STDOUT_FILENO, config->own_error, PYINIT_ABOUT);
    case OPTION_LICENSE:
        show(STDOUT_FILENO, config->own_error, license_text);
    }
}

static bool has_value(enum option_id id) {
    unsigned char kind = native_options[id].kind;
    return kind == VALUE || kind == LIST || kind == MAYBE;
}

static void read_command_line(struct native *native, struct scan *scan) {
    int index;
    while ((index = scan_next(scan)) >= 0) {
        enum option_id id = (enum option_id)index;
        native->given |= bit(index);
        if (!has_value(id))
            take_flag(native, id, COMMAND_LINE);
        else if (!take_value(native, id, scan->value, COMMAND_LINE))
            scan_refuse(scan, index);
        if (id == OPTION_PAUSE)
            native->pause = scan->letters[0] ? "-P" : "--pause";
    }
    if (native->given & (bit(OPTION_QUIET) | bit(OPTION_VERBOSE)))
        native->given |= bit(OPTION_QUIET) | bit(OPTION_VERBOSE);
}

/* The value in entry, "PYINIT_REWRITE=…" without its first part, if that is the variable of the option called name. */
static const char *match(const char *entry, const char *name) {
    for (; *name; name++, entry++) {
        char letter = *name == '-' ? '_' : (char)(*name - 'a' + 'A');
        if (*entry != letter)
            return NULL;
    }
    return *entry == '=' ? entry + 1 : NULL;
}

/* Exits. The entry may be cut at its '=' for this last line. */
[[gnu::noreturn]] static void refuse_variable(const struct native *native, char *entry, int index) {
    char *end = entry + span(entry, '=');
    *end = '\0';
    die(native->config->own_error, "%s: \"%s\" is not %s", entry, end + 1, native_options[index].allowed);
}

/* Takes a variable without a value of its own; false if it is neither yes, no nor a count. */
static bool take_switch(struct native *native, enum option_id id, const char *value) {
    bool on;
    int times = 0;
    if (native_options[id].kind == COUNT && parse_unsigned(value, (int)strlen(value), 9, &times))
        on = false;
    else if (!parse_boolean(value, &on))
        return false;
    for (times += on; times > 0; times--)
        take_flag(native, id, ENVIRONMENT);
    return true;
}

static void take_variable(struct native *native, char *entry, size_t prefix) {
    for (int i = 0; i < OPTIONS; i++) {
        enum option_id id = (enum option_id)i;
        const char *value = match(entry + prefix, native_options[i].name);
        if (!value)
            continue;
        /* PYINIT_VERSION and the like are what images are full of; an empty variable is one that was not set. */
        if (native_options[i].kind == SHOW || !*value || native->given & bit(i))
            return;
        native->given |= bit(i);
        if (!(has_value(id) ? take_value(native, id, value, ENVIRONMENT) : take_switch(native, id, value)))
            refuse_variable(native, entry, i);
        return;
    }
}

static void read_environment(struct native *native) {
    static const char prefix[] = "PYINIT_";
    for (char **entry = environ; entry && *entry; entry++) {
        if (!strncmp(*entry, prefix, sizeof prefix - 1))
            take_variable(native, *entry, sizeof prefix - 1);
    }
}

/* Who gets signals, and in which session the application is. What the command line says beats a variable; within one
 * of them, --single-child and the group contradict each other. */
static void decide_target(struct native *native) {
    struct config *config = native->config;
    static const char *const words[SOURCES] = {"--single-child and --forward group",
                                               "PYINIT_SINGLE_CHILD and PYINIT_FORWARD=group"};
    for (int i = 0; i < SOURCES; i++) {
        if (native->single_child[i] && native->target[i] == TO_GROUP)
            die(config->own_error, "%s contradict each other: the group would be pyinit's own", words[i]);
    }
    int target = native->target[native->target[COMMAND_LINE] == UNSAID];
    bool single = native->single_child[COMMAND_LINE] || native->single_child[ENVIRONMENT];
    if (single && target == TO_GROUP) {
        if (native->single_child[COMMAND_LINE])
            target = UNSAID;
        else
            single = false;
    }
    config->session = single ? SESSION_KEEP : SESSION_NEW;
    if (target != UNSAID)
        config->target = (enum target)target;
    else
        config->target = single ? TO_MAIN : TO_GROUP;
}

void options_native(struct config *config, char **argv) {
    struct native native = {.config = config, .target = {UNSAID, UNSAID}, .pause = "PYINIT_PAUSE"};
    struct scan scan = {
        .argv = argv, .options = native_options, .count = OPTIONS, .code = config->own_error, .help = "pyinit --help"};
    read_command_line(&native, &scan);
    read_environment(&native);
    decide_target(&native);
    if (config->pause && *scan.argv)
        die(config->own_error, "%s takes no command, but there is one: \"%s\"", native.pause, *scan.argv);
    if (!config->pause && !*scan.argv)
        scan_no_command(&scan);
    config->command = *scan.argv ? scan.argv : NULL;
}
