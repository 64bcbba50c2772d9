"""Names for services that were given none."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

_MOODS = [
    "able",
    "bold",
    "brave",
    "brisk",
    "calm",
    "clever",
    "eager",
    "early",
    "fair",
    "fast",
    "fine",
    "fond",
    "free",
    "glad",
    "kind",
    "lively",
    "loyal",
    "lucky",
    "merry",
    "neat",
    "nimble",
    "proud",
    "quick",
    "quiet",
    "ready",
    "sharp",
    "silent",
    "smart",
    "steady",
    "swift",
    "tidy",
    "warm",
    "wise",
]
_BIRDS = [
    "avocet",
    "bunting",
    "crane",
    "curlew",
    "dipper",
    "dove",
    "dunlin",
    "eider",
    "falcon",
    "finch",
    "gannet",
    "godwit",
    "goose",
    "grebe",
    "hawk",
    "heron",
    "ibis",
    "jay",
    "kestrel",
    "kite",
    "lapwing",
    "lark",
    "linnet",
    "magpie",
    "merlin",
    "owl",
    "pipit",
    "plover",
    "raven",
    "robin",
    "siskin",
    "stork",
    "swift",
    "tern",
    "thrush",
    "wren",
]


def make(taken: Container[str]) -> str:
    """A name like quiet_heron that nobody has."""
    for attempt in range(1000):
        number = int.from_bytes(os.urandom(4), "little")
        name = f"{_MOODS[number % len(_MOODS)]}_{_BIRDS[number // 64 % len(_BIRDS)]}"
        if attempt > 20:
            name += str(number % 100000)
        if name not in taken:
            return name
    return os.urandom(6).hex()
