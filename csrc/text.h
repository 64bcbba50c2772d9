/* What is printed when asked for: help, versions, the license. */
#pragma once

extern const char license_text[];

#ifndef PYINIT_VERSION
#error "PYINIT_VERSION has to be given; csrc/build.py reads it from pyproject.toml"
#endif
#ifdef PYINIT_LINKAGE
#define PYINIT_ABOUT "pyinit " PYINIT_VERSION " (" PYINIT_LINKAGE ")\n"
#else
#define PYINIT_ABOUT "pyinit " PYINIT_VERSION "\n"
#endif

/* Writes text to file and exits with 0; if it cannot be written, says so and exits with code. */
[[gnu::noreturn]] void show(int file, int code, const char *text);

/* pyinit's own help, made of its options. */
[[gnu::noreturn]] void show_native_help(int code);
