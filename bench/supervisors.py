"""The supervisors that are compared: how each is told what to run, started, asked, and ended.

Each is used as its manual says for a service that is to live on: restarted at once and always, with its output in a
log that is rotated. s6 and runit have a logger for each service, as they need for that.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import peers, processes
from bench.comparison import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parent.parent
NEEDED = {
    "s6-svscan": "s6",
    "s6-log": "s6",
    "runsvdir": "runit",
    "svlogd": "runit",
    "conmon": "conmon",
    "musl-gcc": "musl-tools",
}
FROM_PYPI = {"supervisor": "4.3.0", "circus": "0.19.0"}
KEPT = 40  # log files that are kept
LARGE = 200_000_000  # bytes of a log file that is not to be rotated
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Job:
    """A service: its name, its command, whether it starts with the supervisor, and when its log is rotated."""

    name: str
    command: tuple[str, ...]
    up: bool = True
    rotate: int = 0


@dataclass(frozen=True, slots=True)
class Tools:
    """What all of them use. `programs` has service, lines and runtime; `python` runs everything that is Python."""

    programs: Path
    python: str
    libraries: str
    shim: str

    def environment(self, mark: str) -> dict[str, str]:
        """Return the environment of everything that is started."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
        return {**kept, processes.MARK: mark, "LD_LIBRARY_PATH": self.libraries}


def python_of_their_own(directory: Path) -> tuple[str, str]:
    """Return a Python with the peers of PyPI, and where its library is.

    The environment is kept in the cache directory. Interpreter and library are copies that nobody else runs: what a
    process shares with a stranger is not counted as its memory.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pyinit-bench" / "venv"
    stamp, wanted = cache / "has", " ".join(f"{name}=={version}" for name, version in FROM_PYPI.items())
    wanted += f" for {sys.version}"
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(cache, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", "--copies", str(cache)], check=True)
        requirements = [f"{name}=={version}" for name, version in FROM_PYPI.items()]
        subprocess.run([str(cache / "bin/pip"), "install", "--quiet", *requirements], check=True)
        stamp.write_text(wanted)
    copies = directory / "lib"
    copies.mkdir(exist_ok=True)
    for line in Path("/proc/self/maps").read_text().splitlines():
        path = Path(line.split()[-1])
        if path.name.startswith("libpython") and not (copies / path.name).exists():
            shutil.copy(path, copies)
    return str(cache / "bin/python"), str(copies)


class Supervisor(ABC):
    """A candidate in a folder of its own. It is prepared, started, asked and closed, once."""

    name = ""
    kind = Kind.PEER
    restarts = True  # a service that was killed
    stops = True  # all services by one order
    starts_prepared = True  # a service that is defined, and down

    def __init__(self, tools: Tools, folder: Path, run: Path, told: processes.Told) -> None:
        """Take two folders that are there and empty: for what is to stay (logs), and a tmpfs as /run is one."""
        self.tools = tools
        self.folder = folder
        self.run = run
        self.told = told
        self.jobs: list[Job] = []
        self.environment = {**tools.environment(str(folder)), "BENCH_FIFO": str(told.path)}
        self._started: list[subprocess.Popen[bytes]] = []

    @classmethod
    @abstractmethod
    def version(cls, tools: Tools) -> str:
        """Tell the version."""

    @abstractmethod
    def prepare(self, jobs: Sequence[Job]) -> None:
        """Write what it reads at its start."""

    @abstractmethod
    def start(self) -> None:
        """Start it with what was prepared; returns before the services run."""

    @abstractmethod
    def logs(self, name: str) -> list[Path]:
        """Return the files of a service's log, the oldest first."""

    @abstractmethod
    def up(self, job: Job) -> None:
        """Have a running supervisor start a service that is down, by a command as a user types it."""

    def cold(self, job: Job) -> None:
        """Start it for one service; `prepare` is over."""
        del job
        self.start()

    def order_stop(self) -> None:
        """Order all services to stop, and maybe the supervisor too; returns before they have stopped."""
        self._started[0].send_signal(signal.SIGTERM)

    def end(self) -> None:
        """End it as it is meant to be ended."""
        if self._started and self._started[0].poll() is None:
            self.order_stop()

    def own(self) -> list[int]:
        """Return the pids of the supervisor and all that it needs besides the services."""
        return [pid for pid, program in processes.marked(str(self.folder)) if program not in {"service", "lines"}]

    def spawn(self, command: Sequence[str | Path], *, log: str = "said") -> subprocess.Popen[bytes]:
        """Start a program of this candidate."""
        with (self.folder / log).open("ab") as file:
            process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env=self.environment,
                cwd=self.folder,
                start_new_session=True,
            )
        self._started.append(process)
        return process

    def close(self) -> None:
        """End it, and kill what is left."""
        with contextlib.suppress(OSError, subprocess.SubprocessError, processes.SilentError, ConnectionError):
            self.end()
            processes.Watch([pid for pid, _ in processes.marked(str(self.folder))]).wait(10)
        for _ in range(5):
            left = [pid for pid, _ in processes.marked(str(self.folder))]
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if not left:
                break
            processes.Watch(left).wait(2)
        for process in self._started:
            process.wait()


class Ours(Supervisor):
    """pyinitctl, by its control socket: as its own client does, without starting a Python for each of 500 services."""

    name = "pyinit"
    kind = Kind.OURS
    starts_prepared = False

    def __init__(self, tools: Tools, folder: Path, run: Path, told: processes.Told) -> None:
        """Say where everything is."""
        super().__init__(tools, folder, run, told)
        self.environment |= {
            "PYINIT_RUNTIME_DIR": str(run),
            "PYINIT_STATE_DIR": str(folder / "s"),
            "PYINIT_SHIM_PROGRAM": tools.shim,
            "PYTHONPATH": str(ROOT),
        }
        self.idents: dict[str, str] = {}

    @classmethod
    def version(cls, tools: Tools) -> str:
        """Ask this source."""
        del tools
        from pyinit import __version__  # noqa: PLC0415

        return __version__

    def prepare(self, jobs: Sequence[Job]) -> None:
        """Remember them: nothing is written before."""
        self.jobs = list(jobs)

    def _command(self, *words: str) -> list[str]:
        return [self.tools.python, "-m", "pyinit", *words]

    def ask(self, *requests: dict[str, Any]) -> list[dict[str, Any]]:
        """Send requests on one connection, and return their answers; a supervisor has to run, else SilentError."""
        from pyinit import client  # noqa: PLC0415
        from pyinit.dirs import Dirs  # noqa: PLC0415
        from pyinit.errors import PyinitError  # noqa: PLC0415

        answers = []
        try:
            with client.Connection(Dirs(str(self.run), str(self.folder / "s")), start=False) as connection:
                connection.socket.settimeout(PATIENCE)
                for at in range(0, len(requests), 50):
                    for request in requests[at : at + 50]:
                        connection.send(**request)
                    answers += [connection.receive() for _ in requests[at : at + 50]]
        except (PyinitError, OSError) as error:
            message = f"{requests[0]['verb']}: {error}"
            raise processes.SilentError(message) from error
        return answers

    def start(self) -> None:
        """Start a supervisor as a client does, and have it make and start the services."""
        from pyinit import client  # noqa: PLC0415
        from pyinit.dirs import Dirs  # noqa: PLC0415

        dirs = Dirs(str(self.run), str(self.folder / "s"))
        command = [self.tools.python, "-I", "-S", client.BOOTSTRAP, "supervisor", dirs.runtime, dirs.state]
        self.spawn([*command, self.tools.shim])
        end = time.monotonic() + PATIENCE
        while (reached := client.reach(dirs.control)) is None:
            if time.monotonic() > end:
                message = f"no supervisor of ours: {(self.folder / 'said').read_text()}"
                raise processes.SilentError(message)
            time.sleep(0.002)
        reached.close()
        if not self.jobs:
            return
        made = self.ask(*({"verb": "create", "spec": self._spec(job)} for job in self.jobs))
        self.idents |= {answer["name"]: answer["id"] for answer in made}
        if up := [job.name for job in self.jobs if job.up]:
            self.ask({"verb": "start", "names": up})

    def _spec(self, job: Job) -> dict[str, Any]:
        return {
            "command": list(job.command),
            "name": job.name,
            "env": {processes.MARK: str(self.folder)},
            "restart": "always",
            "restart_delay": 0,
            "log_opts": {"max-size": str(job.rotate or 0), "max-file": str(KEPT)},
        }

    def cold(self, job: Job) -> None:
        """As a user does."""
        self.up(job)

    def up(self, job: Job) -> None:
        """As a user does: `run -d`."""
        options = ["--name", job.name, "--restart", "always", "--restart-delay", "0"]
        self.spawn(self._command("run", "-d", *options, "--", *job.command))

    def order_stop(self) -> None:
        """Stop all services; the supervisor goes on."""
        self.ask({"verb": "stop", "all": True})

    def end(self) -> None:
        """Stop the supervisor."""
        self.ask({"verb": "stop_supervisor"})

    def pid(self) -> int:
        """Return the supervisor's pid; 0 if none answers."""
        with contextlib.suppress(processes.SilentError):
            return int(self.ask({"verb": "ping"})[0]["pid"])
        return 0

    def own(self) -> list[int]:
        """The supervisor and the shims, by what it says itself."""
        listed = self.ask({"verb": "list", "all": True})[0]["services"]
        inspected = self.ask({"verb": "inspect", "names": [one["Id"] for one in listed]})[0]["services"]
        return [self.pid(), *(one["State"]["ShimPid"] for one in inspected if one["State"]["ShimPid"])]

    def logs(self, name: str) -> list[Path]:
        """log.N, …, log.1, log."""
        folder = self.folder / "s/services" / self.idents[name]
        rotated = sorted(folder.glob("log.[0-9]*"), key=lambda path: -int(path.suffix[1:]))
        return [*rotated, folder / "log"]


class Supervisord(Supervisor):
    """supervisord, with its own log files (which have no time stamps)."""

    name = "supervisord"

    @classmethod
    def version(cls, tools: Tools) -> str:
        """As installed."""
        del tools
        return f"PyPI {FROM_PYPI['supervisor']}"

    def prepare(self, jobs: Sequence[Job]) -> None:
        """Write supervisord.conf."""
        self.jobs = list(jobs)
        parts = [
            (
                f"[supervisord]\nnodaemon=true\nlogfile={self.folder}/log\npidfile={self.run}/pid\nminfds=8192\n"
                f"[unix_http_server]\nfile={self.run}/sock\n"
                "[rpcinterface:supervisor]\n"
                "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
                f"[supervisorctl]\nserverurl=unix://{self.run}/sock\n"
            )
        ]
        parts += [
            f"[program:{job.name}]\ncommand={shlex.join(job.command)}\nautostart={str(job.up).lower()}\n"
            "autorestart=true\nstartsecs=0\nredirect_stderr=true\n"
            f"stdout_logfile={self.folder}/{job.name}.log\nstdout_logfile_maxbytes={job.rotate}\n"
            f"stdout_logfile_backups={KEPT}\n"
            for job in jobs
        ]
        (self.folder / "conf").write_text("".join(parts))

    def _program(self, program: str) -> list[str | Path]:
        python = Path(self.tools.python)
        return [python, python.parent / program, "-c", self.folder / "conf"]

    def start(self) -> None:
        """In the foreground."""
        self.spawn(self._program("supervisord"))

    def up(self, job: Job) -> None:
        """By supervisorctl."""
        self.spawn([*self._program("supervisorctl"), "start", job.name])

    def logs(self, name: str) -> list[Path]:
        """NAME.log.N, …, NAME.log."""
        rotated = sorted(self.folder.glob(f"{name}.log.*"), key=lambda path: -int(path.suffix[1:]))
        return [*rotated, self.folder / f"{name}.log"]


class Folders(Supervisor):
    """What s6 and runit have in common: a folder in /run for each service, with a program run, and log/run."""

    def logger(self, job: Job) -> str:
        """Return the command that logs into ./main."""
        raise NotImplementedError

    def prepare(self, jobs: Sequence[Job]) -> None:
        """Make the folders. A command without arguments is run itself, to spare them the shell."""
        self.jobs = list(jobs)
        for job in jobs:
            service = self.run / "scan" / job.name
            (service / "log").mkdir(parents=True)
            (self.folder / job.name).mkdir()
            (service / "log/main").symlink_to(self.folder / job.name)
            run_file(service / "run", job)
            script(service / "log/run", self.logger(job))
            if not job.up:
                (service / "down").touch()

    def logs(self, name: str) -> list[Path]:
        """@TIMESTAMP, …, current."""
        folder = self.run / "scan" / name / "log/main"
        return [*sorted(folder.glob("@*")), folder / "current"]


def script(path: Path, command: str) -> None:
    """Write a shell script that becomes a command."""
    path.write_text(f"#!/bin/sh\nexec {command}\n")
    path.chmod(0o755)


def run_file(path: Path, job: Job) -> None:
    """Make the program that is a job: a link where $BENCH_FIFO says enough, else a script."""
    if Path(job.command[0]).name == "service":
        path.symlink_to(job.command[0])
    else:
        script(path, shlex.join(job.command))


class S6(Folders):
    """s6-svscan, with an s6-supervise and an s6-log for each service."""

    name = "s6"

    @classmethod
    def version(cls, tools: Tools) -> str:
        """As packaged."""
        del tools
        return peers.packaged_version("s6")

    def logger(self, job: Job) -> str:
        """With time stamps."""
        return f"s6-log n{KEPT} s{job.rotate or LARGE} T ./main"

    def start(self) -> None:
        """As a process, not as PID 1."""
        self.spawn(["s6-svscan", "-c", "2000", self.run / "scan"])

    def up(self, job: Job) -> None:
        """By s6-svc."""
        self.spawn(["s6-svc", "-u", self.run / "scan" / job.name])


class Runit(Folders):
    """runsvdir, with a runsv and an svlogd for each service."""

    name = "runit"

    @classmethod
    def version(cls, tools: Tools) -> str:
        """As packaged."""
        del tools
        return peers.packaged_version("runit")

    def prepare(self, jobs: Sequence[Job]) -> None:
        """Configure svlogd by its file."""
        super().prepare(jobs)
        for job in jobs:
            (self.run / "scan" / job.name / "log/main/config").write_text(f"s{job.rotate}\nn{KEPT}\n")

    def logger(self, job: Job) -> str:
        """With time stamps."""
        del job
        return "svlogd -tt ./main"

    def start(self) -> None:
        """It takes no options."""
        self.spawn(["runsvdir", self.run / "scan"])

    def up(self, job: Job) -> None:
        """By sv."""
        self.spawn(["sv", "up", self.run / "scan" / job.name])

    def order_stop(self) -> None:
        """HUP has it tell all of them to stop."""
        self._started[0].send_signal(signal.SIGHUP)


class Circus(Supervisor):
    """circusd, with its FileStream as the log (without time stamps)."""

    name = "circus"

    @classmethod
    def version(cls, tools: Tools) -> str:
        """As installed."""
        del tools
        return f"PyPI {FROM_PYPI['circus']}"

    def prepare(self, jobs: Sequence[Job]) -> None:
        """Write circus.ini."""
        self.jobs = list(jobs)
        sockets = "".join(f"{name} = ipc://{self.run}/{name}\n" for name in ("endpoint", "pubsub_endpoint"))
        parts = [f"[circus]\n{sockets}"]
        parts += [
            f"[watcher:{job.name}]\ncmd = {shlex.join(job.command)}\nautostart = {job.up}\ncopy_env = True\n"
            f"stdout_stream.class = FileStream\nstdout_stream.filename = {self.folder}/{job.name}.log\n"
            f"stdout_stream.max_bytes = {job.rotate}\nstdout_stream.backup_count = {KEPT if job.rotate else 0}\n"
            for job in jobs
        ]
        (self.folder / "ini").write_text("".join(parts))

    def start(self) -> None:
        """In the foreground."""
        python = Path(self.tools.python)
        self.spawn([python, python.parent / "circusd", self.folder / "ini"])

    def up(self, job: Job) -> None:
        """By circusctl."""
        python = Path(self.tools.python)
        endpoint = f"ipc://{self.run}/endpoint"
        self.spawn([python, python.parent / "circusctl", "--endpoint", endpoint, "start", job.name])

    def logs(self, name: str) -> list[Path]:
        """NAME.log.N, …, NAME.log."""
        rotated = sorted(self.folder.glob(f"{name}.log.*"), key=lambda path: -int(path.suffix[1:]))
        return [*rotated, self.folder / f"{name}.log"]


class Conmon(Supervisor):
    """A conmon for each service, with an OCI runtime that does nothing but start it, so conmon alone is measured."""

    name = "conmon"
    restarts = False
    stops = False
    starts_prepared = False

    @classmethod
    def version(cls, tools: Tools) -> str:
        """As packaged."""
        del tools
        return peers.packaged_version("conmon")

    def prepare(self, jobs: Sequence[Job]) -> None:
        """Make the bundles."""
        self.jobs = list(jobs)
        for job in jobs:
            self._bundle(job)

    def _bundle(self, job: Job) -> Path:
        bundle = self.run / job.name
        if not bundle.exists():
            bundle.mkdir()
            run_file(bundle / "run", job)
            (bundle / "config.json").write_text(json.dumps({"ociVersion": "1.0.0"}))
        return bundle

    def start(self) -> None:
        """One after the other, each as podman starts it."""
        for job in self.jobs:
            if job.up:
                self.up(job)

    def up(self, job: Job) -> None:
        """Start its conmon."""
        bundle = self._bundle(job)
        options: dict[str, str | Path] = {
            "--api-version": "1",
            "--cid": job.name,
            "--cuuid": job.name,
            "--name": job.name,
            "--runtime": self.tools.programs / "runtime",
            "--bundle": bundle,
            "--container-pidfile": bundle / "pid",
            "--conmon-pidfile": bundle / "conmon.pid",
            "--exit-dir": bundle,
            "--persist-dir": bundle,
            "--socket-dir-path": bundle,
            "--log-path": f"k8s-file:{self.folder}/{job.name}.log",
        }
        words = [word for pair in options.items() for word in pair]
        if job.rotate:
            words += ["--log-size-max", str(job.rotate)]
        self.spawn(["conmon", *words])

    def end(self) -> None:
        """End the services: each conmon ends with its own."""
        for pid, program in processes.marked(str(self.folder)):
            if program in {"service", "lines"}:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)

    def logs(self, name: str) -> list[Path]:
        """There is one file, which is truncated."""
        return [self.folder / f"{name}.log"]


ALL: tuple[type[Supervisor], ...] = (Ours, Supervisord, S6, Runit, Circus, Conmon)
