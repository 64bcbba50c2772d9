"""From a specification to what a shim is told: the descriptors it keeps, and the payload of a SPAWN.

Pipes are made once per service. Both ends stay with the shim: a restart needs no new ones, and what a run wrote last is
still there when the next one begins.
"""

from __future__ import annotations

import fcntl
import os

from pyinit import protocol
from pyinit import spec as specs
from pyinit.errors import PyinitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# What the shim keeps in which slot. The child's ends first.
STDIN, STDOUT, STDERR = 0, 1, 2
INPUT, OUTPUT, ERRORS = 4, 5, 6  # our ends; INPUT is the pty's master with a terminal
STAGING_OUTPUT, STAGING_ERRORS = 7, 8
RELAY = 9  # with a terminal: the pipe that the master's bytes are spliced to; its other end is OUTPUT
SPEC = 13  # a memfd with what is in spec.json, in case the state directory is lost
LISTEN = 16

PIPE_SIZE = 1 << 20  # bytes; the kernel's own 64 kB would mean many small reads
MARK = "PYINIT_SERVICE_ID"  # in the environment: whose process it is, whatever became of its parents


def _pipe() -> tuple[int, int]:
    ends = os.pipe2(os.O_CLOEXEC)
    try:
        fcntl.fcntl(ends[0], fcntl.F_SETPIPE_SZ, PIPE_SIZE)
    except OSError:
        pass  # the user's limit of pipe pages (pipe(7)): then it is a small one
    return ends


def _memfd(name: str, data: bytes = b"") -> int:
    fd = os.memfd_create(name, os.MFD_CLOEXEC)
    if data:
        os.write(fd, data)
    return fd


def make_slots(spec: specs.Spec, text: bytes) -> dict[int, int]:
    """The descriptors for a new service's shim, by slot. OSError (EMFILE, ENFILE, ENOMEM): then none is left open."""
    made: dict[int, int] = {}
    try:
        if spec.tty:
            made[INPUT], made[STDIN] = os.openpty()
            os.set_blocking(made[INPUT], False)
            made[OUTPUT], made[RELAY] = _pipe()
            os.set_blocking(made[RELAY], False)
        else:
            if spec.interactive:
                made.update(make_input())
            made[OUTPUT], made[STDOUT] = _pipe()
            made[ERRORS], made[STDERR] = _pipe()
            made[STAGING_ERRORS] = _memfd("stderr")
            os.set_blocking(made[ERRORS], False)
        os.set_blocking(made[OUTPUT], False)
        made[STAGING_OUTPUT] = _memfd("stdout")
        made[SPEC] = _memfd("spec", text)
        if spec.listen:
            from pyinit import sockets  # noqa: PLC0415

            for number, address in enumerate(spec.listen):
                made[LISTEN + number] = sockets.listen(address)
    except BaseException:
        for fd in made.values():
            os.close(fd)
        raise
    return made


def make_input() -> dict[int, int]:
    """The two ends of a new standard input, by slot."""
    reader, writer = _pipe()
    os.set_blocking(writer, False)
    return {STDIN: reader, INPUT: writer}


def descriptors(spec: specs.Spec) -> dict[int, int]:
    """Which slot becomes which of the process's descriptors."""
    if spec.tty:
        placed = {0: STDIN, 1: STDIN, 2: STDIN}
    else:
        placed = {0: STDIN if spec.interactive else protocol.SLOT_NULL, 1: STDOUT, 2: STDERR}
    for number in range(len(spec.listen)):
        placed[3 + number] = LISTEN + number
    return placed


def environment(spec: specs.Spec, ident: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """The process's variables: our PATH and locale, what --user changes, and what the service was given."""
    passed = ("PATH", "LANG", "LC_ALL", "TZ", "HOME", "USER")
    made = {MARK: ident}  # first, for whoever reads the beginning of a long environment
    made.update((key, inherited[key]) for key in passed if key in inherited)
    made.setdefault("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    if spec.tty:
        made["TERM"] = "xterm"
    if spec.user:
        made.update(_home(spec.user))
    made.update(spec.env)
    made[MARK] = ident
    if spec.listen:
        made.update(LISTEN_FDS=str(len(spec.listen)), LISTEN_PID="@")
    return made


def _number(text: str) -> int | None:
    """A uid or gid, if it is the number of one."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 20 else None


def _account(user: str) -> tuple[int, int | None, str, str]:
    """(uid, its own gid, name, home) of a name or number. PyinitError if there is no such user."""
    import pwd  # noqa: PLC0415 (only where a user is asked for)

    uid = _number(user)
    try:
        found = pwd.getpwnam(user) if uid is None else pwd.getpwuid(uid)
    except (KeyError, OverflowError):
        if uid is not None and uid < protocol.KEEP_ID:
            return uid, None, user, "/"
        message = f"user: {user!r}: there is no such user"
        raise PyinitError(message) from None
    return found.pw_uid, found.pw_gid, found.pw_name, found.pw_dir


def _home(user: str) -> dict[str, str]:
    _, _, name, home = _account(user.partition(":")[0])
    return {"HOME": home, "USER": name}


def identity(user: str | None) -> tuple[int, int, list[int] | None]:
    """Find (uid, gid, supplementary groups) for NAME|UID[:GROUP|GID]; (KEEP_ID, KEEP_ID, None) for None."""
    if not user:
        return protocol.KEEP_ID, protocol.KEEP_ID, None
    import grp  # noqa: PLC0415

    word, _, group = user.partition(":")
    uid, gid, name, _ = _account(word)
    if not group:
        return uid, gid or 0, os.getgrouplist(name, gid) if gid is not None else []
    try:
        number = _number(group)
        gid = grp.getgrnam(group).gr_gid if number is None else number
        if gid < protocol.KEEP_ID:
            return uid, gid, []
    except KeyError:
        pass
    message = f"user: {group!r}: there is no such group"
    raise PyinitError(message)


def payload(spec: specs.Spec, ident: str, nofile: tuple[int, int], cgroup: str = "") -> int:
    """A memfd with what a SPAWN starts. PyinitError for what cannot be had (a user that does not exist).

    nofile is RLIMIT_NOFILE as it was before the supervisor raised it for itself.
    """
    uid, gid, groups = identity(spec.user)
    limits = {specs.LIMITS["nofile"]: nofile}
    limits.update({specs.LIMITS[word]: (soft, hard) for word, (soft, hard) in spec.ulimits.items()})
    flags = protocol.PAYLOAD_SESSION
    if spec.tty:
        flags |= protocol.PAYLOAD_TERMINAL
    if spec.no_new_privs:
        flags |= protocol.PAYLOAD_NO_PRIVS
    try:
        packed = protocol.payload(
            [os.fsencode(word) for word in spec.command],
            [os.fsencode(f"{key}={value}") for key, value in environment(spec, ident, os.environ).items()],
            flags=flags,
            descriptors=descriptors(spec),
            cwd=os.fsencode(spec.workdir),
            cgroup=os.fsencode(cgroup),
            umask=protocol.KEEP_UMASK if spec.umask is None else spec.umask,
            nice=protocol.KEEP_NUMBER if spec.nice is None else spec.nice,
            oom_score_adj=protocol.KEEP_NUMBER if spec.oom_score_adj is None else spec.oom_score_adj,
            uid=uid,
            gid=gid,
            groups=groups,
            limits=[(resource, *pair) for resource, pair in limits.items()],
        )
    except protocol.ProtocolError as error:
        raise PyinitError(str(error)) from error
    return _memfd("payload", packed)


def failure(spec: specs.Spec, step: int, error: int) -> PyinitError:
    """Why a SPAWN failed, for a user; with exit code 127, 126 or 125 as podman has them."""
    import errno  # noqa: PLC0415

    text = os.strerror(error)
    if step == protocol.STEP_EXECUTE:
        missing = error in (errno.ENOENT, errno.ENOTDIR)
        text = "its interpreter was not found" if error == errno.ELIBBAD else text
        return PyinitError(f'cannot run "{spec.command[0]}": {text}', 127 if missing else 126)
    if step == protocol.STEP_DIRECTORY:
        return PyinitError(f'workdir "{spec.workdir}": {text}')
    what = protocol.STEPS[step] if step < len(protocol.STEPS) else f"do step {step}"
    return PyinitError(f"cannot {what}: {text}")


def translated(spec: specs.Spec, signal: int) -> int:
    """The signal that a service gets for one that is sent to it by its supervisor (rewrite); 0: none."""
    return int(spec.rewrite.get(str(signal), signal))


def mapped(spec: specs.Spec, code: int) -> int:
    """The exit code that is told for one that the process had (map_exit)."""
    return int(spec.map_exit.get(str(code), code))
