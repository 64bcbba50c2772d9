#include "parse.h"

#include "check.h"

#include <signal.h>

static void durations(void) {
    static const struct {
        const char *text;
        int milliseconds; /* -1: refused */
    } cases[] = {
        {"0", 0},
        {"10", 10000},
        {"10s", 10000},
        {"500ms", 500},
        {"2m", 120000},
        {"1h", 3600000},
        {"007", 7000},
        {"2147483647ms", 2147483647},
        {"2147483", 2147483000},
        {"2147484", -1},
        {"596h", 2145600000},
        {"597h", -1},
        {"", -1},
        {"s", -1},
        {"-1", -1},
        {"+1", -1},
        {"1.5s", -1},
        {"1 s", -1},
        {"1S", -1},
        {"1sm", -1},
        {"1s ", -1},
        {" 1s", -1},
        {"1d", -1},
        {"99999999999999999999", -1},
        {"5ms5", -1},
        {"0x1", -1},
        {"1m30s", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int got = -1;
        bool good = parse_duration(cases[i].text, &got);
        if (got != cases[i].milliseconds)
            fprintf(stderr, "for \"%s\"\n", cases[i].text);
        CHECK_NUMBER(got, cases[i].milliseconds);
        CHECK(good == (cases[i].milliseconds >= 0));
    }
}

static void unsigned_numbers(void) {
    int value = -1;
    CHECK(parse_unsigned("12345", 2, 99, &value));
    CHECK_NUMBER(value, 12);
    CHECK(parse_unsigned("255", 3, 255, &value));
    CHECK_NUMBER(value, 255);
    CHECK(!parse_unsigned("256", 3, 255, &value));
    CHECK(!parse_unsigned("", 0, 255, &value));
    CHECK(!parse_unsigned("1x", 2, 255, &value));
    CHECK(!parse_unsigned("99999999999999999999", 20, INT32_MAX, &value));
    CHECK_NUMBER(value, 255);
}

static void booleans(void) {
    static const char *const yes[] = {"1", "yes", "true", "on", "YES", "True"};
    static const char *const no[] = {"0", "no", "false", "off", "", "No"};
    static const char *const neither[] = {"2", "y", "maybe", " 1", "truer", "00"};
    for (size_t i = 0; i < 6; i++) {
        bool value = false;
        CHECK(parse_boolean(yes[i], &value) && value);
        CHECK(parse_boolean(no[i], &value) && !value);
        CHECK(!parse_boolean(neither[i], &value));
    }
}

static void rewrites(void) {
    unsigned char rewrite[SIGNALS + 1];
    for (int i = 0; i <= SIGNALS; i++)
        rewrite[i] = (unsigned char)i;
    CHECK(parse_rewrites("15:3,SIGHUP:usr1,RTMIN+1:RTMAX-1,USR2:0", rewrite));
    CHECK_NUMBER(rewrite[SIGTERM], 3);
    CHECK_NUMBER(rewrite[SIGHUP], SIGUSR1);
    CHECK_NUMBER(rewrite[35], 63);
    CHECK_NUMBER(rewrite[SIGUSR2], 0);
    CHECK_NUMBER(rewrite[SIGINT], SIGINT);
    static const char *const bad[] = {"",    "15",   "15:",   ":3",     "15:3,", ",15:3",
                                      "0:3", "65:3", "15:65", "15:3:2", "15=3"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!parse_rewrites(bad[i], rewrite));
}

static void exit_maps(void) {
    unsigned char map[256] = {0};
    CHECK(parse_exit_maps("143,137:1,0:255", map));
    CHECK_NUMBER(map[143], 0);
    CHECK_NUMBER(map[137], 1);
    CHECK_NUMBER(map[0], 255);
    static const char *const bad[] = {"", "256", "1:256", "1:", ":1", "1,", "-1", "1:2:3", "x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!parse_exit_maps(bad[i], map));
}

static void delays(void) {
    int32_t delay[SIGNALS + 1] = {0};
    CHECK(parse_delays("TERM=5s,2=100ms,RTMAX=1", delay));
    CHECK_NUMBER(delay[SIGTERM], 5000);
    CHECK_NUMBER(delay[2], 100);
    CHECK_NUMBER(delay[64], 1000);
    static const char *const bad[] = {"",     "TERM",    "TERM=",   "=5s",       "TERM=5s,",
                                      "0=5s", "TERM:5s", "TERM=-1", "TERM=5s=6s"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!parse_delays(bad[i], delay));
}

int main(void) {
    durations();
    unsigned_numbers();
    booleans();
    rewrites();
    exit_maps();
    delays();
}
