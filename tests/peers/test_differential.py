"""The same scenario under each real peer and under pyinit by its name: both must be seen to do the same.

Where a peer has a fault, better.py says what pyinit does instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.peers import observe
from tests.peers.better import BETTER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Variant(NamedTuple):
    """A peer with options and environment."""

    peer: str
    real: str
    options: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """Give the variant as one would type it."""
        return " ".join((*(f"{key}={value}" for key, value in self.env), self.real, *self.options))


def _each(peer: str, *ways: str) -> list[Variant]:
    """Variants from texts such as "A=b -c"; TINI_SUBREAPER= sets an empty value."""
    variants = []
    for way in ways:
        words = way.split()
        env = tuple((key, value) for key, _, value in (word.partition("=") for word in words if "_" in word))
        options = tuple(word for word in words if "_" not in word)
        variants.append(Variant(peer, peer, options, env))
    return variants


DUMB_INIT = _each("dumb-init", "", "-c", "--single-child", "DUMB_INIT_SETSID=0", "DUMB_INIT_SETSID=1")
TINI = [
    *_each("tini", "", "-g", "-s", "-s -g", "-gs", "TINI_KILL_PROCESS_GROUP=", "TINI_SUBREAPER= -w"),
    Variant("tini", "tini-static"),
]
CATATONIT = _each("catatonit", "", "-g")
ALL = [*DUMB_INIT, *TINI, *CATATONIT]
PLAIN = [DUMB_INIT[0], DUMB_INIT[1], TINI[0], TINI[1], *CATATONIT]
REWRITES = _each("dumb-init", "-r 15:2", "--rewrite 15:2 -r 10:0", "-r 1:31 --rewrite=31:1", "-r15:12 -c", "-r 15:0 -c")

SCENARIOS: list[tuple[Callable[[observe.World], observe.Seen], list[Variant]]] = [
    (observe.exit_codes, PLAIN),
    (observe.exit_codes, _each("tini", "-e 7", "-e 143 -e 128 -e 1", "-e0 -e255")),
    (observe.commands, PLAIN),
    (observe.command_line, [DUMB_INIT[0], TINI[0], CATATONIT[0]]),
    (observe.environment, ALL),
    (observe.forwarding, [*PLAIN, *REWRITES]),
    (observe.forwarding_the_last, [TINI[0], TINI[1], *CATATONIT]),
    (observe.forwarding_all, [TINI[0], TINI[1], *CATATONIT]),
    (observe.targets, [*ALL, *REWRITES[2:]]),
    (observe.leftovers, [*ALL, *REWRITES[:3], REWRITES[4], *_each("dumb-init", "-r 15:0")]),
    (observe.suspending, DUMB_INIT),
    (observe.surroundings, ALL),
    (observe.left_in_the_init, ALL),
    (observe.closed_descriptors, PLAIN),
    (observe.subreaper, ALL),
    (observe.as_pid_1, PLAIN),
    (observe.interrupt_as_pid_1, PLAIN),
    (observe.listen_pid, [DUMB_INIT[0], TINI[0], *CATATONIT]),
    (observe.terminal, ALL),
    (observe.terminal_of_another, ALL),
    (observe.hand_over, [*DUMB_INIT, TINI[0], CATATONIT[0]]),
    (observe.parent_death, _each("tini", "-p SIGUSR1", "-p SIGTERM", "-p SIGHUP -s")),
    (observe.reap_lines, [*_each("tini", "-s -w", "-s"), *_each("catatonit", "")]),
    (observe.pause, _each("catatonit", "-P", "-g -P")),
]

# One command line each. Those that end in `true` run it.
USAGE = {
    "dumb-init": [
        "", "-h", "--help", "-V", "--version", "--yolo", "-x true", "-r true", "-r herp true", "-r 15 true",
        "-r 15::12 true", "-r 15:derp true", "-r 1:32 true", "-r 32:1 true", "-r 0:1 true", "-r 15:2 -r", "-c", "--",
        "-r 15:12 true", "--single true", "--rewrite=15:12 true", "--rew=15:12 true", "--verb true", "-r -1:1 true",
        "-c -c true", "-r TERM:INT true",
    ],
    "tini": [
        "", "-h", "-l", "--version", "-z", "-z true", "--help", "-e", "-e x true", "-e 256 true", "-e -1 true",
        "-e 255 true", "-p", "-p NONE true", "-p SIGTERM -- true", "-p SIGKILL -- true", "-s", "--", "-v -- true",
        "-w -- true", "-g -- true", "-h true", "-e 1 -h", "-- true", "-s -- true", "-p 9 true",
    ],
    "catatonit": [
        "", "-h", "-L", "-V", "--version", "-z", "-z true", "--help", "-g", "--", "-- true", "-g true", "-g -h",
        "true",
    ],
}  # fmt: skip


def _compare(variant: Variant, scenario: str, theirs: observe.Seen, ours: observe.Seen) -> None:
    """Fails with every difference that better.py does not name, for these options or for all of the peer's."""
    better = BETTER[variant.peer]
    special = " ".join((scenario, *variant.options))
    wrong = []
    for what in dict.fromkeys([*theirs, *ours]):
        right = better.get((special, what), better.get((scenario, what), theirs.get(what)))
        if ours.get(what) not in (theirs.get(what), right):
            wrong.append(f"{what}: {variant.peer} {theirs.get(what)!r}, pyinit {ours.get(what)!r}")
    assert not wrong, "\n".join(wrong)


Both = Callable[[Variant], "Iterator[observe.World]"]


@pytest.fixture
def both(real: Callable[[str], Path], personas: Path, probe: Callable[[str], str], tmp_path: Path) -> Both:
    """Give a function from a variant to two worlds, one after the other: the peer's, and pyinit's."""

    def worlds(variant: Variant) -> Iterator[observe.World]:
        for number, init in enumerate((real(variant.real), personas / variant.peer)):
            folder = tmp_path / "work"  # of the same name for both: it shows in what is seen
            folder.mkdir()
            yield observe.World(str(init), probe, folder, variant.options, dict(variant.env))
            folder.rename(tmp_path / f"done-{number}")

    return worlds


@pytest.mark.parametrize(
    ("scenario", "variant"),
    [
        pytest.param(scenario, variant, id=f"{scenario.__name__}: {variant}")
        for scenario, variants in SCENARIOS
        for variant in variants
    ],
)
def test_same(both: Both, scenario: Callable[[observe.World], observe.Seen], variant: Variant) -> None:
    """Pyinit by a peer's name does what the peer does, save its faults."""
    theirs, ours = (scenario(world) for world in both(variant))
    _compare(variant, scenario.__name__, theirs, ours)


@pytest.mark.parametrize(
    ("peer", "arguments"),
    [pytest.param(peer, line, id=f"{peer} {line}") for peer, lines in USAGE.items() for line in lines],
)
def test_same_usage(both: Both, peer: str, arguments: str) -> None:
    """Help, version and errors have the peer's exit code and come on the peer's stream."""
    variant = Variant(peer, peer)
    theirs, ours = (observe.usage(world, *arguments.split()) for world in both(variant))
    _compare(variant, f"usage {arguments}", theirs, ours)
