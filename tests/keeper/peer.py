"""The other end of a shim's socket, and a shim to talk to."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyinit import protocol
from tests.running import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Sequence

WAIT = PATIENCE


class Peer:
    """A supervisor's connection, which keeps what comes unasked until it is asked for."""

    def __init__(self, connection: socket.socket) -> None:
        """Take the connection over."""
        self.socket = connection
        self.socket.settimeout(WAIT)
        self.news: list[protocol.Message] = []
        self.last_id = 0

    def close(self) -> None:
        """End the connection."""
        self.socket.close()

    def receive(self) -> tuple[protocol.Message, list[int]]:
        """Give the next message with its descriptors; EOFError at the end."""
        data, fds, _, _ = socket.recv_fds(self.socket, 70000, 64)
        if not data:
            raise EOFError
        return protocol.parse(data), fds

    def send(self, kind: int, *, fds: Sequence[int] = (), slot: int = 0, a: int = 0, b: int = 0, c: int = 0,
             body: bytes = b"") -> int:  # fmt: skip
        """Send a request; its id."""
        self.last_id += 1
        data = protocol.message(kind, self.last_id, slot=slot, a=a, b=b, c=c, body=body)
        socket.send_fds(self.socket, [data], list(fds))
        return self.last_id

    def answer(self, number: int) -> tuple[protocol.Message, list[int]]:
        """Give the answer to a request."""
        while True:
            got, fds = self.receive()
            if got.type in (protocol.EXITED, protocol.EMPTY):
                self.news.append(got)
                continue
            assert got.id == number
            return got, fds

    def ask(self, kind: int, *, fds: Sequence[int] = (), slot: int = 0, a: int = 0, b: int = 0, c: int = 0,
            body: bytes = b"") -> protocol.Message:  # fmt: skip
        """Send a request; its answer, which has no descriptors."""
        got, came = self.answer(self.send(kind, fds=fds, slot=slot, a=a, b=b, c=c, body=body))
        assert not came
        return got

    def do(self, kind: int, *, fds: Sequence[int] = (), slot: int = 0, a: int = 0, b: int = 0, c: int = 0,
           body: bytes = b"") -> int:  # fmt: skip
        """Send a request that is answered by DONE; its errno."""
        got = self.ask(kind, fds=fds, slot=slot, a=a, b=b, c=c, body=body)
        assert got.type == protocol.DONE
        return got.c

    def hello(self) -> tuple[protocol.Message, dict[int, tuple[int, int]]]:
        """Say it; the first STATUS, and of all slots (tag, descriptor)."""
        number = self.send(protocol.HELLO, a=protocol.VERSION)
        first = None
        slots = {}
        while True:
            got, fds = self.answer(number)
            assert got.type == protocol.STATUS
            first = first or got
            slots.update({slot: (tag, fds[index]) for slot, tag, index in protocol.kept(got.body)})
            if not got.slot & protocol.STATUS_MORE:
                return first, slots

    def wait(self, kind: int) -> protocol.Message:
        """Give the next EXITED or EMPTY."""
        while not any(one.type == kind for one in self.news):
            got, _ = self.receive()
            self.news.append(got)
        index = next(i for i, one in enumerate(self.news) if one.type == kind)
        return self.news.pop(index)

    def spawn(self, argv: Sequence[str], run: int = 1, *, env: Sequence[str] = ("PATH=/usr/bin:/bin",),
              **payload: Any) -> protocol.Message:  # fmt: skip
        """Start a process; SPAWNED."""
        packed = protocol.payload([os.fsencode(word) for word in argv], [os.fsencode(word) for word in env],
                                  **payload)  # fmt: skip
        return self.spawn_packed(packed, run)

    def spawn_packed(self, packed: bytes, run: int = 1) -> protocol.Message:
        """Start a process by a payload as it is; SPAWNED."""
        file = os.memfd_create("payload")
        try:
            os.write(file, packed)
            got = self.ask(protocol.SPAWN, fds=[file], a=run)
        finally:
            os.close(file)
        assert got.type == protocol.SPAWNED
        return got

    def keep(self, slot: int, fd: int, tag: int = 0) -> None:
        """Put a descriptor into a slot."""
        assert self.do(protocol.KEEP, fds=[fd], slot=slot, c=tag) == 0


class Shim:
    """A running shim, its directory and its first connection."""

    def __init__(self, program: str, folder: Path, name: str = "shim") -> None:
        """Start it, as a supervisor does."""
        self.folder = folder
        self.name = name
        self.record = folder / "state" / name / "exit"
        self.lock = folder / "run" / "lock"
        self.path = folder / "run" / "shims" / name
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            self.pid = os.posix_spawn(
                program,
                ["pyinit-shim", name],
                {},
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDWR, 0),
                    (os.POSIX_SPAWN_DUP2, its.fileno(), 3),
                ],
                setsid=True,
            )
        self.status: int | None = None
        self.peer = Peer(ours)
        self.peers = [self.peer]

    def configure(self, peer: Peer | None = None, argv: Sequence[str] = (), env: Sequence[str] = ()) -> int:
        """Send CONFIG; a supervisor is called if argv is not empty. The errno."""
        body = protocol.config(
            os.fsencode(self.record),
            os.fsencode(self.lock),
            os.fsencode(self.path),
            [os.fsencode(word) for word in argv],
            [os.fsencode(word) for word in env],
        )
        return (peer or self.peer).do(protocol.CONFIG, c=protocol.CONFIG_CALL if argv else 0, body=body)

    def ready(self, argv: Sequence[str] = (), env: Sequence[str] = ()) -> Peer:
        """Say hello and configure it."""
        self.peer.hello()
        assert self.configure(argv=argv, env=env) == 0
        return self.peer

    def connect(self) -> Peer:
        """Give a new connection."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.connect(str(self.path))
        self.peers.append(Peer(connection))
        return self.peers[-1]

    def adopt(self) -> Peer:
        """Give a new connection that has said hello."""
        peer = self.connect()
        peer.hello()
        return peer

    def wait(self) -> int:
        """Wait for its end; its wait status."""
        if self.status is None:
            self.status = os.waitpid(self.pid, 0)[1]
        return self.status

    def kill(self) -> None:
        """End it, with everything that it owns."""
        if self.status is None:
            for pid in descendants(self.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            os.kill(self.pid, signal.SIGKILL)
            self.wait()
        for peer in self.peers:
            peer.close()


def descendants(pid: int) -> list[int]:
    """Give the pids of all descendants, those of a process's other threads too."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *descendants(child)]
    return found


def is_gone(pid: int) -> bool:
    """Whether there is no such process, or only its zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_gone(pid: int) -> None:
    """Wait for the end of somebody's process."""
    try:
        file = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        select.select([file], [], [], WAIT)
    finally:
        os.close(file)


PYTHON = sys.executable
