"""Programs that a test starts, talks to and waits for: by pipes, on a terminal, or as PID 1 of a namespace."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import tempfile
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Nothing here takes long: whoever waits this long waits in vain. Far below the limit for a test, so that what was seen
# until then can be told.
PATIENCE = 30.0


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for something that no descriptor tells of, such as a process that has stopped."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"never came true: {what}"
        time.sleep(0.002)


def children(pid: int) -> list[int]:
    """Give the pids of the children of a process, zombies included; none if it is gone."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def descendants(pid: int) -> list[int]:
    """Give the pids of everything below a process."""
    below = children(pid)
    return below + [grandchild for child in below for grandchild in descendants(child)]


def status(pid: int) -> dict[str, str]:
    """Give the fields of /proc/PID/status."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def state(pid: int) -> str:
    """Give the letter of a process's state: R, S, T, Z …; X if it is gone."""
    try:
        return status(pid)["State"][0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def settled(pid: int) -> bool:
    """Whether an init has nothing more to set up: then it holds no directory of ours."""
    return str(Path(f"/proc/{pid}/cwd").readlink()) == "/"


def descriptors(pid: int) -> dict[int, str]:
    """Give what a process has open."""
    found = {}
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            found[int(entry.name)] = str(entry.readlink())
    return found


def fields(line: str) -> dict[str, str]:
    """Take apart a line of the probe `show`."""
    return dict(word.split("=", 1) for word in line.split())


def bits(mask: str) -> set[int]:
    """Give the signals of a set that is written in hexadecimal, as in /proc/PID/status."""
    return {number for number in range(1, 65) if int(mask, 16) >> (number - 1) & 1}


def _kill(pids: Sequence[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


class Reader:
    """The lines that arrive at a descriptor."""

    def __init__(self, fd: int) -> None:
        """Take over the descriptor."""
        self.fd = fd
        self.seen = b""
        self._rest = b""

    def more(self) -> bool:
        """Wait for more and keep it; False at the end."""
        assert select.select([self.fd], [], [], PATIENCE)[0], f"nothing more came after {self.seen[-500:]!r}"
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # a terminal's way to say that nobody has it open any more
            data = b""
        self.seen += data
        self._rest += data
        return bool(data)

    def line(self) -> str:
        """Give the next line without its end; "" at the end of everything."""
        while b"\n" not in self._rest:
            if not self.more():
                last, self._rest = self._rest, b""
                return last.decode()
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode().rstrip("\r")

    def lines(self, count: int) -> list[str]:
        """Give so many lines, in the order of their text: for those whose order is not fixed."""
        return sorted(self.line() for _ in range(count))

    def until(self, pattern: str) -> re.Match[str]:
        """Read on to the first line that contains the pattern, dropping those before it."""
        while line := self.line():
            if found := re.search(pattern, line):
                return found
        pytest.fail(f"no {pattern!r} in {self.seen.decode()!r}")

    def text(self, pattern: str) -> re.Match[str]:
        """Read on until the pattern is there, in a line that need not be complete, such as a prompt."""
        while not (found := re.search(pattern.encode(), self._rest)):
            assert self.more(), f"no {pattern!r} in {self.seen.decode()!r}"
        match = re.search(pattern, self._rest[: found.end()].decode())
        self._rest = self._rest[found.end() :]
        assert match
        return match

    def end(self) -> str:
        """Read everything that is left."""
        while self.more():
            pass
        rest, self._rest = self._rest, b""
        return rest.decode()


class Running:
    """A program with pipes for its standard input and output; standard error goes to a file."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
        cwd: str | None = None,
        user: int | None = None,
        start_new_session: bool = False,
        errors: int | None = None,
    ) -> None:
        """Start it. The environment is ours with that added; as a user it has no supplementary groups.

        Standard error goes to the descriptor that is given, else to where we can read it.
        """
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._popen = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors if errors is None else errors,
            bufsize=0,
            env={**os.environ, **(env or {})},
            pass_fds=pass_fds,
            cwd=cwd,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            start_new_session=start_new_session,
        )
        assert self._popen.stdin
        assert self._popen.stdout
        self._stdin = self._popen.stdin
        self._stdout = self._popen.stdout
        self.out = Reader(self._stdout.fileno())
        self.pid = self._popen.pid

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing behind."""
        self.close()

    @property
    def init(self) -> int:
        """The pid of the init: the program itself."""
        return self.pid

    @property
    def errors(self) -> str:
        """What it has written to standard error so far."""
        size = os.fstat(self._errors.fileno()).st_size
        return os.pread(self._errors.fileno(), size, 0).decode()

    def tell(self, text: str) -> None:
        """Write a line to its standard input."""
        self._stdin.write(f"{text}\n".encode())

    def hang_up(self) -> None:
        """Close our end of its standard input."""
        self._stdin.close()

    def send(self, number: int) -> None:
        """Send the init a signal."""
        os.kill(self.init, number)

    def wait(self) -> int:
        """Wait for its end and give its exit code as a shell would: 128 + N for a death by signal N."""
        try:
            code = self._popen.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            tree = {pid: status(pid)["Name"] + " " + state(pid) for pid in [self.pid, *descendants(self.pid)]}
            pytest.fail(f"did not end: {tree}, {self.out.seen[-500:]!r}, {self.errors!r}")
        return code if code >= 0 else 128 - code

    def close(self) -> None:
        """Kill it and all that is below it."""
        _kill(descendants(self.pid))
        if self._popen.poll() is None:
            self._popen.kill()
            self._popen.wait()
        for file in (self._stdin, self._stdout, self._errors):
            file.close()


class Namespaced(Running):
    """A program that is PID 1 of a namespace of its own, with a /proc that shows it."""

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, mounts: bool = True) -> None:
        """Start it."""
        options = ["--pid", "--fork", "--kill-child"] + (["--mount-proc"] if mounts else [])
        if os.geteuid() != 0:
            options.append("--map-root-user")
        super().__init__(["unshare", *options, *argv], env=env)

    @property
    def init(self) -> int:
        """The init's pid as it is seen from outside: unshare is its parent."""
        return children(self.pid)[0]


class Terminal:
    """A program that leads a session with a terminal of its own, at the other end of which we sit."""

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str] | None = None) -> None:
        """Start it."""
        environment = {**os.environ, "TERM": "dumb", **(env or {})}
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.execvpe(argv[0], list(argv), environment)
            finally:
                os._exit(97)
        self.out = Reader(self.fd)
        self._code: int | None = None
        self._open = True

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing behind."""
        self.close()

    def type(self, text: str) -> None:
        """Type something; control characters do what they do on a terminal."""
        os.write(self.fd, text.encode())

    def foreground(self) -> int:
        """Give the process group that the terminal listens to."""
        return os.tcgetpgrp(self.fd)

    def resize(self, rows: int, columns: int) -> None:
        """Change the window's size."""
        termios.tcsetwinsize(self.fd, (rows, columns))

    def hang_up(self) -> None:
        """Close our end, as when the line drops."""
        if self._open:
            os.close(self.fd)
        self._open = False

    def wait(self) -> int:
        """Wait for its end and give its exit code as a shell would."""
        until(self._ended, f"the end of {self.pid}")
        assert self._code is not None
        return self._code

    def _ended(self) -> bool:
        if self._code is None:
            pid, ended = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(ended)
                self._code = code if code >= 0 else 128 - code
        return self._code is not None

    def close(self) -> None:
        """Kill it and all that is below it."""
        if not self._ended():
            _kill([*descendants(self.pid), self.pid])
        self.hang_up()
        self.wait()


def ready(reader: Reader, count: int = 1) -> dict[str, int]:
    """Wait until so many of the probe `listen` are ready, and give their pids by name."""
    words = [reader.line().split() for _ in range(count)]
    assert all(word == "ready" for _, word, _ in words), words
    return {name: int(pid) for name, _, pid in words}
