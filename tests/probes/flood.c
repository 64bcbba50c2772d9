/* flood PID SIGNAL COUNT: sends PID so many SIGNALs with values 0 to COUNT-1, as fast as it can. */
#include "raw.h"
#include <sched.h>

int main(int argc, char **argv) {
    if (argc != 4)
        return 98;
    pid_t pid = atoi(argv[1]);
    for (int i = 0; i < atoi(argv[3]); i++)
        while (send_value(pid, atoi(argv[2]), i)) {
            if (errno != EAGAIN)
                return 97;
            sched_yield(); /* the queue is full: our user's RLIMIT_SIGPENDING */
        }
    return 0;
}
