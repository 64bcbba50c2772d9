#include "say.h"

#include "check.h"

#include <errno.h>
#include <limits.h>

static char said[4000];

static void values(const void *unused) {
    (void)unused;
    warn("%s, %c, %d, %d, %u, %ld, %lu, 100 %%", "text", 'c', 7, INT_MIN, UINT_MAX, LONG_MIN, ULONG_MAX);
}

static void error_text(const void *unused) {
    (void)unused;
    errno = ENOENT;
    warn("it is %m");
    if (errno != ENOENT)
        _exit(9);
}

static void all_levels(const void *verbosity) {
    say_as("tini", *(const int *)verbosity);
    warn("w");
    note("n");
    trace("t");
    die(3, "d");
}

static void long_line(const void *text) {
    warn("%s!", (const char *)text);
}

static void nowhere(const void *unused) {
    (void)unused;
    close(STDERR_FILENO);
    warn("nobody hears this");
}

int main(void) {
    char wanted[400], text[3000];
    CHECK_NUMBER(in_child(values, NULL, said, sizeof said), 0);
    snprintf(wanted, sizeof wanted, "pyinit: text, c, 7, %d, %u, %ld, %lu, 100 %%\n", INT_MIN, UINT_MAX, LONG_MIN,
             ULONG_MAX);
    CHECK_TEXT(said, wanted);
    CHECK_NUMBER(in_child(error_text, NULL, said, sizeof said), 0);
    CHECK_TEXT(said, "pyinit: it is no such file or directory\n");
    static const char *const levels[] = {"tini: d\n", "tini: w\ntini: d\n", "tini: w\ntini: n\ntini: d\n",
                                         "tini: w\ntini: n\ntini: t\ntini: d\n"};
    for (int verbosity = -1; verbosity <= 2; verbosity++) {
        CHECK_NUMBER(in_child(all_levels, &verbosity, said, sizeof said), 3);
        CHECK_TEXT(said, levels[verbosity + 1]);
    }
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    CHECK_NUMBER(in_child(long_line, text, said, sizeof said), 0);
    CHECK_NUMBER(strlen(said), 1001);
    CHECK(said[1000] == '\n' && said[999] == 'x');
    CHECK_NUMBER(in_child(nowhere, NULL, said, sizeof said), 0);
}
