/* File descriptors of our own. */
#pragma once

/* fd, moved to 3 or above, and closed on exec; -1 with errno, as fd itself may be. If we were started with a standard
 * descriptor closed, that one stays closed for the application, and no warning of ours ends up in another file. */
int descriptor_up(int fd);
