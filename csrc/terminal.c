#include "terminal.h"

#include "mask.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

void terminal_release(enum session session) {
    /* It fails where there is none. What somebody else sends later is not to be merged with the kernel's two. */
    if (session == SESSION_NEW && getsid(0) == getpid() && ioctl(STDIN_FILENO, TIOCNOTTY) == 0)
        signals_drop_own();
}

/* Gives the terminal to group if from's group has it now: one that is in the background must not steal it. */
static void hand_over(int terminal, pid_t from, pid_t group) {
    if (terminal >= 0 && tcgetpgrp(terminal) == from)
        tcsetpgrp(terminal, group);
}

/* Whatever standard input is: the controlling terminal. */
static int open_terminal(void) {
    return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
}

int terminal_enter(enum session session) {
    switch (session) {
    case SESSION_KEEP:
        break;
    case SESSION_NEW:
        if (setsid() < 0)
            return -1;
        ioctl(STDIN_FILENO, TIOCSCTTY, 0); /* fails where it is no terminal, or another session's */
        break;
    case SESSION_GROUP: {
        pid_t from = getpgrp();
        if (setpgid(0, 0))
            return -1;
        int terminal = open_terminal();
        hand_over(terminal, from, getpid());
        if (terminal >= 0)
            close(terminal);
        break;
    }
    }
    return 0;
}

void terminal_give(const struct init *init) {
    if (init->config->session != SESSION_GROUP || !init->main)
        return;
    int terminal = open_terminal();
    hand_over(terminal, getpgrp(), init->group);
    if (terminal >= 0)
        close(terminal);
}

void terminal_take(const struct init *init) {
    if (init->config->session != SESSION_GROUP)
        return;
    int terminal = open_terminal();
    hand_over(terminal, init->group, getpgrp());
    if (terminal >= 0)
        close(terminal);
}
