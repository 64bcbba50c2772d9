"""What the supervisor and a shim say to each other, as bytes: pure, and small since it stays resident.

docs/protocol.md tells what the messages mean; csrc/shim/protocol.h has the same numbers, which a test compares.
"""

from __future__ import annotations

from struct import Struct, error, pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

VERSION = 1

HELLO = 1
CONFIG = 2
KEEP = 3
GIVE = 4
SPAWN = 5
SIGNAL = 6
STOP = 7
ACK = 8
QUIT = 9
EXEC = 10
REST = 11
WATCH = 12
STATUS = 65
SPAWNED = 66
DONE = 67
EXITED = 68
EMPTY = 69
ORPHAN = 70
UNKNOWN = 127

BODY_LIMIT = 16384
PAYLOAD_LIMIT = 8388608
WORDS_LIMIT = 131072
CALL_LIMIT = 1024
STEPS_LIMIT = 32
SLOTS = 48
SLOT_CONFIG = 63
SLOT_NULL = 65535
STATUS_FDS = 28
GROUPS_LIMIT = 65536
LIMITS_LIMIT = 64
DESCRIPTORS_LIMIT = 64
TARGET_LIMIT = 1024

CONFIG_CALL = 1
CONFIG_UNSYNCED = 2

STATUS_ALIVE = 1
STATUS_EXITED = 2
STATUS_STOPPING = 4
STATUS_LEFT = 8
STATUS_MORE = 16

EXITED_UNWRITTEN = 1

TARGET_MAIN = 0
TARGET_GROUP = 1
TARGET_TREE = 2

STEP_NONE = 0
STEP_BUSY = 1
STEP_CONFIG = 2
STEP_PAYLOAD = 3
STEP_MEMORY = 4
STEP_FORK = 5
STEP_SESSION = 6
STEP_DESCRIPTOR = 7
STEP_TERMINAL = 8
STEP_CGROUP = 9
STEP_NICE = 10
STEP_OOM = 11
STEP_LIMIT = 12
STEP_GROUPS = 13
STEP_GROUP = 14
STEP_USER = 15
STEP_PRIVILEGES = 16
STEP_DIRECTORY = 17
STEP_DEATH = 18
STEP_EXECUTE = 19

# What each step's failure is called in a sentence "cannot …: errno's text".
STEPS = (
    "",
    "start a second one",
    "start before the configuration",
    "read what to start",
    "get memory",
    "start a process",
    "make a session or process group",
    "pass a descriptor on",
    "take the terminal",
    "enter the cgroup",
    "set the nice value",
    "set oom_score_adj",
    "set a resource limit",
    "set the supplementary groups",
    "set the group",
    "set the user",
    "set no_new_privs",
    "enter the directory",
    "tie it to its shim",
    "execute the command",
)

PAYLOAD_SESSION = 1
PAYLOAD_TERMINAL = 2
PAYLOAD_NO_PRIVS = 4
PAYLOAD_OUTLIVES = 8

KEEP_UMASK = -1
KEEP_NUMBER = -(2**31)
KEEP_ID = 2**32 - 1
UNLIMITED = 2**64 - 1  # a resource limit

MAGIC = b"PYS1"

_header = Struct("=BBHIqqiI")
_payload = Struct("=4sIiiiIIIIIII")
_limit = Struct("=IQQ")
_descriptor = Struct("=HH")
_step = Struct("=ii")
_kept = Struct("=Hxxii")


class ProtocolError(ValueError):
    """The bytes are not a message, or what is to be said does not fit into one; the text says why."""


class Message:
    """One message. The meaning of slot, id, a, b, c and body depends on the type."""

    __slots__ = ("a", "b", "body", "c", "id", "slot", "type", "version")
    if TYPE_CHECKING:
        version: int
        type: int
        slot: int
        id: int
        a: int
        b: int
        c: int
        body: bytes

    def __init__(self, data: bytes) -> None:
        """Parse a whole message; ProtocolError if it is not one."""
        try:
            self.version, self.type, self.slot, self.id, self.a, self.b, self.c, length = _header.unpack_from(data)
        except error:
            message = f"a message of {len(data)} bytes"
            raise ProtocolError(message) from None
        self.body = data[_header.size :]
        if len(self.body) != length:
            message = f"a message of type {self.type} with {len(self.body)} bytes after its header, not {length}"
            raise ProtocolError(message)


parse = Message


def message(
    type: int,
    id: int = 0,
    *,
    slot: int = 0,
    a: int = 0,
    b: int = 0,
    c: int = 0,
    body: bytes = b"",
) -> bytes:
    """Pack a message; ProtocolError if a number or the body does not fit."""
    if len(body) > BODY_LIMIT:
        text = f"a message's body has at most {BODY_LIMIT} bytes, not {len(body)}"
        raise ProtocolError(text)
    try:
        return _header.pack(VERSION, type, slot, id, a, b, c, len(body)) + body
    except error as reason:
        text = f"a message of type {type}: {reason}"
        raise ProtocolError(text) from None


def _strings(what: str, words: Iterable[bytes], *, empty: bool = True) -> bytes:
    """Join words, a NUL after each."""
    joined = []
    for word in words:
        if b"\0" in word or not (word or empty):
            text = f"{what} with a NUL byte" if word else f"{what} that is empty"
            raise ProtocolError(text)
        joined.append(word + b"\0")
    return b"".join(joined)


def config(record: bytes, lock: bytes, socket: bytes, argv: Sequence[bytes], env: Sequence[bytes]) -> bytes:
    """Give CONFIG's body: three paths, and how to start a supervisor (its environment as NAME=VALUE)."""
    if len(argv) + len(env) > CALL_LIMIT:
        text = f"a supervisor's command and environment have at most {CALL_LIMIT} words"
        raise ProtocolError(text)
    parts = [
        _strings("a path", (record, lock, socket), empty=False),
        _strings("an argument of the supervisor", argv, empty=False),
        _strings("a variable of the supervisor", env, empty=False),
    ]
    body = b"".join(part + b"\0" for part in parts)
    if len(body) > BODY_LIMIT:
        text = f"a supervisor's command and environment have at most {BODY_LIMIT} bytes, not {len(body)}"
        raise ProtocolError(text)
    return body


def parse_config(body: bytes) -> tuple[bytes, bytes, bytes, list[bytes], list[bytes]]:
    """Take CONFIG's body apart: record, lock and socket path, argv, env."""
    words = body.split(b"\0")
    try:
        end = words.index(b"", 4)
        record, lock, socket, empty = words[:4]
    except ValueError:
        record, lock, socket, empty, end = b"", b"", b"", b"-", 0
    env = words[end + 1 : -2]
    if empty or not (record and lock and socket) or words[-2:] != [b"", b""] or b"" in env or end > len(words) - 3:
        text = "not the body of a CONFIG"
        raise ProtocolError(text)
    return record, lock, socket, words[4:end], env


def stop(steps: Iterable[tuple[int, int]]) -> bytes:
    """Give STOP's body: signals, and the milliseconds to wait after each (negative: for ever)."""
    body = b"".join(_step.pack(signal, wait) for signal, wait in steps)
    if len(body) > STEPS_LIMIT * _step.size:
        text = f"a stop has at most {STEPS_LIMIT} steps"
        raise ProtocolError(text)
    return body


def kept(body: bytes) -> list[tuple[int, int, int]]:
    """Take STATUS's body apart: (slot, tag, index of the descriptor that came along; -1: ask by GIVE)."""
    if len(body) % _kept.size:
        text = "a STATUS with half a slot"
        raise ProtocolError(text)
    return list(_kept.iter_unpack(body))


def record(text: bytes) -> dict[str, str]:
    """Take an exit record apart; a line without a value is passed over."""
    pairs = (line.partition(b" ") for line in text.split(b"\n"))
    return {key.decode("ascii", "replace"): value.decode("ascii", "replace") for key, space, value in pairs if space}


def payload(
    argv: Sequence[bytes],
    env: Sequence[bytes],
    *,
    flags: int = PAYLOAD_SESSION,
    descriptors: Mapping[int, int] | None = None,
    cwd: bytes = b"",
    cgroup: bytes = b"",
    umask: int = KEEP_UMASK,
    nice: int = KEEP_NUMBER,
    oom_score_adj: int = KEEP_NUMBER,
    uid: int = KEEP_ID,
    gid: int = KEEP_ID,
    groups: Sequence[int] | None = None,
    limits: Sequence[tuple[int, int, int]] = (),
) -> bytes:
    """Give what SPAWN's memfd holds; ProtocolError if the shim would refuse it.

    env is NAME=VALUE; LISTEN_PID=@ and WATCHDOG_PID=@ get the process's pid. descriptors maps the process's numbers to
    slots (or SLOT_NULL); of 0, 1 and 2 those not in it are /dev/null. cgroup is the path of a cgroup.procs. limits are
    (resource, soft, hard) with the kernel's numbers and UNLIMITED.
    """
    descriptors = descriptors or {}
    if not argv or not argv[0]:
        text = "a command without a name"
        raise ProtocolError(text)
    for count, most, what in (
        (len(argv) + len(env), WORDS_LIMIT, "arguments and variables"),
        (len(groups or ()), GROUPS_LIMIT, "groups"),
        (len(limits), LIMITS_LIMIT, "resource limits"),
        (len(descriptors), DESCRIPTORS_LIMIT, "descriptors"),
        (max(descriptors, default=0), TARGET_LIMIT - 1, "as a descriptor's number"),
    ):
        if count > most:
            text = f"at most {most} {what}, not {count}"
            raise ProtocolError(text)
    numbers = (len(limits), len(descriptors), len(argv), len(env))
    try:
        parts = [
            _payload.pack(
                *(MAGIC, flags, umask, nice, oom_score_adj, uid, gid),
                *(KEEP_ID if groups is None else len(groups), *numbers),
            ),
            pack(f"={len(groups or ())}I", *(groups or ())),
            b"".join(_limit.pack(*limit) for limit in limits),
            b"".join(_descriptor.pack(slot, target) for target, slot in descriptors.items()),
            _strings("a directory", (cwd,)),
            _strings("a cgroup's path", (cgroup,)),
            _strings("an argument", argv),
            _strings("a variable", env),
        ]
    except error as reason:
        text = f"a number that does not fit: {reason}"
        raise ProtocolError(text) from None
    packed = b"".join(parts)
    if len(packed) > PAYLOAD_LIMIT:
        text = f"at most {PAYLOAD_LIMIT} bytes of arguments and variables, not {len(packed)}"
        raise ProtocolError(text)
    return packed
