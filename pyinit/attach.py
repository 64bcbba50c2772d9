"""Attached clients: they see the service's output as it is logged, and may write to its input.

Frames go both ways: a kind (1 byte), a length (3 bytes, big endian), and that many bytes. A client that does not read
is dropped when too much waits for it; the service never waits for one.
"""

from __future__ import annotations

import fcntl
import os
from _struct import pack, unpack

from pyinit import launch, loop, states, view

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pyinit.control import Client
    from pyinit.service import Service

STDIN, STDOUT, STDERR, RESIZE, EXIT, DROPPED, END_OF_INPUT, SIGNAL = range(8)
MOST_UNREAD = 1 << 20  # bytes that may wait for one client
MOST_INPUT = 1 << 18  # bytes that may wait for the service to read
LARGEST = 1 << 16  # bytes of a frame that is sent
TIOCSWINSZ = 0x5414


def frame(kind: int, data: bytes) -> bytes:
    """A frame."""
    return bytes((kind,)) + len(data).to_bytes(3, "big") + data


class Attachment:
    """One client at one service."""

    def __init__(self, client: Client, service: Service, *, stdin: bool, ends_with_run: bool) -> None:
        self._client = client
        self._service = service
        self._stdin = stdin
        self._run = service.state.run + (0 if states.is_live(service.state.state) else 1)
        self._input = bytearray()
        self._early: list[bytes] | None = []  # output of before begin()
        self._ends_with_run = ends_with_run
        service.attachments.append(self)
        service.show_output()
        service.watchers.append(self._look)
        client.gone.append(self.leave)

    def begin(self) -> None:
        """The request has been answered: frames from now on."""
        early, self._early = self._early or [], None
        for data in early:
            self._client.send(data)
        self._client.most_unread = MOST_UNREAD + LARGEST
        self._client.taken = self._take
        self._look(self._service)

    def output(self, stream: int, data: bytes) -> None:
        """What the service wrote (stream 0 or 1)."""
        for at in range(0, len(data), LARGEST):
            part = frame(STDERR if stream else STDOUT, data[at : at + LARGEST])
            if self._early is not None:
                self._early.append(part)
            elif self._client.unread > MOST_UNREAD:
                self.drop("it does not read its output")
                return
            else:
                self._client.send(part)

    def drop(self, why: str) -> None:
        """Let go of a client that holds things up."""
        self._end(frame(DROPPED, why.encode()))

    def _end(self, last: bytes) -> None:
        self.leave()
        self._client.taken = bytearray.clear  # what it said before it knew is for nobody
        self._client.most_unread += 1024
        self._client.send(last)
        self._client.end()

    def leave(self) -> None:
        """The client is gone, or is to go."""
        if self in self._service.attachments:
            self._service.attachments.remove(self)
            self._service.show_output()
        if self._look in self._service.watchers:
            self._service.watchers.remove(self._look)

    def _look(self, service: Service) -> None:
        """The run that it is attached to may have ended."""
        ended = service.state.run > self._run or (
            service.state.ended is not None
            and service.state.ended.run >= self._run
            and not states.is_live(service.state.state)
        )
        waits = service.state.state == states.WAITING
        if self._early is not None or not (service.removed or ended or waits):
            return
        self._end(frame(EXIT, pack(">i", view.exit_code(service) or 0)))

    def _take(self, data: bytearray) -> None:
        while len(data) >= 4 and self in self._service.attachments:
            length = int.from_bytes(data[1:4], "big")
            if len(data) < 4 + length:
                if length > MOST_INPUT:
                    self.drop("a frame that is too long")
                return
            kind, body = data[0], bytes(data[4 : 4 + length])
            del data[: 4 + length]
            self._frame(kind, body)

    def _frame(self, kind: int, body: bytes) -> None:
        if kind == STDIN and self._stdin:
            self._write(body)
        elif kind == END_OF_INPUT and self._stdin:
            self._service.end_input()
        elif kind == RESIZE and len(body) == 4:
            resize(self._service, *unpack(">HH", body))
        elif kind == SIGNAL and len(body) == 1 and 1 <= body[0] <= 64:
            if self._service.state.pid:
                self._service.kill(body[0])
        else:
            self.drop("a frame that means nothing")

    def _write(self, data: bytes) -> None:
        """To the service's input. While too much waits for the service to read it, the client is not read either."""
        if not self._service.write_input(data, self._client.go_on):
            self._client.hold()


def resize(service: Service, rows: int, columns: int) -> None:
    """Tell a service's terminal its size; one that has none yet gets it at the start."""
    service.window = pack("HHHH", rows & 0xFFFF, columns & 0xFFFF, 0, 0)
    terminal = service.slots.get(launch.INPUT)
    if service.spec.tty and terminal is not None:
        fcntl.ioctl(terminal, TIOCSWINSZ, service.window)


class Input:
    """What waits for a service to read it."""

    def __init__(self, service: Service, fd: int) -> None:
        self._loop = service.loop
        self._fd = os.dup(fd)
        self._waiting = bytearray()
        self._emptied: list[Callable[[], None]] = []
        self._end = False

    def write(self, data: bytes, emptied: Callable[[], None]) -> bool:
        """Write what goes now, keep the rest. False: a lot waits, and emptied() is called once it does not."""
        had = bool(self._waiting)
        self._waiting += data
        if not had:
            self._flush()
            if self._waiting:
                self._loop.add(self._fd, lambda _events: self._flush_later(), loop.WRITE)
        if len(self._waiting) <= MOST_INPUT:
            return True
        self._emptied.append(emptied)
        return False

    def _flush(self) -> None:
        try:
            while self._waiting:
                del self._waiting[: os.write(self._fd, self._waiting)]
        except BlockingIOError:
            return
        except OSError:
            self._waiting.clear()  # nobody will ever read it

    def _flush_later(self) -> None:
        self._flush()
        if not self._waiting:
            self._loop.remove(self._fd)
            self._tell()
            if self._end:
                os.close(self._fd)

    def _tell(self) -> None:
        emptied, self._emptied = self._emptied, []
        for call in emptied:
            call()

    def close(self) -> None:
        """After what waits has been written."""
        self._end = True
        if not self._waiting:
            os.close(self._fd)

    def abandon(self) -> None:
        """Now."""
        self._tell()
        self._loop.remove(self._fd)
        if not self._end or self._waiting:
            os.close(self._fd)
