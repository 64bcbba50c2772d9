#include "accounts.h"

#include "check.h"

static void ids(void) {
    static const struct {
        const char *text;
        uint32_t id;
    } cases[] = {
        {"0", 0},
        {"007", 7},
        {"1000", 1000},
        {"4294967294", 4294967294},
        {"4294967295", NOT_AN_ID},
        {"4294967296", NOT_AN_ID},
        {"99999999999999999999999999", NOT_AN_ID},
        {"", NOT_AN_ID},
        {"-1", NOT_AN_ID},
        {"+1", NOT_AN_ID},
        {" 1", NOT_AN_ID},
        {"1 ", NOT_AN_ID},
        {"0x10", NOT_AN_ID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_NUMBER(account_id(cases[i].text, (int)strlen(cases[i].text)), cases[i].id);
    CHECK_NUMBER(account_id("12:34", 2), 12);
}

/* Feeds text and a newline in pieces of that many bytes. */
static bool passwd_in(struct passwd_search *search, const char *text, int piece) {
    int length = (int)strlen(text);
    for (int at = 0; at < length; at += piece)
        if (!passwd_feed(search, text + at, length - at < piece ? length - at : piece))
            return search->found;
    passwd_feed(search, "\n", 1);
    return search->found;
}

static void group_in(struct group_search *search, const char *text, int piece) {
    int length = (int)strlen(text);
    for (int at = 0; at < length; at += piece)
        if (!group_feed(search, text + at, length - at < piece ? length - at : piece))
            return;
    group_feed(search, "\n", 1);
}

static const char passwd[] = "#root:x:5:5::/comment:/bin/sh\n"
                             "root:x:0:0:root:/root:/bin/sh\n"
                             "\n"
                             "+::::::\n"
                             "+nis:x:9:9::/nis:/bin/sh\n"
                             "bad:x:oops:1::/bad:/bin/sh\n"
                             "bad:x:-1:1::/bad:/bin/sh\n"
                             "short:x:77\n"
                             "app:x:1000:1001:An app,,,:/srv/app:/bin/false\n"
                             "app:x:1002:1002:second:/second:/bin/false\n"
                             "apple:x:1003:1003::/apple:/bin/false\n"
                             "twin:x:1000:9::/twin:\n"
                             "homeless:x:1004:1004:::\n"
                             "brief:x:1005:1005\n"
                             "last:x:4294967294:4294967294::/last:/bin/sh";

static struct user user;

static struct passwd_search by_name(const char *name) {
    return (struct passwd_search){.user = &user, .name = name, .name_length = (int)strlen(name)};
}

static struct passwd_search by_uid(uid_t uid) {
    return (struct passwd_search){.user = &user, .uid = uid};
}

static void found(struct passwd_search search, int piece, const char *name, uid_t uid, gid_t gid, const char *home) {
    CHECK(passwd_in(&search, passwd, piece));
    CHECK(!search.too_long);
    CHECK_TEXT(user.name, name);
    CHECK_NUMBER(user.uid, uid);
    CHECK_NUMBER(user.gid, gid);
    CHECK_TEXT(user.home, home);
}

/* However the bytes arrive, the first whole entry that matches is what is found. */
static void users(void) {
    static const int pieces[] = {1, 2, 3, 7, 64, sizeof passwd};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        int piece = pieces[i];
        found(by_name("root"), piece, "root", 0, 0, "/root");
        found(by_name("app"), piece, "app", 1000, 1001, "/srv/app");
        found(by_uid(1000), piece, "app", 1000, 1001, "/srv/app");
        found(by_uid(1002), piece, "app", 1002, 1002, "/second");
        found(by_name("homeless"), piece, "homeless", 1004, 1004, "/");
        found(by_name("brief"), piece, "brief", 1005, 1005, "/");
        found(by_uid(4294967294), piece, "last", 4294967294, 4294967294, "/last");
    }
}

static void nobody(void) {
    static const char *const names[] = {"", "ap", "appl", "#root", "+nis", "+", "bad", "short", "APP", "lasts"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct passwd_search search = by_name(names[i]);
        CHECK(!passwd_in(&search, passwd, 5));
    }
    static const uid_t uids[] = {5, 9, 77, 1001, 4294967295};
    for (size_t i = 0; i < sizeof uids / sizeof *uids; i++) {
        struct passwd_search search = by_uid(uids[i]);
        CHECK(!passwd_in(&search, passwd, 5));
    }
}

/* A line of any length does no harm; a name or a home directory that does not fit is told. */
static void long_words(void) {
    static char text[20000];
    int length = snprintf(text, sizeof text, "app:x:1:2:%08000d:/srv:/bin/sh\n%0300d:x:3:3::/:\n", 0, 0);
    snprintf(text + length, sizeof text - (size_t)length, "far:x:4:4::/%02000d:\nnear:x:5:5::/%01022d:\n", 0, 0);
    struct passwd_search search = by_name("app");
    CHECK(passwd_in(&search, text, 1000) && !search.too_long);
    CHECK_TEXT(user.home, "/srv");
    search = by_uid(3);
    CHECK(passwd_in(&search, text, 1000) && search.too_long);
    CHECK_NUMBER(strlen(user.name), MAX_NAME - 1);
    search = by_name("far");
    CHECK(passwd_in(&search, text, 1000) && search.too_long);
    search = by_name("near");
    CHECK(passwd_in(&search, text, 1000) && !search.too_long);
    CHECK_NUMBER(strlen(user.home), MAX_HOME - 1);
}

static const char group[] = "root:x:0:\n"
                            "web:x:33:app,root\n"
                            "#web:x:34:app\n"
                            "one:x:1:app\n"
                            "app:x:2:apple,ap,appapp\n"
                            "bad:x:oops:app\n"
                            "twice:x:4:app,app\n"
                            "again:x:1:root,app\n"
                            "short:x\n"
                            "bare:x:6\n"
                            "odd:x:7:a:app\n"
                            "end:x:5:,app";

static void group_names(void) {
    static const struct {
        const char *name;
        long gid;
    } cases[] = {{"root", 0},   {"web", 33}, {"app", 2}, {"bare", 6}, {"end", 5},  {"bad", -1},
                 {"short", -1}, {"we", -1},  {"", -1},   {"x", -1},   {"#web", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct group_search search = {.name = cases[i].name, .name_length = (int)strlen(cases[i].name)};
        group_in(&search, group, (int)i + 1);
        CHECK_NUMBER(search.found ? (long)search.gid : -1, cases[i].gid);
    }
}

static void members(void) {
    static const gid_t wanted[] = {33, 1, 4, 5};
    for (int piece = 1; piece < 100; piece += 9) {
        struct group_search search = {.user = &user, .name = "app", .name_length = 3, .members = true};
        user.group_count = 0;
        group_in(&search, group, piece);
        CHECK(!search.too_many);
        CHECK_NUMBER(user.group_count, 4);
        CHECK(memcmp(user.groups, wanted, sizeof wanted) == 0);
    }
}

/* Thousands of members are one line, and the one we look for is its last. */
static void crowd(void) {
    struct group_search search = {.user = &user, .name = "app", .name_length = 3, .members = true};
    user.group_count = 0;
    group_feed(&search, "all:x:42:", 9);
    for (int i = 0; i < 50000; i++) {
        char member[16];
        group_feed(&search, member, snprintf(member, sizeof member, "user%d,", i));
    }
    group_feed(&search, "app\n", 4);
    CHECK_NUMBER(user.group_count, 1);
    CHECK_NUMBER(user.groups[0], 42);
}

static void too_many(void) {
    struct group_search search = {.user = &user, .name = "app", .name_length = 3, .members = true};
    user.group_count = 0;
    for (int i = 0; i <= MAX_GROUPS; i++) {
        char line[32];
        CHECK(!search.too_many);
        group_feed(&search, line, snprintf(line, sizeof line, "g%d:x:%d:app\n", i, i));
    }
    CHECK(search.too_many);
    CHECK_NUMBER(user.group_count, MAX_GROUPS);
}

int main(void) {
    ids();
    users();
    nobody();
    long_words();
    group_names();
    members();
    crowd();
    too_many();
}
