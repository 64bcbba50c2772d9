#include "slots.h"

#include <errno.h>
#include <unistd.h>

void slots_clear(struct shim *shim) {
    for (unsigned i = 0; i < SLOTS; i++)
        shim->slots[i].fd = -1;
}

int slots_keep(struct shim *shim, unsigned slot, int fd, int32_t tag) {
    if (slot >= SLOTS) {
        if (fd >= 0)
            close(fd);
        return EINVAL;
    }
    if (shim->slots[slot].fd >= 0)
        close(shim->slots[slot].fd);
    shim->slots[slot] = (struct slot){.fd = fd, .tag = tag};
    return 0;
}

int slots_get(const struct shim *shim, unsigned slot) {
    if (slot == SLOT_CONFIG)
        return shim->calling.config;
    return slot < SLOTS ? shim->slots[slot].fd : -1;
}

int slots_watch(struct shim *shim, unsigned slot, bool watched) {
    if (slot >= SLOTS)
        return EINVAL;
    if (shim->slots[slot].fd < 0)
        return ENOENT;
    shim->slots[slot].watched = watched;
    return 0;
}
