/* The start of the main process. */
#pragma once

#include "shim.h"

/* Starts it as the payload in file says; file is read, and stays the caller's. STEP_NONE: run.pid and run.start_time
 * are its; else what failed, with errno, and nothing has changed. */
enum step child_start(struct shim *shim, int file, int64_t number);
