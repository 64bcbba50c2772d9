/* execvpe(3) as POSIX describes it, with errors that tell "not found" from "found, but not executable". */
#pragma once

/* Returns only on failure. errno is ENOENT or ENOTDIR: there is no such command; ELIBBAD: there is, but not its
 * interpreter (the program behind #!, or the dynamic loader); else why it cannot be executed. */
void execute(char **command, char **environment);
