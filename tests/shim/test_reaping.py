"""Orphans, stopped children, and who is who."""

from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING

import pytest

from tests.running import children, ready, state, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.running import Running


@pytest.fixture(params=["subreaper", "PID 1"])
def start_either(
    request: pytest.FixtureRequest, start: Callable[..., Running], start_as_pid_1: Callable[..., Running]
) -> Callable[..., Running]:
    """Start the init as a subreaper, and as PID 1."""
    return start if request.param == "subreaper" else start_as_pid_1


@pytest.mark.parametrize("count", [1, 5000])
def test_orphans_are_reaped(
    start_either: Callable[..., Running], pyinit: str, probe: Callable[[str], str], count: int
) -> None:
    """However many orphans die at once, all are reaped while the application goes on."""
    program = start_either(pyinit, probe("orphans"), str(count))
    assert program.out.line() == f"orphans dead {count}"
    until(lambda: len(children(program.init)) == 1, "all orphans are reaped")
    program.hang_up()
    assert program.wait() == 0


def test_orphans_codes_are_nobodys(
    start_either: Callable[..., Running], pyinit: str, probe: Callable[[str], str]
) -> None:
    """An orphan's exit code is not taken for the application's."""
    program = start_either(pyinit, probe("orphans"), "20", "9")
    assert program.out.line() == "orphans dead 20"
    program.hang_up()
    assert program.wait() == 0


def test_neither_pid_1_nor_subreaper(
    start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]
) -> None:
    """With --subreaper=no orphans go to whoever else is there, and the init does not wait for them."""
    program = start(pyinit, "--subreaper=no", "--grace=1h", "--", *listen("d"))
    pids = ready(program.out, 2)
    assert children(program.init) == [pids["main"]]
    program.tell("exit 3")
    assert program.wait() == 3
    os.kill(pids["d"], signal.SIGKILL)


def test_subreaper_gets_the_orphans(
    start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]
) -> None:
    """By default a daemon becomes the init's child when its parents are gone."""
    program = start(pyinit, "--grace=0", "--", *listen("d"))
    pids = ready(program.out, 2)
    assert sorted(children(program.init)) == sorted(pids.values())


def test_warn_on_reap(start_either: Callable[..., Running], pyinit: str, probe: Callable[[str], str]) -> None:
    """With -w each orphan that is reaped gets a line with its pid, name and status; the application does not."""
    program = start_either(pyinit, "-w", probe("orphans"), "3", "9")
    assert program.out.line() == "orphans dead 3"
    until(lambda: program.errors.count("\n") == 3, "three lines")
    program.hang_up()
    assert program.wait() == 0
    lines = program.errors.splitlines()
    assert len(lines) == 3
    found = [re.fullmatch(r"pyinit: .*?(\d+) \(orphans\): exit code 9", line) for line in lines]
    assert len({match[1] for match in found if match}) == 3


def test_warn_on_reap_of_a_killed_one(
    start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]
) -> None:
    """The line names the signal that an orphan was killed by."""
    program = start(pyinit, "--warn-on-reap", *listen("d"))
    pids = ready(program.out, 2)
    os.kill(pids["d"], signal.SIGKILL)
    until(lambda: program.errors.endswith("\n"), "a line")
    assert re.fullmatch(rf"pyinit: .*{pids['d']} \(listen\): killed by SIGKILL\n", program.errors)


def test_stopped_child_is_not_dead(
    start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]
) -> None:
    """When the application or an orphan is stopped by somebody else, the init goes on, and so do they afterwards."""
    program = start(pyinit, "--grace=0", "--forward=main", "--", *listen("d"))
    pids = ready(program.out, 2)
    for pid in pids.values():
        os.kill(pid, signal.SIGSTOP)
    until(lambda: {state(pid) for pid in pids.values()} == {"T"}, "both are stopped")
    program.send(signal.SIGUSR1)
    for pid in pids.values():
        os.kill(pid, signal.SIGCONT)
    program.out.until("^main 10 -$")
    program.tell("exit 5")
    assert program.wait() == 5


def test_recycled_pid(start_as_pid_1: Callable[..., Running], pyinit: str) -> None:
    """A process that gets the dead application's number is not mistaken for it."""
    # The application (2) leaves a process behind, and ends. That one then starts another, which is given number 2, and
    # leaves it an orphan that ends with 9. With --single-child no process group keeps the number taken.
    left = (
        "while kill -0 2 2>/dev/null; do :; done; echo 1 >/proc/sys/kernel/ns_last_pid; "
        "sh -c 'echo $$; read line; exit 9' <&3 & exit 0"
    )
    program = start_as_pid_1(pyinit, "-c", "--wait-all", "--", "sh", "-c", 'exec 3<&0; sh -c "$0" & exit 7', left)
    assert program.out.line() == "2"
    program.tell("end")
    assert program.wait() == 7


def test_everything_the_application_left_is_gone(
    start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]
) -> None:
    """When the init has ended, so has all that was below it, whatever session it was in, and no zombie is left."""
    program = start(pyinit, "--grace=300ms", "--", *listen("gpsd"))
    pids = ready(program.out, 5)
    program.tell("exit 0")
    assert program.wait() == 0
    assert {state(pid) for pid in pids.values()} == {"X"}
