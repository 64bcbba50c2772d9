from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.running import Running

if TYPE_CHECKING:
    from pathlib import Path

    from tests.containers.podman import Podman

APP = ["python3", "/apps/handler.py", "7"]

# All of prctl, or becoming a subreaper alone (36).
ALL = {"names": ["prctl"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}
SUBREAPER = {**ALL, "args": [{"index": 0, "value": 36, "op": "SCMP_CMP_EQ"}]}


def refusing(rule: dict[str, object], directory: Path) -> list[str]:
    """Give podman's options for a seccomp profile; with no-new-privileges it is the last thing before the exec."""
    profile = directory / "seccomp.json"
    profile.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}))
    return [f"--security-opt=seccomp={profile}", "--security-opt=no-new-privileges"]


@pytest.mark.parametrize(
    "options",
    [
        ["--user=1500:1500"],
        ["--user=65534"],
        ["--read-only", "--read-only-tmpfs=false"],
        ["--cap-drop=all"],
        ["--cap-drop=all", "--user=1500", "--read-only", "--security-opt=no-new-privileges"],
        ["--pid=host"],
        ["--privileged"],
    ],
    ids=" ".join,
)
def test_works(podman: Podman, python: str, options: list[str]) -> None:
    """With fewer rights, or more, it forwards TERM and returns the code, and has nothing to complain about."""
    with podman.start(*options, python, *APP).ready() as app:
        app.stop(60)
        app.expect("15")
        assert app.wait() == 7
        assert app.errors == ""


def test_user_of_the_init(podman: Podman, python: str) -> None:
    """--user takes the user from the image's own files: its groups, HOME and USER are there, and TERM arrives."""
    show = 'echo "$(id -u):$(id -g) $(id -G) $HOME $USER"; exec python3 /apps/handler.py 7'
    with podman.start("--env=PYINIT_USER=app", python, "sh", "-c", show) as app:
        app.expect("1500:1500 1500 1600 /home/app app")
        app.ready()
        app.stop(60)
        app.expect("15")
        assert app.wait() == 7


def test_user_from_scratch(podman: Podman, scratch: str) -> None:
    """--user with numbers needs no /etc/passwd at all."""
    done = podman.once("--env=PYINIT_USER=77:88", scratch, "/bin/sh", "-c", "busybox id -u; busybox id -g")
    assert (done.returncode, done.stdout) == (0, "77\n88\n"), done.stderr


def test_user_without_the_right(podman: Podman, python: str) -> None:
    """--user where the container has lost the right to change it is an error, not an application that runs as root."""
    done = podman.once("--cap-drop=all", "--env=PYINIT_USER=app", python, "id")
    assert (done.returncode, done.stdout) == (125, "")
    assert done.stderr.startswith("pyinit: ")


def test_pid_host(podman: Podman, python: str, shared: Path) -> None:
    """With --pid=host it is a subreaper: its orphans are reaped by it, and nobody else's processes are touched."""
    with Running(podman.inside("sh", "-c", "echo bystander; read -r _; echo alive")) as bystander:
        assert bystander.out.line() == "bystander"
        script = "for i in 1 2 3 4 5 6 7 8 9 10; do (true &) ; done; (sleep 1000 &); exit 6"
        options = ["--pid=host", f"--volume={shared}:/out", "--env=PYINIT_REPORT=/out/report"]
        done = podman.once(*options, python, "sh", "-c", script)
        assert (done.returncode, done.stderr) == (6, "")
        report = json.loads((shared / "report").read_text())
        assert (report["orphans_reaped"], report["killed"]) == (11, 0)
        bystander.tell("")
        assert bystander.out.line() == "alive"


@pytest.mark.parametrize("rule", [ALL, SUBREAPER], ids=["all of prctl", "subreaper"])
def test_prctl_refused(podman: Podman, python: str, tmp_path: Path, rule: dict[str, object]) -> None:
    """A seccomp profile that refuses prctl costs one warning where it had to become a subreaper, and nothing else."""
    with podman.start("--pid=host", *refusing(rule, tmp_path), python, *APP).ready() as app:
        app.stop(60)
        app.expect("15")
        assert app.wait() == 7
        (line,) = app.errors.splitlines()
        assert line.startswith("pyinit: ")
        assert "subreaper" in line


def test_prctl_refused_as_pid_1(podman: Podman, python: str, tmp_path: Path) -> None:
    """As PID 1 it needs no prctl, so such a profile is not worth a word."""
    done = podman.once(*refusing(ALL, tmp_path), python, "sh", "-c", "exit 5")
    assert (done.returncode, done.stderr) == (5, "")


def test_subreaper_demanded(podman: Podman, python: str, tmp_path: Path) -> None:
    """With --subreaper=yes the refusal is an error, and the application does not start."""
    options = ["--pid=host", "--env=PYINIT_SUBREAPER=yes", *refusing(SUBREAPER, tmp_path)]
    done = podman.once(*options, python, "echo", "started")
    assert (done.returncode, done.stdout) == (125, "")
    assert "subreaper" in done.stderr
