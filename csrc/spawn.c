/* vfork, not fork: the child borrows our memory and we sleep until it has executed the command. So nothing is copied,
 * the child's errors come back in plain variables, and no signal can be forwarded before the child's session and group
 * are there: what arrives meanwhile stays queued. The child may only make system calls and write to what is volatile or
 * its own. */
#include "spawn.h"

#include "environment.h"
#include "execute.h"
#include "identity.h"
#include "say.h"
#include "terminal.h"
#include "user.h"

#include <errno.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum step {
    STEP_NONE,
    STEP_SESSION,
    STEP_GROUPS,
    STEP_GROUP,
    STEP_USER,
    STEP_PRIVILEGES,
    STEP_DIRECTORY,
    STEP_EXECUTE
};

/* Written by the child, read by the parent once it goes on. */
static volatile struct {
    enum step step;
    int error;
} failed;

[[gnu::noreturn]] static void fail(enum step step) {
    failed.error = errno;
    failed.step = step;
    _exit(127);
}

/* Raw calls: a libc's setuid() sends signals to its threads, of which a vforked child has somebody else's. */
static void become(const struct user *user) {
    if (syscall(SET_GROUPS, (size_t)user->group_count, user->groups))
        fail(STEP_GROUPS);
    if (syscall(SET_GID, user->gid, user->gid, user->gid))
        fail(STEP_GROUP);
    if (syscall(SET_UID, user->uid, user->uid, user->uid))
        fail(STEP_USER);
}

[[gnu::noreturn]] static void child(const struct config *config, const struct inherited *inherited,
                                    const struct user *user, struct environment *environment) {
    if (terminal_enter(config->session))
        fail(STEP_SESSION);
    if (environment)
        environment_pid(environment, getpid());
    if (user)
        become(user);
    if (config->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        fail(STEP_PRIVILEGES);
    if (config->chdir && chdir(config->chdir))
        fail(STEP_DIRECTORY);
    signals_give_back(inherited);
    execute(config->command, environment ? environment->variables : environ);
    fail(STEP_EXECUTE);
}

[[gnu::noreturn]] static void explain(const struct config *config) {
    errno = failed.error;
    switch (failed.step) {
    case STEP_SESSION:
        die(config->own_error, "cannot make a session or process group: %m");
    case STEP_GROUPS:
        die(config->own_error, "--user \"%s\": cannot set the supplementary groups: %m", config->user);
    case STEP_GROUP:
        die(config->own_error, "--user \"%s\": cannot set the group: %m", config->user);
    case STEP_USER:
        die(config->own_error, "--user \"%s\": cannot set the user: %m", config->user);
    case STEP_PRIVILEGES:
        die(config->own_error, "--no-new-privs: %m");
    case STEP_DIRECTORY:
        die(config->own_error, "--chdir \"%s\": %m", config->chdir);
    case STEP_NONE:
    case STEP_EXECUTE:
        break;
    }
    /* tini has 126 and 127 for these two errors alone. */
    if (config->persona == TINI && errno != ENOENT && errno != EACCES)
        die(config->own_error, "cannot run \"%s\": %m", config->command[0]);
    if (errno == ENOENT || errno == ENOTDIR)
        die(config->not_found, "cannot run \"%s\": %m", config->command[0]);
    if (errno == ELIBBAD)
        die(config->cannot_exec, "cannot run \"%s\": its interpreter was not found", config->command[0]);
    die(config->cannot_exec, "cannot run \"%s\": %m", config->command[0]);
}

/* The rare case, whose frame is large. */
[[gnu::noinline]] static pid_t start_changed(const struct config *config, const struct inherited *inherited) {
    struct user user;
    if (config->user)
        user_find(&user, config->user, config->own_error);
    char *variables[environment_count() + ENVIRONMENT_EXTRA];
    struct environment environment = {.variables = variables};
    environment_make(&environment, config->user ? &user : NULL);
    pid_t pid = vfork();
    if (pid == 0)
        child(config, inherited, config->user ? &user : NULL, &environment);
    return pid;
}

static pid_t start(const struct config *config, const struct inherited *inherited) {
    pid_t pid = vfork();
    if (pid == 0)
        child(config, inherited, NULL, NULL);
    return pid;
}

pid_t spawn(const struct config *config, const struct inherited *inherited) {
    pid_t pid = config->user || environment_changes() ? start_changed(config, inherited) : start(config, inherited);
    if (pid < 0)
        die(config->own_error, "cannot start a process: %m");
    if (failed.step != STEP_NONE) {
        waitpid(pid, NULL, 0);
        explain(config);
    }
    return pid;
}
