/* The words that options and variables are made of. Pure: each says whether text is one, and prints nothing. Where it
 * is not, the number or bool is untouched, but a table may hold the items before the bad one. */
#pragma once

#include "config.h"

/* The longest duration: what fits an int of milliseconds, a little under 25 days. */
enum { MAX_DURATION_MS = INT32_MAX };

/* Decimal digits alone, up to max. text need not end after length bytes. */
bool parse_unsigned(const char *text, int length, int max, int *value);

/* "500ms", "10s", "2m", "1h", or plain seconds: "10". */
bool parse_duration(const char *text, int *milliseconds);

/* 1, yes, true, on; 0, no, false, off or nothing; in any case. */
bool parse_boolean(const char *text, bool *value);

/* "S:R,…": signal S is forwarded as R; R of 0 drops it. */
bool parse_rewrites(const char *text, unsigned char rewrite[SIGNALS + 1]);

/* "FROM[:TO],…": exit code FROM becomes TO, 0 unless said. */
bool parse_exit_maps(const char *text, unsigned char map[256]);

/* "SIG=DURATION,…". */
bool parse_delays(const char *text, int32_t delay_ms[SIGNALS + 1]);
