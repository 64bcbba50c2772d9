#include "report.h"

#include "check.h"

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <sys/stat.h>

static struct outcome usual(void) {
    struct outcome outcome = {
        .pid = 7,
        .wait_status = 3 << 8,
        .exit_code = 4,
        .started = {1709209845, 123456789},
        .ended = {1709209847, 5},
        .started_mono = {100, 900000000},
        .ended_mono = {102, 400000999},
        .orphans = 5,
        .killed = 2,
    };
    outcome.usage.ru_utime.tv_usec = 20;
    outcome.usage.ru_stime.tv_sec = 1;
    outcome.usage.ru_maxrss = 3;
    return outcome;
}

static const char *text_of(const struct outcome *outcome) {
    static char text[REPORT_SIZE];
    int length = report_format(text, sizeof text, outcome);
    CHECK(length > 0);
    CHECK_NUMBER(strlen(text), length);
    return text;
}

static void whole(void) {
    struct outcome outcome = usual();
    CHECK_TEXT(text_of(&outcome), "{\"pid\": 7, \"exit_code\": 3, \"signal\": null, \"core_dumped\": false, "
                                  "\"oom_kill\": false, \"pyinit_exit_code\": 4, "
                                  "\"started_at\": \"2024-02-29T12:30:45.123456Z\", "
                                  "\"finished_at\": \"2024-02-29T12:30:47.000000Z\", "
                                  "\"duration_seconds\": 1.500000, \"user_seconds\": 0.000020, "
                                  "\"system_seconds\": 1.000000, \"peak_memory_bytes\": 3072, "
                                  "\"orphans_reaped\": 5, \"killed\": 2}\n");
}

static void has(const struct outcome *outcome, const char *part) {
    if (!strstr(text_of(outcome), part))
        CHECK_TEXT(text_of(outcome), part);
}

static void endings(void) {
    struct outcome outcome = usual();
    outcome.wait_status = 15;
    has(&outcome, "\"exit_code\": null, \"signal\": \"SIGTERM\", \"core_dumped\": false");
    outcome.wait_status = 11 | 0x80;
    has(&outcome, "\"exit_code\": null, \"signal\": \"SIGSEGV\", \"core_dumped\": true");
    outcome.wait_status = 37;
    has(&outcome, "\"signal\": \"SIGRTMIN+3\"");
    outcome.wait_status = 0x137f; /* stopped: not an ending */
    has(&outcome, "\"exit_code\": null, \"signal\": null, \"core_dumped\": false");
    outcome.ooms_before = 3;
    outcome.ooms_after = 3;
    has(&outcome, "\"oom_kill\": false");
    outcome.ooms_after = 4;
    has(&outcome, "\"oom_kill\": true");
}

static void started(int64_t seconds, long nanos, const char *date) {
    struct outcome outcome = usual();
    char part[64];
    outcome.started = (struct timespec){(time_t)seconds, nanos};
    snprintf(part, sizeof part, "\"started_at\": \"%sZ\"", date);
    has(&outcome, part);
}

static void dates(void) {
    started(0, 0, "1970-01-01T00:00:00.000000");
    started(-1, 999999999, "1969-12-31T23:59:59.999999");
    started(951782400, 0, "2000-02-29T00:00:00.000000");
    started(951868799, 0, "2000-02-29T23:59:59.000000");
    started(951868800, 0, "2000-03-01T00:00:00.000000");
    started(4107542399, 0, "2100-02-28T23:59:59.000000");
    started(4107542400, 0, "2100-03-01T00:00:00.000000");
    started(1735689599, 0, "2024-12-31T23:59:59.000000");
    started(2147483648, 0, "2038-01-19T03:14:08.000000");
    started(253402300799, 0, "9999-12-31T23:59:59.000000");
    started(INT64_MAX, 0, "9999-12-31T23:59:59.000000");
    started(-62135596800, 0, "0001-01-01T00:00:00.000000");
    started(INT64_MIN, 0, "0000-03-01T00:00:00.000000");
}

/* Every day until 2400 agrees with the C library. */
static void calendar(void) {
    for (int64_t day = 0; day < 157100; day += 1) {
        time_t seconds = (time_t)(day * 86400 + day % 86400);
        struct tm tm;
        char date[64];
        CHECK(gmtime_r(&seconds, &tm));
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S.000000", &tm);
        started(seconds, 0, date);
    }
}

static void durations(void) {
    struct outcome outcome = usual();
    outcome.started_mono = (struct timespec){5, 0};
    outcome.ended_mono = (struct timespec){5, 1000};
    has(&outcome, "\"duration_seconds\": 0.000001,");
    outcome.ended_mono = (struct timespec){4, 999999999};
    has(&outcome, "\"duration_seconds\": 0.000000,");
    outcome.ended_mono = (struct timespec){100005, 0};
    has(&outcome, "\"duration_seconds\": 100000.000000,");
    outcome.usage.ru_maxrss = 2L * 1024 * 1024 * 1024;
    has(&outcome, "\"peak_memory_bytes\": 2199023255552,");
}

/* The largest of everything fits, and where it does not there is no half of it. */
static void sizes(void) {
    struct outcome outcome;
    char small[REPORT_SIZE];
    memset(&outcome, 0x7f, sizeof outcome);
    int length = (int)strlen(text_of(&outcome));
    memset(&outcome, 0xff, sizeof outcome);
    has(&outcome, "\"pid\": -1,");
    memset(&outcome, 0x7f, sizeof outcome);
    for (int size = 0; size < length + 1; size++)
        CHECK_NUMBER(report_format(small, size, &outcome), 0);
    CHECK_TEXT(small, "");
    CHECK_NUMBER(report_format(small, length + 1, &outcome), length);
}

static void open_it(const void *path) {
    report_open(path, 125);
}

static void opened(void) {
    char said[1000], text[100];
    put("old", "what was there");
    int file = report_open("old", 125);
    CHECK(file >= 3);
    CHECK(fcntl(file, F_GETFD) & FD_CLOEXEC);
    FILE *old = fopen("old", "r");
    CHECK(old && fgets(text, sizeof text, old) && fclose(old) == 0);
    CHECK_TEXT(text, "what was there");
    close(file);
    CHECK_NUMBER(in_child(open_it, "no/file", said, sizeof said), 125);
    CHECK_TEXT(said, "pyinit: --report \"no/file\": cannot write it: no such file or directory\n");
    CHECK(mkfifo("fifo", 0600) == 0);
    CHECK_NUMBER(in_child(open_it, "fifo", said, sizeof said), 125);
    CHECK_TEXT(said, "pyinit: --report \"fifo\": cannot write it: no such device or address\n");
}

static void closed_standard(const void *path) {
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    int file = report_open(path, 125);
    if (file < 3 || !(fcntl(file, F_GETFD) & FD_CLOEXEC) || fcntl(0, F_GETFD) >= 0 || fcntl(1, F_GETFD) >= 0)
        _exit(9);
}

static void write_it(const void *path) {
    struct outcome outcome = usual();
    report_write(report_open(path, 125), &outcome);
}

static void written(void) {
    char said[1000], text[REPORT_SIZE], long_one[3000];
    struct outcome outcome = usual();
    CHECK_NUMBER(in_child(closed_standard, "new", said, sizeof said), 0);
    memset(long_one, 'x', sizeof long_one - 1);
    long_one[sizeof long_one - 1] = '\0';
    put("old", long_one);
    CHECK_NUMBER(in_child(write_it, "old", said, sizeof said), 0);
    CHECK_TEXT(said, "");
    FILE *file = fopen("old", "r");
    CHECK(file != NULL);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    CHECK_TEXT(text, text_of(&outcome));
    CHECK_NUMBER(in_child(write_it, "/dev/full", said, sizeof said), 0);
    CHECK_TEXT(said, "pyinit: --report: cannot write it: no space left on device\n");
}

int main(void) {
    whole();
    endings();
    dates();
    calendar();
    durations();
    sizes();
    opened();
    written();
}
