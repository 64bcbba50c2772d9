/* lines FIFO WIDTH COUNT: writes COUNT numbered lines of WIDTH bytes in writes of 64 kB, and waits for a signal. */
#include "told.h"

#include <string.h>

enum { BLOCK = 64 << 10, DIGITS = 10 };

static char block[BLOCK];

/* Counts in the text itself: as quick as it can be said. */
static void count_up(char *number) {
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

int main(int count, char **words) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (count != 4)
        return 1;
    size_t width = strtoul(words[2], NULL, 10), left = strtoul(words[3], NULL, 10), in_block = BLOCK / width;
    if (width <= DIGITS + 1 || in_block == 0)
        return 1;
    char number[DIGITS];
    memset(number, '0', DIGITS);
    memset(block, 'x', BLOCK);
    for (size_t line = 0; line < in_block; line++)
        block[(line + 1) * width - 1] = '\n';
    tell(words[1], &now);
    while (left) {
        size_t lines = left < in_block ? left : in_block;
        for (size_t line = 0; line < lines; line++) {
            count_up(number);
            memcpy(block + line * width, number, DIGITS);
        }
        write_all(block, lines * width);
        left -= lines;
    }
    pause();
    return 0;
}
