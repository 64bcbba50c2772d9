/* --parent-death-signal: the kernel tells us of our parent's death, and we tell the application. */
#pragma once

#include "init.h"

/* Before the spawn: asks the kernel for it. */
void parent_watch(const struct init *init);

/* Whether signal is the kernel's word that the parent has died (or it has, and this is as good a time to notice). */
bool parent_is_gone(const struct init *init, int signal);

/* Sends the application its signal, once. */
void parent_tell(struct init *init);
