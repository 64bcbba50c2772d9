"""What the application gets when the init's parent dies."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.running import ready

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.running import Running

ROUNDS = int(os.environ.get("PYINIT_TEST_ROUNDS", "300"))
# The init as the child of a shell that we can kill.
BELOW = ("sh", "-c", 'exec 3<&0; "$@" <&3 & wait', "sh")


@pytest.mark.parametrize(("name", "number"), [("USR1", 10), ("SIGTERM", 15), ("RTMIN+2", 36), ("1", 1)])
def test_parent_death(
    start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]], name: str, number: int
) -> None:
    """With -p SIG the application gets SIG, once, when the init's parent dies."""
    program = start(*BELOW, pyinit, "-p", name, "--", *listen())
    pid = ready(program.out)["main"]
    os.kill(program.pid, signal.SIGKILL)
    assert program.out.line() == f"main {number} -"
    os.kill(pid, 64)
    assert program.out.line() == "main 64 -"
    program.tell("exit 0")


def test_parent_death_reaches_the_target(
    start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]
) -> None:
    """That signal goes where the others go."""
    program = start(*BELOW, pyinit, "-p", "HUP", "--forward=tree", "--grace=0", "--", *listen("gs"))
    ready(program.out, 3)
    os.kill(program.pid, signal.SIGKILL)
    assert program.out.lines(3) == ["g 1 -", "main 1 -", "s 1 -"]
    program.tell("exit 0")


def test_parent_death_kills(start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]) -> None:
    """KILL is for the application too: the init still ends what remains."""
    program = start(*BELOW, pyinit, "-p", "KILL", "--grace=1h", "--", *listen("-t", "s"))
    ready(program.out, 2)
    os.kill(program.pid, signal.SIGKILL)
    assert program.out.line() == "s 15 -"
    assert program.out.end() == ""


def test_the_same_signal_from_elsewhere(
    start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]
) -> None:
    """While the parent lives, that signal is one as any other, and is rewritten."""
    program = start(pyinit, "-p", "TERM", "-r", "TERM:QUIT", "--", *listen())
    ready(program.out)
    program.send(signal.SIGTERM)
    assert program.out.line() == "main 3 -"


def test_no_parent_death_signal_by_default(
    start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]
) -> None:
    """Without the option the application is not told, and lives on."""
    program = start(*BELOW, pyinit, "--", *listen())
    pid = ready(program.out)["main"]
    os.kill(program.pid, signal.SIGKILL)
    program.wait()
    os.kill(pid, 64)
    assert program.out.line() == "main 64 -"
    program.tell("exit 0")


@pytest.mark.parametrize("option", ["-c", "-g"])
@pytest.mark.parametrize("microseconds", [0, 1000])
def test_parent_that_dies_at_once(
    run: Callable[..., tuple[int, str, str]], pyinit: str, probe: Callable[[str], str], option: str, microseconds: int
) -> None:
    """A parent that dies at any moment of the init's start is not missed."""
    orphaned = [probe("orphaned"), str(ROUNDS), "10", str(microseconds)]
    assert run(*orphaned, pyinit, "-p", "USR1", option, "--", probe("await"), "10") == (0, "all came\n", "")
