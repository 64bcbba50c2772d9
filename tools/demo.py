"""`./dev run`: a small service under pyinit, and each thing an init is for, seen to happen; then one under pyinitctl.

The services are plain Python programs that report by lines on their standard output. Nothing here sleeps: each step
waits for the line that says the one before is done.
"""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO

import pyinit
from tools.paths import VENV_BIN

# A web application's likeness: it starts helpers that detach (their parents leave at once), and stops on INT.
SERVICE = """
import os, signal, subprocess, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGUSR1})
print(f"service: process {os.getpid()}, started by {os.getppid()}", flush=True)
for _ in range(3):
    subprocess.run(["/bin/sh", "-c", "(exit 7) & exit 0"])
print("service: left three orphans behind", flush=True)
print("ready", flush=True)
while True:
    number = signal.sigwait({signal.SIGINT, signal.SIGTERM, signal.SIGUSR1})
    print(f"got {signal.Signals(number).name}", flush=True)
    if number == signal.SIGINT:
        print("service: stops, exit code 3", flush=True)
        sys.exit(3)
"""

# One that answers a request, so to speak, per USR1.
SUPERVISED = """
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGTERM})
print(f"service: process {os.getpid()} is ready", flush=True)
served = 0
while signal.sigwait({signal.SIGUSR1, signal.SIGTERM}) == signal.SIGUSR1:
    served += 1
    print(f"request {served} served", flush=True)
print("service: stops", flush=True)
"""


def say(text: str) -> None:
    """Print a line of the demonstration itself."""
    print(f"\n== {text}", flush=True)


def until(stream: IO[str], wanted: str) -> None:
    """Show the service's lines up to the wanted one."""
    for line in stream:
        print(f"   {line}", end="", flush=True)
        if line.startswith(wanted):
            return
    message = f"the service ended before it said {wanted!r}"
    raise RuntimeError(message)


class Notices(threading.Thread):
    """Shows what pyinit itself says, on its standard error, and counts the orphans it tells of."""

    def __init__(self, stream: IO[str], orphans: int) -> None:
        """Expect that many orphans."""
        super().__init__(daemon=True)
        self.stream = stream
        self.expected = orphans
        self.reaped = threading.Event()

    def run(self) -> None:
        """Show line by line."""
        for line in self.stream:
            print(f"   {line}", end="", flush=True)
            self.expected -= "reaped orphan" in line
            if self.expected == 0:
                self.reaped.set()


def show_init() -> bool:
    """Show signals rewritten, orphans reaped and the report; whether all was as it should be."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        options = ["--rewrite", "TERM:INT", "--warn-on-reap", "--report", str(report)]
        say(f"pyinit {' '.join(options)} -- python3 service.py")
        command = [pyinit.path(), *options, "--", sys.executable, "-c", SERVICE]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            if process.stdout is None or process.stderr is None:
                message = "no pipes"
                raise RuntimeError(message)
            notices = Notices(process.stderr, orphans=3)
            notices.start()
            until(process.stdout, "ready")

            say("orphans: pyinit adopts and reaps them, and no zombie stays")
            notices.reaped.wait(timeout=10)

            say(f"kill -USR1 {process.pid}: forwarded as it is")
            os.kill(process.pid, signal.SIGUSR1)
            until(process.stdout, "got SIGUSR1")

            say(f"kill -TERM {process.pid}: rewritten, the service gets INT")
            os.kill(process.pid, signal.SIGTERM)
            until(process.stdout, "got SIGINT")
            until(process.stdout, "service: stops")
            code = process.wait()
            notices.join()

        say(f"pyinit ended with the service's exit code, {code}; its report:")
        told = json.loads(report.read_text())
        print("   " + json.dumps(told))
    return notices.reaped.is_set() and code == 3 and told["exit_code"] == code


class Ctl:
    """The command pyinitctl, with a supervisor of its own whose files are in one folder."""

    def __init__(self, folder: str) -> None:
        """Start nothing yet: the first command does."""
        self.environment = {**os.environ, "PYINIT_RUNTIME_DIR": f"{folder}/run", "PYINIT_STATE_DIR": f"{folder}/state"}

    def _popen(self, *words: str) -> subprocess.Popen[str]:
        command = [str(VENV_BIN / "pyinitctl"), *words]
        return subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, text=True)

    def quietly(self, *words: str) -> str:
        """Return what a command prints."""
        with self._popen(*words) as process:
            said = process.communicate()[0]
        if process.returncode != 0:
            message = f"pyinitctl {words[0]} ended with exit code {process.returncode}"
            raise RuntimeError(message)
        return said

    def __call__(self, *words: str) -> str:
        """Show a command and what it prints, and return that."""
        say("pyinitctl " + " ".join("…" if "\n" in word else word for word in words))
        said = self.quietly(*words)
        print("".join(f"   {line}\n" for line in said.splitlines()), end="", flush=True)
        return said

    def follow(self, name: str, wanted: str) -> None:
        """Show the service's log up to the wanted line."""
        say(f"pyinitctl logs --follow {name}")
        with self._popen("logs", "--follow", name) as process:
            if process.stdout is None:
                message = "no pipe"
                raise RuntimeError(message)
            until(process.stdout, wanted)
            process.terminate()

    def service(self) -> tuple[int, int]:
        """Return the pids of the service and of its shim."""
        [told] = json.loads(self.quietly("inspect", "web"))
        return told["State"]["Pid"], told["State"]["ShimPid"]

    def supervisor(self) -> int:
        """Return the supervisor's pid."""
        return int(json.loads(self.quietly("supervisor", "status", "--format", "json"))["Pid"])


def ended(pid: int, number: int = 0) -> bool:
    """Send a process that is not our child a signal, and tell whether it has ended soon, or long ago."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        signal.pidfd_send_signal(process, number)
        return select.select([process], [], [], 10) != ([], [], [])
    except ProcessLookupError:
        return True
    finally:
        os.close(process)


def show_supervisor() -> bool:
    """Show a service that neither notices nor loses anything when its supervisor is killed; whether that was so."""
    with tempfile.TemporaryDirectory() as folder:
        ctl = Ctl(folder)
        try:
            ctl("run", "--detach", "--name", "web", "--restart", "always", "--", sys.executable, "-c", SUPERVISED)
            (service, shim), first = ctl.service(), ctl.supervisor()
            ctl.follow("web", "service:")
            ctl("ps")

            say(f"kill -USR1 {service}: a request")
            os.kill(service, signal.SIGUSR1)
            ctl.follow("web", "request 1")

            say(f"kill -KILL {first}: the supervisor is gone, another takes over, and nobody notices")
            killed = ended(first, signal.SIGKILL)
            os.kill(service, signal.SIGUSR1)
            ctl.follow("web", "request 2")
            ctl("ps")
            same, second = ctl.service() == (service, shim), ctl.supervisor()

            ctl("stop", "web")
            log = ctl("logs", "web").splitlines()
        finally:
            ctl("supervisor", "stop")
        nothing_left = all(ended(pid) for pid in (service, shim, second))
    wanted = [f"service: process {service} is ready", "request 1 served", "request 2 served", "service: stops"]
    return killed and same and first != second and log == wanted and nothing_left


def main() -> int:
    """Show it all; 0 if all of it was as it should be."""
    if not show_init() or not show_supervisor():
        print("\n./dev run: something was not as it should be", file=sys.stderr)
        return 1
    say("all as it should be")
    return 0


if __name__ == "__main__":
    sys.exit(main())
