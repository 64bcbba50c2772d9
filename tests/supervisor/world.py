"""A world of its own for each test: two directories, a supervisor, its services; nothing of it is left in the end."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from pyinit import client
from pyinit.dirs import Dirs
from pyinit.errors import PyinitError
from tests.running import PATIENCE, Reader, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MARK = b"PYINIT_SERVICE_ID="


class Record(NamedTuple):
    """A line of a k8s-file log."""

    stream: str
    tag: str
    text: str


class Process(NamedTuple):
    """A live process, by what /proc says."""

    pid: int
    parent: int
    state: str
    service: str
    command: list[str]


def _look(pid: int) -> Process | None:
    """One process; None if it is gone, or a zombie, or the kernel's."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    if stat[0] in "ZX":
        return None
    services = [word.removeprefix(MARK).decode() for word in variables if word.startswith(MARK)]
    return Process(pid, int(stat[1]), stat[0], (services or [""])[0], [os.fsdecode(word) for word in command])


def processes() -> Iterator[Process]:
    """Give all of them."""
    for entry in os.listdir("/proc"):
        if entry.isdecimal() and (found := _look(int(entry))):
            yield found


def is_gone(pid: int) -> bool:
    """Whether there is no such process, or only what is left of it until it is reaped."""
    return _look(pid) is None


def wait_gone(*pids: int) -> None:
    """Wait until processes have ended, whoever's they are."""
    for pid in pids:
        try:
            pidfd = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            assert select.select([pidfd], [], [], PATIENCE)[0], f"never ended: {_look(pid)}"
        finally:
            os.close(pidfd)


def kill(*pids: int) -> None:
    """Kill processes, and wait until they have ended."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_gone(*pids)


class World:
    """A pair of directories with a supervisor, started by `start` or by the first `insist`."""

    def __init__(self) -> None:
        """Make the directories; a short path, for the sockets' sake."""
        self.root = Path(tempfile.mkdtemp(prefix="pw-", dir="/tmp"))
        self.root.chmod(0o755)
        self.dirs = Dirs(str(self.root / "r"), str(self.root / "s"))
        self.state = self.root / "s"
        self.runtime = self.root / "r"
        self.idents: set[str] = set()
        os.mkfifo(self.root / "told")
        self._fifo = os.open(self.root / "told", os.O_RDWR | os.O_CLOEXEC)
        self.told = Reader(self._fifo)
        self._children: set[int] = set()
        self._cleanups: list[Callable[[], object]] = []

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """End everything; it is an error if something is left, unless there is one already."""
        try:
            left = self.close()
        finally:
            self._remove()
        if kind is None:
            assert not left, f"left behind: {left}"

    def finally_do(self, do: Callable[[], object]) -> None:
        """Call something when all has ended, such as an unmount."""
        self._cleanups.append(do)

    # The supervisor.

    def start(self, *prefix: str, owner: int | None = None) -> int:
        """Start a supervisor as a client does, maybe by another program (prlimit, setpriv); its pid."""
        self.dirs.make()
        if owner is not None:
            for path in (self.root, *self.root.rglob("*")):
                os.chown(path, owner, owner)
        lock = client.take(self.dirs.lock)
        assert lock is not None, "a supervisor runs already"
        if owner is not None:
            os.chown(self.dirs.lock, owner, owner)
        ready, told = os.pipe2(os.O_CLOEXEC)
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        log = os.open(self.state / "supervisor.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fds = [null, null, log, told, lock]
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 64) for fd in fds]
        command = [*prefix, *client.supervisor_command(self.dirs)]
        pid = os.posix_spawnp(
            command[0],
            command,
            client.supervisor_environment(),
            file_actions=[(os.POSIX_SPAWN_DUP2, fd, target) for target, fd in enumerate(high)],
            setsid=True,
            setsigmask=[],
            setsigdef=[signal.SIGPIPE, signal.SIGCHLD, signal.SIGINT],
        )
        self._children.add(pid)
        for fd in {*fds, *high}:
            os.close(fd)
        try:
            assert select.select([ready], [], [], PATIENCE)[0], "the supervisor is not ready in time"
            assert os.read(ready, 1) == b"r", f"the supervisor did not start: {self.said()}"
        finally:
            os.close(ready)
        return pid

    def said(self) -> str:
        """What supervisors and shims have complained about."""
        path = self.state / "supervisor.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def supervisors(self) -> list[int]:
        """Give the pids of all supervisors of this world: one, or none."""
        return [one.pid for one in processes() if self.dirs.runtime in one.command and "supervisor" in one.command]

    @property
    def pid(self) -> int:
        """The supervisor's pid."""
        return int(self.insist("ping")["pid"])

    def kill_supervisor(self) -> int:
        """Kill it, and wait for its end, not for the next one; the pid it had."""
        pid = self.pid
        kill(pid)
        self._reap()
        return pid

    def await_another(self, than: int) -> int:
        """Wait until another supervisor than this one answers, without starting one ourselves; its pid."""
        found: list[int] = []

        def is_back() -> bool:
            with contextlib.suppress(PyinitError, OSError):
                found.append(int(self.ask("ping")["pid"]))
            return bool(found) and found[-1] != than

        until(is_back, f"another supervisor than {than}: {self.said()}")
        return found[-1]

    # What is asked of it.

    def connect(self, *, start: bool = False) -> client.Connection:
        """Give a connection; start: as the command line does, which starts a supervisor where none runs."""
        connection = client.Connection(self.dirs, start)
        connection.socket.settimeout(PATIENCE)
        return connection

    def ask(self, verb: str, **arguments: Any) -> dict[str, Any]:
        """One request to the supervisor that runs. PyinitError if it refuses."""
        with self.connect() as connection:
            return connection.request(verb, **arguments)

    def insist(self, verb: str, **arguments: Any) -> dict[str, Any]:
        """One request that may be repeated, until some supervisor has answered; one is started if need be."""
        while True:
            with self.connect(start=True) as connection:
                try:
                    return connection.request(verb, **arguments)
                except client.Gone:
                    continue

    def create(self, *command: str, start: bool = True, **spec: Any) -> str:
        """Make a service (and start it); its id. It finds $T, the FIFO that `told` reads, in its environment."""
        env = {"T": str(self.root / "told"), "D": str(self.root), **spec.pop("env", {})}
        answer = self.ask("create", spec={"command": list(command), "env": env, **spec}, start=start)
        self.idents.add(answer["id"])
        return str(answer["id"])

    def sh(self, script: str, **spec: Any) -> str:
        """Make and start a service that is a shell script; its id."""
        return self.create("sh", "-c", script, **spec)

    def stop(self, *names: str, **arguments: Any) -> None:
        """Stop services, and wait until they have ended."""
        self._each("stop", *names, **arguments)

    def _each(self, verb: str, *names: str, **arguments: Any) -> None:
        results = self.insist(verb, names=list(names), **arguments)["results"]
        assert not [result for result in results if "error" in result], results

    def do(self, verb: str, *names: str, **arguments: Any) -> None:
        """Ask for something to be done to services; an error is the test's end."""
        self._each(verb, *names, **arguments)

    def inspect(self, name: str) -> dict[str, Any]:
        """What `inspect` says."""
        found: dict[str, Any] = self.insist("inspect", names=[name])["services"][0]
        return found

    def status(self, name: str) -> str:
        """Give the status: running, exited and so on."""
        return str(self.inspect(name)["State"]["Status"])

    def main(self, name: str) -> int:
        """The pid of a service's main process."""
        return int(self.inspect(name)["State"]["Pid"])

    def shim(self, name: str) -> int:
        """The pid of a service's shim."""
        return int(self.inspect(name)["State"]["ShimPid"])

    def await_status(self, name: str, status: str) -> dict[str, Any]:
        """Wait for a status; the whole of `inspect` then."""
        seen: list[dict[str, Any]] = []

        def is_so() -> bool:
            seen[:] = [self.inspect(name)]
            return bool(seen[0]["State"]["Status"] == status)

        try:
            until(is_so, f"{name} is {status}")
        except AssertionError:
            message = f"never {status}: {seen[0]['State']}; {self.events()[-8:]}; {self.said()}"
            raise AssertionError(message) from None
        return seen[0]

    # What can be seen.

    def events(self, event: str | None = None, ident: str | None = None) -> list[dict[str, Any]]:
        """Give the events of the files, the oldest first; of one kind, or of one service."""
        found = []
        for path in (self.state / "events.jsonl.1", self.state / "events.jsonl"):
            if path.exists():
                found += [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
        return [one for one in found if event in (None, one["event"]) and (ident is None or one.get("id") == ident)]

    def await_event(self, event: str, ident: str | None = None, count: int = 1) -> dict[str, Any]:
        """Wait until an event has happened so many times; the last of these."""
        try:
            until(lambda: len(self.events(event, ident)) >= count, event)
        except AssertionError:
            message = f"no {event} of {ident} ({count}): {self.events()[-8:]}; {self.said()}"
            raise AssertionError(message) from None
        return self.events(event, ident)[count - 1]

    def log_files(self, ident: str) -> list[Path]:
        """Give a service's log files, the oldest first."""
        folder = self.state / "services" / ident
        rotated = sorted(folder.glob("log.[0-9]*"), key=lambda path: -int(path.suffix[1:]))
        return [path for path in (*rotated, folder / "log") if path.exists()]

    def records(self, ident: str) -> list[Record]:
        """Give what is in a service's log; each line must be whole."""
        data = b"".join(path.read_bytes() for path in self.log_files(ident))
        assert not data or data.endswith(b"\n"), f"a torn line: {data[-200:]!r}"
        found = []
        for line in data.decode("utf-8", "surrogateescape").split("\n")[:-1]:
            _, stream, tag, text = line.split(" ", 3)
            found.append(Record(stream, tag, text))
        return found

    def lines(self, ident: str, stream: str = "stdout") -> list[str]:
        """Give the lines of a stream that are logged, parts put together."""
        found, rest = [], ""
        for record in self.records(ident):
            if record.stream == stream:
                rest += record.text
                if record.tag == "F":
                    found.append(rest)
                    rest = ""
        return found

    def await_line(self, ident: str, text: str) -> None:
        """Wait until a line is logged."""
        path = self.state / "services" / ident / "log"
        wanted = f" {text}\n".encode()
        until(lambda: path.exists() and wanted in path.read_bytes(), f"{text!r} in the log of {ident}")

    def of(self, ident: str) -> list[Process]:
        """Give the live processes of a service."""
        return [one for one in processes() if one.service == ident]

    def shims(self) -> list[int]:
        """Give the pids of all shims of this world."""
        return [one.pid for one in processes() if self._is_shim(one)]

    def _is_shim(self, one: Process) -> bool:
        """Whether it is a shim of ours, of whatever service: it complains to our log."""
        if one.command[:1] != ["pyinit-shim"]:
            return False
        try:
            return os.readlink(f"/proc/{one.pid}/fd/2").startswith(f"{self.root}/")
        except OSError:
            return False

    def left(self) -> list[Process]:
        """Give all that lives and is of this world."""
        return [
            one
            for one in processes()
            if one.service in self.idents
            or self._is_shim(one)
            or (self.dirs.runtime in one.command and "supervisor" in one.command)
        ]

    # The end.

    def close(self) -> list[Process]:
        """Stop the supervisor with everything; what is left then, which is killed."""
        for ident in os.listdir(self.dirs.services) if os.path.isdir(self.dirs.services) else ():
            self.idents.add(ident)
        try:
            if self.supervisors() or self.left():
                with self.connect(start=True) as connection:
                    pid = connection.request("ping")["pid"]
                    connection.request("stop", all=True, timeout=0)
                    connection.request("stop_supervisor")
                wait_gone(pid)
            self._await_nothing()
        except (PyinitError, OSError, AssertionError) as error:
            sys.stderr.write(f"the end of the world failed: {error!r}\n{self._how_things_stand()}\n{self.said()}\n")
        left = self.left()
        for one in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGKILL)
        if left:
            for one in self.left():  # a supervisor that a shim has started meanwhile
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one.pid, signal.SIGKILL)
        self._reap()
        os.close(self._fifo)
        return left

    def _how_things_stand(self) -> str:
        """What the supervisor says of the services that have not ended."""
        try:
            services = self.ask("list", all=True)["services"]
        except (PyinitError, OSError) as error:
            return repr(error)
        live = [one for one in services if one["Status"] not in ("created", "exited")]
        return "\n".join(f"{one}\n  {self.of(one['Id'])}\n  {self.events(ident=one['Id'])[-5:]}" for one in live[:3])

    def _await_nothing(self) -> None:
        """A shim that was told to quit needs a moment."""
        wait_gone(*(one.pid for one in self.left()))

    def _reap(self) -> None:
        for pid in tuple(self._children):
            with contextlib.suppress(ChildProcessError):
                if os.waitpid(pid, os.WNOHANG)[0]:
                    self._children.discard(pid)

    def _remove(self) -> None:
        if os.environ.get("PYINIT_KEEP_WORLDS"):
            return
        for do in reversed(self._cleanups):
            do()
        shutil.rmtree(self.root, ignore_errors=True)


def terminated(world: World) -> None:
    """Send the supervisor TERM and wait for its end."""
    pid = world.pid
    os.kill(pid, signal.SIGTERM)
    wait_gone(pid)
