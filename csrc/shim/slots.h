/* The descriptors that outlive supervisors. */
#pragma once

#include "shim.h"

void slots_clear(struct shim *shim);

/* Keeps fd, which is taken over, in place of what was there; -1: nothing any more. 0 or errno. */
int slots_keep(struct shim *shim, unsigned slot, int fd, int32_t tag);

/* The slot's descriptor, or -1; SLOT_CONFIG too. It stays ours. */
int slots_get(const struct shim *shim, unsigned slot);

/* Whether readability of it is a reason to call a supervisor. 0 or errno. */
int slots_watch(struct shim *shim, unsigned slot, bool watched);
