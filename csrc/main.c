/* pyinit: runs one command as a container's PID 1 or as a child subreaper; forwards and rewrites signals to it, reaps
 * whatever ends up with us, and ends as it did. */
#include "clock.h"
#include "config.h"
#include "init.h"
#include "loop.h"
#include "mask.h"
#include "parent.h"
#include "reap.h"
#include "report.h"
#include "say.h"
#include "settle.h"
#include "spawn.h"
#include "terminal.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void start_knowing(struct init *init, const struct config *config) {
    init->config = config;
    init->self = getpid();
    init->first = init->self == 1;
    init->straggler = -1;
    init->report = -1;
    init->signals = -1;
    init->end_at = init->kill_at = init->look_at = init->retry_at = NO_LIMIT;
}

/* PID 1 gets the orphans of its namespace anyway. */
static void adopt_orphans(struct init *init) {
    enum choice choice = init->config->subreaper;
    init->adopts = init->first;
    if (choice == NO && !init->first && init->config->persona == TINI)
        warn("neither PID 1 nor a subreaper (-s): orphans will go elsewhere");
    if (choice == NO || (choice == AUTO && init->first))
        return;
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
        init->adopts = true;
    else if (choice == YES)
        die(init->config->own_error, "--subreaper=yes: the kernel refuses: %m");
    else
        warn("cannot become a subreaper, orphans will go elsewhere: %m");
}

static void start_reporting(struct init *init) {
    if (!init->config->report)
        return;
    init->report = report_open(init->config->report, init->config->own_error);
    init->outcome.ooms_before = oom_kills();
    clock_read(CLOCK_REALTIME, &init->outcome.started);
    clock_read(CLOCK_MONOTONIC, &init->outcome.started_mono);
}

static void start_application(struct init *init, const struct inherited *inherited) {
    terminal_release(init->config->session);
    init->main = init->outcome.pid = spawn(init->config, inherited);
    init->group = init->config->session == SESSION_KEEP ? 0 : init->main;
    /* Our parent may have died before we asked to be told. */
    if (init->config->parent_death && getppid() != init->parent)
        parent_tell(init);
}

static int exit_code(const struct init *init) {
    int status = init->outcome.wait_status;
    return init->config->map_exit[WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status)];
}

static void finish(struct init *init) {
    terminal_take(init);
    init->outcome.exit_code = exit_code(init);
    if (init->report < 0)
        return;
    init->outcome.ooms_after = oom_kills();
    report_write(init->report, &init->outcome);
}

int main(int argc, char **argv) {
    (void)argc;
    static struct config config;
    static struct init init;
    struct inherited inherited;

    init.parent = getppid(); /* first of all: it may die at any moment, and then we are another's */
    signals_take(&inherited);
    configure(&config, argv);
    start_knowing(&init, &config);
    adopt_orphans(&init);
    parent_watch(&init);
    start_reporting(&init);
    if (!config.pause)
        start_application(&init, &inherited);
    settle(&init);
    loop(&init);
    finish(&init);
    return init.outcome.exit_code;
}
