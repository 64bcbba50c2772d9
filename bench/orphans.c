/* orphans COUNT: leaves COUNT orphans to its init, lets them all end at one moment and prints how many nanoseconds it
 * takes from then until the last of them is reaped. */
#include "rounds.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* In a process that ends at once and so makes orphans of its children, which end when the gate closes. */
static void leave_behind(int count, const int *gate, int pids) {
    close(gate[1]);
    for (int i = 0; i < count; i++) {
        pid_t orphan = fork();
        if (orphan < 0)
            fail("fork");
        if (orphan == 0) {
            char byte;
            close(pids);
            _exit((int)read(gate[0], &byte, 1));
        }
        if (write(pids, &orphan, sizeof orphan) != sizeof orphan)
            fail("write");
    }
    _exit(0);
}

int main(int argc, char **argv) {
    int count = argc > 1 ? atoi(argv[1]) : 0, gate[2], pids[2];
    pid_t *orphans = calloc((size_t)count + 1, sizeof *orphans), middle;
    if (pipe(gate) || pipe(pids) || (middle = fork()) < 0)
        fail("orphans");
    if (middle == 0)
        leave_behind(count, gate, pids[1]);
    close(pids[1]);
    for (int i = 0; i < count; i++)
        if (read(pids[0], &orphans[i], sizeof *orphans) != sizeof *orphans)
            fail("read");
    waitpid(middle, NULL, 0);

    int64_t start = now_ns();
    close(gate[1]);
    for (int i = 0; i < count; i++) /* a number of a process is free once its init has reaped it */
        while (kill(orphans[i], 0) == 0 || errno != ESRCH)
            sched_yield();
    printf("%lld\n", (long long)(now_ns() - start));
    return 0;
}
