/* The length of text up to the first end, or to its NUL. What strcspn() and strchr() do faster, and a kilobyte longer.
 */
#pragma once

#include <stddef.h>

size_t span(const char *text, char end);
