"""Our end of an attached service: its output is ours, our input and the signals we get are its.

Everything that can block is waited for at once, so that a reader that stops reading our output does not keep a signal
from being sent on. A terminal is put into raw mode only while it is joined to the service's, and is put back however we
end, as far as a process can notice its end.
"""

from __future__ import annotations

import _signal
import os
import select

from pyinit import client, show
from pyinit.errors import PyinitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

    from pyinit.client import Connection

FORWARDED = (_signal.SIGHUP, _signal.SIGINT, _signal.SIGQUIT, _signal.SIGUSR1, _signal.SIGUSR2, _signal.SIGTERM)
# What else would end us, and leave a terminal in raw mode.
DEADLY = (
    _signal.SIGALRM, _signal.SIGVTALRM, _signal.SIGPROF, _signal.SIGXCPU, _signal.SIGIO, _signal.SIGPWR,
    _signal.SIGSYS, _signal.SIGABRT, _signal.SIGTRAP,
)  # fmt: skip
PIECE = 4096  # PIPE_BUF: a pipe that is writable takes as much without waiting
MUCH_INPUT = 1 << 18  # bytes that wait to be sent; then no more are read
# Bytes that wait to be written, far more than the supervisor keeps for a client before it drops it.
MUCH_OUTPUT = 1 << 24
DEFAULT_KEYS = "ctrl-p,ctrl-q"


def detach_keys(text: str | None) -> bytes:
    """The bytes that the keys send. PyinitError for what is no key."""
    keys = bytearray()
    for word in (DEFAULT_KEYS if text is None else text).split(",") if text != "" else []:
        control = word.lower().removeprefix("ctrl-")
        if len(word) == 1 and " " <= word <= "~":
            keys += word.encode()
        elif control != word.lower() and len(control) == 1 and control in "@abcdefghijklmnopqrstuvwxyz[\\]^_":
            keys.append(ord(control.upper()) & 0x1F)
        else:
            message = f"--detach-keys: {word!r} is no key: a letter, or ctrl- and one of a-z @ [ \\ ] ^ _"
            raise PyinitError(message)
    return bytes(keys)


class KeyWatch:
    """Looks for the detach keys in what is typed. What may be their beginning waits for the next key."""

    __slots__ = ("_keys", "_seen")

    def __init__(self, keys: bytes) -> None:
        self._keys = keys
        self._seen = b""

    def feed(self, data: bytes) -> tuple[bytes, bool]:
        """The bytes to pass on, and whether the keys were all pressed."""
        if not self._keys:
            return data, False
        data = self._seen + data
        at = data.find(self._keys)
        if at >= 0:
            return data[:at], True
        held = next(
            (n for n in range(min(len(data), len(self._keys) - 1), 0, -1) if self._keys.startswith(data[-n:])), 0
        )
        self._seen = data[len(data) - held :]
        return data[: len(data) - held], False


class Terminal:
    """Our terminal, in raw mode between `raw` and `restore`."""

    __slots__ = ("_fd", "_saved")

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._saved: list[Any] | None = None

    def raw(self) -> None:
        """Every key goes to the service: none is echoed, none makes a signal here."""
        import termios  # noqa: PLC0415 (only with a terminal)

        self._saved = termios.tcgetattr(self._fd)
        mode = termios.tcgetattr(self._fd)
        mode[0] &= ~(
            termios.IGNBRK
            | termios.BRKINT
            | termios.PARMRK
            | termios.ISTRIP
            | termios.INLCR
            | termios.IGNCR
            | termios.ICRNL
            | termios.IXON
        )
        mode[1] &= ~termios.OPOST
        mode[2] = (mode[2] & ~(termios.CSIZE | termios.PARENB)) | termios.CS8
        mode[3] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self._fd, termios.TCSADRAIN, mode)

    def restore(self) -> None:
        """Put it back as it was. Does nothing the second time."""
        saved, self._saved = self._saved, None
        if saved is not None:
            import termios  # noqa: PLC0415

            try:
                termios.tcsetattr(self._fd, termios.TCSADRAIN, saved)
            except termios.error:
                return  # it hung up


def terminal_size() -> tuple[int, int] | None:
    """The rows and columns of our terminal, if it has any."""
    for fd in (0, 1, 2):
        try:
            columns, rows = os.get_terminal_size(fd)
        except OSError:
            continue
        return (rows, columns) if rows and columns else None
    return None


class Session:
    """One attachment, from the request to the exit code; `with` has the signals."""

    def __init__(self, *, stdin: bool, keys: bytes, proxy: bool) -> None:
        self._stdin = stdin
        self._had_stdin = stdin
        self._keys = KeyWatch(keys)
        self._proxy = proxy
        self._arrived, self._wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._old: dict[int, Any] = {}
        self._terminal: Terminal | None = None
        self._to_send: list[bytes] = []  # frames
        self._sent = 0  # bytes of the first of them
        self._unsent = 0  # bytes of all of them
        self._to_write: list[tuple[int, bytes]] = []
        self._waiting = 0  # bytes in _to_write
        self._closed: set[int] = set()
        self._code: int | None = None
        self._detached = False
        self._joined = False
        self._tty = False
        self._impatient = 0

    def __enter__(self) -> Self:
        signals = [*(FORWARDED if self._proxy else ()), _signal.SIGWINCH, _signal.SIGPIPE]
        for number in signals:
            if _signal.getsignal(number) is not _signal.SIG_IGN or number == _signal.SIGPIPE:
                self._old[number] = _signal.signal(number, self._noticed)
        _signal.set_wakeup_fd(self._wake)
        return self

    def __exit__(self, *_: object) -> None:
        if self._terminal:
            self._terminal.restore()
        _signal.set_wakeup_fd(-1)
        for number, handler in self._old.items():
            _signal.signal(number, handler)
        os.close(self._arrived)
        os.close(self._wake)

    def _noticed(self, number: int, _: object) -> None:
        """The wake-up descriptor has told already; only who asks twice before anything runs is answered here."""
        if number == _signal.SIGINT and not self._joined:
            self._impatient += 1
            if self._impatient > 1:
                raise KeyboardInterrupt

    def run(self, connection: Connection, answer: dict[str, Any]) -> int:
        """Be attached until the process ends; its exit code, or 0 after the detach keys."""
        ident, name = str(answer["id"]), str(answer.get("name", answer["id"]))
        self._join(bool(answer.get("tty")))
        while True:
            with connection:
                reason = self._attached(connection)
            if self._code is not None:
                return self._code
            if self._detached:
                return 0
            found = self._find_again(ident, name, reason)
            if isinstance(found, int):
                return found
            connection = found

    def _join(self, tty: bool) -> None:
        self._joined, self._tty = True, tty
        if not tty:
            return
        self._resize()
        if self._stdin and os.isatty(0):
            self._terminal = Terminal(0)
            for number in (*DEADLY, *(FORWARDED if not self._proxy else ())):
                self._old.setdefault(number, _signal.signal(number, self._die))
            self._old.setdefault(_signal.SIGTSTP, _signal.signal(_signal.SIGTSTP, self._suspend))
            self._terminal.raw()

    def _die(self, number: int, _: object) -> None:
        if self._terminal:
            self._terminal.restore()
        _signal.signal(number, _signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _suspend(self, *_: object) -> None:
        """Somebody sent TSTP (no key does in raw mode): the shell gets its terminal as it was, we ours on return."""
        if self._terminal:
            self._terminal.restore()
            os.kill(os.getpid(), _signal.SIGSTOP)
            self._terminal.raw()
            self._resize()

    def _resize(self) -> None:
        size = terminal_size()
        if size and self._tty:
            self._queue(client.frame(client.RESIZE, b"".join(number.to_bytes(2, "big") for number in size)))

    def _attached(self, connection: Connection) -> str:
        """Pass everything on until one side ends; why it ended if that was not the process's end or the detach keys."""
        frames = client.Frames()
        reason = self._take(frames, connection.rest())
        while not reason or self._to_write:
            if (self._code is not None or self._detached) and not self._to_write:
                break
            ready = self._wait(connection, listening=not reason)
            if self._arrived in ready:
                self._signals()
            if 0 in ready and self._stdin:
                self._read_stdin()
            if self._to_write and self._to_write[0][0] in ready:
                self._write()
            if ready.get(connection.fileno(), 0) & ~select.POLLOUT and not reason:
                reason = self._receive(connection, frames)
            if self._to_send and not reason:
                self._send(connection)
        return reason

    def _wait(self, connection: Connection, *, listening: bool) -> dict[int, int]:
        poll = select.poll()
        poll.register(self._arrived, select.POLLIN)
        over = self._code is not None or self._detached or not listening
        if not over:
            events = (select.POLLIN if self._waiting < MUCH_OUTPUT else 0) | (select.POLLOUT if self._to_send else 0)
            poll.register(connection.fileno(), events)
            if self._stdin and self._unsent < MUCH_INPUT:
                poll.register(0, select.POLLIN)
        if self._to_write:
            poll.register(self._to_write[0][0], select.POLLOUT)
        return dict(poll.poll())

    def _signals(self) -> None:
        for number in os.read(self._arrived, 64):
            if number == _signal.SIGWINCH:
                self._resize()
            elif number in FORWARDED and self._proxy:
                self._queue(client.frame(client.SIGNAL, bytes((number,))))

    def _read_stdin(self) -> None:
        try:
            data = os.read(0, 1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""  # the terminal hung up
        if not data:
            self._stdin = False
            self._queue(client.frame(client.END_OF_STDIN))
            return
        if self._terminal:
            data, self._detached = self._keys.feed(data)
        if data:
            self._queue(client.frame(client.STDIN, data))

    def _receive(self, connection: Connection, frames: client.Frames) -> str:
        try:
            data = connection.socket.recv(1 << 16)
        except BlockingIOError:
            return ""
        except OSError:
            data = b""
        return self._take(frames, data) if data else "the supervisor went away"

    def _take(self, frames: client.Frames, data: bytes) -> str:
        for kind, payload in frames.feed(data):
            if kind in (client.STDOUT, client.STDERR) and kind not in self._closed and payload:
                self._to_write.append((kind, payload))
                self._waiting += len(payload)
            elif kind == client.EXIT:
                self._code = int.from_bytes(payload[:4], "big", signed=True)
            elif kind == client.DROPPED:
                return payload.decode("utf-8", "replace") or "it was too slow"
        return ""

    def _write(self) -> None:
        fd, data = self._to_write[0]
        try:
            written = os.write(fd, data[:PIECE])
        except BlockingIOError:
            return
        except BrokenPipeError:
            # The process itself would have been sent this, had it written there.
            self._queue(client.frame(client.SIGNAL, bytes((_signal.SIGPIPE,))))
            self._close(fd)
            return
        except OSError:
            self._close(fd)
            return
        self._waiting -= written
        if written == len(data):
            del self._to_write[0]
        else:
            self._to_write[0] = (fd, data[written:])

    def _close(self, fd: int) -> None:
        self._closed.add(fd)
        self._to_write = [(other, data) for other, data in self._to_write if other != fd]
        self._waiting = sum(len(data) for _, data in self._to_write)

    def _queue(self, frame: bytes) -> None:
        self._to_send.append(frame)
        self._unsent += len(frame)

    def _send(self, connection: Connection) -> None:
        try:
            while self._to_send:
                first = self._to_send[0]
                sent = client.send_some(connection.socket, first[self._sent :])
                if not sent:
                    return
                self._sent += sent
                if self._sent == len(first):
                    self._drop_first()
        except OSError:
            return  # what the supervisor said last is still to be read; then comes the end

    def _drop_first(self) -> None:
        self._unsent -= len(self._to_send.pop(0))
        self._sent = 0

    def _send_again(self) -> None:
        """What the last supervisor got only in part, the next one gets whole; and what it has to know of our state."""
        self._sent = 0
        if self._had_stdin and not self._stdin:
            self._queue(client.frame(client.END_OF_STDIN))
        self._resize()

    def _find_again(self, ident: str, name: str, reason: str) -> Connection | int:
        """Attach to the service once more; its exit code when it has ended."""
        show.error(f"{name}: {reason}; it goes on, and what it wrote in between is in its log")
        while True:
            connection = client.Connection(client.find_dirs())
            try:
                connection.request("attach", name=ident, stdin=self._had_stdin)
            except client.Gone:
                connection.socket.close()
                continue
            except PyinitError:
                pass  # it runs no more
            else:
                self._send_again()
                return connection
            try:
                with connection:
                    connection.send("wait", names=[ident], condition="exited")
                    return next((int(line["exit_code"] or 0) for line in connection.lines()), 0)
            except client.Gone:
                continue
