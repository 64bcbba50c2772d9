"""What all tests share: the init itself, built once, and the small programs that run under it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))  # for tests.running, however pytest was started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What runs in the background of a script (a CI may), or under nohup, is started with these ignored, and would pass that
# on to everything the tests start.
for number, usual in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGQUIT, signal.SIG_DFL),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)


@pytest.fixture(scope="session")
def workshop() -> Iterator[Path]:
    """Give a directory for programs. Unlike pytest's own, every user may enter it: some tests are not root."""
    with tempfile.TemporaryDirectory(prefix="pyinit-tests-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


def _build(into: Path, *options: str) -> str:
    subprocess.run([sys.executable, str(ROOT / "csrc/build.py"), *options, "-o", str(into)], check=True)
    return str(into)


@pytest.fixture(scope="session")
def pyinit(workshop: Path) -> str:
    """Give the path of the init: $PYINIT_SHIM, or built from this source."""
    return os.environ.get("PYINIT_SHIM") or _build(workshop / "pyinit")


@pytest.fixture(scope="session")
def sanitized(workshop: Path) -> str:
    """Give the path of an init that was built with ASan and UBSan."""
    (workshop / "sanitized").mkdir()
    return _build(workshop / "sanitized" / "pyinit", "--sanitize")


@pytest.fixture(scope="session")
def as_persona(pyinit: str, workshop: Path) -> Callable[[str], str]:
    """Give a function from another init's name to a path at which pyinit behaves as that."""

    def link(name: str) -> str:
        path = workshop / "personas" / name
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            path.symlink_to(pyinit)
        return str(path)

    return link


@pytest.fixture(scope="session")
def probe(workshop: Path) -> Callable[[str], str]:
    """Give a function from the name of a C program in tests/probes to its path; static, so that it runs anywhere."""
    compiler = os.environ.get("CC") or shutil.which("cc") or "gcc"

    def build(name: str) -> str:
        path = workshop / "probes" / name
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            source = ROOT / "tests/probes" / f"{name}.c"
            subprocess.run([compiler, "-std=gnu17", "-O1", "-static", "-o", str(path), str(source)], check=True)
        return str(path)

    return build
