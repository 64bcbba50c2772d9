"""pyinitctl as its user calls it: real processes, a real supervisor in directories of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import termios
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import signal
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent.parent
COMMAND = [sys.executable, "-m", "pyinit"]


class Ctl:
    """A pair of directories, and the command line in it."""

    def __init__(self, folder: Path, shim: str) -> None:
        self.folder = folder
        self.state = folder / "s"
        self.runtime = folder / "r"
        self.env = {
            **os.environ,
            "PYINIT_RUNTIME_DIR": str(self.runtime),
            "PYINIT_STATE_DIR": str(self.state),
            "PYINIT_SHIM_PROGRAM": shim,
            "PYTHONPATH": str(ROOT),
        }
        self.started: list[subprocess.Popen[bytes]] = []

    def __call__(self, *words: str, stdin: bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        done = subprocess.run(
            [*COMMAND, *words], env=self.env, cwd=cwd, input=stdin, capture_output=True, timeout=60, check=False
        )
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    def ok(self, *words: str, stdin: bytes = b"", cwd: Path | None = None) -> str:
        """Run a command that must succeed, and return what it printed."""
        done = self(*words, stdin=stdin, cwd=cwd)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def fails(self, *words: str, code: int = 125) -> str:
        """Run a command that must fail with one line on standard error, and return that."""
        done = self(*words)
        assert done.returncode == code, done
        assert done.stderr.startswith("pyinitctl: "), done
        assert done.stderr.count("\n") == 1, done
        return done.stderr.removeprefix("pyinitctl: ").rstrip("\n")

    def json(self, *words: str) -> Any:
        """Run a command with --format json, and return the value."""
        verb, *rest = words
        return json.loads(self.ok(verb, "--format", "json", *rest))

    def start(self, *words: str, **options: Any) -> subprocess.Popen[bytes]:
        """Start a command, with pipes."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen([*COMMAND, *words], env=self.env, **{**pipes, **options})
        self.started.append(process)
        return process

    def inspect(self, name: str) -> dict[str, Any]:
        """Inspect one service."""
        (found,) = json.loads(self.ok("inspect", name))
        assert isinstance(found, dict)
        return found

    def supervisor(self) -> int:
        """Give the supervisor's pid."""
        pid = json.loads(self.ok("supervisor", "status", "--format", "json"))["Pid"]
        assert isinstance(pid, int)
        return pid

    def close(self) -> None:
        """End everything."""
        for process in self.started:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe:
                    with contextlib.suppress(BrokenPipeError):
                        pipe.close()
        if (self.runtime / "shims").exists():
            self("supervisor", "stop")


@pytest.fixture(scope="session")
def shim_program(workshop: Path) -> str:
    """Give the path of the shim, $PYINIT_KEEPER or built from this source."""
    if given := os.environ.get("PYINIT_KEEPER"):
        return given
    path = workshop / "pyinit-shim"
    if not path.exists():
        build = [sys.executable, str(ROOT / "csrc/build.py"), "--program", "pyinit-shim", "-o", str(path)]
        subprocess.run(build, check=True, capture_output=True)
    return str(path)


@pytest.fixture
def ctl(shim_program: str) -> Iterator[Ctl]:
    """Give a command line in new directories."""
    folder = Path(tempfile.mkdtemp(prefix="ctl-"))
    one = Ctl(folder, shim_program)
    try:
        yield one
    finally:
        one.close()
        shutil.rmtree(folder)


@pytest.fixture
def web(ctl: Ctl) -> Ctl:
    """Give a command line with a service `web` that runs until it is stopped."""
    ctl.ok("run", "-d", "--name", "web", "--label", "tier=front", "--", "sleep", "1000")
    return ctl


class OnTerminal:
    """A command on a terminal of its own."""

    def __init__(self, ctl: Ctl, *words: str) -> None:
        self.master, slave = os.openpty()
        termios.tcsetwinsize(slave, (33, 77))
        self.process = ctl.start(*words, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        self.slave = slave
        self.seen = b""

    def until(self, text: bytes) -> bytes:
        """Read until the text has come, and give all that came."""
        while text not in self.seen:
            self.seen += os.read(self.master, 4096)
        return self.seen

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self.master, keys)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the command."""
        self.process.send_signal(number)

    def wait(self) -> int:
        """Give the exit code."""
        return self.process.wait(60)

    def close(self) -> None:
        """Hang up."""
        os.close(self.master)
        os.close(self.slave)
