/* The programs whose manners pyinit has when it is called by their names. */
#pragma once

#include "config.h"

/* Each takes its own options and variables, from argv's second word on, and leaves config->command. */
void options_dumb_init(struct config *config, char **argv);
void options_tini(struct config *config, char **argv);
void options_catatonit(struct config *config, char **argv);
