/* The lines pyinit prints on standard error, without stdio (which would stay resident). */
#pragma once

/* What the lines begin with ("pyinit") and how much is said: struct config's verbosity. */
void say_as(const char *name, int verbosity);

/* One line "NAME: …", in one write. Knows %s %d %u %ld %lu %c %% and %m (errno's text), nothing else; lines over
 * 1,000 bytes are cut. errno is kept. */
[[gnu::format(printf, 1, 2)]] void warn(const char *format, ...);  /* unless --quiet */
[[gnu::format(printf, 1, 2)]] void note(const char *format, ...);  /* with -v */
[[gnu::format(printf, 1, 2)]] void trace(const char *format, ...); /* with -vv */

/* Says it whatever the verbosity is, and exits with code. For start-up alone: after it, an error is a warning. */
[[gnu::noreturn, gnu::format(printf, 2, 3)]] void die(int code, const char *format, ...);
