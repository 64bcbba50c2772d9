import os
import re
import struct
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import pyinit as package
from csrc import build

ROOT = Path(__file__).resolve().parents[2]


def _output(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _hatchling(kind: str, source: Path, into: Path) -> None:
    command: list[str | Path] = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", into]
    subprocess.run(command, cwd=source, check=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the wheel of this source for this machine."""
    into = tmp_path_factory.mktemp("wheel")
    _hatchling("wheel", ROOT, into)
    [made] = into.glob("*.whl")
    return made


def test_path() -> None:
    """pyinit.path() is the installed init, which runs."""
    found = Path(package.path())
    assert found.is_absolute()
    assert _output(found, "-V").startswith(f"pyinit {package.__version__} ")


def test_path_without_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the program is not, pyinit.path() says where it was looked for."""
    monkeypatch.setattr("pyinit._locate.candidates", lambda: iter(["/nowhere/bin/pyinit"]))
    with pytest.raises(FileNotFoundError, match="looked at /nowhere/bin/pyinit"):
        package.path()


def test_version() -> None:
    """The package, pyproject.toml and the program have one version."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert package.__version__ == declared == build.version()


def test_wheel_content(wheel: Path) -> None:
    """The wheel serves every Python of the platform, and holds the ELF programs themselves as its scripts."""
    assert re.search(r"-py3-none-linux_\w+\.whl$", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        scripts = {name.partition(".data/scripts/")[2]: archive.read(name) for name in names if "/scripts/" in name}
        [entries] = [archive.read(name).decode() for name in names if name.endswith("/entry_points.txt")]
    assert sorted(scripts) == ["pyinit", "pyinit-shim"]
    assert [build.faults(content) for content in scripts.values()] == [[], []]
    assert "pyinitctl = pyinit.commands.main:main" in entries
    assert {"pyinit/py.typed", "pyinit/commands/main.py", "pyinit/bootstrap.py"} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.endswith((".c", ".h", ".so")) for name in names)


def test_sdist_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    """The source distribution has all that a wheel is made from: the one made from it is the same."""
    _hatchling("sdist", ROOT, tmp_path)
    [made] = tmp_path.glob("*.tar.gz")
    with tarfile.open(made) as archive:
        archive.extractall(tmp_path, filter="data")
    _hatchling("wheel", tmp_path / made.name.removesuffix(".tar.gz"), tmp_path)
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


def test_wheel_is_reproducible(wheel: Path, tmp_path: Path) -> None:
    """A second build of the same source is byte-identical."""
    _hatchling("wheel", ROOT, tmp_path)
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


def test_editable_install(tmp_path: Path) -> None:
    """An editable install in a fresh environment has the programs in bin/ and the package from the source."""
    venv.create(tmp_path / "venv", with_pip=False, system_site_packages=False)
    python = tmp_path / "venv" / "bin" / "python"
    # This environment's pip and build backend, so that no network is needed.
    options = ["--no-build-isolation", "--no-deps", "--no-index", "--quiet"]
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        *options,
        "--editable",
        ROOT,
    ]
    paths = os.pathsep.join(entry for entry in sys.path if entry.endswith("site-packages"))
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": paths})
    shown = _output(python, "-c", "import pyinit; print(pyinit.path(), pyinit.__file__)").split()
    assert shown == [str(tmp_path.resolve() / "venv/bin/pyinit"), str(ROOT / "pyinit/__init__.py")]
    assert _output(shown[0], "-V").startswith("pyinit ")
    assert os.access(f"{shown[0]}-shim", os.X_OK)
    assert _output(f"{shown[0]}ctl", "--help") == _output(python, "-m", "pyinit", "--help")


def test_dynamic_build_says_so(tmp_path: Path) -> None:
    """Where no static libc is found, the build and `pyinit -V` both say that the program is dynamic."""
    compiler = tmp_path / "only-dynamic-cc"
    compiler.write_text('#!/bin/sh\nfor word; do [ "$word" != -static ] || exit 1; done\nexec gcc "$@"\n')
    compiler.chmod(0o755)
    command: list[str | Path] = [sys.executable, ROOT / "csrc/build.py", "--cc", compiler, "-o", tmp_path / "pyinit"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "this pyinit is DYNAMIC" in done.stderr
    assert "(dynamic)" in _output(tmp_path / "pyinit", "-V")
    assert any("dynamic" in fault for fault in build.faults((tmp_path / "pyinit").read_bytes()))


def test_no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a compiler, the error names those looked for and the package to install."""
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(build.BuildError, match=r"musl-gcc.*musl-tools"):
        build.choose()


def _patch(data: bytes, of_type: int, change: Callable[[int], int]) -> bytes:
    """Change the flags of the 64-bit little-endian program's segments of a type."""
    patched = bytearray(data)
    [start] = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    for at in range(start, start + size * count, size):
        kind, flags = struct.unpack_from("<II", data, at)
        if kind == of_type:
            struct.pack_into("<I", patched, at + 4, change(flags))
    return bytes(patched)


def _retype(data: bytes, old: int, new: int) -> bytes:
    patched = bytearray(data)
    [start] = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    for at in range(start, start + size * count, size):
        if struct.unpack_from("<I", data, at)[0] == old:
            struct.pack_into("<I", patched, at, new)
    return bytes(patched)


PT_LOAD, PT_NOTE = 1, 4


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda data: _patch(data, build.PT_GNU_STACK, lambda flags: flags | build.PF_X), "executable stack"),
        (lambda data: _retype(data, build.PT_GNU_STACK, PT_NOTE), "no PT_GNU_STACK"),
        (lambda data: _patch(data, PT_LOAD, lambda _: 7), "both writable and executable"),
        (lambda data: _retype(data, build.PT_GNU_STACK, build.PT_INTERP), "it is dynamic"),
        (lambda data: data + bytes(build.SIZE_LIMIT), "over its budget of 40000"),
    ],
    ids=["exec-stack", "no-stack-header", "writable-code", "dynamic", "too-large"],
)
def test_static_checks(pyinit: str, tmp_path: Path, spoil: Callable[[bytes], bytes], fault: str) -> None:
    """The check passes what is built, and refuses a program that is unfit to be an init, saying why."""
    good = Path(pyinit).read_bytes()
    assert build.faults(good) == []
    bad = tmp_path / "bad"
    bad.write_bytes(spoil(good))
    done = subprocess.run(
        [sys.executable, ROOT / "csrc/build.py", "--check", bad], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert fault in done.stderr


def test_check_refuses_other_files(tmp_path: Path) -> None:
    """What is no ELF file is refused as such."""
    other = tmp_path / "script"
    other.write_text("#!/bin/sh\n")
    with pytest.raises(build.BuildError, match="not an ELF file"):
        build.check(other)


def test_the_other_name_is_never_recommended() -> None:
    """The PyPI name `pyinit` is an unrelated project's: no text here tells anyone to install that."""
    files = _output("git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    wrong = re.compile(rb"pip3? +install +(?:-\S+ +)*pyinit(?:\s|$|[`'\"\])])")
    present = [name for name in files if name and (ROOT / name).is_file()]
    assert [name for name in present if wrong.search((ROOT / name).read_bytes())] == []
