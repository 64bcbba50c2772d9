#include "span.h"

size_t span(const char *text, char end) {
    size_t length = 0;
    while (text[length] && text[length] != end)
        length++;
    return length;
}
