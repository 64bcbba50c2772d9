/* The report of any outcome is one line of JSON: the input's bytes are the struct's. */
#include "report.h"

#include "fuzz.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *skip(const char *at, const char *what) {
    HOLDS(strncmp(at, what, strlen(what)) == 0);
    return at + strlen(what);
}

static const char *digits(const char *at) {
    HOLDS(isdigit((unsigned char)*at));
    HOLDS(*at != '0' || !isdigit((unsigned char)at[1]));
    while (isdigit((unsigned char)*at))
        at++;
    return at;
}

static const char *string(const char *at) {
    at = skip(at, "\"");
    while (isalnum((unsigned char)*at) || (*at && strchr("_:.+-", *at)))
        at++;
    return skip(at, "\"");
}

static const char *value(const char *at) {
    if (*at == '"')
        return string(at);
    if (*at == 'n')
        return skip(at, "null");
    if (*at == 't')
        return skip(at, "true");
    if (*at == 'f')
        return skip(at, "false");
    at = digits(at + (*at == '-'));
    if (*at != '.')
        return at;
    while (isdigit((unsigned char)*++at))
        ;
    HOLDS(at[-1] != '.');
    return at;
}

static void check(const char *at) {
    at = skip(at, "{");
    while (*at == '"') {
        at = value(skip(string(at), ": "));
        if (*at == ',')
            at = skip(at, ", ");
    }
    HOLDS(strcmp(at, "}\n") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct outcome outcome = {0};
    char text[REPORT_SIZE];
    if (size)
        memcpy(&outcome, data, size < sizeof outcome ? size : sizeof outcome);
    int length = report_format(text, sizeof text, &outcome);
    HOLDS(length > 0 && (int)strlen(text) == length);
    check(text);
    /* In just enough room it is the same, in less there is none of it. */
    char *exact = malloc((size_t)length + 1);
    HOLDS(exact && report_format(exact, length + 1, &outcome) == length && strcmp(exact, text) == 0);
    HOLDS(report_format(exact, length - (int)(size % 50), &outcome) == 0 && exact[0] == '\0');
    free(exact);
    return 0;
}
