from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.containers.podman import Podman


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["true"], 0),
        (["sh", "-c", "exit 3"], 3),
        (["sh", "-c", "exit 255"], 255),
        (["/nowhere/to/be/found"], 127),
        (["not-on-the-path"], 127),
        (["/etc/passwd"], 126),
        (["sh", "-c", "kill -USR1 $$"], 128 + 10),
        (["sh", "-c", "kill -TERM $$"], 128 + 15),
        (["sh", "-c", "kill -KILL $$"], 128 + 9),
        (["sh", "-c", "kill -64 $$"], 128 + 64),
    ],
)
def test_exit_code(podman: Podman, python: str, command: list[str], code: int) -> None:
    """The container's exit code is the application's, 128 + N if signal N killed it, 126 or 127 if it cannot start."""
    done = podman.once(python, *command)
    assert done.returncode == code, done.stderr


def test_own_error(podman: Podman, bare: str) -> None:
    """A wrong option is 125 and one line that names it."""
    done = podman.once(bare, "--rewrite", "TERM:KILLED", "--", "/pyinit")
    assert done.returncode == 125
    (line,) = done.stderr.splitlines()
    assert line.startswith("pyinit: ")
    assert "KILLED" in line


def test_container_killed(podman: Podman, python: str) -> None:
    """A container that podman kill ends with KILL has 137."""
    with podman.start(python, "python3", "/apps/handler.py", "0").ready() as app:
        app.kill("KILL")
        assert app.wait() == 137


def test_out_of_memory(podman: Podman, python: str, shared: Path) -> None:
    """An application that the kernel kills for its memory gives 137, and the report says why."""
    options = ["--memory=48m", f"--volume={shared}:/out", "--env=PYINIT_REPORT=/out/report"]
    done = podman.once(*options, python, "python3", "-c", "bytearray(500 << 20)")
    assert done.returncode == 137, done.stderr
    report = json.loads((shared / "report").read_text())
    assert (report["signal"], report["oom_kill"], report["pyinit_exit_code"]) == ("SIGKILL", True, 137)


def test_killed_by_somebody(podman: Podman, python: str, shared: Path) -> None:
    """An application that somebody kills gives 137 too, and the report says that it was not its memory."""
    options = ["--memory=48m", f"--volume={shared}:/out", "--env=PYINIT_REPORT=/out/report"]
    done = podman.once(*options, python, "sh", "-c", "kill -KILL $$")
    assert done.returncode == 137, done.stderr
    report = json.loads((shared / "report").read_text())
    assert (report["signal"], report["oom_kill"], report["pyinit_exit_code"]) == ("SIGKILL", False, 137)
