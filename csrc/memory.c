/* Two thirds of the program are options, help and start-up. Its pages are clean copies of the file, so they can go at
 * any time; but a page fault brings back not one page, but 64 kB around it, as far as its mapping goes: all of us. So
 * every page is made a mapping of its own, by an advice that differs from its neighbour's and means nothing to a page
 * that is in the page cache already. */
#include "memory.h"

#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

extern const ElfW(Ehdr) __ehdr_start; /* by the linker: the program's own header, at its start */

enum {
    PAGES_AT_MOST = 16,      /* a mapping each; a larger program (static glibc) is dropped in one piece */
    STACK_USED = 128 * 1024, /* by start-up, at most */
    STACK_IN_USE = 256,      /* below our frame, by this call and those it makes */
};

static void drop_segment(uintptr_t from, uintptr_t to, uintptr_t page) {
    from &= ~(page - 1);
    to = (to + page - 1) & ~(page - 1);
    if ((to - from) / page <= PAGES_AT_MOST) {
        for (uintptr_t at = from; at < to; at += 2 * page)
            madvise((void *)at, page, MADV_RANDOM);
    }
    madvise((void *)from, to - from, MADV_DONTNEED);
}

static void drop_program(uintptr_t page) {
    if (__ehdr_start.e_type != ET_EXEC)
        return; /* position-independent: its addresses are not where it is */
    const ElfW(Phdr) *segment = (const ElfW(Phdr) *)((uintptr_t)&__ehdr_start + __ehdr_start.e_phoff);
    for (int i = 0; i < __ehdr_start.e_phnum; i++) {
        if (segment[i].p_type == PT_LOAD && !(segment[i].p_flags & PF_W))
            drop_segment(segment[i].p_vaddr, segment[i].p_vaddr + segment[i].p_memsz, page);
    }
}

void memory_release(void) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t used = ((uintptr_t)__builtin_frame_address(0) - STACK_IN_USE) & ~(page - 1);
    /* ENOMEM for what was never mapped is no error. */
    madvise((void *)(used - STACK_USED), STACK_USED, MADV_DONTNEED);
    drop_program(page);
}
