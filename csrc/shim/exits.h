/* The main process's death, from wait4() to the record on disk. */
#pragma once

#include "shim.h"

/* A new run, in a cgroup if that is not ""; its predecessor's report waits no more. */
void exits_begin(struct shim *shim, const struct run *run, const char *cgroup);

/* Reaps whoever has ended. */
void exits_reap(struct shim *shim);

/* Tries again to write a record that the disk had no room for, if it is time. */
void exits_tick(struct shim *shim, int64_t now);
