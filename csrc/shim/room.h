/* Memory for what is large and short: a message that is being read, a tree of processes that is being looked for. Apart
 * from the program's own data, which it would spread over more pages. */
#pragma once

#include "protocol.h"

#include <stdbool.h>
#include <sys/types.h>

enum { ROOM_PROCESSES = 4096 };

struct room {
    char message[sizeof(struct header) + BODY_LIMIT];
    pid_t processes[ROOM_PROCESSES];
};

extern struct room *room;

/* Makes it; false with errno. */
bool room_make(void);

/* Gives its pages back to the kernel; its content is lost. */
void room_tidy(void);
