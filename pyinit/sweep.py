"""Kills what a dead shim left behind.

Its processes have lost their parent, and may have changed group and session; but each has the service's id in the
environment it was started with. They are killed through pidfds, and looked for again when those have ended, until no
more are found.
"""

from __future__ import annotations

import os
from _signal import SIGKILL, pidfd_send_signal
from errno import EMFILE, ENFILE, ENOMEM

from pyinit import launch, system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyinit.loop import Loop


RETRY = 1.0  # seconds until processes are looked for again that nobody could look at
_EXHAUSTED = (EMFILE, ENFILE, ENOMEM)


MOST_LISTINGS = 64


def _pids() -> Iterator[int]:
    """All processes, also those that are forked in the meantime by one that was not looked at yet."""
    seen = {str(os.getpid())}
    for _ in range(MOST_LISTINGS):
        names = [name for name in os.listdir("/proc") if name.isdecimal() and name not in seen]
        if not names:
            return
        seen.update(names)
        yield from map(int, names)


def find(ident: str, signal: int = 0) -> list[int]:
    """Pidfds of live processes of a service: of some of them, as long as there are any. Each gets the signal at once.

    OSError if none is found for lack of descriptors or memory.
    """
    mark = os.fsencode(f"{launch.MARK}={ident}")
    found: list[int] = []
    for pid in _pids():
        try:
            pidfd = _open_marked(pid, mark)
        except OSError as error:
            if error.errno in _EXHAUSTED:
                if found:
                    break
                raise
            continue
        if pidfd >= 0:
            found.append(pidfd)
            _send(pidfd, signal)
    return found


def _send(pidfd: int, signal: int) -> None:
    try:
        pidfd_send_signal(pidfd, signal)
    except OSError:
        pass  # it ended by itself, or it is not ours to kill; then it ends when it does


def _open_marked(pid: int, mark: bytes) -> int:
    """A pidfd of a process that has the mark and lives; -1: it is another one, or gone. OSError."""
    pidfd = os.pidfd_open(pid)
    try:
        os.close(os.open(f"/proc/{pid}/environ", os.O_RDONLY | os.O_CLOEXEC))  # read_file says not why it cannot
        variables = system.read_file(f"/proc/{pid}/environ") or b""
        stat = system.status_of_stat(pid) if mark in variables.split(b"\0") else None
    except OSError:
        os.close(pidfd)
        raise
    if stat and stat[0] not in (b"Z", b"X"):
        return pidfd
    os.close(pidfd)
    return -1


class Sweep:
    """One sweep: done() is called when nothing is left."""

    __slots__ = ("_done", "_ident", "_left", "_loop")

    def __init__(self, loop: Loop, ident: str, done: Callable[[], None]) -> None:
        self._loop = loop
        self._ident = ident
        self._done = done
        self._left: set[int] = set()
        self._look()

    def _look(self) -> None:
        try:
            self._left = set(find(self._ident, SIGKILL))
        except OSError:
            self._loop.after(RETRY, self._look)
            return
        if not self._left:
            self._loop.soon(self._done)
            return
        for pidfd in tuple(self._left):
            self._loop.add(pidfd, self._caller(pidfd))

    def _caller(self, pidfd: int) -> Callable[[int], None]:
        return lambda _events: self._ended(pidfd)

    def _ended(self, pidfd: int) -> None:
        self._loop.remove(pidfd)
        os.close(pidfd)
        self._left.discard(pidfd)
        if not self._left:
            self._look()
