/* Starts the application. */
#pragma once

#include "config.h"
#include "mask.h"

#include <sys/types.h>

/* The application's pid, once the command has been executed: its session, group, terminal, user, directory, signals and
 * environment are as the configuration says. Where that fails: one line that says why, and exit with the configured
 * code. Our own processes are not changed by it. */
pid_t spawn(const struct config *config, const struct inherited *inherited);
