"""Worlds for tests: see world.py."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.supervisor.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session")
def shim_program(workshop: Path) -> Iterator[str]:
    """Give the path of the shim, $PYINIT_KEEPER or built from this source, and let all supervisors use it."""
    path = workshop / "pyinit-shim"
    if not (given := os.environ.get("PYINIT_KEEPER")):
        build = [sys.executable, str(ROOT / "csrc/build.py"), "--program", "pyinit-shim", "-o", str(path)]
        subprocess.run(build, check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYINIT_SHIM_PROGRAM", given or str(path))
        yield given or str(path)


@pytest.fixture
def nowhere(shim_program: str) -> Iterator[World]:
    """Give a world without a supervisor."""
    assert shim_program
    with World() as world:
        yield world


@pytest.fixture
def world(nowhere: World) -> World:
    """Give a world with a supervisor."""
    nowhere.start()
    return nowhere
