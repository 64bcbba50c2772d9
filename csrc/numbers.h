/* Decimal numbers, without stdio. */
#pragma once

#include <sys/types.h>

/* Writes number and a NUL; the place of the NUL. */
char *put_number(char *at, unsigned long number);

/* Reads a number; the place behind it. It is -1 and text itself where there is no number, or none that fits. */
const char *get_number(const char *text, pid_t *number);
