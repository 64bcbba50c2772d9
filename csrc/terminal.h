/* Sessions, process groups and the terminal. Nothing about a terminal is ever fatal: standard input may be closed, no
 * terminal, or somebody else's. */
#pragma once

#include "init.h"

/* Before the spawn: with SESSION_NEW, a session leader gives its controlling terminal up, so that the application's
 * session can have it. The kernel sends us HUP and CONT for that, as from ourselves: those are dropped. */
void terminal_release(enum session session);

/* In the child: the session or group, and the terminal where it is ours to give. -1 with errno if there is no session
 * or group. */
int terminal_enter(enum session session);

/* After a stop: with SESSION_GROUP, gives the terminal to the application again if we are in the foreground. */
void terminal_give(const struct init *init);

/* At the end: with SESSION_GROUP, takes the terminal back from the application's group, so that what runs after us in
 * our own group can read from it. */
void terminal_take(const struct init *init);
