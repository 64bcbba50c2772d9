/* pyinit-shim: owns one service's process and the descriptors that outlive supervisors. A supervisor starts it with a
 * connection as descriptor 3, and tells it what to do: docs/protocol.md. */
#include "../mask.h"
#include "../say.h"
#include "call.h"
#include "link.h"
#include "loop.h"
#include "room.h"
#include "shim.h"
#include "slots.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CONNECTION_FD = 3, OWN_ERROR = 125 };

/* The application is to have all signals at their default, whatever the supervisor did with its own. */
static void reset_signals(void) {
    static const struct kernel_action normal;
    struct inherited inherited;
    signals_take(&inherited);
    for (int signal = 1; signal <= SIGNAL_MAX; signal++)
        syscall(SYS_rt_sigaction, signal, &normal, NULL, sizeof inherited.mask);
}

static void check_connection(void) {
    int type = 0;
    socklen_t size = sizeof type;
    if (getsockopt(CONNECTION_FD, SOL_SOCKET, SO_TYPE, &type, &size) || type != SOCK_SEQPACKET)
        die(OWN_ERROR, "it is started by pyinit's supervisor, with a connection as descriptor 3");
}

static void start_knowing(struct shim *shim) {
    shim->self = getpid();
    shim->umask = umask(0077);
    shim->link.listener = shim->link.connection = shim->link.status_from = -1;
    shim->calling.config = -1;
    shim->report.retry_at = NEVER;
    shim->untidy = true;
    slots_clear(shim);
}

/* Nothing that our starter had open is passed on, or kept open. */
static void close_others(void) {
    syscall(SYS_close_range, CONNECTION_FD + 1, ~0U, 0); /* ENOSYS: descriptors made by Python are closed on exec */
}

int main(int argc, char **argv) {
    static struct shim shim;

    say_as("pyinit-shim", 0);
    if (argc > 1 && strcmp(argv[1], "--version") == 0)
        die(0, "version %s", PYINIT_VERSION);
    check_connection();
    reset_signals();
    close_others();
    start_knowing(&shim);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
        die(OWN_ERROR, "cannot become a subreaper: %m");
    if (!room_make())
        die(OWN_ERROR, "no memory: %m");
    shim.signals = signals_open();
    if (shim.signals < 0)
        die(OWN_ERROR, "cannot wait for signals: %m");
    fcntl(CONNECTION_FD, F_SETFD, FD_CLOEXEC);
    link_begin(&shim.link, CONNECTION_FD);
    loop(&shim);
    return shim.code;
}
