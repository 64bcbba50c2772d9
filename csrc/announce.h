/* --warn-on-reap: a line for each orphan. */
#pragma once

#include <sys/types.h>

/* Remembers the name of a zombie, which is gone once it is reaped. */
void announce_learn(pid_t pid);

/* Says who was reaped. */
void announce(pid_t pid, int status);
