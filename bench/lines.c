/* lines FIFO WIDTH COUNT: when somebody opens FIFO.go, writes COUNT numbered lines of WIDTH bytes in writes of 64 kB
 * that end anywhere in a line, as those of stdio do. Then it waits for a signal. */
#include "told.h"

#include <string.h>

enum { BLOCK = 64 << 10, DIGITS = 10 };

static char block[BLOCK + BLOCK]; /* and the rest of the line that goes over its end */
static char number[DIGITS];

/* Counts in the text itself: as quick as it can be said. */
static void count_up(void) {
    for (int at = DIGITS - 1; at >= 0 && ++number[at] > '9'; at--)
        number[at] = '0';
}

static void write_all(const char *data, size_t length) {
    while (length) {
        ssize_t written = write(1, data, length);
        if (written < 0)
            _exit(1);
        data += written;
        length -= (size_t)written;
    }
}

static void write_lines(size_t width, size_t count) {
    size_t filled = 0;
    memset(number, '0', DIGITS);
    while (count--) {
        count_up();
        memcpy(block + filled, number, DIGITS);
        memset(block + filled + DIGITS, 'x', width - DIGITS - 1);
        filled += width;
        block[filled - 1] = '\n';
        if (filled >= BLOCK) {
            write_all(block, BLOCK);
            filled -= BLOCK;
            memcpy(block, block + BLOCK, filled);
        }
    }
    write_all(block, filled);
}

/* Waits for somebody to open FIFO.go. */
static int await(const char *fifo) {
    char go[128] = "";
    strncat(strncat(go, fifo, sizeof go - 8), ".go", 4);
    return open(go, O_RDONLY | O_CLOEXEC);
}

int main(int count, char **words) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (count != 4)
        return 1;
    size_t width = strtoul(words[2], NULL, 10);
    if (width <= DIGITS + 1 || width > BLOCK)
        return 1;
    tell(words[1], &now);
    if (await(words[1]) < 0)
        return 1;
    write_lines(width, strtoul(words[3], NULL, 10));
    pause();
    return 0;
}
