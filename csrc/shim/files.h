/* Paths. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Makes the directories that lead to path, mode 0700, as far as they are missing. */
void files_make_parents(const char *path);

/* Puts text at path: written beside it, synced if wanted, and renamed. 0 or errno. */
int files_replace(const char *path, const char *text, size_t length, bool sync);

/* A file in memory, without a place in any directory; closed on exec. -1 with errno. */
int files_memory(const char *name);
