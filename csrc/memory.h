/* A small resident size: what start-up used is given back to the kernel. */
#pragma once

/* Drops the pages of the program and the stack that are not needed any more; what is needed again comes back from the
 * page cache. To be called from main(), at the end of start-up. */
void memory_release(void);
