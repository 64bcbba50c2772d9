"""A bounded run of every fuzz target, from its corpus; `./dev fuzz` runs them for longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools import fuzz

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the shim's units, compiled for fuzzing."""
    return fuzz.build_units(tmp_path_factory.mktemp("fuzz"))


@pytest.mark.parametrize("target", sorted(fuzz.TARGETS))
def test_target(target: str, archive: Path) -> None:
    """Twenty thousand inputs, grown from the corpus, break nothing that the target checks."""
    assert fuzz.fuzz(target, archive, "-runs=20000", "-seed=1") == 0


def test_corpora() -> None:
    """Every target has a corpus of its own to start from."""
    assert sorted(folder.name for folder in (fuzz.FUZZ / "corpus").iterdir()) == sorted(fuzz.TARGETS)
