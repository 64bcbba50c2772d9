/* A small resident size: what start-up used is given back to the kernel. */
#pragma once

/* Drops the pages of the program and the stack that are not needed any more; what is needed again comes back from the
 * page cache. */
void memory_release(void);
