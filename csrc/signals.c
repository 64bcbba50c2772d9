#include "signals.h"

#include <signal.h>
#include <string.h>

enum { RTMIN = 34, RTMAX = 64, RT_MIDDLE = 49, STANDARD = 32, NAME = 7 };

/* Numbers differ between architectures (mips, sparc), so the libc's header says them. */
static const char names[STANDARD][NAME] = {
    [SIGHUP] = "HUP",       [SIGINT] = "INT",   [SIGQUIT] = "QUIT", [SIGILL] = "ILL",   [SIGTRAP] = "TRAP",
    [SIGABRT] = "ABRT",     [SIGBUS] = "BUS",   [SIGFPE] = "FPE",   [SIGKILL] = "KILL", [SIGUSR1] = "USR1",
    [SIGSEGV] = "SEGV",     [SIGUSR2] = "USR2", [SIGPIPE] = "PIPE", [SIGALRM] = "ALRM", [SIGTERM] = "TERM",
    [SIGCHLD] = "CHLD",     [SIGCONT] = "CONT", [SIGSTOP] = "STOP", [SIGTSTP] = "TSTP", [SIGTTIN] = "TTIN",
    [SIGTTOU] = "TTOU",     [SIGURG] = "URG",   [SIGXCPU] = "XCPU", [SIGXFSZ] = "XFSZ", [SIGPROF] = "PROF",
    [SIGWINCH] = "WINCH",   [SIGIO] = "IO",     [SIGPWR] = "PWR",   [SIGSYS] = "SYS",
#ifdef SIGSTKFLT
    [SIGSTKFLT] = "STKFLT",
#endif
    [SIGVTALRM] = "VTALRM",
};

static const struct {
    char name[NAME];
    unsigned char signal;
} aliases[] = {{"IOT", SIGABRT}, {"POLL", SIGIO}, {"CLD", SIGCHLD}, {"UNUSED", SIGSYS}};

/* Appends number, which is below 100, and a NUL. */
static void append(char *at, int number) {
    if (number > 9)
        *at++ = (char)('0' + number / 10);
    *at++ = (char)('0' + number % 10);
    *at = '\0';
}

const char *signal_name(int signal) {
    static char name[sizeof "RTMIN+15"];
    if (signal > 0 && signal < STANDARD && names[signal][0])
        return names[signal];
    if (signal == RTMIN)
        return "RTMIN";
    if (signal == RTMAX)
        return "RTMAX";
    if (signal < 0 || signal > RTMAX)
        return "?";
    if (signal < RTMIN) {
        append(name, signal);
        return name;
    }
    bool low = signal <= RT_MIDDLE;
    memcpy(name, low ? "RTMIN+" : "RTMAX-", 6);
    append(name + 6, low ? signal - RTMIN : RTMAX - signal);
    return name;
}

/* Whether text's first characters are those of word, in any case; word is in capitals. */
static bool begins(const char *text, int length, const char *word) {
    int i = 0;
    for (; word[i]; i++) {
        if (i == length)
            return false;
        char letter = text[i];
        if (letter >= 'a' && letter <= 'z')
            letter = (char)(letter - 'a' + 'A');
        if (letter != word[i])
            return false;
    }
    return true;
}

static bool same(const char *text, int length, const char *word) {
    return length == (int)strlen(word) && begins(text, length, word);
}

/* A decimal number up to SIGNALS, or -1. */
static int number(const char *text, int length) {
    if (length < 1)
        return -1;
    int value = 0;
    for (int i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
        if (value > SIGNALS)
            return -1;
    }
    return value;
}

/* RTMIN, RTMIN+N, RTMAX, RTMAX-N; -1 for everything else. */
static int real_time(const char *text, int length) {
    bool low = begins(text, length, "RTMIN");
    if (!low && !begins(text, length, "RTMAX"))
        return -1;
    int base = low ? RTMIN : RTMAX;
    if (length == 5)
        return base;
    int offset = number(text + 6, length - 6);
    if (text[5] != (low ? '+' : '-') || offset < 0 || offset > RTMAX - RTMIN)
        return -1;
    return low ? base + offset : base - offset;
}

int signal_number(const char *text, int length) {
    if (length > 0 && text[0] >= '0' && text[0] <= '9')
        return number(text, length);
    if (begins(text, length, "SIG")) {
        text += 3;
        length -= 3;
    }
    for (int signal = 1; signal < STANDARD; signal++) {
        if (names[signal][0] && same(text, length, names[signal]))
            return signal;
    }
    for (unsigned i = 0; i < sizeof aliases / sizeof *aliases; i++) {
        if (same(text, length, aliases[i].name))
            return aliases[i].signal;
    }
    return real_time(text, length);
}
