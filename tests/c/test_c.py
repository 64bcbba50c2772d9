"""The C units, each a program of its own under AddressSanitizer and UndefinedBehaviorSanitizer."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
CSRC = HERE.parent.parent / "csrc"
SHIM = ["payload", "record", "sequence", "settings"]  # what of pyinit-shim is pure
WARNINGS = [
    "-Wall",
    "-Wextra",
    "-Wshadow",
    "-Wstrict-prototypes",
    "-Wmissing-prototypes",
    "-Wswitch-enum",
    "-Wformat=2",
]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
COMPILE = [
    os.environ.get("CC", "gcc"),
    *["-std=gnu17", "-D_GNU_SOURCE", '-DPYINIT_VERSION="0"', "-O1", "-g"],
    *[*WARNINGS, "-Werror", *SANITIZERS, f"-I{CSRC}"],
]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give all of the shim but its main(), of which a test links what it uses."""
    folder = tmp_path_factory.mktemp("units")
    sources = sorted(str(path) for path in CSRC.glob("*.c") if path.name != "main.c")
    sources += [str(CSRC / "shim" / f"{name}.c") for name in SHIM]
    subprocess.run([*COMPILE, "-c", *sources], cwd=folder, check=True)
    subprocess.run(["ar", "rcs", "units.a", *sorted(path.name for path in folder.glob("*.o"))], cwd=folder, check=True)
    return folder / "units.a"


@pytest.mark.parametrize("test", sorted(HERE.glob("*_test.c")), ids=lambda test: test.stem.removesuffix("_test"))
def test_unit(test: Path, archive: Path, tmp_path: Path) -> None:
    """Every check of the unit's test holds, and the sanitizers see nothing wrong."""
    subprocess.run([*COMPILE, "-o", str(tmp_path / "program"), str(test), str(archive)], check=True)
    folder = tmp_path / "run"
    folder.mkdir()
    done = subprocess.run(["../program"], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
