/* passwd(5) and group(5), searched as their bytes stream by: a line may be longer than any buffer, as a group with
 * thousands of members is. Pure: the caller reads the files. What is not a whole entry (too few fields, an id that is
 * not a number) and the lines that begin with '#', '+' or '-' (comments, NIS) are passed over. */
#pragma once

#include "user.h"

#include <stdbool.h>
#include <stdint.h>

#define NOT_AN_ID UINT32_MAX /* what chown(2) and setresuid(2) take as "leave it" */

/* The word that is being read, and which of the line's fields it is in. */
struct word {
    int field;
    int length; /* MAX_HOME: it is longer than text holds */
    char text[MAX_HOME];
};

/* Looks for name or, where that is NULL, uid; *user is what was found (its groups are left alone) if found is true,
 * and otherwise in no particular state. */
struct passwd_search {
    struct user *user;
    const char *name;
    int name_length;
    uid_t uid;
    bool found;
    bool too_long; /* of a found one: the name or the home directory does not fit */
    bool broken;   /* so is the line being read */
    struct word word;
};

/* Looks for the group called name (found, gid), or with members for the groups that list name (user->groups, without
 * those that are there already). */
struct group_search {
    struct user *user;
    const char *name;
    int name_length;
    bool members;
    bool found;
    bool too_many; /* more than MAX_GROUPS */
    gid_t gid;
    bool broken; /* so is the line being read; and whether it is one we look for */
    bool wanted;
    struct word word;
};

/* The searches begin with a struct that is zero but for what to look for, and end with a newline after the file's last
 * byte. They say whether the rest of the file matters: no more once it was found. */
bool passwd_feed(struct passwd_search *search, const char *bytes, int length);
bool group_feed(struct group_search *search, const char *bytes, int length);

/* A uid or gid: 0 to 4,294,967,294, in decimal digits alone. NOT_AN_ID if text is not that. */
uint32_t account_id(const char *text, int length);
