#include "reap.h"

#include "announce.h"
#include "clock.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void note_end(struct init *init, int status, const struct rusage *usage) {
    if (init->report >= 0) {
        clock_read(CLOCK_REALTIME, &init->outcome.ended);
        clock_read(CLOCK_MONOTONIC, &init->outcome.ended_mono);
    }
    init->outcome.wait_status = status;
    init->outcome.usage = *usage;
    init->main = 0;
}

/* ^Z in a group of its own: the shell that started us waits for us to stop, and takes the terminal back. Whoever sent
 * STOP meant the application alone. */
static void note_stop(const struct init *init, pid_t pid, int status) {
    int signal = WSTOPSIG(status);
    if (pid == init->main && (signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU))
        kill(init->self, SIGSTOP);
}

static void note_orphan(struct init *init, pid_t pid, int status) {
    init->outcome.orphans++;
    if (init->kill_all && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        init->outcome.killed++;
    if (init->config->warn_on_reap)
        announce(pid, status);
}

/* To announce a zombie, its name is read while it is still there; and then that one is reaped, whoever ended since. */
static pid_t next_to_announce(void) {
    siginfo_t info = {0};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT))
        return -1;
    if (info.si_pid)
        announce_learn(info.si_pid);
    return info.si_pid;
}

void reap(struct init *init) {
    enum { AT_ONCE = 256 }; /* signals are not to wait for a storm of orphans */
    int options = WNOHANG | (init->config->session == SESSION_GROUP ? WUNTRACED : 0);
    init->unreaped = false;
    for (int i = 0; i < AT_ONCE; i++) {
        pid_t which = init->config->warn_on_reap ? next_to_announce() : -1;
        if (which == 0)
            which = -1; /* none has ended, but one may have stopped */
        int status;
        struct rusage usage;
        pid_t pid = wait4(which, &status, options, &usage);
        if (pid <= 0) {
            init->children = !(pid < 0 && errno == ECHILD);
            return;
        }
        if (WIFSTOPPED(status))
            note_stop(init, pid, status);
        else if (pid == init->main)
            note_end(init, status, &usage);
        else
            note_orphan(init, pid, status);
    }
    init->children = true;
    init->unreaped = true;
}
