"""The control socket: clients ask in lines of JSON, and are answered in them; docs/api.md tells what.

A client that sends half a request, nothing, or garbage holds up nobody: each connection is read as it comes, has a
bounded request, and answers that are not read are kept up to a bound; then the connection is dropped.
"""

from __future__ import annotations

import os
from _socket import AF_UNIX, SO_PEERCRED, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM, SOL_SOCKET, socket
from _struct import unpack
from errno import EMFILE, ENFILE, ENOBUFS, ENOMEM

from pyinit import jsontext, loop
from pyinit.errors import PyinitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyinit.supervisor import Supervisor

LONGEST_REQUEST = 1 << 20  # bytes
MOST_UNREAD = 4 << 20  # bytes of answers
MOST_CLIENTS = 4096
ACCEPT_AT_ONCE = 64


class Server:
    """Listens, and lets in whoever has our uid, or root."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._loop = supervisor.loop
        self.clients: set[Client] = set()
        path = supervisor.dirs.control
        self._socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
        try:
            self._socket.bind(path)
            os.chmod(path, 0o600)
            self._socket.listen(1024)
        except OSError as error:
            self._socket.close()
            message = f"cannot listen at {path}: {os.strerror(error.errno or 0)}"
            raise PyinitError(message) from error
        self._loop.add(self._socket.fileno(), self._ready)

    def _ready(self, _events: int) -> None:
        for _ in range(ACCEPT_AT_ONCE):
            try:
                fd, _ = self._socket._accept()  # type: ignore[attr-defined]  # noqa: SLF001 (the C method behind accept)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in (EMFILE, ENFILE, ENOBUFS, ENOMEM):  # those who wait are served when others have left
                    self._loop.modify(self._socket.fileno(), 0)
                    self._loop.after(0.2, lambda: self._loop.modify(self._socket.fileno(), loop.READ))
                return
            sock = socket(fileno=fd)
            uid = unpack("=iII", sock.getsockopt(SOL_SOCKET, SO_PEERCRED, 12))[1]
            if uid not in (0, os.geteuid()) or len(self.clients) >= MOST_CLIENTS:
                sock.close()
                continue
            sock.setblocking(False)
            self.clients.add(Client(self._supervisor, self, sock))

    def close(self) -> None:
        """Stop listening; the socket's file stays for the next supervisor to replace."""
        self._loop.remove(self._socket.fileno())
        self._socket.close()


class Client:
    """One connection. `taken` by an attachment, it speaks frames instead of lines."""

    def __init__(self, supervisor: Supervisor, server: Server, sock: socket) -> None:
        self.supervisor = supervisor
        self.loop = supervisor.loop
        self._server = server
        self._socket: socket | None = sock
        self._in = bytearray()
        self._out = bytearray()
        self._ending = False
        self._wanted = loop.READ
        self.busy = False  # a request is being answered: the next one waits
        self.taken: Callable[[bytearray], None] | None = None  # who gets what arrives
        self.gone: list[Callable[[], None]] = []  # called when the connection has ended
        self.most_unread = MOST_UNREAD
        self.loop.add(sock.fileno(), self._ready)

    @property
    def open(self) -> bool:
        """Whether there is anybody to answer."""
        return self._socket is not None

    def hold(self) -> None:
        """Read no more of what it says, for now: it is to wait."""
        self._wanted = 0
        self._flush()

    def go_on(self) -> None:
        """Read it again."""
        self._wanted = loop.READ
        self._flush()

    def _ready(self, events: int) -> None:
        if self._socket and events & loop.WRITE:
            self._flush()
        if self._socket and events & ~loop.WRITE:
            self._read(self._socket)

    def _read(self, sock: socket) -> None:
        try:
            data = sock.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        if self._ending:
            return  # whatever it says now
        self._in += data
        self._serve()
        if self._socket and self.busy and len(self._in) > LONGEST_REQUEST:  # it does not wait for its answers
            self.close()

    def _serve(self) -> None:
        while self._socket and self._in and not self.busy and not self._ending:
            if self.taken:
                self.taken(self._in)
                return
            line, newline, rest = self._in.partition(b"\n")
            if not newline:
                if len(self._in) > LONGEST_REQUEST:
                    self.fail(PyinitError(f"a request has at most {LONGEST_REQUEST} bytes"))
                    self.end()
                return
            self._in = rest
            self._handle(bytes(line))

    def _handle(self, line: bytes) -> None:
        from pyinit import requests  # noqa: PLC0415 (it imports us)

        try:
            request = jsontext.loads(line.decode("utf-8", "surrogateescape"))
        except ValueError as error:
            self.fail(PyinitError(f"the request is no JSON: {error}"))
            return
        try:
            requests.handle(self, request)
        except PyinitError as error:
            self.fail(error)
        except OSError as error:
            self.fail(PyinitError(f"the supervisor cannot do it: {os.strerror(error.errno or 0)}"))
        except Exception as error:  # noqa: BLE001 (whatever a client has found: it must not end us)
            import traceback  # noqa: PLC0415

            traceback.print_exc()
            self.fail(PyinitError(f"a bug of the supervisor, which is in its log: {type(error).__name__}"))

    def answer(self, **values: Any) -> None:
        """The last line of an answer."""
        self.busy = False
        self.line({"ok": True, **values})
        self.loop.soon(self._serve)

    def fail(self, error: PyinitError) -> None:
        """The last line of an answer, when something went wrong."""
        self.busy = False
        self.line({"error": str(error), "exit": error.exit_code})
        self.loop.soon(self._serve)

    def line(self, value: dict[str, Any]) -> None:
        """A line of an answer."""
        self.send(jsontext.dumps(value).encode() + b"\n")

    def send(self, data: bytes) -> bool:
        """Send bytes, now or when there is room. False: too much is unread, and the connection has been dropped."""
        if not self._socket:
            return False
        if len(self._out) + len(data) > self.most_unread:
            self.close()
            return False
        self._out += data
        self._flush()
        return self._socket is not None

    @property
    def unread(self) -> int:
        """Bytes that wait for room."""
        return len(self._out)

    def _flush(self) -> None:
        sock = self._socket
        if not sock:
            return
        try:
            while self._out:
                del self._out[: sock.send(self._out)]
        except BlockingIOError:
            self.loop.modify(sock.fileno(), self._wanted | loop.WRITE)
            return
        except OSError:
            self.close()
            return
        self.loop.modify(sock.fileno(), self._wanted)
        if self._ending:
            self.close()

    def end(self) -> None:
        """Close when all has been read."""
        self._ending = True
        self._flush()

    def close(self) -> None:
        """End the connection."""
        if not self._socket:
            return
        self.loop.remove(self._socket.fileno())
        self._socket.close()
        self._socket = None
        self._server.clients.discard(self)
        for call in self.gone:
            call()
