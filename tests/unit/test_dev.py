import os
import subprocess
from pathlib import Path

import pytest

from tools import packages, venv

ROOT = Path(__file__).resolve().parents[2]


def _dev(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "dev", *arguments], cwd="/", capture_output=True, text=True, check=False)


def test_help_names_every_task() -> None:
    """`./dev help` and plain `./dev` list the tasks, from any directory."""
    done = _dev("help")
    assert done.returncode == 0
    for task in ("run", "test", "bench", "lint", "wheels", "images", "fuzz", "help"):
        assert f"\n  {task} " in done.stdout
    assert _dev().stdout == done.stdout


def test_unknown_task() -> None:
    """A task that does not exist is named, with those that do, and the exit code is 2."""
    done = _dev("tset")
    assert done.returncode == 2
    assert "'tset'" in done.stderr
    assert "test" in done.stderr


def test_without_python() -> None:
    """Without Python there is one line that says so."""
    environment = {**os.environ, "PYTHON": "no-such-python"}
    done = subprocess.run([ROOT / "dev"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no-such-python" in done.stderr


def test_images_asks_podman(tmp_path: Path) -> None:
    """`./dev images` builds the Containerfile's two targets, on the base and with podman's options that are given."""
    stub = tmp_path / "podman"
    stub.write_text('#!/bin/sh\necho podman "$@"\n')
    stub.chmod(0o755)
    command = [str(ROOT / "dev"), "images", "--base", "localhost/own", "--network=host"]
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    options = "--build-arg BASE=localhost/own --network=host ."
    assert done.stdout.splitlines() == [
        f"podman build --target init --tag localhost/pyinit-init {options}",
        f"podman build --target image --tag localhost/pyinit {options}",
        "localhost/pyinit-init",
        "localhost/pyinit",
    ]


def test_wrong_arguments_of_tasks() -> None:
    """An architecture that does not exist, or an option of lint's that does not, is named with what there is."""
    for arguments, shown in [(("wheels", "vax"), "s390x"), (("lint", "--fast"), "./dev lint [--fix]")]:
        done = _dev(*arguments)
        assert done.returncode == 2
        assert shown in done.stderr


ABSENT = packages.Need(lambda: False, ("some-tool", "libclang-rt-dev"), ("some-tool",))
PRESENT = packages.Need(lambda: True, ("other",), ("other",))


def test_non_root_gets_one_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is not root is told the one command to run, with only what is missing."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(packages, "_manager", lambda: "dnf")
    with pytest.raises(packages.MissingError) as caught:
        packages.ensure([ABSENT, PRESENT])
    assert str(caught.value).splitlines()[1:] == ["sudo dnf install some-tool"]


def test_nothing_missing_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where everything is there, no package manager is looked for, let alone run."""

    def refuse() -> str:
        pytest.fail("asked the package manager")

    monkeypatch.setattr(packages, "_manager", refuse)
    packages.ensure([PRESENT])


def test_no_package_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system with neither apt-get nor dnf is told so."""
    monkeypatch.setattr(packages, "SEARCH", "/nonexistent")
    with pytest.raises(packages.MissingError, match="neither apt-get nor dnf"):
        packages.ensure([ABSENT])


def test_what_did_not_come_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that does not bring what it should is an error, not a loop."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(packages, "_manager", lambda: "dnf")
    monkeypatch.setattr(packages, "_install", lambda _manager, _names: None)
    with pytest.raises(packages.MissingError, match="still not found: some-tool"):
        packages.ensure([ABSENT])


def test_groups_include_others() -> None:
    """A dependency group brings those that it includes."""
    assert set(venv.requirements("test")) < set(venv.requirements("lint"))
