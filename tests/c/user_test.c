#include "user.h"

#include "check.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/srv/app:/bin/sh\n";
static const char group[] = "root:x:0:\napp:x:1001:\nweb:x:33:root,app\nlog:x:4:app\n";

struct asked {
    const char *spec, *passwd, *group;
};

static void find(const void *with) {
    const struct asked *asked = with;
    struct user user;
    user_find_in(&user, asked->spec, 125, asked->passwd, asked->group);
}

/* What the user is, as one line. */
static const char *told(const char *spec, const char *passwd_file, const char *group_file) {
    static char line[4000];
    struct user user;
    memset(&user, 0x55, sizeof user);
    user_find_in(&user, spec, 125, passwd_file, group_file);
    int length = snprintf(line, sizeof line, "%s %u:%u %s", user.name, user.uid, user.gid, user.home);
    for (int i = 0; i < user.group_count; i++)
        length += snprintf(line + length, sizeof line - (size_t)length, "%c%u", i ? ',' : ' ', user.groups[i]);
    return line;
}

static void refused(const char *spec, const char *passwd_file, const char *group_file, const char *wanted) {
    char said[2000];
    struct asked asked = {spec, passwd_file, group_file};
    CHECK_NUMBER(in_child(find, &asked, said, sizeof said), 125);
    CHECK_TEXT(said, wanted);
}

static void known(void) {
    CHECK_TEXT(told("app", "passwd", "group"), "app 1000:1001 /srv/app 33,4");
    CHECK_TEXT(told("1000", "passwd", "group"), "app 1000:1001 /srv/app 33,4");
    CHECK_TEXT(told("root", "passwd", "group"), "root 0:0 /root 33");
    CHECK_TEXT(told("app:web", "passwd", "group"), "app 1000:33 /srv/app");
    CHECK_TEXT(told("app:5", "passwd", "group"), "app 1000:5 /srv/app");
    CHECK_TEXT(told("0:0", "passwd", "group"), "root 0:0 /root");
    CHECK_TEXT(told("app", "passwd", "none"), "app 1000:1001 /srv/app");
}

static void numbers(void) {
    CHECK_TEXT(told("0042", "passwd", "group"), "42 42:0 /");
    CHECK_TEXT(told("42:web", "passwd", "group"), "42 42:33 /");
    CHECK_TEXT(told("0", "none", "none"), "0 0:0 /");
    CHECK_TEXT(told("4294967294:4294967294", "none", "none/none"), "4294967294 4294967294:4294967294 /");
}

static void errors(void) {
    refused("nobdy", "passwd", "group", "pyinit: --user \"nobdy\": no such user in passwd\n");
    refused("nobdy", "none", "group", "pyinit: --user \"nobdy\": no such user, and no none\n");
    refused("app:nogrp", "passwd", "group", "pyinit: --user \"app:nogrp\": no such group in group\n");
    refused("app:web", "passwd", "none", "pyinit: --user \"app:web\": no such group, and no none\n");
    refused("", "passwd", "group", "pyinit: --user \"\": no user is named\n");
    refused(":web", "passwd", "group", "pyinit: --user \":web\": no user is named\n");
    refused("app:", "passwd", "group", "pyinit: --user \"app:\": no group after the colon\n");
    refused("app:web:x", "passwd", "group", "pyinit: --user \"app:web:x\": no such group in group\n");
    refused("-1", "passwd", "group", "pyinit: --user \"-1\": no such user in passwd\n");
    refused("4294967295", "passwd", "group", "pyinit: --user \"4294967295\": a uid is 0 to 4294967294\n");
    refused("1:4294967295", "passwd", "group", "pyinit: --user \"1:4294967295\": a gid is 0 to 4294967294\n");
    refused("app", ".", "group", "pyinit: --user \"app\": cannot read .: is a directory\n");
    refused("app", "loop", "group", "pyinit: --user \"app\": cannot open loop: too many symbolic links\n");
}

static void limits(void) {
    static char text[MAX_HOME * 2], groups[20000];
    snprintf(text, sizeof text, "far:x:1:1::/%01200d:\n", 0);
    put("far", text);
    refused("far", "far", "group", "pyinit: --user \"far\": its name or home directory in far is too long\n");
    int length = 0;
    for (int i = 0; i <= MAX_GROUPS; i++)
        length += snprintf(groups + length, sizeof groups - (size_t)length, "g%d:x:%d:app\n", i, 5000 + i);
    put("many", groups);
    refused("app", "passwd", "many", "pyinit: --user \"app\": in more than 256 groups by many\n");
}

int main(void) {
    put("passwd", passwd);
    put("group", group);
    CHECK(symlink("loop", "loop") == 0);
    known();
    numbers();
    errors();
    limits();
}
