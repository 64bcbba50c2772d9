/* The start of a supervisor, when there is none. */
#pragma once

#include "shim.h"

/* Takes CONFIG's body: listens at its socket, keeps it in a memfd; flags are CONFIG_CALL… 0 or errno. */
int call_configure(struct shim *shim, const void *body, size_t length, int flags);

/* The connection has ended: from now on it is to be tried. */
void call_begin(struct shim *shim);

/* Without a connection, when it is time: sees that our socket is there, and tries to start a supervisor. */
void call_tick(struct shim *shim, int64_t now);

/* Whether a watched slot is reason to start one. */
bool call_watches(const struct shim *shim);

/* A watched slot is readable. */
void call_wake(struct shim *shim);

/* Removes our socket. */
void call_end(struct shim *shim);
