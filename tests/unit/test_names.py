"""Names for services that were given none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pyinit import names, spec

if TYPE_CHECKING:
    import pytest


def test_a_name_is_a_mood_and_a_bird() -> None:
    """It is a name that a specification may have, and not always the same."""
    made = {names.make(()) for _ in range(50)}
    assert len(made) > 10
    for name in made:
        mood, bird = name.split("_")
        assert mood.isalpha()
        assert bird.isalpha()
        assert spec.name("name", name) == name


def test_a_taken_name_is_not_given_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """However bad the luck: numbers are added in the end, and a random name goes without luck at all."""
    first = names.make(())

    class All:
        def __contains__(self, name: object) -> bool:
            return "_" in str(name)

    taken: set[str] = set()
    for _ in range(3000):
        name = names.make(taken)
        assert name not in taken
        taken.add(name)
    assert any(name[-1].isdecimal() for name in taken)
    monkeypatch.setattr(os, "urandom", lambda count: b"\7" * count)
    assert names.make(All()) == "07" * 6
    assert first


def test_every_word_can_come_up() -> None:
    """No mood and no bird is in the lists for nothing, or twice."""
    moods, birds = names._MOODS, names._BIRDS  # noqa: SLF001
    assert len(set(moods)) == len(moods) <= 64
    assert len(set(birds)) == len(birds)
