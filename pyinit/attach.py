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
    from typing import Any

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
        service.watchers.append(self._look)
        client.gone.append(self.leave)

    def begin(self, size: list[Any] | None) -> None:
        """The request has been answered: frames from now on."""
        early, self._early = self._early or [], None
        for data in early:
            self._client.send(data)
        self._client.most_unread = MOST_UNREAD + LARGEST
        self._client.taken = self._take
        if size and len(size) == 2:
            self._resize(pack(">HH", int(size[0]), int(size[1])))
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
        self.leave()
        self._client.most_unread += 1024
        self._client.send(frame(DROPPED, why.encode()))
        self._client.end()

    def leave(self) -> None:
        """The client is gone, or is to go."""
        if self in self._service.attachments:
            self._service.attachments.remove(self)
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
        self.leave()
        self._client.most_unread += 1024
        self._client.send(frame(EXIT, pack(">i", view.exit_code(service) or 0)))
        self._client.end()

    def _take(self, data: bytearray) -> None:
        while len(data) >= 4:
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
            self._resize(body)
        elif kind == SIGNAL and len(body) == 1 and 1 <= body[0] <= 64:
            if self._service.state.pid:
                self._service.kill(body[0])
        else:
            self.drop("a frame that means nothing")

    def _resize(self, body: bytes) -> None:
        terminal = self._service.slots.get(launch.INPUT)
        if self._service.spec.tty and terminal is not None:
            rows, columns = unpack(">HH", body)
            fcntl.ioctl(terminal, TIOCSWINSZ, pack("HHHH", rows, columns, 0, 0))

    def _write(self, data: bytes) -> None:
        """To the service's input; what it does not take now waits, up to a bound."""
        if not self._service.write_input(data):
            self.drop("the service does not read its input")


class Input:
    """What waits for a service to read it."""

    def __init__(self, service: Service, fd: int) -> None:
        self._loop = service.loop
        self._fd = os.dup(fd)
        self._waiting = bytearray()
        self._end = False

    def write(self, data: bytes) -> bool:
        """Write what goes now, keep the rest. False: too much waits already."""
        if len(self._waiting) + len(data) > MOST_INPUT:
            return False
        had = bool(self._waiting)
        self._waiting += data
        if not had:
            self._flush()
            if self._waiting:
                self._loop.add(self._fd, lambda _events: self._flush_later(), loop.WRITE)
        return True

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
            if self._end:
                os.close(self._fd)

    def close(self) -> None:
        """After what waits has been written."""
        self._end = True
        if not self._waiting:
            os.close(self._fd)

    def abandon(self) -> None:
        """Now."""
        self._loop.remove(self._fd)
        if not self._end or self._waiting:
            os.close(self._fd)
