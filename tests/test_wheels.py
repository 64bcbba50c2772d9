"""The wheels of all architectures, each run on a processor that qemu imitates."""

import functools
import hashlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
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
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Architecture], Path]:
    """Give a function from an architecture to its wheel, which is built once."""
    into = tmp_path_factory.mktemp("wheels")
    return functools.cache(lambda architecture: build_wheel(architecture, into))


@pytest.fixture(scope="module")
def wheel(architecture: Architecture, made: Callable[[Architecture], Path]) -> Path:
    """Give the architecture's wheel."""
    return made(architecture)


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of what the wheel puts in bin/."""
    folder = tmp_path_factory.mktemp("programs")
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if "/scripts/" in name:
                program = folder / Path(name).name
                program.write_bytes(archive.read(name))
                program.chmod(0o755)
    return folder


def test_tags(wheel: Path, architecture: Architecture) -> None:
    """One wheel is for glibc and for musl systems, and its metadata agrees with its name."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith("/WHEEL")]
        lines = archive.read(name).decode().splitlines()
    tags = {line.removeprefix("Tag: py3-none-") for line in lines if line.startswith("Tag: ")}
    assert tags == set(architecture.tag.split("."))
    assert any(tag.startswith("manylinux") for tag in tags)
    assert any(tag.startswith("musllinux") for tag in tags)


def test_fit(programs: Path, architecture: Architecture) -> None:
    """Each program is static, within its budget, and has neither an executable stack nor writable code."""
    limit = build.choose(target=architecture.target).limit
    assert sorted(program.name for program in programs.iterdir()) == sorted(build.PROGRAMS)
    for program in programs.iterdir():
        assert build.faults(program.read_bytes(), limit=limit) == []


def test_init_runs(programs: Path, architecture: Architecture) -> None:
    """Each init tells its version, runs a command, and ends with its exit code."""
    init = [architecture.qemu, str(programs / "pyinit")]
    said = subprocess.run([*init, "-V"], capture_output=True, text=True, check=True).stdout
    assert said == f"pyinit {build.version()} (static, musl)\n"
    # The command is this machine's own: qemu hands the exec to the kernel.
    script = 'echo "$0"; kill -TERM $$'
    command = [*init, "--map-exit", "143:7", "--", "/bin/sh", "-c", script, "ready"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("ready\n", 7), done.stderr


def test_shim_runs(programs: Path, architecture: Architecture) -> None:
    """Each shim tells its version, and refuses to be one without a supervisor. More needs a kernel, not a qemu."""
    shim = [architecture.qemu, str(programs / "pyinit-shim")]
    told = subprocess.run([*shim, "--version"], capture_output=True, text=True, check=True)
    assert told.stdout + told.stderr == f"pyinit-shim: version {build.version()}\n"
    done = subprocess.run([*shim, "name"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (125, "")
    assert "by pyinit's supervisor" in done.stderr


def own() -> Architecture:
    """The architecture of this machine."""
    [found] = [architecture for architecture in ARCHITECTURES if architecture.name == os.uname().machine]
    return found


def test_reproducible(made: Callable[[Architecture], Path], tmp_path: Path) -> None:
    """A second build, at another time and into another place, is byte-identical."""
    again = build_wheel(own(), tmp_path)
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(made(own()).read_bytes()).digest()


def test_installs_on_this_machine(made: Callable[[Architecture], Path], tmp_path: Path) -> None:
    """Pip takes the wheel of this machine's architecture and puts all three programs in bin/, which run."""
    target = tmp_path / "target"
    options: list[str | Path] = ["--no-index", "--no-deps", "--quiet", "--target", target]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, made(own())], check=True)
    environment = {**os.environ, "PYTHONPATH": str(target)}

    def output(*command: str | Path) -> str:
        return subprocess.run(
            command, cwd="/", env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
        ).stdout.strip()

    assert Path(output(sys.executable, "-c", "import pyinit; print(pyinit.path())")) == target / "bin" / "pyinit"
    assert output(target / "bin/pyinit", "-V") == f"pyinit {build.version()} (static, musl)"
    assert output(target / "bin/pyinit-shim", "--version") == f"pyinit-shim: version {build.version()}"
    assert output(target / "bin/pyinitctl", "--help").startswith("usage: pyinitctl COMMAND")
