/* What conmon takes for an OCI runtime: `create` starts BUNDLE/run with conmon's pipes and notes its pid, no more. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *value_of(char **words, const char *option) {
    for (; words[0]; words++)
        if (!strcmp(words[0], option))
            return words[1];
    return NULL;
}

int main(int count, char **words) {
    (void)count;
    const char *bundle = value_of(words, "--bundle"), *pid_file = value_of(words, "--pid-file");
    if (!bundle || !pid_file)
        return 0; /* kill, delete and so on: there is nothing to do */
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        if (chdir(bundle) == 0)
            execl("./run", "run", (char *)NULL);
        _exit(127);
    }
    char text[24];
    int length = snprintf(text, sizeof text, "%d", pid);
    int fd = open(pid_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    return pid < 0 || write(fd, text, (size_t)length) != length;
}
