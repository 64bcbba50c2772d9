/* vfork, as in ../spawn.c: the child borrows our memory until it has executed the command, so its error comes back in a
 * plain variable. It may only make system calls and write to what is its own. */
#include "child.h"

#include "../clock.h"
#include "../environment.h"
#include "../execute.h"
#include "../identity.h"
#include "../mask.h"
#include "../numbers.h"
#include "../oom.h"
#include "../report.h"
#include "exits.h"
#include "payload.h"
#include "slots.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* What the payload was read into, and what it says. */
struct order {
    const struct shim *shim;
    struct payload payload;
    char *memory;
    size_t size;
    char **words;
    char **variables;
    char listen[32]; /* with the pid, once it is known */
    char watchdog[32];
};

static int source_of(const struct order *order, unsigned slot, int null) {
    return slot == SLOT_NULL ? null : slots_get(order->shim, slot);
}

/* First all of them out of the way of each other's place, and then into it. */
static void pass_descriptors(const struct order *order) {
    int moved[DESCRIPTORS_LIMIT], floor = STDERR_FILENO + 1;
    uint32_t count = order->payload.header.descriptors;
    const struct payload_descriptor *descriptors = order->payload.descriptors;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        fail(STEP_DESCRIPTOR);
    for (uint32_t i = 0; i < count; i++)
        floor = descriptors[i].target >= floor ? descriptors[i].target + 1 : floor;
    for (uint32_t i = 0; i < count; i++) {
        moved[i] = fcntl(source_of(order, descriptors[i].slot, null), F_DUPFD_CLOEXEC, floor);
        if (moved[i] < 0)
            fail(STEP_DESCRIPTOR);
    }
    for (int target = 0; target <= STDERR_FILENO; target++) {
        if (target != null && dup2(null, target) < 0)
            fail(STEP_DESCRIPTOR);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (dup2(moved[i], descriptors[i].target) < 0)
            fail(STEP_DESCRIPTOR);
    }
}

/* O_NONBLOCK: nobody makes us wait for the reader of a FIFO. */
static bool write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    return fd >= 0 && write(fd, text, strlen(text)) >= 0 && close(fd) == 0;
}

static void enter_session(uint32_t flags) {
    if (flags & PAYLOAD_SESSION ? setsid() < 0 : setpgid(0, 0) < 0)
        fail(STEP_SESSION);
}

static void weigh(const struct payload_header *header) {
    char text[24] = "-";
    if (header->nice != KEEP_NUMBER && setpriority(PRIO_PROCESS, 0, header->nice))
        fail(STEP_NICE);
    if (header->oom_score_adj == KEEP_NUMBER)
        return;
    bool negative = header->oom_score_adj < 0;
    put_number(text + negative,
               negative ? -(unsigned long)header->oom_score_adj : (unsigned long)header->oom_score_adj);
    if (!write_file("/proc/self/oom_score_adj", text))
        fail(STEP_OOM);
}

static void set_limits(const struct payload *payload) {
    for (uint32_t i = 0; i < payload->header.limits; i++) {
        const struct payload_limit *limit = &payload->limits[i];
        uint64_t both[] = {limit->soft, limit->hard};
        if (syscall(SYS_prlimit64, 0, (int)limit->resource, both, NULL))
            fail(STEP_LIMIT);
    }
}

/* Raw calls: a libc's setuid() sends signals to its threads, of which a vforked child has somebody else's. */
static void become(const struct payload *payload) {
    const struct payload_header *header = &payload->header;
    if (header->groups != KEEP_ID && syscall(SET_GROUPS, (size_t)header->groups, payload->groups))
        fail(STEP_GROUPS);
    if (header->gid != KEEP_ID && syscall(SET_GID, header->gid, header->gid, header->gid))
        fail(STEP_GROUP);
    if (header->uid != KEEP_ID && syscall(SET_UID, header->uid, header->uid, header->uid))
        fail(STEP_USER);
}

/* After the change of user, which makes the kernel forget it. */
static void tie_to_shim(const struct order *order) {
    if (order->payload.header.flags & PAYLOAD_OUTLIVES)
        return;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
        fail(STEP_DEATH);
    errno = ESRCH;
    if (getppid() != order->shim->self)
        fail(STEP_DEATH);
}

[[gnu::noreturn]] static void child(struct order *order) {
    static const struct inherited nothing; /* no signal is blocked */
    const struct payload *payload = &order->payload;
    uint32_t flags = payload->header.flags;
    enter_session(flags);
    pass_descriptors(order);
    if (flags & PAYLOAD_TERMINAL && ioctl(0, TIOCSCTTY, 0))
        fail(STEP_TERMINAL);
    if (*payload->cgroup && !write_file(payload->cgroup, "0"))
        fail(STEP_CGROUP);
    weigh(&payload->header);
    set_limits(payload);
    become(payload);
    umask(payload->header.umask == KEEP_UMASK ? order->shim->umask : (mode_t)payload->header.umask);
    if (flags & PAYLOAD_NO_PRIVS && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        fail(STEP_PRIVILEGES);
    if (*payload->directory && chdir(payload->directory))
        fail(STEP_DIRECTORY);
    put_number(stpcpy(order->listen, "LISTEN_PID="), (unsigned long)getpid());
    put_number(stpcpy(order->watchdog, "WATCHDOG_PID="), (unsigned long)getpid());
    tie_to_shim(order);
    signals_give_back(&nothing);
    environ = order->variables; /* for its own PATH */
    execute(order->words, order->variables);
    fail(STEP_EXECUTE);
}

static size_t align(size_t size) {
    return (size + sizeof(char *) - 1) & ~(sizeof(char *) - 1);
}

/* Into memory of our own: whoever holds the file as well could cut it off while it is mapped, or change what was
 * checked. */
static enum step read_payload(struct order *order, int file) {
    struct payload_header header;
    struct stat stat;
    errno = EINVAL;
    if (file < 0 || fstat(file, &stat))
        return STEP_PAYLOAD;
    if (!S_ISREG(stat.st_mode) || stat.st_size > PAYLOAD_LIMIT ||
        pread(file, &header, sizeof header, 0) != sizeof header || !payload_sane(&header))
        return STEP_PAYLOAD;
    size_t size = (size_t)stat.st_size;
    order->size = align(size) + payload_pointers(&header) * sizeof(char *);
    void *memory = mmap(NULL, order->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return STEP_MEMORY;
    order->memory = memory;
    errno = EINVAL;
    if (pread(file, memory, size, 0) != (ssize_t)size || !payload_parse(&order->payload, memory, size) ||
        memcmp(&header, &order->payload.header, sizeof header) != 0)
        return STEP_PAYLOAD;
    order->words = (char **)(void *)(order->memory + align(size));
    order->variables = payload_words(&order->payload, order->words, order->listen, order->watchdog);
    return STEP_NONE;
}

/* Field 22, of which the second may have spaces and parentheses in it; 0 if there is no /proc. */
static int64_t start_time(pid_t pid) {
    char path[32] = "/proc/", text[512];
    strcpy(put_number(path + 6, (unsigned long)pid), "/stat");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    text[length > 0 ? length : 0] = 0;
    const char *at = strrchr(text, ')');
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    int64_t time = 0;
    for (at = at ? at + 1 : ""; *at >= '0' && *at <= '9'; at++)
        time = time * 10 + (*at - '0');
    return time;
}

static enum step start(struct shim *shim, struct order *order, struct run *run) {
    char **ours = environ;
    clock_read(CLOCK_REALTIME, &run->started);
    clock_read(CLOCK_MONOTONIC, &run->started_mono);
    failed.step = STEP_NONE;
    pid_t pid = vfork();
    if (pid == 0)
        child(order);
    environ = ours;
    if (pid < 0)
        return STEP_FORK;
    if (failed.step != STEP_NONE) {
        waitpid(pid, NULL, 0);
        errno = failed.error;
        return failed.step;
    }
    run->pid = pid;
    run->alive = true;
    shim->children = true;
    return STEP_NONE;
}

enum step child_start(struct shim *shim, int file, int64_t number) {
    struct order order = {.shim = shim};
    struct run run = {.number = number};
    enum step step = read_payload(&order, file);
    if (step == STEP_NONE)
        step = start(shim, &order, &run);
    int error = errno;
    if (step == STEP_NONE) {
        run.start_time = start_time(run.pid);
        exits_begin(shim, &run, order.payload.cgroup);
    }
    if (order.memory)
        munmap(order.memory, order.size);
    errno = error;
    return step;
}
