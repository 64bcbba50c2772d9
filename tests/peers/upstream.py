"""Runs a peer's own tests in a process of their own, on a copy of its source, with the personas first on PATH."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def run(command: list[str], folder: Path, personas: Path, **environment: str) -> str:
    """Give what the command printed, for a failing test's message; a hang ends here, not in the whole run's limit."""
    tools = folder / "python-on-path"
    tools.mkdir(exist_ok=True)
    for name in ("python", "python3"):  # the scripts' #! lines say env python: it must be one that has our packages
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        (tools / name).chmod(0o755)
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "PYINIT_", "TINI_"))}
    env |= {"PATH": f"{personas}:{tools}:{env['PATH']}", "PYTHONPATH": str(HERE / "standins"), **environment}
    with (folder / "output").open("w+") as output:
        child = subprocess.Popen(
            [sys.executable, str(HERE / "reaper.py"), *command],
            cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
        try:
            child.wait(timeout=240)
        except subprocess.TimeoutExpired:
            child.terminate()
            child.wait()
            output.write("\n(killed after 240 s)\n")
        return (folder / "output").read_text(errors="replace")
