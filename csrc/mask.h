/* The signals pyinit was started with, and those it takes for itself. The kernel's own 64-signal sets are used: a
 * libc's functions hide the signals it uses itself (32 and 33). */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct kernel_set {
    unsigned long words[8 / sizeof(unsigned long)];
};

/* The kernel's sigaction, whose fields each architecture orders in its own way: kept and given back as it is. */
struct kernel_action {
    unsigned long opaque[8];
};

struct inherited {
    struct kernel_set mask;
    struct kernel_action chld;
};

/* Blocks every signal and sets SIGCHLD to its default, so that children become zombies to wait for. Other dispositions
 * stay as they are: a blocked signal is never ignored, and the application is to inherit them. */
void signals_take(struct inherited *inherited);

/* In the child: gives the application exactly what pyinit was started with. */
void signals_give_back(const struct inherited *inherited);

/* Waits at most timeout ms (NO_LIMIT: for ever) for one signal, and takes it: its number and *info. Of several, the one
 * with the lowest number comes first, and real-time signals of one number in the order they were sent. 0: there was
 * none. Without real_time, signals from 32 on stay where they are, in their order. The call is wait, time limit and
 * read in one, and needs no descriptor. */
int signals_wait(siginfo_t *info, int64_t timeout, bool real_time);

/* Drops the HUP and CONT that we brought on ourselves, and no other. */
void signals_drop_own(void);

/* A descriptor (>= 3, closed on exec) that is readable while a signal is pending, to wait for something else as well;
 * -1 with errno. */
int signals_open(void);
