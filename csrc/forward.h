/* Brings signals to the application and to what is left of it. */
#pragma once

#include "init.h"
#include "processes.h"

#include <signal.h>

/* Forwards a signal that was received to where the configuration says. info, if not NULL, is how it was received: a
 * value that was queued with it (sigqueue(3)) goes along. */
void forward(struct init *init, int signal, const siginfo_t *info);

/* Tries again what was stuck in front of a full queue. */
void forward_stuck(struct init *init);

/* Sends a signal to everything that is left, as far as we can reach: as PID 1 the PID namespace, as subreaper our
 * descendants, else the application's group. False: without /proc it went to the group only. */
bool signal_rest(struct init *init, int signal);

/* What signal_rest() reaches. */
enum scope rest_scope(const struct init *init);
