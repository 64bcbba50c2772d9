/* Signals for the main process, its group, or all that descends from us. */
#pragma once

#include "shim.h"

enum { NO_VALUE = -1 };

/* 0, or errno: ESRCH if there is nobody. value is queued with it, unless it is NO_VALUE. */
int deliver(struct shim *shim, int target, int signal, int64_t value);
