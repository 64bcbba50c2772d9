#include "signals.h"

#include "check.h"

#include <ctype.h>
#include <signal.h>

/* Every signal's name means that signal: as it is, with SIG, in small letters, and as a number. */
static void round_trip(void) {
    for (int signal = 1; signal <= SIGNALS; signal++) {
        char text[32];
        const char *name = signal_name(signal);
        CHECK(strlen(name) > 0);
        CHECK_NUMBER(signal_number(name, (int)strlen(name)), signal);
        int length = snprintf(text, sizeof text, "%s%s", isdigit((unsigned char)name[0]) ? "" : "SIG", name);
        CHECK_NUMBER(signal_number(text, length), signal);
        for (int i = 0; i < length; i++)
            text[i] = (char)tolower((unsigned char)text[i]);
        CHECK_NUMBER(signal_number(text, length), signal);
        length = snprintf(text, sizeof text, "%d", signal);
        CHECK_NUMBER(signal_number(text, length), signal);
    }
}

static void names(void) {
    CHECK_TEXT(signal_name(SIGTERM), "TERM");
    CHECK_TEXT(signal_name(SIGCHLD), "CHLD");
    CHECK_TEXT(signal_name(32), "32");
    CHECK_TEXT(signal_name(33), "33");
    CHECK_TEXT(signal_name(34), "RTMIN");
    CHECK_TEXT(signal_name(37), "RTMIN+3");
    CHECK_TEXT(signal_name(63), "RTMAX-1");
    CHECK_TEXT(signal_name(64), "RTMAX");
}

static void number(const char *text, int wanted) {
    /* Exactly as long as it is, so that the sanitizer sees a read past its end. */
    size_t length = strlen(text);
    char *copy = malloc(length + !length);
    CHECK(copy != NULL);
    memcpy(copy, text, length);
    CHECK_NUMBER(signal_number(copy, (int)length), wanted);
    free(copy);
}

static void numbers(void) {
    number("0", 0);
    number("64", 64);
    number("65", -1);
    number("015", 15);
    number("99999999999999999999", -1);
    number("", -1);
    number("-1", -1);
    number("+15", -1);
    number("15 ", -1);
    number("SIG", -1);
    number("SIGSIGTERM", -1);
    number("TERMX", -1);
    number("TER", -1);
    number("SIG15", -1);
    number("sIgTeRm", SIGTERM);
    number("POLL", SIGIO);
    number("RTMIN", 34);
    number("SIGRTMIN+30", 64);
    number("RTMIN+31", -1);
    number("RTMIN-1", -1);
    number("RTMIN+", -1);
    number("RTMIN3", -1);
    number("RTMAX", 64);
    number("rtmax-30", 34);
    number("RTMAX-31", -1);
    number("RTMAX+1", -1);
    number("RTM", -1);
    number("RT", -1);
}

int main(void) {
    round_trip();
    names();
    numbers();
}
