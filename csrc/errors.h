/* What errno says, in a few words. A libc's strerror() knows every error there is, and takes a twentieth of our size.
 */
#pragma once

enum { ERROR_TEXT = 32 };

/* "permission denied", or "error 123" for what no system call of ours gives; in text, ERROR_TEXT bytes. */
const char *error_text(int error, char *text);
