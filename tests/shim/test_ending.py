"""What happens when the application has ended, or is to end."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.running import ready, state

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.running import Running

TERM, INT, QUIT, KILL = signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGKILL


@pytest.mark.parametrize("code", [0, 1, 7, 125, 126, 127, 128, 255])
def test_exit_code(run: Callable[..., tuple[int, str, str]], pyinit: str, code: int) -> None:
    """The application's exit code is the init's."""
    assert run(pyinit, "sh", "-c", f"exit {code}") == (code, "", "")


@pytest.mark.parametrize("number", [1, 2, 6, 9, 15, 34, 64])
def test_exit_code_of_a_signal(
    start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]], number: int
) -> None:
    """An application killed by signal N makes the exit code 128 + N."""
    program = start("prlimit", "--core=0", pyinit, *listen())
    ready(program.out)
    program.tell(f"die {number}")
    assert program.wait() == 128 + number


@pytest.mark.parametrize(
    ("rules", "code", "mapped"),
    [
        (["-e", "143"], 143, 0),
        (["-e", "3:4"], 3, 4),
        (["--map-exit", "3:4", "--map-exit=4:5"], 3, 4),
        (["-e", "3:4", "-e", "5:6"], 5, 6),
        (["-e", "3:4"], 5, 5),
        (["-e", "0:255"], 0, 255),
    ],
)
def test_map_exit(
    run: Callable[..., tuple[int, str, str]], pyinit: str, rules: list[str], code: int, mapped: int
) -> None:
    """--map-exit FROM:TO changes one exit code, to 0 if TO is not given, once, and leaves the others."""
    assert run(pyinit, *rules, "--", "sh", "-c", f"exit {code}")[0] == mapped


def test_map_exit_of_a_signal(run: Callable[..., tuple[int, str, str]], pyinit: str) -> None:
    """A death by TERM is mapped as 143."""
    assert run(pyinit, "-e", "143:0", "--", "sh", "-c", "kill $$")[0] == 0


def test_grace_ends_early(start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]) -> None:
    """What remains gets TERM, and when it has ended, the grace period is over: this one would outlast the test."""
    program = start(pyinit, "--grace=1h", "--", *listen("-t", "gpsd"))
    pids = ready(program.out, 5)
    program.tell("exit 7")
    assert program.out.lines(4) == ["d 15 -", "g 15 -", "p 15 -", "s 15 -"]
    assert program.wait() == 7
    assert {state(pid) for pid in pids.values()} == {"X"}


def test_grace_kills(start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]) -> None:
    """What does not end by TERM is killed when the grace period is over; the exit code stays the application's."""
    program = start(pyinit, "--grace=200ms", "--", *listen("gpsd"))
    pids = ready(program.out, 5)
    program.tell("exit 7")
    assert program.out.lines(4) == ["d 15 -", "g 15 -", "p 15 -", "s 15 -"]
    assert program.wait() == 7
    assert {state(pid) for pid in pids.values()} == {"X"}


def test_grace_wakes_the_stopped(start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]) -> None:
    """A stopped process that remains is ended as well."""
    program = start(pyinit, "--grace=200ms", "--", *listen("g"))
    pids = ready(program.out, 2)
    os.kill(pids["g"], signal.SIGSTOP)
    program.tell("exit 7")
    assert program.wait() == 7
    assert state(pids["g"]) == "X"


@pytest.mark.parametrize("number", [TERM, INT])
def test_impatience_kills(
    start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]], number: int
) -> None:
    """A TERM or INT during the grace period, after the one that ended the application, kills at once."""
    # One that ends by TERM, and beside it one that does not.
    program = start(pyinit, "--grace=1h", "--forward=main", "--", "sh", "-c", '"$0" -d s & exec "$0" -t', *listen())
    assert sorted(program.out.line().split()[0] for _ in range(3)) == ["main", "main", "s"]
    program.send(TERM)
    program.out.until("^main 15 -$")
    program.out.until("^s 15 -$")
    program.send(number)
    assert program.wait() == 0


def test_grace_of_nothing(start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]) -> None:
    """--grace=0 exits at once, and leaves the others to whoever comes next, without a signal."""
    program = start(pyinit, "--grace=0", "--", *listen("s"))
    pids = ready(program.out, 2)
    program.tell("exit 7")
    assert program.wait() == 7
    os.kill(pids["s"], signal.SIGUSR1)
    assert program.out.line() == "s 10 -"
    os.kill(pids["s"], KILL)


def test_nothing_remains(run: Callable[..., tuple[int, str, str]], pyinit: str) -> None:
    """With nobody left there is nothing to wait for, whatever the grace period is."""
    assert run(pyinit, "--grace=1h", "sh", "-c", "exit 7") == (7, "", "")


def test_new_processes_during_the_grace_period(start: Callable[..., Running], pyinit: str) -> None:
    """Processes that go on starting others are ended with all of those: a fork storm is not faster than KILL."""
    left = "trap '' TERM; echo ready; while :; do setsid sleep 1000 & sleep 0.01; done"
    program = start(pyinit, "--grace=200ms", "--", "sh", "-c", 'sh -c "$0" & read line; exit 7', left)
    assert program.out.line() == "ready"
    program.tell("now")
    assert program.wait() == 7
    assert program.out.end() == ""  # nobody has our pipe any more


def test_wait_all(start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]) -> None:
    """--wait-all waits for the others without a signal, and gives the application's exit code."""
    program = start(pyinit, "--wait-all", "--grace=100ms", "--", *listen("-t", "gs"))
    pids = ready(program.out, 3)
    program.tell("exit 7")
    for name in ("g", "s"):
        os.kill(pids[name], signal.SIGUSR1)
        assert program.out.line() == f"{name} 10 -"
        os.kill(pids[name], TERM)
        assert program.out.line() == f"{name} 15 -"
    assert program.wait() == 7


def test_signals_reach_the_others_while_waiting(
    start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]
) -> None:
    """While --wait-all waits for the others, the group still gets what is sent."""
    program = start(pyinit, "--wait-all", "--", *listen("-t", "gg"))
    program.out.until("^main ready")
    program.tell("exit 7")
    program.send(signal.SIGUSR1)
    program.out.until("^g 10 -$")
    program.send(TERM)
    assert program.wait() == 7


@pytest.mark.parametrize("number", [TERM, INT, QUIT])
def test_kill_after(start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]], number: int) -> None:
    """After a forwarded TERM, INT or QUIT, everything that is left is killed when the time is over."""
    program = start(pyinit, "--kill-after=200ms", "--grace=1h", "--", *listen("gpsd"))
    pids = ready(program.out, 5)
    program.send(number)
    program.out.until(f"^(main|g) {int(number)} -$")
    assert program.wait() == 128 + KILL
    assert {state(pid) for pid in pids.values()} == {"X"}


def test_kill_after_other_signals(start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]) -> None:
    """No other signal starts the clock of --kill-after, nor does a dropped one."""
    program = start(pyinit, "--kill-after=1ms", "-r", "INT:0", "--", *listen("-t"))
    ready(program.out)
    for number in (1, 10, 12, 18, 28, 34):
        program.send(INT)
        program.send(number)
        assert program.out.line() == f"main {number} -"
    program.tell("exit 4")
    assert program.wait() == 4


def test_delay(start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]) -> None:
    """A delayed signal arrives."""
    program = start(pyinit, "--delay=TERM=100ms", "--", *listen())
    ready(program.out)
    program.send(TERM)
    assert program.out.line() == "main 15 -"


def test_delay_holds_one_signal_only(
    start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]
) -> None:
    """While one signal is held, the others go through; a second one of its kind goes at once."""
    program = start(pyinit, "--delay", "TERM=1h", "--delay=INT=2h", "--", *listen())
    ready(program.out)
    program.send(TERM)
    program.send(INT)
    program.send(signal.SIGUSR1)
    assert program.out.line() == "main 10 -"
    program.send(TERM)
    assert program.out.line() == "main 15 -"
    program.send(INT)
    assert program.out.line() == "main 2 -"
    program.send(signal.SIGUSR1)
    assert program.out.line() == "main 10 -"


def test_delay_names_what_is_received(
    start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]
) -> None:
    """--delay names the signal that is received, and what is sent after it is what --rewrite says."""
    program = start(pyinit, "--delay=TERM=50ms", "--rewrite=TERM:QUIT", "--", *listen())
    ready(program.out)
    program.send(TERM)
    assert program.out.line() == "main 3 -"


def test_application_ends_while_a_signal_is_held(
    start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]
) -> None:
    """A held signal does not keep the init."""
    program = start(pyinit, "--delay=TERM=1h", "--", *listen())
    ready(program.out)
    program.send(TERM)
    program.send(signal.SIGUSR1)
    assert program.out.line() == "main 10 -"
    program.tell("exit 6")
    assert program.wait() == 6


def test_delayed_term_and_kill_after(
    start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]
) -> None:
    """The clock of --kill-after starts when the delayed signal is forwarded."""
    program = start(pyinit, "--delay=TERM=100ms", "--kill-after=100ms", "--", *listen())
    ready(program.out)
    program.send(TERM)
    assert program.out.line() == "main 15 -"
    assert program.wait() == 128 + KILL
