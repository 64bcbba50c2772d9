/* listen [-t] [-d] [LAYOUT]: says which signals it gets, and does what it is told on standard input.
 *
 * Prints "main ready PID", then one line per signal: who got it, its number, and its value or "-". The line "exit N" on
 * standard input, or its end, ends it. LAYOUT adds descendants that listen too, one per letter, named by it:
 *   g  a child in the same group      p  a child in a group of its own     s  a child in a session of its own
 *   d  a daemon: an orphan in a session of its own
 * All signals are blocked, so that only KILL ends a listener. -t: TERM ends it. -d: do not read standard input. */
#include "raw.h"
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

static int docile, deaf;

static void tell(const char *who, const struct signalfd_siginfo *got) {
    char value[16] = "-";
    if (got->ssi_code == SI_QUEUE)
        snprintf(value, sizeof value, "%d", got->ssi_int);
    dprintf(1, "%s %u %s\n", who, got->ssi_signo, value);
}

/* Commands come one at a time, since whoever sends them waits for what they do. */
static void obey(void) {
    char line[64];
    ssize_t length = read(0, line, sizeof line - 1);
    if (length <= 0)
        exit(0);
    line[length] = 0;
    if (strncmp(line, "exit ", 5) == 0)
        exit(atoi(line + 5));
    if (strncmp(line, "die ", 4) == 0) {
        set_mask(0);
        raise(atoi(line + 4));
    }
    if (strncmp(line, "close", 5) == 0) {
        close(0);
        close(1);
        deaf = 1;
    }
}

static void listen_as(const char *who, int commands) {
    uint64_t all = ~UINT64_C(0);
    int signals = (int)syscall(SYS_signalfd4, -1, &all, sizeof all, 0);
    dprintf(1, "%s ready %d\n", who, getpid());
    for (;;) {
        /* The reader's end of our output is watched too, so that no listener outlives its test. */
        struct pollfd events[] = {{signals, POLLIN, 0}, {commands && !deaf ? 0 : -1, POLLIN, 0}, {1, 0, 0}};
        struct signalfd_siginfo got;
        if (poll(events, 3, 120000) == 0 || events[2].revents & POLLERR)
            exit(99);
        if (events[0].revents && read(signals, &got, sizeof got) == sizeof got) {
            tell(who, &got);
            if (docile && got.ssi_signo == SIGTERM)
                exit(0);
        }
        if (events[1].revents)
            obey();
    }
}

static void add(char letter) {
    char name[] = {letter, 0};
    pid_t child = fork();
    if (child > 0) {
        siginfo_t info;
        if (letter == 'd') { /* whose first half has ended: that is not a signal to tell of */
            waitpid(child, NULL, 0);
            next_signal(bit(SIGCHLD), &info, 0);
        }
        return;
    }
    if (letter == 'p')
        setpgid(0, 0);
    if (letter == 's' || letter == 'd')
        setsid();
    if (letter == 'd' && fork() > 0)
        _exit(0);
    listen_as(name, 0);
}

int main(int argc, char **argv) {
    int option;
    set_mask(~UINT64_C(0));
    while ((option = getopt(argc, argv, "+td")) != -1)
        *(option == 't' ? &docile : &deaf) = 1;
    if (argv[optind])
        for (const char *letter = argv[optind]; *letter; letter++)
            add(*letter);
    listen_as("main", 1);
}
