/* --user: who the application runs as, by the image's own /etc/passwd and /etc/group (no NSS, which is not in a static
 * program, and not in a FROM-scratch image either). */
#pragma once

#include <sys/types.h>

enum { MAX_GROUPS = 256, MAX_NAME = 256, MAX_HOME = 1024 };

struct user {
    uid_t uid;
    gid_t gid;
    int group_count;
    gid_t groups[MAX_GROUPS]; /* supplementary */
    char name[MAX_NAME];      /* for USER: the uid's digits where passwd does not have it */
    char home[MAX_HOME];      /* for HOME: "/" where passwd does not say */
};

/* Finds what spec, NAME|UID[:GROUP|GID], means as podman and gosu do: a name must exist, a number need not (its group
 * is 0 then, and the files may be missing); digits alone are always a number. The group is the user's own and the
 * supplementary groups are those that list the user, unless a group is given: then it alone (no supplementary ones).
 * Exits with code through die() if that cannot be said, naming what is wrong. */
void user_find(struct user *user, const char *spec, int code);

/* The same, with files that a test can choose. */
void user_find_in(struct user *user, const char *spec, int code, const char *passwd, const char *group);
