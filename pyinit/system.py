"""The system calls that the os module does not have, or has with too much around them."""

from __future__ import annotations

import errno
import fcntl
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def write_renamed(path: str, data: bytes) -> None:
    """Replace a file in one step. OSError; then the old one is still there. Not synced: it survives us, not a crash."""
    temporary = f"{path}.new"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        while data:
            data = data[os.write(fd, data) :]
    except OSError:
        os.close(fd)
        os.unlink(temporary)
        raise
    os.close(fd)
    os.replace(temporary, path)


def read_file(path: str, most: int = 1 << 20) -> bytes | None:
    """What is in a file, at most so many bytes; None if there is none to be read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        parts = []
        while most > 0 and (part := os.read(fd, min(most, 1 << 16))):
            parts.append(part)
            most -= len(part)
        return b"".join(parts)
    except OSError:
        return None
    finally:
        os.close(fd)


def lock(path: str) -> int | None:
    """A descriptor that holds the exclusive flock(2) of a file; None if somebody else does."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(fd)
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return None
        raise
    return fd


def start_time(pid: int) -> int:
    """When a process started, in clock ticks since boot (proc(5), field 22): pid and this are one process. 0: gone."""
    stat = read_file(f"/proc/{pid}/stat", 4096)
    if not stat:
        return 0
    fields = stat[stat.rfind(b")") + 2 :].split()
    return int(fields[19]) if fields[0] not in (b"Z", b"X") else 0


def status_of_stat(pid: int) -> tuple[bytes, int, int] | None:
    """(state, parent, process group) of a process; None: gone."""
    stat = read_file(f"/proc/{pid}/stat", 4096)
    if not stat:
        return None
    fields = stat[stat.rfind(b")") + 2 :].split()
    return fields[0], int(fields[1]), int(fields[2])


def signal_pid(pid: int, started: int, number: int, open_pidfd: Callable[[int], int] = os.pidfd_open) -> bool:
    """Signal the process with that pid and start time, and no other that got the number. False: it is gone."""
    import _signal  # noqa: PLC0415

    try:
        fd = open_pidfd(pid)
    except ProcessLookupError:
        return False
    try:
        if start_time(pid) != started:
            return False
        _signal.pidfd_send_signal(fd, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(fd)
    return True


def now() -> float:
    """The time of day, in seconds since 1970."""
    return time.time()


def uptime() -> float:
    """Seconds since the machine was started, sleep included: no clock that anybody sets."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
