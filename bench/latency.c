/* How long it takes from kill(INIT, USR1) until a byte comes from the application under it (echo.c). All inits stay
 * alive together; one signal is under way at a time. */
#include "rounds.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct running {
    pid_t pid;
    int hold; /* the application ends when this closes */
    int answers;
};

static void await(const struct running *one, char expected) {
    char byte;
    if (read(one->answers, &byte, 1) != 1 || byte != expected) {
        fprintf(stderr, "no answer under pid %d\n", one->pid);
        exit(1);
    }
}

static struct running start(char **command) {
    int input[2], output[2];
    if (pipe2(input, O_CLOEXEC) || pipe2(output, O_CLOEXEC))
        fail("pipe2");
    struct running one = {.hold = input[1], .answers = output[0]};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input[0], 0);
    posix_spawn_file_actions_adddup2(&actions, output[1], 1);
    if (posix_spawn(&one.pid, command[0], &actions, NULL, command, environ) != 0)
        fail(command[0]);
    close(input[0]);
    close(output[1]);
    await(&one, 'r');
    return one;
}

static int64_t round_trip(const struct running *one) {
    int64_t start = now_ns();
    kill(one->pid, SIGUSR1);
    await(one, 's');
    return now_ns() - start;
}

int main(int argc, char **argv) {
    char **commands[CANDIDATES];
    int rounds = argc > 1 ? atoi(argv[1]) : 0, count = candidates_of(argv, commands), order[CANDIDATES];
    int64_t *took = calloc((size_t)rounds * count + 1, sizeof *took);
    struct running running[CANDIDATES];
    for (int i = 0; i < count; i++) {
        order[i] = i;
        running[i] = start(commands[i]);
    }
    for (int round = -10; round < rounds; round++) { /* those below 0 fill the caches */
        shuffle(order, count);
        for (int i = 0; i < count; i++) {
            int64_t one = round_trip(&running[order[i]]);
            if (round >= 0)
                took[round * count + order[i]] = one;
        }
    }
    print_rounds(took, rounds, count);
    for (int i = 0; i < count; i++) {
        close(running[i].hold);
        waitpid(running[i].pid, NULL, 0);
    }
    return 0;
}
