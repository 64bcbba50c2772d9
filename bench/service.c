/* service FIFO: tells FIFO when its first instruction was, and waits for a signal. Where it is run without arguments of
 * ours (s6 gives it the name of the service), that is $BENCH_FIFO. */
#include "told.h"

int main(int count, char **words) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const char *fifo = count > 1 && words[1][0] == '/' ? words[1] : getenv("BENCH_FIFO");
    if (!fifo)
        return 1;
    tell(fifo, &now);
    pause();
    return 0;
}
