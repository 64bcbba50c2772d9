#include "say.h"

#include "errors.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static struct {
    const char *name;
    int verbosity;
    unsigned long dropped; /* lines */
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
        int from = line->length;
        const char *text = va_arg(*values, const char *);
        add(line, text, strlen(text));
        for (int i = from; i < line->length; i++) {
            if ((unsigned char)line->text[i] < ' ' || line->text[i] == 0x7f)
                line->text[i] = '?'; /* it stays one line, and nobody's terminal is controlled by it */
        }
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

/* An init that waits for the reader of its warnings forwards nothing: what a full pipe has no room for is dropped, and
 * counted. (POLLOUT of a pipe means room for PIPE_BUF, 4096 bytes.) */
static bool has_room(void) {
    struct pollfd polled = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&polled, 1, 0) != 0;
}

static void send(struct line *line) {
    if (!has_room()) {
        voice.dropped++;
        return;
    }
    line->text[line->length++] = '\n';
    /* Nobody to tell if standard error is closed or broken. */
    (void)!write(STDERR_FILENO, line->text, (size_t)line->length);
}

/* Says how many lines are missing before the next one, if there is room for both. */
static void confess(void) {
    if (!voice.dropped || !has_room())
        return;
    struct line line = {0};
    add(&line, voice.name, strlen(voice.name));
    add(&line, ": lines dropped here, since nobody read them: ", 46);
    add_number(&line, voice.dropped, false);
    voice.dropped = 0;
    send(&line);
}

static void print(const char *format, va_list *values) {
    int error = errno;
    confess();
    struct line line = {0};
    add(&line, voice.name, strlen(voice.name));
    add(&line, ": ", 2);
    for (const char *at = format; *at; at++) {
        if (*at == '%')
            at = add_value(&line, at + 1, values, error);
        else
            add(&line, at, 1);
    }
    send(&line);
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
