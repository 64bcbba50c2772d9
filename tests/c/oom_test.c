#include "oom.h"

#include "check.h"

#include <sys/stat.h>

static void where(const char *list, bool v1, const char *path) {
    for (int piece = 1; piece < 40; piece += 6) {
        struct cgroup cgroup = {0};
        int length = (int)strlen(list);
        for (int at = 0; at < length; at += piece)
            cgroup_feed(&cgroup, list + at, length - at < piece ? length - at : piece);
        CHECK_NUMBER(cgroup.v1, v1);
        CHECK_TEXT(cgroup.path, path);
    }
}

static void lists(void) {
    where("", false, "");
    where("0::/\n", false, "/");
    where("0::/user.slice/a:b,c\n", false, "/user.slice/a:b,c");
    where("0::/../outside\n", false, "");
    where("9:cpu,cpuacct:/cpu\n4:memory:/docker/abc\n0::/unified\n", true, "/docker/abc");
    where("0::/unified\n4:memory:/docker/abc\n", true, "/docker/abc");
    where("4:hugetlb,memory,pids:/joint\n1:name=systemd:/x\n", true, "/joint");
    where("4:memory_x,xmemory:/no\n1:name=memory:/no\n0::/yes\n", false, "/yes");
    where("10::/no\n:::\n::\n\n0:x:/no\n0::/cut off", false, "");
    static char deep[CGROUP_PATH * 2];
    snprintf(deep, sizeof deep, "0::/%0600d\n", 0);
    where(deep, false, "");
}

static void count(const char *text, long wanted) {
    unsigned long got = 0;
    bool there = oom_count(text, (int)strlen(text), &got);
    CHECK_NUMBER(there ? (long)got : -1, wanted);
}

static void counts(void) {
    count("low 0\nhigh 0\nmax 9\noom 5\noom_kill 3\noom_group_kill 7\n", 3);
    count("oom_kill_disable 0\nunder_oom 0\noom_kill 12\n", 12);
    count("oom_kill 12", 12);
    count("oom 5\nxoom_kill 4\n", -1);
    count("oom_kill_disable 1\nunder_oom 0\n", -1);
    count("", -1);
    count("oom_kill ", -1);
}

static unsigned long in(const char *list, const char *mount) {
    put("list", list);
    return oom_kills_in("list", mount);
}

static void folder(const char *name) {
    CHECK(mkdir(name, 0755) == 0);
}

static void files(void) {
    folder("v2");
    folder("v2/own");
    put("v2/own/memory.events", "oom_kill 1\n");
    CHECK_NUMBER(in("0::/own\n", "v2"), 1);
    CHECK_NUMBER(in("0::/not/visible\n", "v2"), 0); /* a host's root has no such file */
    put("v2/memory.events", "oom_kill 2\n");
    CHECK_NUMBER(in("0::/not/visible\n", "v2"), 2);
    CHECK_NUMBER(in("0::/../outside\n", "v2"), 2);
    CHECK_NUMBER(in("0::/\n", "v2"), 2);

    folder("hybrid");
    folder("hybrid/unified");
    put("hybrid/unified/memory.events", "oom_kill 4\n");
    CHECK_NUMBER(in("1:name=systemd:/x\n0::/x\n", "hybrid"), 4);

    folder("v1");
    folder("v1/memory");
    folder("v1/memory/own");
    put("v1/memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n");
    put("v1/memory/own/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 6\n");
    CHECK_NUMBER(in("4:memory:/own\n0::/x\n", "v1"), 6);
    CHECK_NUMBER(in("4:memory:/machine/elsewhere\n0::/x\n", "v1"), 5);

    CHECK_NUMBER(in("", "v1"), 0);
    CHECK_NUMBER(oom_kills_in("none", "none"), 0);
}

int main(void) {
    lists();
    counts();
    files();
}
