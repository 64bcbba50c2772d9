#include "receive.h"

#include "clock.h"
#include "ending.h"
#include "forward.h"
#include "parent.h"
#include "say.h"
#include "signals.h"
#include "terminal.h"

#include <signal.h>
#include <unistd.h>

/* Raised for something we did ourselves: SIGPIPE for a warning nobody reads, SIGXFSZ for a report that is too long, HUP
 * and CONT for giving the terminal up (the kernel says it was us); SIGXCPU of our own limit. */
static bool is_ours(const struct init *init, const siginfo_t *info) {
    if (info->si_code == SI_USER && info->si_pid == init->self)
        return true;
    return info->si_signo == SIGXCPU && info->si_code == SI_KERNEL;
}

static bool is_stop(int signal) {
    return signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

/* A key or a window change on the terminal, which the kernel sends to the whole foreground group: with --single-child
 * the application, being in our group, has it already. */
static bool has_it_already(const struct init *init, const siginfo_t *info) {
    int signal = info->si_signo;
    bool from_terminal = signal == SIGINT || signal == SIGQUIT || signal == SIGWINCH || is_stop(signal);
    return init->config->session == SESSION_KEEP && info->si_code == SI_KERNEL && from_terminal;
}

/* In a session of its own the application's group is orphaned, and the kernel lets no TSTP stop it. */
static int sent_for(const struct init *init, int signal) {
    int sent = init->config->rewrite[signal];
    return sent == signal && is_stop(signal) && init->config->session == SESSION_NEW ? SIGSTOP : sent;
}

static bool asks_to_end(int signal) {
    return signal == SIGTERM || signal == SIGINT || signal == SIGQUIT;
}

static void start_kill_after(struct init *init, int signal, int sent) {
    if (init->config->kill_after_ms != NO_LIMIT && init->kill_at == NO_LIMIT && !init->kill_all &&
        (asks_to_end(signal) || asks_to_end(sent)))
        init->kill_at = now_ms() + init->config->kill_after_ms;
}

/* Two lines, since a name is good until the next one is asked for. */
static void trace_passing(int signal, int sent) {
    trace("received SIG%s", signal_name(signal));
    trace("forwarded SIG%s", signal_name(sent));
}

static void pass_on(struct init *init, int signal, const siginfo_t *info) {
    int sent = sent_for(init, signal);
    if (!sent) {
        trace("dropped SIG%s", signal_name(signal));
        return;
    }
    if (signal == SIGCONT)
        terminal_give(init);
    if (info && sent == signal && has_it_already(init, info))
        trace("the terminal has told the application already");
    else if (init->phase == RUNNING)
        forward(init, sent, info);
    else
        signal_rest(init, sent);
    if (init->config->verbosity >= 2)
        trace_passing(signal, sent);
    start_kill_after(init, signal, sent);
    /* The shell waits for us to stop; with SESSION_GROUP we do when the application has. */
    if (is_stop(signal) && init->config->session != SESSION_GROUP)
        kill(init->self, SIGSTOP);
}

static void release(struct init *init, int signal) {
    init->held_until[signal] = 0;
    init->held--;
}

/* True: it is held. The second one of its kind lets the first go at once, and is one with it. */
static bool hold(struct init *init, int signal) {
    if (!init->config->delay_ms[signal])
        return false;
    if (init->held_until[signal]) {
        release(init, signal);
        return false;
    }
    note("holding SIG%s for %ld ms", signal_name(signal), (long)init->config->delay_ms[signal]);
    init->held_until[signal] = now_ms() + init->config->delay_ms[signal];
    init->held++;
    return true;
}

int64_t held_next(const struct init *init) {
    int64_t next = NO_LIMIT;
    for (int signal = 1; signal <= SIGNALS; signal++) {
        int64_t until = init->held_until[signal];
        if (until && (next == NO_LIMIT || until < next))
            next = until;
    }
    return next;
}

void held_expire(struct init *init, int64_t now) {
    for (int signal = 1; init->held && signal <= SIGNALS; signal++) {
        if (init->held_until[signal] && now >= init->held_until[signal]) {
            release(init, signal);
            pass_on(init, signal, NULL);
        }
    }
}

void receive(struct init *init, const siginfo_t *info) {
    int signal = info->si_signo;
    if (is_ours(init, info))
        return;
    if (parent_hear(init, info))
        return;
    if (init->config->kept & signal_bit(signal))
        return;
    bool ends = signal == SIGTERM || signal == SIGINT;
    if (init->config->pause) {
        if (ends) /* others in the namespace get their TERM and their time, too */
            init->phase == RUNNING ? ending_begin(init) : ending_hurry(init);
    } else if (init->phase != RUNNING && ends) {
        ending_hurry(init);
    } else if (!hold(init, signal)) {
        pass_on(init, signal, info);
    }
}
