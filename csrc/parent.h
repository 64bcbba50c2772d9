/* --parent-death-signal: the kernel tells us of our parent's death, and we tell the application. */
#pragma once

#include "init.h"

/* Before the spawn: asks the kernel for it. */
void parent_watch(const struct init *init);

/* If this signal is the kernel's word that the parent has died (or it has, and this is as good a time to notice), the
 * application is told, and the signal is done with: true. */
bool parent_hear(struct init *init, const siginfo_t *info);

/* Sends the application its signal, once. */
void parent_tell(struct init *init);
