#include "report.h"

#include "descriptors.h"
#include "say.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The JSON so far. After it was found too long nothing is added. */
struct json {
    char *text;
    int size;
    int length;
    bool too_long;
};

static void add_bytes(struct json *json, const char *text, int length) {
    if (json->too_long || length >= json->size - json->length) {
        json->too_long = true;
        return;
    }
    memcpy(json->text + json->length, text, (size_t)length);
    json->length += length;
}

static void add(struct json *json, const char *text) {
    add_bytes(json, text, (int)strlen(text));
}

/* With at least so many digits. */
static void add_padded(struct json *json, uint64_t number, int digits) {
    char text[24];
    char *end = text + sizeof text;
    char *at = end;
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number || end - at < digits);
    add_bytes(json, at, (int)(end - at));
}

/* Names are ours: nothing in them needs escaping. */
static void add_key(struct json *json, const char *key) {
    add(json, json->length ? ", \"" : "{\"");
    add(json, key);
    add(json, "\": ");
}

static void add_number(struct json *json, const char *key, int64_t number) {
    add_key(json, key);
    if (number < 0)
        add(json, "-");
    add_padded(json, number < 0 ? -(uint64_t)number : (uint64_t)number, 1);
}

static void add_flag(struct json *json, const char *key, bool flag) {
    add_key(json, key);
    add(json, flag ? "true" : "false");
}

static void add_seconds(struct json *json, const char *key, int64_t seconds, int64_t micros) {
    bool backwards = seconds < 0 || micros < 0;
    add_key(json, key);
    add_padded(json, backwards ? 0 : (uint64_t)seconds, 1);
    add(json, ".");
    add_padded(json, backwards ? 0 : (uint64_t)micros % 1000000, 6);
}

static void add_duration(struct json *json, const struct timespec *from, const struct timespec *to) {
    int64_t seconds = (int64_t)((uint64_t)to->tv_sec - (uint64_t)from->tv_sec);
    int64_t nanos = (int64_t)((uint64_t)to->tv_nsec - (uint64_t)from->tv_nsec);
    if (nanos < 0 && seconds > 0) {
        seconds--;
        nanos += 1000000000;
    }
    add_seconds(json, "duration_seconds", seconds, nanos / 1000);
}

struct date {
    int year, month, day;
};

/* The day of the proleptic Gregorian calendar that comes so many days after 0000-03-01: counted from March, the leap
 * day is a year's last, and a month's first day is day (153 * month + 2) / 5 of its year. */
static struct date date_of(int days) {
    int era = days / 146097; /* 400 years */
    int of_era = days % 146097;
    int year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int of_year = of_era - (365 * year + year / 4 - year / 100);
    int month = (5 * of_year + 2) / 153;
    struct date date = {.day = of_year - (153 * month + 2) / 5 + 1, .month = month < 10 ? month + 3 : month - 9};
    date.year = 400 * era + year + (date.month <= 2);
    return date;
}

/* What RFC 3339 cannot say is the nearest that it can: 0000-03-01 (for its simpler arithmetic) to the end of 9999. */
static void add_time(struct json *json, const char *key, const struct timespec *time) {
    static const int64_t first = -62162035200, last = 253402300799;
    int64_t seconds = time->tv_sec < first ? first : time->tv_sec > last ? last : time->tv_sec;
    seconds -= first;
    int of_day = (int)(seconds % 86400);
    struct date date = date_of((int)(seconds / 86400));
    add_key(json, key);
    add(json, "\"");
    add_padded(json, (uint64_t)date.year, 4);
    add(json, "-");
    add_padded(json, (uint64_t)date.month, 2);
    add(json, "-");
    add_padded(json, (uint64_t)date.day, 2);
    add(json, "T");
    add_padded(json, (uint64_t)of_day / 3600, 2);
    add(json, ":");
    add_padded(json, (uint64_t)of_day / 60 % 60, 2);
    add(json, ":");
    add_padded(json, (uint64_t)of_day % 60, 2);
    add(json, ".");
    add_padded(json, (uint64_t)time->tv_nsec / 1000 % 1000000, 6);
    add(json, "Z\"");
}

static void add_ending(struct json *json, int status) {
    if (WIFEXITED(status)) {
        add_number(json, "exit_code", WEXITSTATUS(status));
    } else {
        add_key(json, "exit_code");
        add(json, "null");
    }
    add_key(json, "signal");
    if (WIFSIGNALED(status) && WTERMSIG(status) <= SIGNALS) {
        add(json, "\"SIG");
        add(json, signal_name(WTERMSIG(status)));
        add(json, "\"");
    } else {
        add(json, "null");
    }
    add_flag(json, "core_dumped", WIFSIGNALED(status) && WCOREDUMP(status));
}

int report_format(char *text, int size, const struct outcome *outcome) {
    struct json json = {.text = text, .size = size};
    const struct rusage *usage = &outcome->usage;
    add_number(&json, "pid", outcome->pid);
    add_ending(&json, outcome->wait_status);
    add_flag(&json, "oom_kill", outcome->ooms_after > outcome->ooms_before);
    add_number(&json, "pyinit_exit_code", outcome->exit_code);
    add_time(&json, "started_at", &outcome->started);
    add_time(&json, "finished_at", &outcome->ended);
    add_duration(&json, &outcome->started_mono, &outcome->ended_mono);
    add_seconds(&json, "user_seconds", usage->ru_utime.tv_sec, usage->ru_utime.tv_usec);
    add_seconds(&json, "system_seconds", usage->ru_stime.tv_sec, usage->ru_stime.tv_usec);
    add_key(&json, "peak_memory_bytes"); /* ru_maxrss is in KiB, whatever the page size */
    add_padded(&json, usage->ru_maxrss < 0 ? 0 : (uint64_t)usage->ru_maxrss * 1024, 1);
    add_key(&json, "orphans_reaped");
    add_padded(&json, outcome->orphans, 1);
    add_key(&json, "killed");
    add_padded(&json, outcome->killed, 1);
    add(&json, "}\n");
    if (size > 0)
        text[json.too_long ? 0 : json.length] = '\0';
    return json.too_long ? 0 : json.length;
}

int report_open(const char *path, int code) {
    /* Not O_TRUNC: what is there stays until there is something better. O_NONBLOCK: a FIFO that nobody reads is an
     * error at once, and one that is full is a warning in the end. */
    int file = descriptor_up(open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644));
    if (file < 0)
        die(code, "--report \"%s\": cannot write it: %m", path);
    return file;
}

void report_write(int file, const struct outcome *outcome) {
    char text[REPORT_SIZE];
    int length = report_format(text, sizeof text, outcome);
    if (ftruncate(file, 0) && errno != EINVAL) /* EINVAL: a FIFO, a terminal: no regular file */
        warn("--report: cannot empty the file: %m");
    for (int done = 0; done < length;) {
        ssize_t more = write(file, text + done, (size_t)(length - done));
        if (more < 0 && errno == EINTR)
            continue;
        if (more < 0) {
            if (errno == EAGAIN)
                warn("--report: cannot write it: nobody reads the pipe");
            else
                warn("--report: cannot write it: %m");
            return;
        }
        done += (int)more;
    }
}
