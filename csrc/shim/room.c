#include "room.h"

#include <stddef.h>
#include <sys/mman.h>

struct room *room;

bool room_make(void) {
    void *made = mmap(NULL, sizeof *room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    room = made == MAP_FAILED ? NULL : made;
    return room;
}

void room_tidy(void) {
    madvise(room, sizeof *room, MADV_DONTNEED);
}
