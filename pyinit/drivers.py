"""The log drivers by name, and what they have in common.

A service has at most one file (k8s-file, json-file, raw), and any of the others beside it. A sink (journald,
passthrough) accepts bytes in order and says how far it got; a file takes what all sinks have accepted.
"""

from __future__ import annotations

import os

from pyinit import framing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, Protocol

    from pyinit.framing import Frame

    class Sink(Protocol):
        """What takes a copy of the output, and cannot be cut back: after a kill it gets some of it again."""

        name: str

        def push(self, stream: int, data: bytes, end: int, longest: int, close: bool) -> int:
            """Take records from data[:end], as many as go without waiting: how many bytes. OSError: why none."""

        def close(self) -> None:
            """Let go of descriptors."""


FILES: Final[dict[str, Frame]] = {"k8s-file": framing.k8s, "json-file": framing.json, "raw": framing.raw}
DRIVERS: Final = (*FILES, "journald", "passthrough", "none")
STREAMS: Final = (b"stdout", b"stderr")
_ROOM = 4096  # PIPE_BUF: a pipe that is writable at all takes that much


class Passthrough:
    """Writes the bytes as they are to the supervisor's own standard output and error.

    That is for a supervisor in the foreground of a container: its output is the container's log. They are opened anew,
    so that they can be non-blocking without being so for whoever else has them.
    """

    name = "passthrough"
    __slots__ = ("_fds",)

    def __init__(self, fds: tuple[int, int] = (1, 2)) -> None:
        self._fds = tuple(_own(fd) for fd in fds)

    def push(self, stream: int, data: bytes, end: int, longest: int, close: bool) -> int:
        """Take what the reader has room for."""
        del longest, close
        done = 0
        while done < end:
            try:
                done += os.write(self._fds[stream], data[done : min(end, done + 16 * _ROOM)])
            except BlockingIOError:
                break
        return done

    def close(self) -> None:
        """Close our own descriptors."""
        for fd in self._fds:
            os.close(fd)
        self._fds = ()


def _own(fd: int) -> int:
    try:
        return os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # a socket cannot be opened anew
        copy = os.dup(fd)
        os.set_blocking(copy, False)
        return copy
