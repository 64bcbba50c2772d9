"""The client's end of the control socket, and how a supervisor is started where none answers.

One supervisor at most holds the lock in the runtime directory. Whoever gets the lock starts one and lets it inherit
the descriptor, so the lock is never free in between and of ten clients exactly one starts it. The others cannot wait
for both "it listens" and "it died" on one descriptor, so they look every few milliseconds, for a bounded time: it is
a start, not an idle wait. See docs/api.md for what is said on the socket.
"""

from __future__ import annotations

import os
import sys
import time
from _socket import AF_UNIX, MSG_DONTWAIT, MSG_NOSIGNAL, SOCK_CLOEXEC, SOCK_STREAM, socket

from pyinit import dirs as directories
from pyinit import jsontext
from pyinit.errors import PyinitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Self

    from pyinit.dirs import Dirs

PATIENCE = 10.0  # seconds for a supervisor to listen
LONGEST_REQUEST = 1 << 20  # bytes of a line
BOOTSTRAP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bootstrap.py")
# Asked again of the next supervisor if this one dies before it answers: twice is as good as once.
REPEATABLE = frozenset(("ping", "list", "inspect", "status", "log_paths", "start", "stop"))
# The variables a supervisor is started with: services get theirs from their own specification.
_PASSED = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "LD_LIBRARY_PATH",
)
# Frames of an attached connection.
STDIN, STDOUT, STDERR, RESIZE, EXIT, DROPPED, END_OF_STDIN, SIGNAL = range(8)
LONGEST_FRAME = (1 << 24) - 1


class Gone(PyinitError):  # noqa: N818 (what happened)
    """The supervisor went away before it answered."""


class NoSupervisor(PyinitError):  # noqa: N818 (what is)
    """No supervisor runs, and none was to be started."""


class Connection:
    """One connection to the supervisor: requests one after the other, and maybe frames after the last of them."""

    __slots__ = ("_buffer", "dirs", "socket")

    def __init__(self, dirs: Dirs, start: bool = True) -> None:
        """Connect. PyinitError if no supervisor can be reached; with start=False none is started, see NoSupervisor."""
        self.dirs = dirs
        self.socket = connect(dirs) if start else _connect_only(dirs)
        self._buffer = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def fileno(self) -> int:
        """The descriptor."""
        return self.socket.fileno()

    def send(self, verb: str, **arguments: Any) -> None:
        """Send a request."""
        line = jsontext.dumps({"verb": verb, **arguments}).encode() + b"\n"
        if len(line) > LONGEST_REQUEST:
            message = f"the request has {len(line)} bytes, at most {LONGEST_REQUEST} are allowed: --unsetenv-all?"
            raise PyinitError(message)
        try:
            self.socket.sendall(line, MSG_NOSIGNAL)
        except OSError as error:
            message = f"the supervisor went away: {error.strerror}"
            raise Gone(message) from error

    def receive(self) -> dict[str, Any]:
        """Wait for an answer. PyinitError, with its exit code, if that says that something went wrong."""
        answer = self._line()
        if "error" in answer and not answer.get("ok"):
            raise PyinitError(str(answer["error"]), int(answer.get("exit", 125)))
        return answer

    def _line(self) -> dict[str, Any]:
        at = self._buffer.find(b"\n")
        while at < 0:
            before = len(self._buffer)
            part = _receive(self.socket)
            if not part:
                message = "the supervisor went away before it answered: try again, and see `pyinitctl ps -a`"
                raise Gone(message)
            self._buffer += part
            at = self._buffer.find(b"\n", before)
        line = self._buffer[:at].decode("utf-8", "surrogateescape")
        del self._buffer[: at + 1]
        try:
            answer = jsontext.loads(line)
        except ValueError as error:
            message = f"the supervisor's answer is no JSON: {error}"
            raise PyinitError(message) from error
        if not isinstance(answer, dict):
            message = "the supervisor's answer is no object"
            raise PyinitError(message)
        return answer

    def request(self, verb: str, **arguments: Any) -> dict[str, Any]:
        """Send a request and return its answer."""
        self.send(verb, **arguments)
        return self.receive()

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield the lines of an answer up to the one that only says ok."""
        while True:
            answer = self.receive()
            if answer.get("ok") and len(answer) == 1:
                return
            yield answer

    def wait_for_end(self) -> None:
        """Wait until the supervisor closes the connection."""
        while _receive(self.socket):
            pass

    def rest(self) -> bytes:
        """Take what has arrived after the last line that was asked for: the beginning of the frames."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest


def _receive(sock: socket) -> bytes:
    try:
        return sock.recv(1 << 16)
    except ConnectionResetError:
        return b""


def find_dirs() -> Dirs:
    """The directories that this process's environment says."""
    return directories.find(os.environ, os.geteuid())


def ask(verb: str, **arguments: Any) -> dict[str, Any]:
    """One request on a connection of its own, to a supervisor that is started if need be."""
    for left in (1, 0):
        with Connection(find_dirs()) as connection:
            try:
                return connection.request(verb, **arguments)
            except Gone:
                if verb not in REPEATABLE or not left:
                    raise
    raise AssertionError


def reach(path: str) -> socket | None:
    """A connection to a supervisor, or None if none listens there. PyinitError for any other trouble."""
    sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC)
    try:
        sock.connect(os.fsencode(path))
    except (FileNotFoundError, ConnectionRefusedError):
        sock.close()
        return None
    except OSError as error:
        sock.close()
        message = f"cannot connect to {path}: {error.strerror or error}"
        raise PyinitError(message) from error
    return sock


def _connect_only(dirs: Dirs) -> socket:
    sock = reach(dirs.control)
    if sock is None:
        message = f"no supervisor runs in {dirs.runtime}"
        raise NoSupervisor(message)
    return sock


def connect(dirs: Dirs) -> socket:
    """A connection to the supervisor, which is started if there is none. PyinitError if that fails within 10 s."""
    sock = reach(dirs.control)
    if sock is not None:
        return sock
    dirs.make()
    deadline = time.monotonic() + PATIENCE
    while True:
        lock = take(dirs.lock)
        if lock is not None:
            try:
                launch(dirs, lock)
            finally:
                os.close(lock)
        sock = reach(dirs.control)
        if sock is not None:
            return sock
        if time.monotonic() > deadline:
            message = f"the supervisor that holds {dirs.lock} does not listen: see {dirs.state}/supervisor.log"
            raise PyinitError(message)
        time.sleep(0.004)


def take(path: str) -> int | None:
    """The lock of this file, as a descriptor, or None if somebody else has it."""
    import fcntl  # noqa: PLC0415 (only to start a supervisor)

    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        message = f"cannot open {path}: {error.strerror}"
        raise PyinitError(message) from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        held = os.fstat(fd)
        found = os.stat(path)
    except (BlockingIOError, FileNotFoundError):
        os.close(fd)
        return None
    if (held.st_dev, held.st_ino) != (found.st_dev, found.st_ino):
        os.close(fd)  # the directory was made anew in between
        return None
    return fd


def shim_program() -> str:
    """Where pyinit-shim is: what PYINIT_SHIM_PROGRAM says, else where the installer put it."""
    from pyinit import _locate  # noqa: PLC0415 (metadata and sysconfig, for the one who starts a supervisor)

    given = os.environ.get("PYINIT_SHIM_PROGRAM")
    places = [given] if given else [f"{place}-shim" for place in _locate.candidates()]
    for place in places:
        if os.access(place, os.X_OK):
            return os.path.abspath(place)
    message = f"the program pyinit-shim is not installed beside its Python package; looked at {', '.join(places)}"
    raise PyinitError(message)


def supervisor_command(dirs: Dirs) -> list[str]:
    """How a supervisor is started: without site, so that it loads nothing that it does not need."""
    return [sys.executable, "-I", "-S", BOOTSTRAP, "supervisor", dirs.runtime, dirs.state, shim_program()]


def supervisor_environment() -> dict[str, str]:
    """What a supervisor's environment is.

    glibc would give the memory of each large read back, and take it again for the next one (mallopt(3)).
    """
    passed = {
        name: value for name, value in os.environ.items() if name in _PASSED or name.startswith(("PYINIT_", "XDG_"))
    }
    return {"MALLOC_TRIM_THRESHOLD_": "2000000", "MALLOC_MMAP_THRESHOLD_": "1000000", **passed}


def launch(dirs: Dirs, lock: int) -> None:
    """Start a supervisor that inherits the lock, and wait until it listens. PyinitError says why it does not."""
    log = f"{dirs.state}/supervisor.log"
    try:
        log_fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        message = f"cannot open {log}: {error.strerror}"
        raise PyinitError(message) from error
    before = os.fstat(log_fd).st_size
    ready, told = os.pipe2(os.O_CLOEXEC)
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    try:
        pid = _spawn(supervisor_command(dirs), [null, null, log_fd, told, lock])
    finally:
        for fd in (log_fd, told, null):
            os.close(fd)
    try:
        outcome = _await_byte(ready)
    finally:
        os.close(ready)
    if outcome != b"":
        return  # it listens, or it is slow: then the caller finds out
    os.waitpid(pid, 0)
    said = _said(log, before)
    message = f"the supervisor did not start{': ' + said if said else ''} (see {log})"
    raise PyinitError(message)


def _spawn(command: list[str], fds: list[int]) -> int:
    """Start a program in a session of its own whose descriptors 0, 1, 2, … are these and no others."""
    import fcntl  # noqa: PLC0415

    for name in os.listdir("/proc/self/fd"):
        if int(name) >= len(fds):
            try:
                os.set_inheritable(int(name), False)
            except OSError:
                continue  # the descriptor of the listing itself
    # First out of the way: a descriptor must not be overwritten before it is copied, nor be copied onto itself.
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 64) for fd in fds]
    signals = [number for number in range(1, 65) if number not in (9, 19, 32, 33)]
    try:
        return os.posix_spawn(
            command[0],
            command,
            supervisor_environment(),
            file_actions=[(os.POSIX_SPAWN_DUP2, fd, target) for target, fd in enumerate(high)],
            setsid=True,
            setsigmask=[],
            setsigdef=signals,
        )
    except OSError as error:
        message = f"cannot start {command[0]}: {error.strerror}"
        raise PyinitError(message) from error
    finally:
        for fd in high:
            os.close(fd)


def _await_byte(fd: int) -> bytes | None:
    """What can be read: a byte, or nothing if the other end was closed; None if neither happens in time."""
    import select  # noqa: PLC0415

    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return os.read(fd, 1) if poll.poll(PATIENCE * 1000) else None


def _said(path: str, offset: int) -> str:
    """The last line that was appended to a file."""
    try:
        with open(path, "rb") as file:
            file.seek(min(offset, os.fstat(file.fileno()).st_size))
            lines = file.read(1 << 16).decode("utf-8", "replace").split("\n")
    except OSError:
        return ""
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return last.removeprefix("pyinitctl: ")


def frame(kind: int, payload: bytes = b"") -> bytes:
    """One frame of an attached connection: its kind, the payload's length in three bytes (big-endian), the payload."""
    return bytes((kind,)) + len(payload).to_bytes(3, "big") + payload


class Frames:
    """Takes frames out of bytes that arrive in any portions."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the frames that are complete now."""
        buffer = self._buffer
        buffer += data
        at = 0
        while len(buffer) - at >= 4:
            end = at + 4 + int.from_bytes(buffer[at + 1 : at + 4], "big")
            if len(buffer) < end:
                break
            yield buffer[at], bytes(buffer[at + 4 : end])
            at = end
        del buffer[:at]


def send_some(sock: socket, data: bytes | bytearray) -> int:
    """Send what fits without waiting; the number of bytes. OSError if the other end is gone."""
    try:
        return sock.send(data, MSG_NOSIGNAL | MSG_DONTWAIT)
    except BlockingIOError:
        return 0
