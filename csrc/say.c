#include "say.h"

#include "errors.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static struct {
    const char *name;
    int verbosity;
} voice = {.name = "pyinit"};

enum { LINE = 1000 };

struct line {
    int length;
    char text[LINE + 1]; /* one more for the newline */
};

static void add(struct line *line, const char *text, size_t length) {
    size_t room = (size_t)(LINE - line->length);
    if (length > room)
        length = room;
    memcpy(line->text + line->length, text, length);
    line->length += (int)length;
}

static void add_number(struct line *line, unsigned long magnitude, bool negative) {
    char digits[24];
    char *at = digits + sizeof digits;
    do
        *--at = (char)('0' + magnitude % 10);
    while (magnitude /= 10);
    if (negative)
        *--at = '-';
    add(line, at, (size_t)(digits + sizeof digits - at));
}

static void add_signed(struct line *line, long number) {
    add_number(line, number < 0 ? -(unsigned long)number : (unsigned long)number, number < 0);
}

/* Adds what one % sequence asks for; returns its last character. */
static const char *add_value(struct line *line, const char *at, va_list *values, int error) {
    bool is_long = *at == 'l';
    if (is_long)
        at++;
    switch (*at) {
    case 's': {
        const char *text = va_arg(*values, const char *);
        add(line, text, strlen(text));
        break;
    }
    case 'c': {
        char letter = (char)va_arg(*values, int);
        add(line, &letter, 1);
        break;
    }
    case 'd':
        add_signed(line, is_long ? va_arg(*values, long) : va_arg(*values, int));
        break;
    case 'u':
        add_number(line, is_long ? va_arg(*values, unsigned long) : va_arg(*values, unsigned), false);
        break;
    case 'm': {
        char buffer[ERROR_TEXT];
        const char *text = error_text(error, buffer);
        add(line, text, strlen(text));
        break;
    }
    default:
        add(line, at, 1);
    }
    return at;
}

static void print(const char *format, va_list *values) {
    int error = errno;
    struct line line = {0};
    add(&line, voice.name, strlen(voice.name));
    add(&line, ": ", 2);
    for (const char *at = format; *at; at++) {
        if (*at == '%')
            at = add_value(&line, at + 1, values, error);
        else
            add(&line, at, 1);
    }
    line.text[line.length++] = '\n';
    /* Nobody to tell if standard error is closed, full or broken. */
    (void)!write(STDERR_FILENO, line.text, (size_t)line.length);
    errno = error;
}

void say_as(const char *name, int verbosity) {
    voice.name = name;
    voice.verbosity = verbosity;
}

void warn(const char *format, ...) {
    if (voice.verbosity < 0)
        return;
    va_list values;
    va_start(values, format);
    print(format, &values);
    va_end(values);
}

void note(const char *format, ...) {
    if (voice.verbosity < 1)
        return;
    va_list values;
    va_start(values, format);
    print(format, &values);
    va_end(values);
}

void trace(const char *format, ...) {
    if (voice.verbosity < 2)
        return;
    va_list values;
    va_start(values, format);
    print(format, &values);
    va_end(values);
}

void die(int code, const char *format, ...) {
    va_list values;
    va_start(values, format);
    print(format, &values);
    va_end(values);
    _exit(code);
}
