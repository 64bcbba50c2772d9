/* race ROUNDS SIGNAL COUNT MICROSECONDS COMMAND…: starts COMMAND again and again with SIGNAL blocked, and sends it
 * SIGNAL as soon as it exists, or up to MICROSECONDS later. COUNT is 0 for a plain signal, or how many to send with
 * values 0 to COUNT-1. Every run must exit with 0: "await" does once it got them. */
#include "raw.h"
#include <sys/wait.h>

/* Passes the time without giving the processor away, and for another while each time. */
static void linger(int round, int most) {
    struct timespec start, now;
    long long wait = most ? (long long)round * 7919 % most * 1000 : 0;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - start.tv_sec) * 1000000000LL + now.tv_nsec - start.tv_nsec < wait);
}

static int run(int round, int number, int count, int most, char **command) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        execv(command[0], command);
        _exit(97);
    }
    linger(round, most);
    if (count == 0)
        kill(child, number);
    for (int i = 0; i < count; i++)
        if (send_value(child, number, i))
            return 96;
    if (waitpid(child, &status, 0) != child)
        return 95;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv) {
    if (argc < 6)
        return 98;
    int rounds = atoi(argv[1]), number = atoi(argv[2]), count = atoi(argv[3]), most = atoi(argv[4]), failed = 0;
    set_mask(bit(number));
    for (int round = 0; round < rounds && !failed; round++) {
        failed = run(round, number, count, most, argv + 5);
        if (failed)
            dprintf(1, "round %d: exit code %d\n", round, failed);
    }
    dprintf(1, "%s\n", failed ? "lost" : "all came");
    return failed;
}
