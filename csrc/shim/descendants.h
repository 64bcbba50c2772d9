/* Everybody who descends from us. */
#pragma once

#include "../processes.h"

/* Visits them, parents before their children, as long as visit says false; zombies may be among them. -1: there is no
 * /proc of ours. A process that is forked meanwhile may be missed. */
int descendants_visit(pid_t self, visitor visit, void *data);
