/* What a supervisor and a shim say to each other over SOCK_SEQPACKET: docs/protocol.md tells it in prose, and
 * pyinit/protocol.py is the other end. A test holds the three together, so each number stands in a line of its own. */
#pragma once

#include <stdint.h>

enum { PROTOCOL_VERSION = 1 };

struct header {
    uint8_t version;
    uint8_t type; /* enum message */
    uint16_t slot;
    uint32_t id; /* chosen by who asks, and echoed in the answer */
    int64_t a;
    int64_t b;
    int32_t c;
    uint32_t length; /* of the body that follows */
};
_Static_assert(sizeof(struct header) == 32, "the header has no padding");

enum message {
    MSG_HELLO = 1,
    MSG_CONFIG = 2,
    MSG_KEEP = 3,
    MSG_GIVE = 4,
    MSG_SPAWN = 5,
    MSG_SIGNAL = 6,
    MSG_STOP = 7,
    MSG_ACK = 8,
    MSG_QUIT = 9,
    MSG_EXEC = 10,
    MSG_REST = 11,
    MSG_WATCH = 12,
    MSG_STATUS = 65,
    MSG_SPAWNED = 66,
    MSG_DONE = 67,
    MSG_EXITED = 68,
    MSG_EMPTY = 69,
    MSG_ORPHAN = 70,
    MSG_UNKNOWN = 127,
};

enum {
    BODY_LIMIT = 16384,      /* bytes of a message's body */
    PAYLOAD_LIMIT = 8388608, /* bytes of a payload */
    WORDS_LIMIT = 131072,    /* argv and env of a payload */
    CALL_LIMIT = 1024,       /* argv and env of CONFIG */
    STEPS_LIMIT = 32,        /* of STOP */
    SLOTS = 48,
    SLOT_CONFIG = 63,  /* GIVE: the memfd with CONFIG's body */
    SLOT_NULL = 65535, /* in a payload: /dev/null */
    STATUS_FDS = 28,   /* in one STATUS */
};

/* CONFIG's c. */
enum {
    CONFIG_CALL = 1,
    CONFIG_UNSYNCED = 2, /* an exit record need not be on disk before EXITED, only in its file */
};

/* STATUS's slot. */
enum {
    STATUS_ALIVE = 1,    /* the main child lives */
    STATUS_EXITED = 2,   /* an exit report waits for its ACK */
    STATUS_STOPPING = 4, /* a STOP goes on */
    STATUS_LEFT = 8,     /* descendants are left, though the main child is dead */
    STATUS_MORE = 16,    /* another STATUS with more descriptors follows */
};

/* EXITED's slot. */
enum {
    EXITED_UNWRITTEN = 1, /* the record could not be written, id is errno: EXITED comes again when it could */
};

/* SIGNAL's and STOP's c. */
enum {
    TARGET_MAIN = 0,
    TARGET_GROUP = 1,
    TARGET_TREE = 2,
};

/* SPAWNED's slot: what failed with the errno in c. */
enum step {
    STEP_NONE = 0,
    STEP_BUSY = 1,       /* a main child lives, or a STOP goes on */
    STEP_CONFIG = 2,     /* there was no CONFIG yet */
    STEP_PAYLOAD = 3,    /* it is not there, too large, or malformed */
    STEP_MEMORY = 4,     /* to hold the payload */
    STEP_FORK = 5,       /* a process */
    STEP_SESSION = 6,    /* a session or process group of its own */
    STEP_DESCRIPTOR = 7, /* a slot is empty, or its descriptor cannot be moved to its place */
    STEP_TERMINAL = 8,   /* descriptor 0 as the controlling terminal */
    STEP_CGROUP = 9,     /* entering it */
    STEP_NICE = 10,
    STEP_OOM = 11, /* oom_score_adj */
    STEP_LIMIT = 12,
    STEP_GROUPS = 13, /* supplementary ones */
    STEP_GROUP = 14,
    STEP_USER = 15,
    STEP_PRIVILEGES = 16, /* no_new_privs */
    STEP_DIRECTORY = 17,
    STEP_DEATH = 18, /* the parent-death signal, or the shim is dead already */
    STEP_EXECUTE = 19,
};

/* A payload begins with this, in a memfd of its own. Then come, without gaps, the gids (u32 each), the limits, the
 * descriptors, and NUL-terminated strings: the directory, the path of a cgroup.procs, the arguments, the variables.
 * The file ends with the last string's NUL. */
struct payload_header {
    char magic[4]; /* "PYS1" */
    uint32_t flags;
    int32_t umask;         /* KEEP_UMASK: the one the shim was started with */
    int32_t nice;          /* KEEP_NUMBER: as the shim's */
    int32_t oom_score_adj; /* KEEP_NUMBER: as the shim's */
    uint32_t uid;          /* KEEP_ID: as the shim's, and for the next two */
    uint32_t gid;
    uint32_t groups; /* how many supplementary ones */
    uint32_t limits;
    uint32_t descriptors;
    uint32_t arguments; /* one or more */
    uint32_t variables;
};
_Static_assert(sizeof(struct payload_header) == 48, "the payload's header has no padding");

struct [[gnu::packed]] payload_limit {
    uint32_t resource;
    uint64_t soft; /* all ones: no limit */
    uint64_t hard;
};

struct payload_descriptor {
    uint16_t slot; /* or SLOT_NULL */
    uint16_t target;
};

enum {
    PAYLOAD_SESSION = 1,  /* a new session; else a process group of its own */
    PAYLOAD_TERMINAL = 2, /* with PAYLOAD_SESSION: descriptor 0 becomes the controlling terminal */
    PAYLOAD_NO_PRIVS = 4, /* no_new_privs */
    PAYLOAD_OUTLIVES = 8, /* it is not killed when the shim dies */
};

enum {
    GROUPS_LIMIT = 65536,
    LIMITS_LIMIT = 64,
    DESCRIPTORS_LIMIT = 64,
    TARGET_LIMIT = 1024, /* child's descriptor numbers are below it */
};

#define KEEP_UMASK (-1)
#define KEEP_NUMBER INT32_MIN
#define KEEP_ID UINT32_MAX
