/* Names and sets of signals. Signals here are the kernel's 1 to 64; RTMIN is 34 as for every libc's users. */
#pragma once

#include "config.h"

/* The name without SIG ("TERM", "RTMIN+3", "RTMAX-1"; 32 and 33 are "32" and "33"), in a static buffer. */
const char *signal_name(int signal);

/* 1 to 64 for a number or a name, with or without SIG, in any case, RTMIN+N and RTMAX-N; 0 for "0"; -1 if it is
 * none of these. text need not end after length bytes. */
int signal_number(const char *text, int length);

static inline uint64_t signal_bit(int signal) {
    return UINT64_C(1) << (signal - 1);
}
