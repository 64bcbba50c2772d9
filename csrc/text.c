#include "text.h"

#include "options.h"
#include "say.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

const char license_text[] =
    "pyinit is free software under the MIT License (SPDX-License-Identifier: MIT),\n"
    "Copyright (c) 2026 the pyinit authors. Anyone may use, copy, change, merge,\n"
    "publish, distribute, sublicense and sell it; this notice must stay with it. It\n"
    "comes as is, without warranty of any kind. The whole text: https://spdx.org/licenses/MIT\n";

static const char usage[] = "Usage: pyinit [OPTIONS] [--] COMMAND [ARG...]\n"
                            "Runs COMMAND, forwards signals to it, and reaps every orphan.\n"
                            "\n";

static const char closing[] = "\n"
                              "Each is also a variable: PYINIT_REWRITE=15:3,HUP:0. The command line wins.\n"
                              "Exit code: the command's; 128+N by signal N; 125 pyinit's own error; 126 cannot\n"
                              "be executed; 127 not found. Called dumb-init, tini or catatonit, it acts as that.\n";

void show(int file, int code, const char *text) {
    size_t left = strlen(text);
    while (left) {
        ssize_t written = write(file, text, left);
        if (written < 0 && errno != EINTR)
            die(code, "cannot write to standard %s: %m", file == STDOUT_FILENO ? "output" : "error");
        if (written > 0) {
            text += written;
            left -= (size_t)written;
        }
    }
    _exit(0);
}

static char *add(char *at, const char *text) {
    size_t length = strlen(text);
    memcpy(at, text, length);
    return at + length;
}

enum { TEXT_COLUMN = 33, LINE = 128, HELP = sizeof usage + sizeof closing + (size_t)OPTIONS * LINE };

/* "  -r, --rewrite S:R" and the help in its column, below where there is no room. */
static char *add_option(char *at, const struct option *option) {
    const char *start = at;
    at = add(at, option->letter ? "  -x, --" : "      --");
    if (option->letter)
        at[-5] = option->letter;
    at = add(at, option->name);
    if (option->metavar[0]) {
        at = add(at, option->kind == MAYBE ? "[=" : " ");
        at = add(at, option->metavar);
        if (option->kind == MAYBE)
            *at++ = ']';
    }
    if (at - start > TEXT_COLUMN - 2) {
        *at++ = '\n';
        start = at;
    }
    while (at - start < TEXT_COLUMN)
        *at++ = ' ';
    at = add(at, option->help);
    *at++ = '\n';
    return at;
}

void show_native_help(int code) {
    char text[HELP], *at = add(text, usage);
    for (int i = 0; i < OPTIONS; i++)
        at = add_option(at, &native_options[i]);
    at = add(at, closing);
    *at = '\0';
    show(STDOUT_FILENO, code, text);
}
