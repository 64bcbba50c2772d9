#include "parse.h"

#include "signals.h"
#include "span.h"

#include <string.h>
#include <strings.h>

bool parse_unsigned(const char *text, int length, int max, int *value) {
    int64_t number = 0;
    if (length < 1)
        return false;
    for (int i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        number = number * 10 + (text[i] - '0');
        if (number > max)
            return false;
    }
    *value = (int)number;
    return true;
}

static bool is_unit(const char *text, int length, const char *unit) {
    return length == (int)strlen(unit) && !memcmp(text, unit, (size_t)length);
}

/* A duration of length bytes. */
static bool parse_span(const char *text, int length, int *milliseconds) {
    int digits = 0, scale, number;
    while (digits < length && text[digits] >= '0' && text[digits] <= '9')
        digits++;
    const char *unit = text + digits;
    int unit_length = length - digits;
    if (!unit_length || is_unit(unit, unit_length, "s"))
        scale = 1000;
    else if (is_unit(unit, unit_length, "ms"))
        scale = 1;
    else if (is_unit(unit, unit_length, "m"))
        scale = 60 * 1000;
    else if (is_unit(unit, unit_length, "h"))
        scale = 3600 * 1000;
    else
        return false;
    if (!parse_unsigned(text, digits, MAX_DURATION_MS / scale, &number))
        return false;
    *milliseconds = number * scale;
    return true;
}

bool parse_duration(const char *text, int *milliseconds) {
    return parse_span(text, (int)strlen(text), milliseconds);
}

bool parse_boolean(const char *text, bool *value) {
    static const char words[][6] = {"0", "1", "no", "yes", "false", "true", "off", "on", ""};
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
        if (!strcasecmp(text, words[i])) {
            *value = i % 2;
            return true;
        }
    }
    return false;
}

/* One item of a list: "LEFT<separator>RIGHT", with no right part (NULL) where the separator is missing. */
struct pair {
    const char *left, *right;
    int left_length, right_length;
};

/* Takes the next item off *text, which becomes NULL after the last one. */
static struct pair take_pair(const char **text, char separator) {
    const char *start = *text;
    int length = (int)span(start, ',');
    *text = start[length] ? start + length + 1 : NULL;
    struct pair pair = {.left = start, .left_length = length};
    int left = (int)span(start, separator);
    if (left < length) {
        pair.left_length = left;
        pair.right = start + left + 1;
        pair.right_length = length - pair.left_length - 1;
    }
    return pair;
}

bool parse_rewrites(const char *text, unsigned char rewrite[SIGNALS + 1]) {
    while (text) {
        struct pair pair = take_pair(&text, ':');
        int from = signal_number(pair.left, pair.left_length);
        int to = pair.right ? signal_number(pair.right, pair.right_length) : -1;
        if (from < 1 || to < 0)
            return false;
        rewrite[from] = (unsigned char)to;
    }
    return true;
}

bool parse_exit_maps(const char *text, unsigned char map[256]) {
    while (text) {
        struct pair pair = take_pair(&text, ':');
        int from, to = 0;
        if (!parse_unsigned(pair.left, pair.left_length, 255, &from))
            return false;
        if (pair.right && !parse_unsigned(pair.right, pair.right_length, 255, &to))
            return false;
        map[from] = (unsigned char)to;
    }
    return true;
}

bool parse_delays(const char *text, int32_t delay_ms[SIGNALS + 1]) {
    while (text) {
        struct pair pair = take_pair(&text, '=');
        int signal = signal_number(pair.left, pair.left_length), milliseconds;
        if (signal < 1 || !pair.right || !parse_span(pair.right, pair.right_length, &milliseconds))
            return false;
        delay_ms[signal] = milliseconds;
    }
    return true;
}
