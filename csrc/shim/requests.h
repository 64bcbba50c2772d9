/* What a supervisor asks for, and the answers. */
#pragma once

#include "shim.h"

/* Answers the requests that are there: a bounded number, as there are others to serve. */
void requests_serve(struct shim *shim);
