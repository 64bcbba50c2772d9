/* passwd and group: the input's first line is who is looked for, the rest the file; what is found must not depend on
 * how the file's bytes arrive. */
#include "accounts.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

struct text {
    char *bytes;
    int length;
};

static void passwd(struct passwd_search *search, const struct text *text, int piece) {
    for (int at = 0; at < text->length; at += piece)
        if (!passwd_feed(search, text->bytes + at, text->length - at < piece ? text->length - at : piece))
            return;
    passwd_feed(search, "\n", 1);
}

static void group(struct group_search *search, const struct text *text, int piece) {
    for (int at = 0; at < text->length; at += piece)
        if (!group_feed(search, text->bytes + at, text->length - at < piece ? text->length - at : piece))
            return;
    group_feed(search, "\n", 1);
}

static void try_passwd(const struct text *who, const struct text *text, int piece) {
    static struct user users[2];
    uint32_t uid = account_id(who->bytes, who->length);
    struct passwd_search searches[2];
    for (int i = 0; i < 2; i++) {
        searches[i] = (struct passwd_search){.user = &users[i], .uid = uid, .name_length = who->length};
        if (uid == NOT_AN_ID)
            searches[i].name = who->bytes;
        passwd(&searches[i], text, i ? piece : text->length + 1);
    }
    HOLDS(searches[0].found == searches[1].found);
    if (!searches[0].found)
        return;
    HOLDS(searches[0].too_long == searches[1].too_long);
    HOLDS(users[0].uid != NOT_AN_ID && users[0].gid != NOT_AN_ID);
    HOLDS(users[0].uid == users[1].uid && users[0].gid == users[1].gid);
    HOLDS(strlen(users[0].name) < MAX_NAME && strcmp(users[0].name, users[1].name) == 0);
    HOLDS(users[0].home[0] && strlen(users[0].home) < MAX_HOME && strcmp(users[0].home, users[1].home) == 0);
}

static void try_group(const struct text *who, const struct text *text, int piece, bool members) {
    static struct user users[2];
    struct group_search searches[2];
    for (int i = 0; i < 2; i++) {
        searches[i] = (struct group_search){
            .user = &users[i], .name = who->bytes, .name_length = who->length, .members = members};
        users[i].group_count = 0;
        group(&searches[i], text, i ? piece : text->length + 1);
    }
    HOLDS(searches[0].found == searches[1].found && searches[0].too_many == searches[1].too_many);
    HOLDS(users[0].group_count == users[1].group_count && users[0].group_count <= MAX_GROUPS);
    HOLDS(!members || searches[0].found == (users[0].group_count > 0));
    for (int i = 0; i < users[0].group_count; i++)
        HOLDS(users[0].groups[i] == users[1].groups[i] && users[0].groups[i] != NOT_AN_ID);
    if (searches[0].found && !members)
        HOLDS(searches[0].gid == searches[1].gid && searches[0].gid != NOT_AN_ID);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    if (!end)
        return 0;
    int length = (int)(end - data);
    struct text who = {fuzz_copy(data, (size_t)length, false), length};
    struct text text = {fuzz_copy(end + 1, size - (size_t)length - 1, false), (int)size - length - 1};
    int piece = 1 + text.length % 13;
    try_passwd(&who, &text, piece);
    try_group(&who, &text, piece, false);
    try_group(&who, &text, piece, true);
    free(who.bytes);
    free(text.bytes);
    return 0;
}
