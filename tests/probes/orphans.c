/* orphans N [CODE]: makes N orphans that all die at once, says so, and stays until the end of its standard input. */
#include "raw.h"
#include <sys/wait.h>

int main(int argc, char **argv) {
    int count = atoi(argv[1]), code = argc > 2 ? atoi(argv[2]) : 0;
    int life[2], end[2];
    char byte;
    if (pipe(life) || pipe(end))
        return 98;
    pid_t mother = fork();
    if (mother == 0) {
        close(life[1]);
        close(end[0]);
        for (int i = 0; i < count; i++) {
            pid_t child = fork();
            if (child < 0)
                _exit(96);
            if (child == 0) {
                if (read(life[0], &byte, 1))
                    _exit(95);
                _exit(code);
            }
        }
        _exit(0);
    }
    close(end[1]);
    int status;
    waitpid(mother, &status, 0);
    if (status)
        return 97;
    close(life[1]);             /* now they die … */
    if (read(end[0], &byte, 1)) /* … and the last one to do so ends this */
        return 94;
    dprintf(1, "orphans dead %d\n", count);
    while (read(0, &byte, 1) > 0)
        ;
    return 0;
}
