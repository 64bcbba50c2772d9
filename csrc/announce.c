#include "announce.h"

#include "numbers.h"
#include "say.h"
#include "signals.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char name[64]; /* kernel threads have more than the 15 of others */

void announce_learn(pid_t pid) {
    char path[32] = "/proc/";
    strcpy(put_number(path + 6, (unsigned long)pid), "/comm");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, name, sizeof name - 1);
    if (fd >= 0)
        close(fd);
    if (length > 0 && name[length - 1] == '\n')
        length--;
    strcpy(name + (length > 0 ? length : 0), length > 0 ? "" : "?");
}

void announce(pid_t pid, int status) {
    if (WIFSIGNALED(status))
        warn("reaped orphan %d (%s): killed by SIG%s", (int)pid, name, signal_name(WTERMSIG(status)));
    else
        warn("reaped orphan %d (%s): exit code %d", (int)pid, name, WEXITSTATUS(status));
}
