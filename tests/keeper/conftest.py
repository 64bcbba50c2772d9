"""Shims for tests."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.keeper.peer import Shim

ROOT = Path(__file__).resolve().parent.parent.parent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def pyinit_shim(workshop: Path) -> str:
    """Give the path of the shim: $PYINIT_KEEPER, or built from this source."""
    given = os.environ.get("PYINIT_KEEPER")
    if given:
        return given
    path = workshop / "pyinit-shim"
    subprocess.run([sys.executable, ROOT / "csrc/build.py", "--program", "pyinit-shim", "-o", path], check=True)
    return str(path)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a directory whose path is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="pk-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture
def start(pyinit_shim: str, folder: Path) -> Iterator[Callable[..., Shim]]:
    """Give a function that starts a shim, by its name; they end with the test."""
    started: list[Shim] = []

    def make(name: str = "shim") -> Shim:
        started.append(Shim(pyinit_shim, folder, name))
        return started[-1]

    yield make
    for one in started:
        one.kill()


@pytest.fixture
def shim(start: Callable[..., Shim]) -> Shim:
    """Give a shim to which nothing was said yet."""
    return start()
