#include "numbers.h"

#include <limits.h>
#include <stdbool.h>

char *put_number(char *at, unsigned long number) {
    char digits[24];
    int length = 0;
    do
        digits[length++] = (char)('0' + number % 10);
    while (number /= 10);
    while (length)
        *at++ = digits[--length];
    *at = 0;
    return at;
}

const char *get_number(const char *text, pid_t *number) {
    const char *at = text;
    long value = 0;
    while (*at >= '0' && *at <= '9' && value <= (INT_MAX - 9) / 10)
        value = value * 10 + *at++ - '0';
    bool is_number = at > text && !(*at >= '0' && *at <= '9');
    *number = is_number ? (pid_t)value : -1;
    return is_number ? at : text;
}
