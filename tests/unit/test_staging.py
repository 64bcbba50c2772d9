"""The staging file: what was taken and what is logged are known after a death at any moment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pyinit import staging
from pyinit.staging import HEADER, STRIDE, TURN, Staging

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Yield a pipe's two ends."""
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


@pytest.fixture
def fd() -> Iterator[int]:
    """Yield a new staging file."""
    made = staging.create("test")
    yield made
    os.close(made)


def test_a_successor_sees_what_was_taken_but_not_committed(fd: int, pipe: tuple[int, int]) -> None:
    """All that a supervisor took is pending for the next one, until it is committed."""
    os.write(pipe[1], b"abcdef")
    assert Staging(fd).take(pipe[0], 100) == 6
    second = Staging(fd)
    assert second.pending() == b"abcdef"
    second.record.inode, second.record.length = 4, 99
    second.commit(second.done + 2, 7)
    third = Staging(fd)
    assert third.pending() == b"cdef"
    assert (third.record.sequence, third.record.inode, third.record.length) == (7, 4, 99)


def test_an_empty_pipe_and_its_end_are_told_apart(fd: int) -> None:
    """No bytes now is BlockingIOError; no writer any more is 0."""
    read_end, write_end = os.pipe()
    with pytest.raises(BlockingIOError):
        Staging(fd).take(read_end, 10)
    os.close(write_end)
    assert Staging(fd).take(read_end, 10) == 0
    os.close(read_end)


def test_halves_are_switched_and_a_stale_commit_is_not_believed(fd: int, pipe: tuple[int, int]) -> None:
    """After a switch the old record does not hide what was taken, though its position may be the same."""
    stage = Staging(fd)
    for round_number in range(6):
        os.write(pipe[1], b"x" * (TURN - 1) + b"y")
        stage.take(pipe[0], 1 << 20)
        stage.commit(stage.end - 1, 2 * round_number)
        assert stage.is_worn() or round_number == 0
        stage.turn(2 * round_number + 1)
        assert Staging(fd).pending() == stage.pending() == b"y"
        stage.turn(2 * round_number + 2)  # twice without a commit between: it makes one
        assert Staging(fd).pending() == stage.pending() == b"y"
        stage.commit(stage.end, 2 * round_number + 3)
    assert os.fstat(fd).st_blocks * 512 <= HEADER + 4 * TURN
    assert stage.end < HEADER + 2 * STRIDE


def test_trimming_gives_the_memory_back_and_keeps_the_place(fd: int, pipe: tuple[int, int]) -> None:
    """A trimmed file has its first page only; what comes next is found by a successor."""
    stage = Staging(fd)
    os.write(pipe[1], b"x" * 5000)
    stage.take(pipe[0], 5000)
    stage.trim()
    assert stage.pending() == b"x" * 5000
    stage.commit(stage.end, 1)
    stage.trim()
    assert os.fstat(fd).st_size == HEADER
    os.write(pipe[1], b"more")
    stage.take(pipe[0], 5000)
    assert Staging(fd).pending() == b"more"


def test_a_gigabyte_does_not_grow_it(fd: int, pipe: tuple[int, int]) -> None:
    """However much goes through, only the two beginnings of the halves are used."""
    stage = Staging(fd)
    block = b"z" * 65536
    for number in range(2000):
        os.write(pipe[1], block)
        if stage.is_worn(staging.READ):
            stage.turn(number)
        stage.take(pipe[0], staging.READ)
        stage.commit(stage.end, number)
    assert os.fstat(fd).st_blocks * 512 <= 2 * (TURN + staging.READ) + HEADER
