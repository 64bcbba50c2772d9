#include "options.h"

#include "say.h"
#include "span.h"

#include <string.h>

const struct option native_options[OPTIONS] = {
#define OPTION(id, name, letters, kind, metavar, allowed, help, man)                                                   \
    [OPTION_##id] = {name, letters[0], letters[sizeof letters > 2], kind, metavar, allowed, help},
#include "options.def"
#undef OPTION
};

static bool wants_value(const struct option *option) {
    return option->kind == VALUE || option->kind == LIST;
}

/* The option as the user spelled it. Only for a last line: the word may be cut at its '='. */
static const char *spelled(struct scan *scan) {
    if (scan->letters[0])
        return scan->letters;
    scan->word[span(scan->word, '=')] = '\0';
    return scan->word;
}

void scan_refuse(struct scan *scan, int index) {
    const char *value = scan->value ? scan->value : "";
    die(scan->code, "%s: \"%s\" is not %s", spelled(scan), value, scan->options[index].allowed);
}

void scan_no_command(const struct scan *scan) {
    die(scan->code, "no command given; %s tells how", scan->help);
}

[[gnu::noreturn]] static void unknown(struct scan *scan) {
    die(scan->code, "unknown option %s; %s lists them", spelled(scan), scan->help);
}

/* An option that needs a value takes the next word if none was attached. */
static void find_value(struct scan *scan, const struct option *option) {
    if (scan->value) {
        if (!wants_value(option) && option->kind != MAYBE)
            die(scan->code, "%s takes no value", spelled(scan));
    } else if (wants_value(option)) {
        scan->value = *scan->argv;
        if (!scan->value)
            die(scan->code, "%s needs a value: %s", spelled(scan), option->metavar);
        scan->argv++;
    }
}

/* The index of the option that is called so; -1 if there is none. */
static int find_long(const struct scan *scan, const char *name, size_t length) {
    int found = -1, like = 0;
    for (int i = 0; i < scan->count; i++) {
        const char *full = scan->options[i].name;
        if (!full || strncmp(full, name, length))
            continue;
        if (!full[length])
            return i;
        found = i;
        like++;
    }
    return scan->shortened && like == 1 ? found : -1;
}

static int scan_long(struct scan *scan) {
    scan->letters[0] = '\0';
    const char *name = scan->word + 2;
    size_t length = span(name, '=');
    scan->value = name[length] ? name + length + 1 : NULL;
    int index = find_long(scan, name, length);
    if (index < 0)
        unknown(scan);
    find_value(scan, &scan->options[index]);
    return index;
}

static int scan_letter(struct scan *scan) {
    char letter = *scan->cluster++;
    memcpy(scan->letters, (char[]){'-', letter, '\0'}, 3);
    scan->value = NULL;
    for (int i = 0; i < scan->count; i++) {
        const struct option *option = &scan->options[i];
        if (option->letter != letter && option->other != letter)
            continue;
        bool attached = wants_value(option) ? *scan->cluster : option->kind == MAYBE && *scan->cluster == '=';
        if (attached) {
            scan->value = scan->cluster + (option->kind == MAYBE);
            scan->cluster = NULL;
        }
        find_value(scan, option);
        return i;
    }
    unknown(scan);
}

int scan_next(struct scan *scan) {
    if (scan->cluster && *scan->cluster)
        return scan_letter(scan);
    char *word = *scan->argv;
    if (!word || word[0] != '-' || !word[1])
        return -1;
    scan->argv++;
    scan->word = word;
    if (word[1] != '-') {
        scan->cluster = word + 1;
        return scan_letter(scan);
    }
    scan->cluster = NULL;
    return word[2] ? scan_long(scan) : -1;
}
