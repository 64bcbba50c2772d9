#include "accounts.h"

#include <string.h>

uint32_t account_id(const char *text, int length) {
    uint64_t id = 0;
    if (length == 0)
        return NOT_AN_ID;
    for (int i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return NOT_AN_ID;
        id = id * 10 + (uint64_t)(text[i] - '0');
        if (id >= NOT_AN_ID)
            return NOT_AN_ID;
    }
    return (uint32_t)id;
}

static void word_add(struct word *word, char byte) {
    if (word->length < MAX_HOME)
        word->text[word->length++] = byte;
}

static bool word_is(const struct word *word, const char *text, int length) {
    return word->length == length && memcmp(word->text, text, (size_t)length) == 0;
}

/* Copies the word as a string; false if it does not fit. */
static bool word_copy(const struct word *word, char *text, int size) {
    int length = word->length < size ? word->length : size - 1;
    memcpy(text, word->text, (size_t)length);
    text[length] = '\0';
    return word->length < size;
}

static bool word_starts_no_entry(const struct word *word) {
    return word->length == 0 || word->text[0] == '#' || word->text[0] == '+' || word->text[0] == '-';
}

/* name:password:uid:gid:gecos:home:shell */
static void passwd_word(struct passwd_search *search) {
    struct word *word = &search->word;
    struct user *user = search->user;
    switch (word->field) {
    case 0:
        search->broken = word_starts_no_entry(word);
        search->too_long = !word_copy(word, user->name, MAX_NAME);
        search->found = search->name && word_is(word, search->name, search->name_length);
        strcpy(user->home, "/");
        break;
    case 2:
        user->uid = account_id(word->text, word->length);
        search->broken |= user->uid == NOT_AN_ID;
        search->found |= !search->name && user->uid == search->uid;
        break;
    case 3:
        user->gid = account_id(word->text, word->length);
        search->broken |= user->gid == NOT_AN_ID;
        break;
    case 5:
        if (word->length && word->text[0]) /* a NUL there is no directory */
            search->too_long |= !word_copy(word, user->home, MAX_HOME);
        break;
    default:
        break;
    }
}

bool passwd_feed(struct passwd_search *search, const char *bytes, int length) {
    struct word *word = &search->word;
    for (int i = 0; i < length; i++) {
        if (bytes[i] != ':' && bytes[i] != '\n') {
            word_add(word, bytes[i]);
            continue;
        }
        passwd_word(search);
        word->length = 0;
        if (bytes[i] == ':') {
            word->field++;
            continue;
        }
        search->found &= word->field >= 3 && !search->broken;
        word->field = 0;
        if (search->found)
            return false;
    }
    return true;
}

static void group_add(struct group_search *search) {
    struct user *user = search->user;
    for (int i = 0; i < user->group_count; i++)
        if (user->groups[i] == search->gid)
            return;
    if (user->group_count == MAX_GROUPS)
        search->too_many = true;
    else
        user->groups[user->group_count++] = search->gid;
}

/* name:password:gid:member,member… */
static void group_word(struct group_search *search) {
    struct word *word = &search->word;
    bool same = word_is(word, search->name, search->name_length);
    switch (word->field) {
    case 0:
        search->broken = word_starts_no_entry(word);
        search->wanted = !search->members && same;
        break;
    case 2:
        search->gid = account_id(word->text, word->length);
        search->broken |= search->gid == NOT_AN_ID;
        break;
    case 3:
        search->wanted |= search->members && same;
        break;
    default:
        break;
    }
}

/* False if it was the line that was looked for. */
static bool group_line(struct group_search *search) {
    bool wanted = search->wanted && !search->broken && search->word.field >= 2;
    search->word.field = 0;
    if (!wanted)
        return true;
    search->found = true;
    if (search->members)
        group_add(search);
    return search->members;
}

bool group_feed(struct group_search *search, const char *bytes, int length) {
    struct word *word = &search->word;
    for (int i = 0; i < length; i++) {
        bool between_members = bytes[i] == ',' && word->field == 3;
        if (bytes[i] != ':' && bytes[i] != '\n' && !between_members) {
            word_add(word, bytes[i]);
            continue;
        }
        group_word(search);
        word->length = 0;
        if (bytes[i] == ':')
            word->field++;
        else if (bytes[i] == '\n' && !group_line(search))
            return false;
    }
    return true;
}
