/* A STOP on its way. */
#pragma once

#include "shim.h"

/* Starts it, or makes the one that goes on shorter. 0 or errno. */
int stop_begin(struct shim *shim, int target, const void *body, size_t length);

/* Sends what is due. */
void stop_tick(struct shim *shim, int64_t now);

/* Somebody was reaped. */
void stop_reaped(struct shim *shim, bool main_died);
