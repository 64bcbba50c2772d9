/* The system calls that change who a process is, for a vforked child: a libc would tell its threads. */
#pragma once

#include <sys/syscall.h>

#ifdef SYS_setresuid32 /* the ids of i386 and arm were once 16 bits wide */
#define SET_GROUPS SYS_setgroups32
#define SET_GID SYS_setresgid32
#define SET_UID SYS_setresuid32
#else
#define SET_GROUPS SYS_setgroups
#define SET_GID SYS_setresgid
#define SET_UID SYS_setresuid
#endif
