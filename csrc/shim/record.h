/* The text of an exit record: docs/protocol.md. Pure. */
#pragma once

#include "shim.h"

enum { RECORD_SIZE = 512 };

/* Writes the record of a run that has ended; its length. */
int record_format(char text[RECORD_SIZE], const struct run *run);

/* As a shell would say it: the exit code, or 128 + signal. */
int record_code(int status);
