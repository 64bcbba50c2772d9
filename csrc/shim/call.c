#include "call.h"

#include "../clock.h"
#include "../mask.h"
#include "../say.h"
#include "files.h"
#include "link.h"
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DELAY_FIRST_MS = 100, DELAY_LAST_MS = 1000, LOCK_FD = 4 };

static bool is_wanted(const struct calling *calling) {
    return (calling->wanted && !calling->resting) || calling->woken;
}

/* Listens anew if the path is a new one, or nobody would find us there. */
static int listen_at(struct link *link, const char *path) {
    return link_is_at(link, path) ? 0 : link_listen(link, path);
}

int call_configure(struct shim *shim, const void *body, size_t length, int flags) {
    struct settings settings;
    if (!settings_parse(&settings, (char *)(uintptr_t)body, length))
        return EINVAL;
    int memory = files_memory("pyinit-config");
    if (memory < 0)
        return errno;
    int error = write(memory, body, length) == (ssize_t)length ? listen_at(&shim->link, settings.socket) : ENOMEM;
    if (error) {
        close(memory);
        return error;
    }
    if (shim->calling.config >= 0)
        close(shim->calling.config);
    shim->calling.config = memory;
    shim->calling.wanted = flags & CONFIG_CALL;
    shim->calling.unsynced = flags & CONFIG_UNSYNCED;
    return 0;
}

void call_begin(struct shim *shim) {
    shim->calling.woken = shim->calling.complained = false;
    shim->calling.delay_ms = DELAY_FIRST_MS;
    shim->calling.next_at = now_ms();
}

/* What the child needs to become a supervisor. */
struct start {
    const struct shim *shim;
    char **arguments, **variables;
    int lock;
    volatile int error;
};

static int become_supervisor(void *data) {
    static const struct inherited nothing; /* no signal is blocked */
    struct start *start = data;
    setsid();
    umask(start->shim->umask);
    /* dup2() onto itself would leave it closed on exec. */
    int lock = start->lock == LOCK_FD ? dup(start->lock) : start->lock;
    if (dup2(lock, LOCK_FD) >= 0) {
        if (lock != start->lock)
            close(lock);
        signals_give_back(&nothing);
        execve(start->arguments[0], start->arguments, start->variables);
    }
    start->error = errno;
    _exit(127);
}

/* As our sibling, so that it is not among the service's descendants. PID 1 cannot have siblings. */
static int start_supervisor(const struct shim *shim, const struct settings *settings, int lock) {
    enum { FLAGS = CLONE_VM | CLONE_VFORK | SIGCHLD };
    _Alignas(16) char stack[8192];
    char *words[CALL_LIMIT + 2];
    struct start start = {.shim = shim, .arguments = words, .lock = lock};
    start.variables = settings_words(settings, words);
    int flags = shim->self == 1 ? FLAGS : FLAGS | CLONE_PARENT;
    if (clone(become_supervisor, stack + sizeof stack, flags, &start) < 0)
        return errno;
    return start.error;
}

static void complain(struct shim *shim, const char *what) {
    if (!shim->calling.complained)
        warn("%s: %m", what);
    shim->calling.complained = true;
}

static int open_lock(const char *path) {
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0 && errno == ENOENT) {
        files_make_parents(path);
        lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    }
    return lock;
}

/* The lock goes over to the supervisor with the descriptor; where nobody could be started, it is free again. */
static void try_call(struct shim *shim, const struct settings *settings) {
    int lock = open_lock(settings->lock);
    if (lock < 0) {
        complain(shim, "cannot open the supervisor's lock");
        return;
    }
    if (flock(lock, LOCK_EX | LOCK_NB) == 0) {
        errno = start_supervisor(shim, settings, lock);
        if (errno)
            complain(shim, "cannot start a supervisor");
    }
    close(lock);
}

void call_tick(struct shim *shim, int64_t now) {
    struct calling *calling = &shim->calling;
    char bytes[BODY_LIMIT];
    struct settings settings;
    if (shim->link.connection >= 0 || calling->config < 0 || now < calling->next_at)
        return;
    ssize_t length = pread(calling->config, bytes, sizeof bytes, 0);
    if (length <= 0 || !settings_parse(&settings, bytes, (size_t)length))
        return;
    errno = listen_at(&shim->link, settings.socket);
    if (errno)
        complain(shim, "cannot make the socket");
    if (is_wanted(calling) && settings.argument_count)
        try_call(shim, &settings);
    calling->next_at = now + (is_wanted(calling) ? calling->delay_ms : DELAY_LAST_MS);
    calling->delay_ms = calling->delay_ms * 2 < DELAY_LAST_MS ? calling->delay_ms * 2 : DELAY_LAST_MS;
    shim->untidy = true;
}

bool call_watches(const struct shim *shim) {
    return shim->link.connection < 0 && shim->calling.config >= 0 && !is_wanted(&shim->calling);
}

void call_wake(struct shim *shim) {
    call_begin(shim);
    shim->calling.woken = true;
}

void call_end(struct shim *shim) {
    char bytes[BODY_LIMIT];
    struct settings settings;
    ssize_t length = pread(shim->calling.config, bytes, sizeof bytes, 0);
    if (length > 0 && settings_parse(&settings, bytes, (size_t)length))
        link_unlink(&shim->link, settings.socket);
}
