/* How long each command takes from spawn to reaped. */
#include "rounds.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int64_t run(char **command) {
    pid_t child;
    int status;
    int64_t start = now_ns();
    if (posix_spawn(&child, command[0], NULL, NULL, command, environ) != 0)
        fail(command[0]);
    if (waitpid(child, &status, 0) != child)
        fail("waitpid");
    int64_t took = now_ns() - start;
    if (status != 0) {
        fprintf(stderr, "%s: ended with wait status %d\n", command[0], status);
        exit(1);
    }
    return took;
}

int main(int argc, char **argv) {
    char **commands[CANDIDATES];
    int rounds = argc > 1 ? atoi(argv[1]) : 0, count = candidates_of(argv, commands), order[CANDIDATES];
    int64_t *took = calloc((size_t)rounds * count + 1, sizeof *took);
    for (int i = 0; i < count; i++)
        order[i] = i;
    for (int round = -1; round < rounds; round++) { /* round -1 fills the caches */
        shuffle(order, count);
        for (int i = 0; i < count; i++) {
            int64_t one = run(commands[order[i]]);
            if (round >= 0)
                took[round * count + order[i]] = one;
        }
    }
    print_rounds(took, rounds, count);
    return 0;
}
