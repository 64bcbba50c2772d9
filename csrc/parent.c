#include "parent.h"

#include "forward.h"
#include "say.h"
#include "signals.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

/* KILL and STOP would be done to us; what the application gets is decided later. */
static int carrier(const struct init *init) {
    int signal = init->config->parent_death;
    return signal == SIGKILL || signal == SIGSTOP ? SIGTERM : signal;
}

void parent_watch(const struct init *init) {
    if (init->config->parent_death && prctl(PR_SET_PDEATHSIG, carrier(init), 0, 0, 0))
        die(init->config->own_error, "--parent-death-signal: %m");
}

bool parent_hear(struct init *init, const siginfo_t *info) {
    if (!init->config->parent_death || info->si_signo != carrier(init) || getppid() == init->parent)
        return false;
    if (!init->parent_died) {
        parent_tell(init);
        return true;
    }
    /* We had noticed before the kernel told us. */
    return info->si_code == SI_USER && info->si_pid == init->parent;
}

void parent_tell(struct init *init) {
    note("the parent has died: SIG%s to the application", signal_name(init->config->parent_death));
    init->parent_died = true;
    forward(init, init->config->parent_death, NULL);
}
