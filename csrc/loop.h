/* The life of the init: wait for signals and deadlines, forward, reap, until nothing remains. */
#pragma once

#include "init.h"

void loop(struct init *init);
