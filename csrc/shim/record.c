#include "record.h"

#include "../signals.h"

#include <string.h>
#include <sys/wait.h>

/* put_number() is for a long, which is too short for a time on some machines. */
static char *put_wide(char *at, uint64_t number) {
    char digits[24];
    int length = 0;
    do
        digits[length++] = (char)('0' + number % 10);
    while (number /= 10);
    while (length)
        *at++ = digits[--length];
    return at;
}

static char *put_text(char *at, const char *text) {
    size_t length = strlen(text);
    memcpy(at, text, length);
    return at + length;
}

static char *put_key(char *at, const char *key) {
    return put_text(put_text(at, key), " ");
}

static char *put(char *at, const char *key, int64_t number) {
    at = put_key(at, key);
    if (number < 0)
        *at++ = '-';
    at = put_wide(at, number < 0 ? -(uint64_t)number : (uint64_t)number);
    return put_text(at, "\n");
}

/* Seconds with that many decimals. */
static char *put_seconds(char *at, const char *key, int64_t seconds, int64_t fraction, int decimals) {
    at = put_wide(put_key(at, key), seconds < 0 ? 0 : (uint64_t)seconds);
    *at++ = '.';
    for (int i = decimals - 1; i >= 0; i--, fraction /= 10)
        at[i] = (char)('0' + fraction % 10);
    return put_text(at + decimals, "\n");
}

static char *put_timespec(char *at, const char *key, const struct timespec *time) {
    return put_seconds(at, key, time->tv_sec, time->tv_nsec, 9);
}

static struct timespec between(const struct timespec *from, const struct timespec *to) {
    struct timespec span = {.tv_sec = to->tv_sec - from->tv_sec, .tv_nsec = to->tv_nsec - from->tv_nsec};
    if (span.tv_nsec < 0) {
        span.tv_sec--;
        span.tv_nsec += 1000000000;
    }
    return span;
}

int record_code(int status) {
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int record_format(char text[RECORD_SIZE], const struct run *run) {
    struct timespec span = between(&run->started_mono, &run->ended_mono);
    char *at = put(text, "run", run->number);
    at = put(at, "pid", run->pid);
    at = put(at, "status", run->status);
    at = put(at, "code", record_code(run->status));
    at = put_text(put_key(at, "signal"), WIFSIGNALED(run->status) ? signal_name(WTERMSIG(run->status)) : "0");
    at = put(put_text(at, "\n"), "core", WIFSIGNALED(run->status) && WCOREDUMP(run->status));
    at = put(at, "oom", (int64_t)run->ooms);
    at = put_timespec(at, "started", &run->started);
    at = put_timespec(at, "ended", &run->ended);
    at = put_timespec(at, "duration", &span);
    at = put_seconds(at, "user", run->usage.ru_utime.tv_sec, run->usage.ru_utime.tv_usec, 6);
    at = put_seconds(at, "system", run->usage.ru_stime.tv_sec, run->usage.ru_stime.tv_usec, 6);
    at = put(at, "maxrss", run->usage.ru_maxrss);
    at = put(at, "killed", run->killed);
    return (int)(at - text);
}
