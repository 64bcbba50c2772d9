#pragma once

#include "shim.h"

/* Serves until QUIT. */
void loop(struct shim *shim);
