"""One shim: how it is started, found again, and talked to.

The shim is the parent of the service's processes and keeps their descriptors. It does not die with us, and we are not
its only supervisor ever: what it says after HELLO is how things stand.
"""

from __future__ import annotations

import os
from _socket import (
    AF_UNIX,
    CMSG_LEN,
    MSG_CMSG_CLOEXEC,
    SCM_RIGHTS,
    SO_PEERCRED,
    SO_SNDBUF,
    SOCK_CLOEXEC,
    SOCK_NONBLOCK,
    SOCK_SEQPACKET,
    SOL_SOCKET,
    socket,
)
from _struct import pack, unpack

from pyinit import loop as loops
from pyinit import protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Answer = Callable[[protocol.Message, list[int]], None]

KIND = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK
AT_ONCE = 32  # messages per turn
LARGEST = 32 + protocol.BODY_LIMIT


def pair() -> tuple[socket, int]:
    """A connection: our end, and the descriptor of the shim's."""
    from _socket import socketpair  # noqa: PLC0415

    ours, theirs = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC)
    ours.setblocking(False)
    return ours, theirs.detach()


class Shim:
    """The connection to a shim.

    heard(message, descriptors) is called for what the shim says by itself, lost() once when the connection ends.
    Descriptors that come along belong to who is called.
    """

    __slots__ = ("_answers", "_heard", "_loop", "_lost", "_next", "_out", "_socket", "pid")

    def __init__(self, loop: loops.Loop, sock: socket, heard: Answer, lost: Callable[[], None]) -> None:
        self._loop = loop
        self._socket: socket | None = sock
        self._heard = heard
        self._lost = lost
        self._answers: dict[int, Answer] = {}
        self._out: list[tuple[bytes, tuple[int, ...]]] = []
        self._next = 1
        self.pid = 0
        loop.add(sock.fileno(), self._ready)

    @property
    def connected(self) -> bool:
        """Whether it can be talked to."""
        return self._socket is not None

    def send(
        self,
        type: int,
        answer: Answer | None = None,
        *,
        slot: int = 0,
        a: int = 0,
        b: int = 0,
        c: int = 0,
        body: bytes = b"",
        fds: Sequence[int] = (),
    ) -> None:
        """Ask for something; answer is called with what the shim says to it. fds are copied."""
        number = self._next
        self._next = number % 0x7FFFFFFF + 1
        if answer:
            self._answers[number] = answer
        data = protocol.message(type, number, slot=slot, a=a, b=b, c=c, body=body)
        if self._socket is None:
            return
        self._out.append((data, tuple(map(os.dup, fds)) if self._out and fds else tuple(fds)))
        if len(self._out) == 1:
            self._flush(copied=False)

    def _flush(self, *, copied: bool) -> None:
        while self._out and self._socket:
            data, fds = self._out[0]
            control = [(1, SCM_RIGHTS, pack(f"={len(fds)}i", *fds))] if fds else []
            try:
                self._socket.sendmsg([data], control)
            except BlockingIOError:
                if not copied:  # they are the caller's, and will be closed
                    self._out[0] = data, tuple(map(os.dup, fds))
                self._loop.modify(self._socket.fileno(), loops.READ | loops.WRITE)
                return
            except OSError:
                if not copied:
                    self._out.pop(0)  # its descriptors are the caller's
                self.close()
                self._loop.soon(self._lost)
                return
            if copied:
                loops.close(*fds)
            self._out.pop(0)
            copied = True

    def _ready(self, events: int) -> None:
        if events & loops.WRITE and self._socket:
            self._loop.modify(self._socket.fileno(), loops.READ)
            self._flush(copied=True)
        for _ in range(AT_ONCE):
            if not self._socket or not self._receive(self._socket):
                return

    def _receive(self, sock: socket) -> bool:
        """Take one message; False: there is none now."""
        try:
            data, control, _, _ = sock.recvmsg(LARGEST, CMSG_LEN(4 * protocol.STATUS_FDS + 64), MSG_CMSG_CLOEXEC)
        except BlockingIOError:
            return False
        except OSError:
            data, control = b"", []
        fds = [fd for level, kind, raw in control for fd in unpack(f"={len(raw) // 4}i", raw[: len(raw) // 4 * 4])]
        if not data:
            self.close()
            self._lost()
            return False
        message = protocol.parse(data)
        answer = self._answers.pop(message.id, None) if message.type in _ANSWERS else None
        if answer:
            answer(message, fds)
        elif message.type in _ANSWERS:
            loops.close(*fds)
        else:
            self._heard(message, fds)
        return True

    def part(self, type: int, done: Callable[[], None], *, c: int = 0) -> None:
        """Say a last thing, QUIT or REST; done() once it was heard, or the shim is gone.

        Whoever closes a socket with something unread in it resets the connection, and what was said last is lost.
        """
        self._heard = lambda _message, fds: loops.close(*fds)
        self._lost = done

        def answered(_message: protocol.Message, fds: list[int]) -> None:
            loops.close(*fds)
            self.close()
            done()

        self._loop.soon(done) if self._socket is None else self.send(type, answered, c=c)

    def close(self) -> None:
        """Leave it to itself. lost() is not called."""
        if self._socket:
            self._loop.remove(self._socket.fileno())
            self._socket.close()
            self._socket = None
        for _, fds in self._out:
            loops.close(*fds)
        self._out.clear()
        self._answers.clear()


# STATUS answers HELLO, and comes in parts: service.py collects them.
_ANSWERS = frozenset((protocol.SPAWNED, protocol.DONE, protocol.UNKNOWN))


def start(program: str, ident: str, log: int) -> tuple[int, socket]:
    """Start a shim: its pid and our end of its first connection. OSError if that fails (EAGAIN, ENOMEM, EMFILE).

    log is the descriptor its warnings go to.
    """
    ours, theirs = pair()
    try:
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDWR, 0),
            (os.POSIX_SPAWN_DUP2, 0, 1),
            (os.POSIX_SPAWN_DUP2, log, 2),
            (os.POSIX_SPAWN_DUP2, theirs, 3),
        ]
        pid = os.posix_spawn(program, ["pyinit-shim", ident], {}, file_actions=actions, setsid=True)
    except OSError:
        ours.close()
        raise
    finally:
        os.close(theirs)
    ours.setsockopt(SOL_SOCKET, SO_SNDBUF, 1 << 18)
    return pid, ours


def connect(path: str) -> socket:
    """Connect to a shim that somebody started earlier. OSError if nobody is there."""
    sock = socket(AF_UNIX, KIND, 0)
    try:
        sock.connect(path)
    except OSError:
        sock.close()
        raise
    sock.setsockopt(SOL_SOCKET, SO_SNDBUF, 1 << 18)
    return sock


def peer(sock: socket) -> int:
    """The pid at the other end of a connection that we made."""
    return int(unpack("=iII", sock.getsockopt(SOL_SOCKET, SO_PEERCRED, 12))[0])


def kept_spec(path: str, slot: int) -> bytes | None:
    """What a shim keeps of its service's specification, for when the state directory is lost; None if that is nothing.

    On a connection of its own, and waiting for the answer, at most a second.
    """
    try:
        sock = connect(path)
    except OSError:
        return None
    found = None
    try:
        sock.settimeout(1.0)
        sock.send(protocol.message(protocol.HELLO, a=protocol.VERSION))
        more = True
        while more:
            data, control, _, _ = sock.recvmsg(LARGEST, CMSG_LEN(4 * protocol.STATUS_FDS + 64), MSG_CMSG_CLOEXEC)
            message = protocol.parse(data)
            fds = [fd for _, _, raw in control for fd in unpack(f"={len(raw) // 4}i", raw)]
            for kept, _, index in protocol.kept(message.body) if message.type == protocol.STATUS else ():
                if kept == slot and 0 <= index < len(fds):
                    found = os.pread(fds[index], 1 << 20, 0)
            loops.close(*fds)
            more = bool(message.slot & protocol.STATUS_MORE)
    except (OSError, protocol.ProtocolError):
        return found
    finally:
        sock.close()
    return found
