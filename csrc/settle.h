/* After the spawn: lets go of all that the application may need for itself, and of our own memory. */
#pragma once

#include "init.h"

void settle(const struct init *init);
