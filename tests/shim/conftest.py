"""Fixtures that start the init, and end whatever a test leaves."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.running import Namespaced, Running, Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Give a stack that closes at the test's end."""
    with ExitStack() as closing:
        yield closing


def _start(stack: ExitStack, kind: Callable[..., Running], argv: tuple[str, ...], **options: object) -> Running:
    return stack.enter_context(kind(argv, **options))


@pytest.fixture
def start(stack: ExitStack) -> Callable[..., Running]:
    """Give a function that starts a program with pipes."""
    return lambda *argv, **options: _start(stack, Running, argv, **options)


@pytest.fixture
def start_as_pid_1(stack: ExitStack) -> Callable[..., Running]:
    """Give a function that starts a program as PID 1."""
    return lambda *argv, **options: _start(stack, Namespaced, argv, **options)


@pytest.fixture
def start_on_terminal(stack: ExitStack) -> Callable[..., Terminal]:
    """Give a function that starts a program as the leader of a terminal's session."""
    return lambda *argv, **options: stack.enter_context(Terminal(argv, **options))


@pytest.fixture
def listen(probe: Callable[[str], str]) -> Callable[..., list[str]]:
    """Give a function that makes the command line of the probe `listen`."""
    return lambda *arguments: [probe("listen"), *arguments]


@pytest.fixture
def flood(stack: ExitStack, probe: Callable[[str], str]) -> Callable[[int, int, int], Callable[[], int]]:
    """Give a function that queues a process so many signals with values; what it gives waits for the end of that."""

    def to(pid: int, number: int, count: int) -> Callable[[], int]:
        sender = stack.enter_context(subprocess.Popen([probe("flood"), str(pid), str(number), str(count)]))
        stack.callback(sender.kill)
        return sender.wait

    return to


@pytest.fixture
def run(start: Callable[..., Running]) -> Callable[..., tuple[int, str, str]]:
    """Give a function that runs a program to its end: exit code, standard output, standard error."""

    def to_its_end(*argv: str, **options: object) -> tuple[int, str, str]:
        program = start(*argv, **options)
        program.hang_up()
        output = program.out.end()
        return program.wait(), output, program.errors

    return to_its_end
