/* Everything that the command line and the environment decide, in one struct that nothing changes after start-up. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { SIGNALS = 64 };  /* Linux has signals 1 to 64 */
enum { NO_LIMIT = -1 }; /* a duration that was not given */

/* Whose manners pyinit has: decided by the name it was called by. */
enum persona { PYINIT, DUMB_INIT, TINI, CATATONIT };

/* Who gets a forwarded signal. */
enum target { TO_MAIN, TO_GROUP, TO_TREE };

/* Where the application runs: a session of its own (dumb-init), a process group of its own that is given the terminal
 * if pyinit is in the foreground (tini, catatonit), or where pyinit itself was (--single-child). */
enum session { SESSION_NEW, SESSION_GROUP, SESSION_KEEP };

enum choice { AUTO, YES, NO };

struct config {
    const char *name; /* what messages begin with: "pyinit", "dumb-init", "tini", "catatonit" */
    enum persona persona;
    char **command; /* ends with NULL; NULL itself with --pause */

    enum target target;
    enum session session;
    enum choice subreaper;
    int parent_death;                   /* signal for the application when our parent dies; 0: none */
    uint64_t kept;                      /* bit S-1: signal S is never forwarded. SIGCHLD is always among them */
    unsigned char rewrite[SIGNALS + 1]; /* [received] = sent; 0: dropped */
    int32_t delay_ms[SIGNALS + 1];      /* [received] = hold it so long before forwarding; 0: not at all */
    unsigned char map_exit[256];        /* [application's code] = our code */

    int64_t grace_ms;      /* for what remains after the main child; 0: exit at once */
    int64_t kill_after_ms; /* after a forwarded TERM, INT or QUIT; NO_LIMIT: never */
    bool wait_all;         /* let what remains end by itself */
    bool closing_term;     /* dumb-init: TERM to the group before exiting at once */

    const char *user;   /* NAME|UID[:GROUP|GID], or NULL */
    const char *chdir;  /* or NULL */
    const char *report; /* a file's path, or NULL */
    bool no_new_privs;
    bool warn_on_reap;
    bool pause;
    int verbosity; /* -1: errors only, 0: warnings too, 1: what happens, 2: each signal */

    unsigned char own_error; /* exit codes: 125, or what the persona's original uses */
    unsigned char cannot_exec;
    unsigned char not_found;
};

/* Fills *config from argv and the environment, or says what is wrong and exits; prints help, version or licence and
 * exits when asked to. Strings are not copied: argv and environ must live on. */
void configure(struct config *config, char **argv);
