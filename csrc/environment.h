/* The application's environment: ours, with what --user and the new pid change. */
#pragma once

#include "user.h"

#include <stdbool.h>
#include <sys/types.h>

enum { ENVIRONMENT_EXTRA = 3 }; /* HOME, USER, and the NULL at the end */

struct environment {
    char **variables; /* environment_count() + ENVIRONMENT_EXTRA of them */
    char home[sizeof "HOME=" + MAX_HOME];
    char user[sizeof "USER=" + MAX_NAME];
    char listen[32];
    char watchdog[32];
};

/* Whether anything is to be changed: mostly not, and then our own environment is the application's. */
bool environment_changes(void);

/* How many variables we have. */
size_t environment_count(void);

/* Fills *environment; user may be NULL. LISTEN_PID and WATCHDOG_PID (sd_listen_fds(3), sd_watchdog_enabled(3)) that
 * name us are meant for the application, whose pid is known later. */
void environment_make(struct environment *environment, const struct user *user);

/* In the child: its pid, for those two. */
void environment_pid(struct environment *environment, pid_t pid);
