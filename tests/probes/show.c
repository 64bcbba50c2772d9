/* show [VARIABLE…]: what a program finds itself started with, in one line of KEY=VALUE on standard output or, where
 * $SHOW_FILE names one, in a file. With $SHOW_HOLD it then stays until the end of its standard input. */
#include "raw.h"
#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>

static char text[8192];
static int length;

#define ADD(...) (length += snprintf(text + length, sizeof text - (size_t)length, __VA_ARGS__))

static void add_descriptors(void) {
    ADD(" fds=");
    for (int fd = 0, first = 1; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0) {
            ADD(first ? "%d" : ",%d", fd);
            first = 0;
        }
}

static void add_identity(void) {
    gid_t groups[64];
    int count = getgroups(64, groups);
    ADD(" uid=%u gid=%u groups=", getuid(), getgid());
    for (int i = 0; i < count; i++)
        ADD(i ? ",%u" : "%u", groups[i]);
}

static void add_terminal(void) {
    int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
    ADD(" tty=%d foreground=%d", terminal >= 0, terminal >= 0 ? tcgetpgrp(terminal) : -1);
    if (terminal >= 0)
        close(terminal);
}

int main(int argc, char **argv) {
    int death = 0;
    const char *file = getenv("SHOW_FILE");
    char cwd[4096];
    prctl(PR_GET_PDEATHSIG, &death);
    ADD("pid=%d ppid=%d pgrp=%d sid=%d", getpid(), getppid(), getpgrp(), getsid(0));
    ADD(" mask=%llx ignored=%llx", (unsigned long long)get_mask(), (unsigned long long)get_ignored());
    ADD(" death=%d nnp=%d", death, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    ADD(" cwd=%s", getcwd(cwd, sizeof cwd) ? cwd : "?");
    add_descriptors();
    add_identity();
    add_terminal();
    for (int i = 1; i < argc; i++)
        ADD(" %s=%s", argv[i], getenv(argv[i]) ? getenv(argv[i]) : "");
    ADD("\n");
    int out = file ? open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : 1;
    if (write(out, text, (size_t)length) != length)
        return 98;
    while (getenv("SHOW_HOLD") && read(0, text, sizeof text) > 0)
        ;
    return 0;
}
