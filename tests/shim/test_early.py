"""Signals that come as early as they can, or as fast."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.running import children, ready, settled, status, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.running import Running

ROUNDS = int(os.environ.get("PYINIT_TEST_ROUNDS", "300"))


@pytest.mark.parametrize("option", ["-c", "-g", "--forward=main", "--forward=tree"])
@pytest.mark.parametrize("microseconds", [0, 300, 2000])
def test_no_early_signal_is_lost(
    run: Callable[..., tuple[int, str, str]],
    pyinit: str,
    probe: Callable[[str], str],
    option: str,
    microseconds: int,
) -> None:
    """A signal sent at any moment from the init's first on reaches the application, which waits for it and ends."""
    race = [probe("race"), str(ROUNDS), "15", "0", str(microseconds)]
    assert run(*race, pyinit, option, "--", probe("await"), "15") == (0, "all came\n", "")


@pytest.mark.parametrize(("option", "rounds"), [("-c", ROUNDS), ("-g", ROUNDS)])
def test_no_early_value_is_lost(
    run: Callable[..., tuple[int, str, str]], pyinit: str, probe: Callable[[str], str], option: str, rounds: int
) -> None:
    """Real-time signals sent around the start all arrive, in order and with their values."""
    race = [probe("race"), str(rounds), "36", "40", "800"]
    assert run(*race, pyinit, option, "--", probe("await"), "36", "40") == (0, "all came\n", "")


def test_early_signals_are_rewritten(
    run: Callable[..., tuple[int, str, str]], pyinit: str, probe: Callable[[str], str]
) -> None:
    """An early signal is rewritten as a later one is."""
    # The driver blocks TERM only, so QUIT ends this application.
    race = [probe("race"), str(ROUNDS // 4), "15", "0", "300"]
    assert run(*race, pyinit, "-r", "15:3", "-e", "131", "--", "sleep", "60") == (0, "all came\n", "")


@pytest.mark.parametrize(("option", "count"), [("-c", 20000), ("-g", 20000), ("--forward=tree", 100)])
def test_hundreds_of_signals_per_millisecond(
    start: Callable[..., Running],
    pyinit: str,
    listen: Callable[..., list[str]],
    flood: Callable[[int, int, int], Callable[[], int]],
    option: str,
    count: int,
) -> None:
    """Real-time signals sent as fast as possible, over 200 a millisecond, arrive all, in order."""
    program = start(pyinit, option, *listen())
    ready(program.out)
    sent = flood(program.init, 35, count)
    assert [program.out.line() for _ in range(count)] == [f"main 35 {value}" for value in range(count)]
    assert sent() == 0


def test_flood_past_the_queue(
    start: Callable[..., Running],
    pyinit: str,
    listen: Callable[..., list[str]],
    flood: Callable[[int, int, int], Callable[[], int]],
) -> None:
    """When the user's queue of pending signals is full since the application does not read, nothing is lost."""
    program = start("prlimit", "--sigpending=64:64", pyinit, "--single-child", *listen(), user=65534)
    pid = ready(program.out)["main"]
    os.kill(pid, signal.SIGSTOP)
    sent = flood(program.init, 36, 300)
    # The init takes less than the whole limit, so that what it passes on always finds room.
    until(lambda: status(program.init)["SigQ"] == "48/48", "the queue is full")
    os.kill(pid, signal.SIGCONT)
    heard = [program.out.line() for _ in range(301)]
    heard.remove("main 18 -")
    assert heard == [f"main 36 {value}" for value in range(300)]
    assert sent() == 0


def test_flood_of_standard_signals_and_children(
    start: Callable[..., Running],
    pyinit: str,
    probe: Callable[[str], str],
    flood: Callable[[int, int, int], Callable[[], int]],
) -> None:
    """While thousands of signals and dead children come in at once, the init keeps up, and the last signal arrives."""
    program = start(pyinit, "--grace=0", "-r", "HUP:0", "--", probe("orphans"), "300")
    until(lambda: settled(program.init), "the init is there")
    sent = [flood(program.init, number, 5000) for number in (1, 17, 18)]
    assert program.out.line() == "orphans dead 300"
    assert [end() for end in sent] == [0, 0, 0]
    until(lambda: len(children(program.init)) == 1, "all orphans are reaped")
    program.send(signal.SIGTERM)
    assert program.wait() == 143
