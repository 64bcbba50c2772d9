/* start [-b SIGNALS] [-i SIGNALS] [-x DESCRIPTORS] [-p PROCESSES] COMMAND…: runs COMMAND with exactly these signals
 * blocked (-b) and ignored (-i), these descriptors closed, and so many processes allowed. Lists are N,N,…. */
#include "raw.h"
#include <sys/resource.h>

static void each(char *list, void (*act)(int)) {
    for (char *number = strtok(list, ","); number; number = strtok(NULL, ","))
        act(atoi(number));
}

static uint64_t mask;

static void block(int number) {
    mask |= bit(number);
}

static void ignore(int number) {
    set_ignored(number, 1);
}

static void shut(int fd) {
    close(fd);
}

static void limit(int processes) {
    struct rlimit most = {(rlim_t)processes, (rlim_t)processes};
    setrlimit(RLIMIT_NPROC, &most);
}

int main(int argc, char **argv) {
    int option;
    for (int number = 1; number <= 64; number++)
        set_ignored(number, 0);
    while ((option = getopt(argc, argv, "+b:i:x:p:")) != -1)
        each(optarg, option == 'b' ? block : option == 'i' ? ignore : option == 'x' ? shut : limit);
    set_mask(mask);
    execvp(argv[optind], argv + optind);
    return 97;
}
