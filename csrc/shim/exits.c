#include "exits.h"

#include "../clock.h"
#include "../oom.h"
#include "../report.h"
#include "../say.h"
#include "files.h"
#include "record.h"
#include "stop.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The counter of the run's own cgroup, whose cgroup.procs it was put into; else of ours. */
static unsigned long count_ooms(const struct shim *shim) {
    static const char file[] = "memory.events";
    char path[sizeof shim->cgroup + sizeof file], text[512];
    if (!*shim->cgroup)
        return oom_kills();
    size_t length = (size_t)(strrchr(shim->cgroup, '/') + 1 - shim->cgroup);
    memcpy(path, shim->cgroup, length);
    memcpy(path + length, file, sizeof file);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof text);
    if (fd >= 0)
        close(fd);
    unsigned long count = 0;
    return got > 0 && oom_count(text, (int)got, &count) ? count : 0;
}

void exits_begin(struct shim *shim, const struct run *run, const char *cgroup) {
    shim->run = *run;
    shim->report = (struct report){.retry_at = NEVER};
    shim->link.exited_due = shim->link.empty_due = false;
    bool fits = strlen(cgroup) < sizeof shim->cgroup && strchr(cgroup, '/');
    strcpy(shim->cgroup, fits ? cgroup : "");
    shim->run.ooms = count_ooms(shim);
}

/* The record's path is the first string of CONFIG. */
static int write_record(struct shim *shim) {
    char path[PATH_MAX], text[RECORD_SIZE];
    ssize_t length = pread(shim->calling.config, path, sizeof path - 1, 0);
    if (length <= 0)
        return length ? errno : ENOENT;
    path[length] = 0;
    return files_replace(path, text, (size_t)record_format(text, &shim->run), !shim->calling.unsynced);
}

static void record(struct shim *shim) {
    enum { RETRY_MS = 1000 };
    struct report *report = &shim->report;
    bool first = !report->unwritten;
    int error = write_record(shim);
    report->unwritten = error != 0;
    report->retry_at = error ? now_ms() + RETRY_MS : NEVER;
    if (error && (first || error != report->error)) {
        errno = error;
        warn("cannot write the exit record, and try again each second: %m");
        shim->link.exited_due = report->waits;
    } else if (!error) {
        shim->link.exited_due = report->waits;
    }
    report->error = error;
    shim->untidy = true;
}

static void note_end(struct shim *shim, int status, const struct rusage *usage) {
    struct run *run = &shim->run;
    clock_read(CLOCK_REALTIME, &run->ended);
    clock_read(CLOCK_MONOTONIC, &run->ended_mono);
    run->alive = false;
    run->status = status;
    run->usage = *usage;
    unsigned long ooms = count_ooms(shim);
    run->ooms = ooms > run->ooms ? ooms - run->ooms : 0;
    shim->report.waits = true;
    record(shim);
}

void exits_reap(struct shim *shim) {
    enum { AT_ONCE = 256 }; /* the supervisor is not to wait for a storm of orphans */
    bool main_died = false;
    int status;
    struct rusage usage, main_usage;
    int main_status = 0;
    pid_t pid = 1;
    shim->unreaped = false;
    for (int i = 0; i < AT_ONCE && (pid = wait4(-1, &status, WNOHANG, &usage)) > 0; i++) {
        if (shim->stop.killing && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
            shim->run.killed++;
        if (pid != shim->run.pid || !shim->run.alive)
            continue;
        main_died = true;
        main_status = status;
        main_usage = usage;
        shim->run.alive = false; /* its number is free */
    }
    shim->children = !(pid < 0 && errno == ECHILD);
    shim->unreaped = pid > 0;
    if (main_died)
        note_end(shim, main_status, &main_usage);
    stop_reaped(shim, main_died);
    if (!shim->children && shim->run.number)
        shim->link.empty_due = true;
}

void exits_tick(struct shim *shim, int64_t now) {
    if (shim->report.unwritten && now >= shim->report.retry_at)
        record(shim);
}
