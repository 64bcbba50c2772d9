/* What the supervisor is told without asking each time: states, which are sent when it reads. */
#pragma once

#include "shim.h"

/* A supervisor has said HELLO: its STATUS is due, and whatever waits. */
void tell_all(struct shim *shim, uint32_t id);

/* Sends what is due, as far as it is read. */
void tell_due(struct shim *shim);
