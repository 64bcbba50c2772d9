/* Two thirds of the program are options, help and start-up: the linker script puts them first, up to hot_start. Their
 * pages are clean copies of the file and can go at any time; but a page fault brings back not one page, but 64 kB
 * around it, as far as its mapping goes: all of us. So the cold part is made a mapping of its own first, by an advice
 * that means nothing to pages that are in the page cache already. If one of them is needed after all (a warning), it
 * comes back. */
#include "memory.h"

#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

extern const ElfW(Ehdr) __ehdr_start; /* by the linker: the program's own header, at its start */

/* By small.ld; NULL where that was not used (glibc, another linker). */
extern const char hot_start[] __attribute__((weak));

enum {
    STACK_USED = 128 * 1024, /* by start-up, at most */
    STACK_IN_USE = 256,      /* below our frame, by this call and those it makes */
};

static void drop_program(uintptr_t page) {
    uintptr_t from = (uintptr_t)&__ehdr_start;
    uintptr_t to = (uintptr_t)hot_start & ~(page - 1);
    if (to <= from)
        return;
    madvise((void *)from, to - from, MADV_RANDOM);
    madvise((void *)from, to - from, MADV_DONTNEED);
}

void memory_release(void) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t used = ((uintptr_t)__builtin_frame_address(0) - STACK_IN_USE) & ~(page - 1);
    /* ENOMEM for what was never mapped is no error. */
    madvise((void *)(used - STACK_USED), STACK_USED, MADV_DONTNEED);
    drop_program(page);
}
