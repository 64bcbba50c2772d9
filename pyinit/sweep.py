"""Kills what a dead shim left behind.

Its processes have lost their parent, and may have changed group and session; but each has the service's id in the
environment it was started with. They are killed through pidfds, and looked for again when those have ended, until no
more are found.
"""

from __future__ import annotations

import os
from _signal import SIGKILL, pidfd_send_signal

from pyinit import launch, system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pyinit.loop import Loop


def find(ident: str) -> list[int]:
    """Pidfds of all live processes of a service."""
    mark = os.fsencode(f"{launch.MARK}={ident}")
    found = []
    for name in os.listdir("/proc"):
        if not name.isdecimal() or int(name) == os.getpid():
            continue
        try:
            pidfd = os.pidfd_open(int(name))
        except OSError:
            continue
        variables = system.read_file(f"/proc/{name}/environ") or b""
        stat = system.status_of_stat(int(name)) if mark in variables.split(b"\0") else None
        if stat and stat[0] not in (b"Z", b"X"):
            found.append(pidfd)
        else:
            os.close(pidfd)
    return found


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
        self._left = set(find(self._ident))
        if not self._left:
            self._loop.soon(self._done)
            return
        for pidfd in tuple(self._left):
            self._loop.add(pidfd, self._caller(pidfd))
            try:
                pidfd_send_signal(pidfd, SIGKILL)
            except OSError:
                pass  # it ended by itself, or it is not ours to kill; then it ends when it does

    def _caller(self, pidfd: int) -> Callable[[int], None]:
        return lambda _events: self._ended(pidfd)

    def _ended(self, pidfd: int) -> None:
        self._loop.remove(pidfd)
        os.close(pidfd)
        self._left.discard(pidfd)
        if not self._left:
            self._look()
