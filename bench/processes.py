"""What the kernel says of processes, and when programs say that they run."""

from __future__ import annotations

import contextlib
import os
import select
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

MARK = "PYINIT_BENCH"  # this variable, with a name of its own, is in the environment of all that a candidate starts
GONE = (FileNotFoundError, ProcessLookupError, PermissionError)


class SilentError(Exception):
    """Something did not happen in time."""


class Record(NamedTuple):
    """A program's first instruction."""

    pid: int
    at: int  # nanoseconds of CLOCK_MONOTONIC


class Told:
    """A FIFO at which programs tell when they run (told.h)."""

    def __init__(self, path: Path) -> None:
        """Make it."""
        os.mkfifo(path, 0o666)
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def close(self) -> None:
        """Close it."""
        os.close(self._fd)

    def take(self, seconds: float) -> Record | None:
        """Return the next record, or None if there is none in time."""
        if not select.select([self._fd], [], [], seconds)[0]:
            return None
        return Record(*struct.unpack("=qq", os.read(self._fd, 16)))

    def forget(self) -> None:
        """Drop what is there."""
        while self.take(0):
            pass

    def expect(self, count: int, seconds: float = 30) -> list[Record]:
        """Return so many records. SilentError if they do not come in time."""
        end = time.monotonic() + seconds
        found: list[Record] = []
        while len(found) < count:
            record = self.take(max(0, end - time.monotonic()))
            if record is None:
                message = f"{len(found)} of {count} services had started after {seconds:g} s"
                raise SilentError(message)
            found.append(record)
        return found


def pids() -> Iterator[int]:
    """Give all processes."""
    return (int(name) for name in os.listdir("/proc") if name.isdecimal())


def marked(mark: str) -> Iterator[tuple[int, str]]:
    """Give the processes whose environment has that mark, each with the file name of its program."""
    wanted = f"{MARK}={mark}".encode()
    for pid in pids():
        with contextlib.suppress(*GONE):
            if wanted in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                yield pid, Path(f"/proc/{pid}/exe").readlink().name


def pss(which: Iterable[int]) -> float:
    """Return megabytes: what the kernel counts for these processes, shared pages by share."""
    kilobytes = 0
    for pid in which:
        with contextlib.suppress(*GONE):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    kilobytes += int(line.split()[1])
    return kilobytes / 1024


def switches(which: Iterable[int]) -> dict[int, int]:
    """Return how often each process was given the processor and left it, of its own will or not."""
    found = {}
    for pid in which:
        with contextlib.suppress(*GONE):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            found[pid] = sum(int(line.split()[1]) for line in lines if "ctxt_switches" in line)
    return found


def cpu(which: Iterable[int]) -> dict[int, float]:
    """Return the processor time that each of these processes has had, in seconds."""
    found = {}
    for pid in which:
        with contextlib.suppress(*GONE):
            threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
            found[pid] = sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9
    return found


def spent(before: dict[int, float], after: dict[int, float]) -> float:
    """Return the sum of what each has more than before; who is new, has all of it more."""
    return sum(value - before.get(pid, 0) for pid, value in after.items())


def age(pid: int) -> float:
    """Return for how many seconds a process has lived, up to a clock tick (10 ms) too many."""
    ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


class Watch:
    """Processes whose end is waited for."""

    def __init__(self, which: Collection[int]) -> None:
        """Take hold of them while they surely live."""
        self._fds = set()
        for pid in which:
            with contextlib.suppress(ProcessLookupError):
                self._fds.add(os.pidfd_open(pid))

    def wait(self, seconds: float) -> bool:
        """Wait until all have ended; False if that takes too long."""
        poll = select.poll()
        for fd in self._fds:
            poll.register(fd, select.POLLIN)
        end = time.monotonic() + seconds
        while self._fds and (left := end - time.monotonic()) > 0:
            for fd, _ in poll.poll(left * 1000):
                poll.unregister(fd)
                self._fds.discard(fd)
                os.close(fd)
        ended = not self._fds
        for fd in self._fds:
            os.close(fd)
        self._fds.clear()
        return ended
