#include "errors.h"

#include "numbers.h"

#include <errno.h>
#include <string.h>

static const struct {
    unsigned char error;
    char text[27];
} known[] = {
    {E2BIG, "argument list too long"},
    {EACCES, "permission denied"},
    {EAGAIN, "too many processes"}, /* what fork and exec mean by it; nothing else of ours gives it */
    {EBADF, "bad file descriptor"},
    {EBUSY, "device or resource busy"},
    {EDQUOT, "disk quota exceeded"},
    {EFBIG, "file too large"},
    {EINVAL, "invalid argument"},
    {EIO, "input/output error"},
    {EISDIR, "is a directory"},
    {ELOOP, "too many symbolic links"},
    {EMFILE, "too many open files"},
    {ENAMETOOLONG, "file name too long"},
    {ENFILE, "too many open files"},
    {ENODEV, "no such device"},
    {ENOENT, "no such file or directory"},
    {ENOEXEC, "exec format error"},
    {ENOMEM, "out of memory"},
    {ENOSPC, "no space left on device"},
    {ENOSYS, "not implemented"},
    {ENOTDIR, "not a directory"},
    {ENXIO, "no such device or address"},
    {EPERM, "operation not permitted"},
    {EPIPE, "broken pipe"},
    {EROFS, "read-only file system"},
    {ETXTBSY, "text file busy"},
};

const char *error_text(int error, char *text) {
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].error == error)
            return known[i].text;
    }
    strcpy(text, "error ");
    put_number(text + 6, (unsigned long)error);
    return text;
}
