"""An init that has nothing to do does nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.running import settled, state, status, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.running import Running

# Is busy for a moment, in which the init gives back what it needed to start; waits to be told, then for as long as an
# init that polls would need to show it; and tells of both.
APPLICATION = ["sh", "-c", "sleep 1; echo ready; read line; sleep 1.2; echo over; read line"]


def switches(pid: int) -> tuple[str, str]:
    """Give how often a process has run, as the kernel counts it."""
    fields = status(pid)
    return fields["voluntary_ctxt_switches"], fields["nonvoluntary_ctxt_switches"]


def check(program: Running) -> None:
    """Count how often the init runs between two events that do not concern it."""
    assert program.out.line() == "ready"
    until(lambda: settled(program.init), "the init has settled")
    until(lambda: state(program.init) == "S", "the init sleeps")
    before = switches(program.init)
    program.tell("go")
    assert program.out.line() == "over"
    assert switches(program.init) == before


@pytest.mark.parametrize(
    "options",
    [[], ["-c"], ["--forward=tree", "-w", "--kill-after=1h", "--delay=TERM=1s", "--report=/dev/null"], ["-p", "TERM"]],
)
def test_no_wake_ups(start: Callable[..., Running], pyinit: str, options: list[str]) -> None:
    """While nothing happens the init does not run at all."""
    check(start(pyinit, *options, "--", *APPLICATION))


def test_no_wake_ups_as_pid_1(start_as_pid_1: Callable[..., Running], pyinit: str) -> None:
    """PID 1 does not run either."""
    check(start_as_pid_1(pyinit, "--", *APPLICATION))


def test_no_wake_ups_during_the_grace_period(start: Callable[..., Running], pyinit: str) -> None:
    """Nor does it run while it waits for others to end, or for the time to be over."""
    left = f"trap '' TERM; {APPLICATION[2]}"
    program = start(pyinit, "--grace=1h", "--", "sh", "-c", 'exec 3<&0; sh -c "$0" <&3 & exit 0', left)
    check(program)
