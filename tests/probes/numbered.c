/* numbered BOOK LINES CODE [DAEMON]: writes lines of RUN * 10^9 + NUMBER as fast as it can, and keeps books about it.
 *
 * BOOK is a file with a record for each run: how many lines were written, and the exit code that is meant. It is locked
 * by the run, so two runs at the same time are seen (exit code 90), and mapped, so what a killed run has written is
 * known up to its last write(2). A write is no longer than PIPE_BUF: the kernel takes it whole or not at all.
 * After LINES lines (0: never) the run ends with (CODE + RUN) % 64. With DAEMON it leaves a process behind in a session
 * of its own, which locks that file: the next run sees whether it still lives (exit code 91). */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

enum { RUNS = 65536, LINE = 17, AT_ONCE = 4096 / LINE * LINE };

struct run {
    uint64_t lines; /* that were written, all of them */
    int32_t pid;
    int32_t code; /* -1 until it ends by itself */
};

struct book {
    uint64_t runs, twice;
    struct run run[RUNS];
};

static void leave_daemon(const char *path) {
    int ready[2];
    char byte;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || flock(file, LOCK_EX | LOCK_NB) || pipe(ready))
        _exit(91);
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            close(ready[1]);
            for (;;)
                pause(); /* it holds the lock, as its open file is ours */
        }
        _exit(0);
    }
    close(ready[1]);
    if (read(ready[0], &byte, 1) != 0)
        _exit(92);
    close(ready[0]);
    close(file);
}

int main(int argc, char **argv) {
    if (argc < 4)
        return 99;
    int file = open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, sizeof(struct book)))
        return 98;
    struct book *book = mmap(NULL, sizeof *book, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (book == MAP_FAILED)
        return 97;
    if (flock(file, LOCK_EX | LOCK_NB)) {
        book->twice++;
        return 90;
    }
    if (book->runs == RUNS)
        return 96;
    uint64_t number = ++book->runs;
    struct run *run = &book->run[number - 1];
    run->code = -1;
    run->pid = getpid();
    if (argc > 4)
        leave_daemon(argv[4]);
    uint64_t most = strtoull(argv[2], NULL, 10);
    char text[AT_ONCE + 1];
    while (!most || run->lines < most) {
        uint64_t lines = run->lines;
        size_t length = 0;
        while (length < AT_ONCE && (!most || lines < most))
            length += (size_t)snprintf(text + length, LINE + 1, "%07u%09u\n", (unsigned)number, (unsigned)lines++);
        if (write(STDOUT_FILENO, text, length) != (ssize_t)length)
            return 95;
        run->lines = lines;
    }
    run->code = (int32_t)((strtoull(argv[3], NULL, 10) + number) % 64);
    return run->code;
}
