/* Waits for children: the application's main process, and every orphan that came to us. */
#pragma once

#include "init.h"

/* Reaps what has ended, up to a bound (then init->unreaped is set). Notes the main child's end in init->outcome and
 * sets init->main to 0; counts and, with --warn-on-reap, announces the others; sets init->children. */
void reap(struct init *init);
