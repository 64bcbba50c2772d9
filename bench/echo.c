/* The application under a measured init: writes a byte when it is ready and one for each USR1; ends at the end of its
 * standard input, or by any other signal. */
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

int main(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, 0);
    int signals = signalfd(-1, &set, SFD_CLOEXEC);
    struct pollfd watched[] = {{.fd = signals, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    struct signalfd_siginfo seen;

    char byte = 'r';
    while (write(1, &byte, 1) == 1) {
        while (poll(watched, 2, -1) < 0)
            ;
        if (watched[1].revents || read(signals, &seen, sizeof seen) != sizeof seen)
            break;
        byte = 's';
    }
    return 0;
}
