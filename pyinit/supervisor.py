"""The supervisor: one process that decides for all services of a user, and may be killed at any time.

What it knows it has from the shims and from the state directory, and what it holds is kept by the shims as well. It
starts with finding all of them.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from _signal import SIG_IGN, SIGCHLD, SIGHUP, SIGINT, SIGPIPE, SIGTERM, SIGUSR1, SIGUSR2, set_wakeup_fd, signal
from errno import ENOSPC
from resource import RLIMIT_NOFILE, getrlimit, setrlimit

from pyinit import cgroups, control, jsontext, launch, loop, process, protocol, records, restart, states, system
from pyinit.dirs import Dirs
from pyinit.errors import PyinitError
from pyinit.service import Service

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyinit.spec import Spec

LOCK_FD, READY_FD = 4, 3
EVENTS_LIMIT = 8 << 20  # bytes of the events' file before it is moved aside
BOOTSTRAP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bootstrap.py")


class Supervisor:
    """All services of one pair of directories."""

    def __init__(self, dirs: Dirs, program: str, lock_fd: int) -> None:
        self.dirs = dirs
        self.program = program
        self.lock_fd = lock_fd
        self.log_fd = 2
        self.loop = loop.Loop()
        self.services: dict[str, Service] = {}
        self.names: dict[str, Service] = {}
        self.nofile = getrlimit(RLIMIT_NOFILE)
        self.started = system.now()
        self.boot = _boot()
        self.adopted = 0
        self.followers: list[Callable[[str], None]] = []
        self.trouble = ""
        self._events_fd = -1
        # The next supervisor's, too: a client chose which ones this one has.
        self._variables = [os.fsencode(f"{key}={value}") for key, value in os.environ.items()]
        self._homeless: dict[str, int] | None = None
        self.departing: set[process.Shim] = set()
        self._last_word: Callable[[], None] | None = None
        self.server: control.Server | None = None

    # Services.

    def create(self, spec: Spec) -> Service:
        """A new service, saved. PyinitError if the name is taken, or it cannot be saved."""
        if spec.name in self.names:
            message = f"the name {spec.name} is in use by {self.names[spec.name].ident}: --replace, or another name"
            raise PyinitError(message)
        ident = os.urandom(6).hex()
        state = records.State(system.now())
        try:
            records.save_spec(self.dirs, ident, spec, state.created)
        except OSError as error:
            message = f"cannot save the service: {os.strerror(error.errno or 0)}"
            raise PyinitError(message) from error
        service = self._add(ident, spec, state)  # without a saved state it is one that was never started
        service.publish("created")
        return service

    def _add(self, ident: str, spec: Spec, state: records.State) -> Service:
        service = Service(self, ident, spec, state)
        self.services[ident] = self.names[spec.name] = service
        return service

    def find(self, name: str) -> Service:
        """By name, id, or the unambiguous beginning of an id. PyinitError if there is no such service."""
        found = self.names.get(name) or self.services.get(name)
        if found:
            return found
        alike = [service for ident, service in self.services.items() if ident.startswith(name)]
        if len(alike) == 1 and name:
            return alike[0]
        message = f"no service {name}" if not alike else f"{name} is the beginning of {len(alike)} services' ids"
        raise PyinitError(message)

    def rename(self, service: Service, new: str) -> None:
        """Under another name from now on. PyinitError if that is taken or no name."""
        spec = service.spec.renamed(new)
        if new in self.names:
            message = f"the name {new} is in use by {self.names[new].ident}"
            raise PyinitError(message)
        records.save_spec(self.dirs, service.ident, spec, service.state.created)
        del self.names[service.spec.name]
        service.spec = spec
        self.names[new] = service
        service.publish("renamed")

    def remove(self, service: Service) -> None:
        """Forget a service that does not run, its log and records. PyinitError if it does."""
        if self.services.get(service.ident) is not service:
            return
        if states.is_live(service.state.state):
            message = f"{service.spec.name} is {service.state.state}: stop it first, or use --force"
            raise PyinitError(message)
        service.feed(states.STOP)
        service.dismiss()
        del self.services[service.ident]
        del self.names[service.spec.name]
        cgroups.remove(service.ident)
        _remove_tree(self.dirs.service(service.ident))
        service.publish("removed")
        service.removed = True
        for watcher in tuple(service.watchers):
            watcher(service)

    def configuration(self, ident: str) -> bytes:
        """What a shim is told: where it writes, listens, and how it starts the next supervisor."""
        command = self._command()
        return protocol.config(
            os.fsencode(f"{self.dirs.service(ident)}/exit"),
            os.fsencode(self.dirs.lock),
            os.fsencode(self.dirs.shim_socket(ident)),
            [os.fsencode(word) for word in command],
            self._variables,
        )

    def _command(self) -> list[str]:
        """How a supervisor like this one is started."""
        folders = [self.dirs.runtime, self.dirs.state]
        return [sys.executable, "-I", "-S", BOOTSTRAP, "supervisor", *folders, self.program]

    # Events.

    def publish(self, event: str, service: Service | None, details: dict[str, Any]) -> None:
        """Append an event to the file, and tell it to those who follow."""
        made: dict[str, Any] = {"time": system.now(), "event": event}
        if service:
            made.update(id=service.ident, name=service.spec.name)
        line = jsontext.dumps({**made, **details})
        try:
            self._append_event(line)
            self.trouble = ""
        except OSError as error:
            self.trouble = f"events cannot be written: {os.strerror(error.errno or 0)}"
        for follower in tuple(self.followers):
            follower(line)

    def _append_event(self, line: str) -> None:
        path = self.dirs.events
        if self._events_fd >= 0:
            found = os.fstat(self._events_fd)
            if found.st_nlink == 0 or found.st_size > EVENTS_LIMIT:
                os.close(self._events_fd)
                self._events_fd = -1
                if found.st_nlink:
                    os.replace(path, f"{path}.1")
        if self._events_fd < 0:
            self._events_fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        data = line.encode() + b"\n"
        if (written := os.write(self._events_fd, data)) != len(data):  # the disk is full: no half lines
            os.ftruncate(self._events_fd, os.fstat(self._events_fd).st_size - written)
            raise OSError(ENOSPC, os.strerror(ENOSPC))

    # The beginning.

    def adopt_all(self) -> None:
        """Find every shim that lives and every service that was saved."""
        reached = [ident for ident in sorted(_list(self.dirs.shims)) if self._adopt(ident)]
        self.adopted = len(reached)
        for ident in sorted(_list(self.dirs.services)):
            if ident not in self.services:
                found = records.load(self.dirs, ident)
                if found and found[0].name not in self.names:
                    self._revive(self._add(ident, *found))

    def _adopt(self, ident: str) -> bool:
        path = self.dirs.shim_socket(ident)
        try:
            sock = process.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)  # its shim is dead
            return False
        except OSError:
            return False
        found = records.load(self.dirs, ident)
        if not found:
            found = records.load(self.dirs, ident, process.kept_spec(path, launch.SPEC))
        if not found or found[0].name in self.names:
            sock.close()
            self.publish("trouble", None, {"error": f"the shim {ident} has a service that nothing is known of"})
            return False
        self._add(ident, *found).adopt(sock)
        return True

    def _revive(self, service: Service) -> None:
        """It has no shim: after a reboot, or its shim was killed while no supervisor ran."""
        state = service.state
        if state.state == "":
            state.state = states.CREATED
        if state.state == states.WAITING:
            service.resume_waiting()
        elif states.is_live(state.state):
            if self._homeless is None:
                self._homeless = _find_shims()
            service.seek_shim(self._homeless.get(service.ident, 0))
        elif state.state == states.EXITED and (
            state.again or (state.boot != self.boot and _comes_back(service.spec.policy.name, state.stopped))
        ):
            service.start()

    # The end.

    def leave(self) -> None:
        """End, and let the services live on; the next command starts the next supervisor."""
        for service in self.services.values():
            service.rest()
        self.when_departed(self.loop.stop)

    def stop_all(self, done: Callable[[], None]) -> None:
        """Stop every service; done() once all have ended. Shims end with the supervisor."""

        def look(_service: object = None) -> None:
            if not any(states.is_live(service.state.state) for service in self.services.values()) and not finished:
                finished.append(True)
                for service in self.services.values():
                    service.dismiss()
                self.when_departed(done)

        finished: list[bool] = []
        for service in tuple(self.services.values()):
            service.watchers.append(look)
            stopped = service.state.stopped
            service.stop()
            service.state.stopped = stopped  # it was not a user who stopped it
            service.save()
        self.loop.soon(look)

    def departed(self, shim: process.Shim) -> None:
        """A shim has heard the last that we had to say."""
        self.departing.discard(shim)
        if not self.departing and self._last_word:
            self._last_word()

    def when_departed(self, done: Callable[[], None]) -> None:
        """Call done() once all shims have heard the last that was said to them, but at most in two seconds."""
        self._last_word = done
        if self.departing:
            self.loop.after(2.0, done)
        else:
            done()

    def upgrade(self) -> None:
        """Be replaced by what is installed now: the shims see nobody leave, since the lock goes on to the next one."""
        for service in self.services.values():
            service.leave()
        if self.server:
            self.server.close()
        os.set_inheritable(self.lock_fd, True)
        if self.lock_fd != LOCK_FD:
            os.dup2(self.lock_fd, LOCK_FD)
        setrlimit(RLIMIT_NOFILE, self.nofile)
        command = self._command()
        os.execv(command[0], command)


def _comes_back(policy: str, stopped: bool) -> bool:
    """Whether a service starts again after a reboot; stopped: by a user, and not by the supervisor's own end."""
    return policy == restart.ALWAYS or (policy == restart.UNLESS_STOPPED and not stopped)


def _list(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:
        return []


def _boot() -> str:
    """What tells this boot of the machine from others (random(4)); no clock does, as it may jump."""
    return (system.read_file("/proc/sys/kernel/random/boot_id") or b"").decode().strip()


def _remove_tree(path: str) -> None:
    """Remove a service's folder; what cannot be removed stays."""
    for folder, _, names in os.walk(path, topdown=False):
        for name in names:
            try:
                os.unlink(f"{folder}/{name}")
            except OSError:
                pass
        try:
            os.rmdir(folder)
        except OSError:
            pass


def _find_shims() -> dict[str, int]:
    """The pids of shims by service: of those that have no socket, since the runtime directory was removed."""
    found = {}
    for name in os.listdir("/proc"):
        words = (system.read_file(f"/proc/{name}/cmdline", 256) or b"").split(b"\0") if name.isdecimal() else []
        if words[0:1] == [b"pyinit-shim"] and len(words) > 1:
            found[os.fsdecode(words[1])] = int(name)
    return found


def _own_lock(dirs: Dirs) -> int:
    """The lock: inherited, or taken now. Exits quietly if another supervisor has it."""
    try:
        if os.path.samestat(os.fstat(LOCK_FD), os.stat(dirs.lock)):
            os.set_inheritable(LOCK_FD, False)
            return LOCK_FD
    except OSError:
        pass
    fd = system.lock(dirs.lock)
    if fd is None:
        sys.exit(0)
    return fd


def _only_one(dirs: Dirs) -> int:
    """The state directory's lock: two runtime directories do not share one. PyinitError if somebody has it."""
    fd = system.lock(dirs.state_lock)
    if fd is None and _relieve(dirs):
        end = time.monotonic() + 5
        while fd is None and time.monotonic() < end:
            time.sleep(0.005)
            fd = system.lock(dirs.state_lock)
    if fd is None:
        message = f"another supervisor uses the state directory {dirs.state}"
        raise PyinitError(message)
    try:
        os.ftruncate(fd, 0)
        os.pwrite(fd, str(os.getpid()).encode(), 0)
    except OSError:
        pass  # a full disk: then nobody can relieve us
    return fd


def _relieve(dirs: Dirs) -> bool:
    """Have a supervisor leave that nobody can reach any more, since its runtime directory, ours now, was removed."""
    pid = (system.read_file(dirs.state_lock) or b"").decode()
    words = (system.read_file(f"/proc/{pid}/cmdline") or b"").split(b"\0") if pid.isdecimal() else []
    if os.fsencode(dirs.runtime) not in words or b"supervisor" not in words:
        return False
    try:
        os.kill(int(pid), SIGUSR2)
    except OSError:
        return False
    return True


def _listen_to_signals(supervisor: Supervisor) -> None:
    """TERM and INT stop everything and end; HUP reopens the logs (as logrotate expects)."""
    reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2):
        signal(number, lambda _number, _frame: None)

    def ready(_events: int) -> None:
        for number in os.read(reader, 64):
            if number in (SIGTERM, SIGINT):
                supervisor.stop_all(supervisor.loop.stop)
            elif number == SIGUSR2:  # another supervisor is to take over: _relieve
                supervisor.loop.stop()
            elif number == SIGHUP:
                for service in supervisor.services.values():
                    service.reopen_log()

    supervisor.loop.add(reader, ready)


def _raise_limit() -> None:
    """Each service has up to eight descriptors."""
    _, hard = getrlimit(RLIMIT_NOFILE)
    try:
        setrlimit(RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        pass


def main(arguments: list[str]) -> None:
    """Be the supervisor of the two directories until stopped."""
    signal(SIGCHLD, SIG_IGN)  # shims are nobody's zombies
    signal(SIGPIPE, SIG_IGN)
    os.umask(0o077)
    try:
        _, runtime, state, program = arguments
        dirs = Dirs(runtime, state)
        dirs.make()
        lock = _own_lock(dirs)
        kept = _only_one(dirs)
        supervisor = Supervisor(dirs, program, lock)
        _raise_limit()
        _listen_to_signals(supervisor)
        supervisor.server = control.Server(supervisor)
        supervisor.adopt_all()
        _tell_ready()
    except PyinitError as error:
        print(f"pyinitctl: {error}", file=sys.stderr, flush=True)  # noqa: T201
        sys.exit(error.exit_code)
    gc.collect()
    gc.freeze()
    supervisor.loop.run()
    os.close(kept)


def _tell_ready() -> None:
    import stat  # noqa: PLC0415

    try:
        if stat.S_ISFIFO(os.fstat(READY_FD).st_mode):
            os.write(READY_FD, b"r")
            os.close(READY_FD)
    except OSError:
        pass  # nobody waits
