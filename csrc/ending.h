/* From the main child's end to our own: what becomes of the others. */
#pragma once

#include "init.h"

/* After the main child was reaped: the phase that follows. */
void ending_begin(struct init *init);

/* After each turn of the loop, once the main child is gone: DONE if nothing remains. */
void ending_check(struct init *init);

/* TERM or INT came when the main child was gone already. */
void ending_hurry(struct init *init);

/* A deadline is over: the grace period's, --kill-after's, or the next look's. */
void ending_expire(struct init *init, int64_t now);
