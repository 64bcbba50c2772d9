/* What a received signal means. */
#pragma once

#include "init.h"

#include <signal.h>

/* Any signal but SIGCHLD. */
void receive(struct init *init, const siginfo_t *info);

/* --delay: when the next held signal is due (there is one), and forwarding those that are. */
int64_t held_next(const struct init *init);
void held_expire(struct init *init, int64_t now);
