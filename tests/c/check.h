/* What a unit test in C needs: checks that say where they fail, and a child to try what ends the process. */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(holds) check((holds), __FILE__, __LINE__, #holds)
#define CHECK_NUMBER(got, wanted) check_number((long long)(got), (long long)(wanted), __FILE__, __LINE__, #got)
#define CHECK_TEXT(got, wanted) check_text((got), (wanted), __FILE__, __LINE__, #got)

static inline void check(bool holds, const char *file, int line, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    exit(1);
}

static inline void check_number(long long got, long long wanted, const char *file, int line, const char *what) {
    if (got == wanted)
        return;
    fprintf(stderr, "%s:%d: %s is %lld, not %lld\n", file, line, what, got, wanted);
    exit(1);
}

static inline void check_text(const char *got, const char *wanted, const char *file, int line, const char *what) {
    if (strcmp(got, wanted) == 0)
        return;
    fprintf(stderr, "%s:%d: %s is\n  %s\nnot\n  %s\n", file, line, what, got, wanted);
    exit(1);
}

/* Does it in a child, whose exit code is returned (-1 if a signal killed it, 0 if it came back from act); what it
 * wrote on standard error is put into said. */
static inline int in_child(void (*act)(const void *), const void *with, char *said, int size) {
    int ends[2], status, length = 0;
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        act(with);
        _exit(0);
    }
    close(ends[1]);
    ssize_t more;
    while (length < size - 1 && (more = read(ends[0], said + length, (size_t)(size - 1 - length))) > 0)
        length += (int)more;
    said[length] = '\0';
    close(ends[0]);
    CHECK(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Writes text to a file of that name in the working directory. */
static inline void put(const char *name, const char *text) {
    FILE *file = fopen(name, "w");
    CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
}
