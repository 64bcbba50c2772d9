/* The parts of oom_kills() (report.h) that read text: pure, for what /proc and a container's /sys/fs/cgroup say. */
#pragma once

#include <stdbool.h>

enum { CGROUP_PATH = 512 };

/* Our cgroup for memory, from the lines "ID:CONTROLLERS:PATH" of /proc/self/cgroup, fed in any pieces. Begins as a
 * struct of zeros. */
struct cgroup {
    bool v1;                /* a memory hierarchy of its own (v1), which wins over v2's "0::PATH" */
    char path[CGROUP_PATH]; /* "" if it is unknown, leads out of our view ("/../…") or is too long */

    int field; /* of the line being read */
    int length;
    bool memory, unified;
    char text[CGROUP_PATH];
};

void cgroup_feed(struct cgroup *cgroup, const char *bytes, int length);

/* The N of the line "oom_kill N" in the text of memory.events or memory.oom_control; false if there is none. */
bool oom_count(const char *text, int length, unsigned long *count);

/* oom_kills() with another /proc/self/cgroup and /sys/fs/cgroup. */
unsigned long oom_kills_in(const char *list, const char *mount);
