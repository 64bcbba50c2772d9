"""`./dev run`: a small service under pyinit, and each thing an init is for, seen to happen.

The service is a plain Python program that stops on INT, and reports by lines on its standard output. Nothing here
sleeps: each step waits for the line that says the one before is done.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO

import pyinit

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


def main() -> int:
    """Show it all; 0 if all of it was as it should be."""
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
    if not notices.reaped.is_set() or code != 3 or told["exit_code"] != code:
        print("\n./dev run: something was not as it should be", file=sys.stderr)
        return 1
    say("all as it should be")
    return 0


if __name__ == "__main__":
    sys.exit(main())
