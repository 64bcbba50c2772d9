/* orphaned ROUNDS SIGNAL MICROSECONDS COMMAND…: starts COMMAND again and again with SIGNAL blocked, from a parent that
 * dies right after, or up to MICROSECONDS after, COMMAND has blocked all signals: it looks at its parent then.
 * Every run must exit with 0: "pyinit -p SIGNAL await SIGNAL" does once the application was told. */
#include "raw.h"
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static uint64_t blocked_by(pid_t pid) {
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    int fd = open(path, O_RDONLY);
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    text[length > 0 ? length : 0] = 0;
    const char *mask = strstr(text, "SigBlk:");
    return mask ? strtoull(mask + 7, NULL, 16) : ~UINT64_C(0);
}

static void parent(int microseconds, char **command) {
    struct timespec start, now;
    pid_t child = fork();
    if (child == 0) {
        execv(command[0], command);
        _exit(97);
    }
    while (blocked_by(child) == get_mask()) /* as it was started with */
        ;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - start.tv_sec) * 1000000 + (now.tv_nsec - start.tv_nsec) / 1000 < microseconds);
    _exit(0);
}

/* We get the command when its parent has died. */
static int run(int microseconds, char **command) {
    int status, failed = 0;
    pid_t first = fork(), pid;
    if (first == 0)
        parent(microseconds, command);
    while ((pid = wait(&status)) > 0)
        if (pid != first)
            failed = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return failed;
}

int main(int argc, char **argv) {
    if (argc < 5)
        return 98;
    int rounds = atoi(argv[1]), most = atoi(argv[3]), failed = 0;
    set_mask(bit(atoi(argv[2])));
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    for (int round = 0; round < rounds && !failed; round++)
        failed = run(most ? round * 7919 % most : 0, argv + 4);
    dprintf(1, "%s\n", failed ? "lost" : "all came");
    return failed;
}
