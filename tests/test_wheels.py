"""The wheels of all architectures, each run on a processor that qemu imitates."""

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from csrc import build
from tools.wheels import ARCHITECTURES, Architecture, build_wheel

# zig compiles a libc for each architecture the first time, which takes minutes on a slow machine; later, seconds.
pytestmark = pytest.mark.timeout(1200)


@pytest.fixture(scope="module", params=ARCHITECTURES, ids=lambda architecture: architecture.name)
def architecture(request: pytest.FixtureRequest) -> Architecture:
    """Give each architecture in turn."""
    found = request.param
    assert isinstance(found, Architecture)
    return found


@pytest.fixture(scope="module")
def wheel(architecture: Architecture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the architecture's wheel."""
    return build_wheel(architecture, tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="module")
def shim(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the program in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith("scripts/pyinit")]
        program = tmp_path_factory.mktemp("shims") / "pyinit"
        program.write_bytes(archive.read(name))
    program.chmod(0o755)
    return program


def test_tags(wheel: Path, architecture: Architecture) -> None:
    """One wheel is for glibc and for musl systems, and its metadata agrees with its name."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith("/WHEEL")]
        lines = archive.read(name).decode().splitlines()
    tags = {line.removeprefix("Tag: py3-none-") for line in lines if line.startswith("Tag: ")}
    assert tags == set(architecture.tag.split("."))
    assert any(tag.startswith("manylinux") for tag in tags)
    assert any(tag.startswith("musllinux") for tag in tags)


def test_fit(shim: Path, architecture: Architecture) -> None:
    """Each program is static, within its budget, and has neither an executable stack nor writable code."""
    limit = build.choose(target=architecture.target).limit
    assert build.faults(shim.read_bytes(), limit=limit) == []


def test_runs(shim: Path, architecture: Architecture) -> None:
    """Each program tells its version, runs a command, and ends with its exit code."""
    said = subprocess.run([architecture.qemu, shim, "-V"], capture_output=True, text=True, check=True).stdout
    assert said == f"pyinit {build.version()} (static, musl)\n"
    # The command is this machine's own: qemu hands the exec to the kernel.
    script = 'echo "$0"; kill -TERM $$'
    command: list[str | Path] = [architecture.qemu, shim, "--map-exit", "143:7", "--", "/bin/sh", "-c", script, "ready"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("ready\n", 7), done.stderr


def test_reproducible(wheel: Path, architecture: Architecture, tmp_path: Path) -> None:
    """A second build, at another time, is byte-identical."""
    again = build_wheel(architecture, tmp_path)
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(wheel.read_bytes()).digest()


def test_installs_on_this_machine(tmp_path: Path) -> None:
    """Pip takes the wheel of this machine's architecture and puts the program in bin/."""
    [own] = [architecture for architecture in ARCHITECTURES if architecture.name == os.uname().machine]
    made = build_wheel(own, tmp_path)
    target = tmp_path / "target"
    options: list[str | Path] = ["--no-index", "--no-deps", "--quiet", "--target", target]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, made], check=True)
    command = [sys.executable, "-c", "import pyinit; print(pyinit.path())"]
    environment = {**os.environ, "PYTHONPATH": str(target)}
    shown = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=True).stdout
    assert Path(shown.strip()).is_file()
