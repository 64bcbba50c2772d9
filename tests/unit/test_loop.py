"""The supervisor's loop: who is served when."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from pyinit import loop

if TYPE_CHECKING:
    from collections.abc import Iterator

Pipe = tuple[int, int]


@pytest.fixture
def pipes() -> Iterator[list[Pipe]]:
    """Give eight pipes with a byte in each: all are readable for ever."""
    made = [os.pipe2(os.O_NONBLOCK) for _ in range(8)]
    for _, writer in made:
        os.write(writer, b"x")
    yield made
    for ends in made:
        loop.close(*ends)


def _run(one: loop.Loop) -> None:
    """Run until stop(), and be ready for another run."""
    one.run()
    one._stopped = False  # noqa: SLF001


def test_all_urgent_ones_are_served_before_a_bulk_one_and_one_bulk_per_turn(pipes: list[Pipe]) -> None:
    """However many bulk descriptors are ready, only one is served before the urgent ones are again."""
    one, order = loop.Loop(), []
    for number, (reader, _) in enumerate(pipes):
        one.add(reader, lambda _events, number=number: order.append(number), bulk=number >= 2)  # type: ignore[misc]

    def count(_events: int) -> None:
        order.append(-1)
        if order.count(-1) == 7:
            one.stop()

    reader, writer = os.pipe()
    os.write(writer, b"x")
    one.add(reader, count)
    one.run()
    loop.close(reader, writer)
    turns = [order[at : at + 4] for at in range(0, len(order), 4)]
    assert all(sorted(turn[:3]) == [-1, 0, 1] for turn in turns)
    assert all(turn[3] >= 2 for turn in turns)
    assert sorted(turn[3] for turn in turns[:6]) == [2, 3, 4, 5, 6, 7]  # in turn, not the same one again


def test_bulk_chores_take_turns_with_everybody_else(pipes: list[Pipe]) -> None:
    """A chore that always makes another one holds up no urgent descriptor, and one is done per turn."""
    one, order = loop.Loop(), []

    def again() -> None:
        order.append("chore")
        one.later(again)

    def urgent(_events: int) -> None:
        order.append("urgent")
        if len(order) >= 10:
            one.stop()

    one.later(again)
    one.later(again)
    one.add(pipes[0][0], urgent)
    one.run()
    assert order[:10] == ["urgent", "chore"] * 5


def test_soon_runs_after_what_is_being_done_and_before_bulk(pipes: list[Pipe]) -> None:
    """A chore made by an urgent call runs in the same turn; one made by a chore in the next turn."""
    one, order = loop.Loop(), []

    def urgent(_events: int) -> None:
        order.append("urgent")
        if len(order) == 1:
            one.soon(chore)

    def chore() -> None:
        order.append("chore")
        one.soon(lambda: order.append("second"))

    def bulk(_events: int) -> None:
        order.append("bulk")
        if order.count("bulk") == 2:
            one.stop()

    one.add(pipes[0][0], urgent)
    one.add(pipes[1][0], bulk, bulk=True)
    one.run()
    assert order == ["urgent", "chore", "bulk", "urgent", "second", "bulk"]


def test_timers_run_in_their_order_and_not_before_their_time() -> None:
    """By due time, not by the order they were made in; a cancelled one does not run, twice cancelled is no error."""
    one, order = loop.Loop(), []
    start = time.monotonic()
    one.at(start + 0.03, one.stop)
    one.at(start + 0.025, lambda: order.append(3))
    one.at(start + 0.01, lambda: order.append(1))
    cancelled = one.at(start + 0.015, lambda: order.append(9))
    one.at(start + 0.02, lambda: order.append(2))
    cancelled.cancel()
    cancelled.cancel()
    one.run()
    assert order == [1, 2, 3]
    assert time.monotonic() >= start + 0.03


def test_a_timer_may_be_due_in_years() -> None:
    """A delay that no epoll_wait(2) can express is waited for in pieces, and others run meanwhile."""
    one = loop.Loop()
    one.after(1e9, lambda: pytest.fail("too early"))
    assert one._timeout() == loop.LONGEST_SLEEP  # noqa: SLF001
    assert loop.LONGEST_SLEEP * 1000 < 2**31
    reader, writer = os.pipe()
    os.write(writer, b"x")
    one.add(reader, lambda _events: one.stop())
    one.run()
    loop.close(reader, writer)


def test_nothing_to_do_sleeps() -> None:
    """Without chores and timers there is no timeout; a cancelled timer wakes nobody."""
    one = loop.Loop()
    assert one._timeout() == -1  # noqa: SLF001
    timer = one.after(5, one.stop)
    assert 0 < one._timeout() <= 5  # noqa: SLF001
    timer.cancel()
    assert one._timeout() == -1  # noqa: SLF001
    one.soon(one.stop)
    assert one._timeout() == 0  # noqa: SLF001


def test_a_descriptor_that_an_earlier_call_removed_is_not_served(pipes: list[Pipe]) -> None:
    """Both are ready in the same turn; whoever comes first removes the other one, and removing twice is no error."""
    one, order = loop.Loop(), []

    def call(name: str, other: int) -> None:
        order.append(name)
        one.remove(other)
        one.remove(other)
        one.soon(one.stop)

    one.add(pipes[0][0], lambda _events: call("a", pipes[1][0]))
    one.add(pipes[1][0], lambda _events: call("b", pipes[0][0]))
    one.run()
    assert len(order) == 1


def test_modify_to_none_and_back(pipes: list[Pipe]) -> None:
    """A descriptor that waits for nothing is not served; when it waits again, it is."""
    one = loop.Loop()
    seen: list[int] = []
    one.add(pipes[0][0], seen.append)
    one.modify(pipes[0][0], 0)
    one.after(0, one.stop)
    _run(one)
    assert seen == []
    one.modify(pipes[0][0], loop.READ)
    one.soon(one.stop)
    _run(one)
    assert seen == [loop.READ]


def test_the_other_end_is_gone() -> None:
    """has_failed tells a hangup from something to read."""
    one = loop.Loop()
    seen: list[int] = []
    reader, writer = os.pipe()
    one.add(reader, seen.append)
    os.close(writer)
    one.soon(one.stop)
    one.run()
    loop.close(reader, -1)
    assert loop.has_failed(seen[0])
    assert not loop.has_failed(loop.READ | loop.WRITE)


@pytest.mark.parametrize("kind", ["descriptor", "bulk", "timer", "chore", "bulk chore"])
def test_a_bug_in_one_call_is_not_the_end_of_the_others(
    kind: str, pipes: list[Pipe], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said, and the loop goes on; but not for ever, or it would be busy with nothing else."""
    one = loop.Loop()
    calls = [0]

    def fail(_events: int = 0) -> None:
        calls[0] += 1
        if kind not in {"descriptor", "bulk"}:
            again()
        message = "a bug"
        raise LookupError(message)

    def again() -> None:
        if kind == "timer":
            one.after(0, fail)
        elif kind == "chore":
            one.soon(fail)
        else:
            one.later(fail)

    if kind in {"descriptor", "bulk"}:
        one.add(pipes[0][0], fail, bulk=kind == "bulk")
    else:
        again()
    with pytest.raises(LookupError):
        one.run()
    assert calls[0] == loop.MOST_FAULTS + 1
    assert "LookupError: a bug" in capsys.readouterr().err
