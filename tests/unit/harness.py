"""A supervisor that runs in a thread of the test, without shims: for what clients see."""

from __future__ import annotations

import json
import os
import socket
import threading
from typing import TYPE_CHECKING, Any, Self

from pyinit import control
from pyinit.dirs import Dirs
from pyinit.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATIENCE = 60  # seconds; only a broken supervisor needs so long


class Harness:
    """The supervisor, its loop, and connections to it. Its shim program does not exist: every start fails."""

    def __init__(self, folder: Path) -> None:
        self.dirs = Dirs(f"{folder}/r", f"{folder}/s")
        self.dirs.make()
        self.left: list[str] = []  # how it was asked to leave
        self.supervisor = Supervisor(self.dirs, f"{folder}/no-such-program", -1)
        self.supervisor.upgrade = lambda: self.left.append("upgrade")  # type: ignore[method-assign]
        self.supervisor.leave = lambda: self.left.append("leave")  # type: ignore[method-assign]
        self.supervisor.stop_all = self._stop_all  # type: ignore[method-assign]
        self._end = self.supervisor.loop.stop
        self.supervisor.loop.stop = lambda: self.left.append("end")  # type: ignore[method-assign]
        self.server = control.Server(self.supervisor)
        self._stop, self._stopper = os.pipe()
        self._calls: list[Callable[[], None]] = []
        self.supervisor.loop.add(self._stop, self._called)
        self._thread = threading.Thread(target=self.supervisor.loop.run, daemon=True)
        self._connections: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._connections:
            connection.close()
        self.call(self._end)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        assert self.supervisor.loop._faults == 0  # noqa: SLF001 (its traceback is on stderr)
        self.supervisor.loop.remove(self.server._socket.fileno())  # noqa: SLF001
        self.server._socket.close()  # noqa: SLF001
        for client in tuple(self.server.clients):
            client.close()
        if self.supervisor._events_fd >= 0:  # noqa: SLF001
            os.close(self.supervisor._events_fd)  # noqa: SLF001
        os.close(self._stop)
        os.close(self._stopper)

    def _stop_all(self, done: Callable[[], None]) -> None:
        self.left.append("stop")
        done()

    def _called(self, _events: int) -> None:
        os.read(self._stop, 1)
        self._calls.pop(0)()

    def call(self, what: Callable[[], Any]) -> Any:
        """Do something in the loop's thread, between two turns; its result."""
        done, found = threading.Event(), []

        def do() -> None:
            try:
                found.append(what())
            finally:
                done.set()

        self._calls.append(do)
        os.write(self._stopper, b"x")
        assert done.wait(PATIENCE)
        return found[0]

    def connect(self) -> socket.socket:
        """Open a connection."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE)
        connection.connect(self.dirs.control)
        self._connections.append(connection)
        return connection

    def ask(self, verb: str, **arguments: Any) -> dict[str, Any]:
        """Give the one line that answers a request."""
        with self.connect() as connection:
            connection.sendall(json.dumps({"verb": verb, **arguments}).encode() + b"\n")
            return answer(connection)


def answer(connection: socket.socket) -> dict[str, Any]:
    """Give the next line. {} if there is none, since the connection has ended."""
    line = bytearray()
    while not line.endswith(b"\n"):
        try:
            ahead = connection.recv(1 << 16, socket.MSG_PEEK)
            part = connection.recv(ahead.find(b"\n") + 1 or len(ahead)) if ahead else b""
        except ConnectionResetError:
            part = b""
        if not part:
            assert not line, f"half a line: {line[:100]!r}"
            return {}
        line += part
    found: dict[str, Any] = json.loads(line)
    return found


def is_one_line(text: str) -> bool:
    """Whether an error may be shown to a person as it is."""
    return text.isprintable() and bool(text)
