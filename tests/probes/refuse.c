/* refuse ERRNO CALL[,CALL…] COMMAND…: runs COMMAND under a seccomp filter that answers these system calls, given by
 * number, with ERRNO. */
#include "raw.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

static const struct {
    const char *name;
    unsigned number;
} calls[] = {
    {"clone3", SYS_clone3},         {"close_range", SYS_close_range},
    {"pidfd_open", SYS_pidfd_open}, {"pidfd_send_signal", SYS_pidfd_send_signal},
    {"prctl", SYS_prctl},           {"rt_sigqueueinfo", SYS_rt_sigqueueinfo},
    {"setsid", SYS_setsid},         {"clone", SYS_clone},
};

static unsigned number_of(const char *name) {
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strcmp(calls[i].name, name) == 0)
            return calls[i].number;
    exit(95);
}

int main(int argc, char **argv) {
    struct sock_filter code[64] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
    unsigned short length = 1;
    if (argc < 4)
        return 98;
    unsigned answer = SECCOMP_RET_ERRNO | (unsigned)atoi(argv[1]);
    for (char *call = strtok(argv[2], ","); call && length < 61; call = strtok(NULL, ",")) {
        code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number_of(call), 0, 1);
        code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer);
    }
    code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {length, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
        return 97;
    execvp(argv[3], argv + 3);
    return 96;
}
