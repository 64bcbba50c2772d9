/* What fuzz targets share. The units are compiled with write and _exit under other names (tools/fuzz.py), so that what
 * they print goes nowhere and what ends them comes back to the target. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What has to hold, in every build. */
#define HOLDS(what) ((what) ? (void)0 : __builtin_trap())

/* A copy that ends exactly where the data does, and with a NUL if asked for: the sanitizer sees whoever reads on. */
char *fuzz_copy(const uint8_t *data, size_t size, bool terminated);

/* Calls act(with); false if it ended in _exit(), with code. */
bool fuzz_returns(void (*act)(void *), void *with, int *code);

/* Runs configure() with the lines of data as words: those of the shape PREFIX_X=Y are variables, the others, after
 * called, arguments. Checks what must hold for every configuration that is accepted. */
void fuzz_configure(const char *called, const uint8_t *data, size_t size);
