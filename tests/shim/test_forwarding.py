"""Which signals reach whom."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.running import Reader, ready, state, status, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.running import Running

STOPS = [signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU]
# Nobody can catch these two, and the init keeps its own children's.
UNHEARD = [signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD]
PLAIN = [number for number in range(1, 65) if number not in [*STOPS, *UNHEARD]]
FAMILY = "gpsd"


def hear(reader: Reader, names: str, number: int, value: str = "-") -> None:
    """Read the lines of all that are to get a signal, in whatever order they come."""
    expected = sorted(f"{name} {number} {value}" for name in names.split())
    assert reader.lines(len(expected)) == expected


def hear_no_more(program: Running, pids: dict[str, int]) -> None:
    """Check that nobody got more than what was read: each gets a last signal, and that is all they have to say."""
    for name, pid in pids.items():
        os.kill(pid, 64)
        assert program.out.line() == f"{name} 64 -"


@pytest.mark.parametrize(
    ("option", "names"),
    [
        ("--forward=main", "main"),
        ("--single-child", "main"),
        ("--forward=group", "main g"),
        ("--group", "main g"),
        ("--verbose", "main g"),
        ("--forward=tree", "main g p s d"),
    ],
)
def test_every_signal_reaches_its_target(
    start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]], option: str, names: str
) -> None:
    """Each signal reaches all of its target, once, and nobody else."""
    program = start(pyinit, option, "--grace=0", "--", *listen(FAMILY))
    pids = ready(program.out, 5)
    for number in PLAIN:
        program.send(number)
        hear(program.out, names, number)
    hear_no_more(program, pids)
    program.tell("exit 9")
    assert program.wait() == 9


def test_single_child_stays_in_the_group(
    start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]
) -> None:
    """With --single-child the application shares the init's process group and session."""
    program = start(pyinit, "-c", *listen())
    pid = ready(program.out)["main"]
    assert os.getpgid(pid) == os.getpgid(program.init)
    assert os.getsid(pid) == os.getsid(program.init)


def test_application_leads_a_session(
    start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]
) -> None:
    """Without options the application leads a session and a process group."""
    program = start(pyinit, *listen())
    pid = ready(program.out)["main"]
    assert os.getpgid(pid) == os.getsid(pid) == pid


@pytest.mark.parametrize("option", ["--single-child", "--group", "--forward=tree"])
def test_sigchld_is_not_forwarded(
    start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]], option: str
) -> None:
    """A SIGCHLD that somebody sends the init stays there."""
    program = start(pyinit, option, *listen())
    pids = ready(program.out)
    program.send(signal.SIGCHLD)
    program.send(signal.SIGUSR1)
    hear(program.out, "main", signal.SIGUSR1)
    hear_no_more(program, pids)


@pytest.mark.parametrize(
    ("rule", "received", "sent"),
    [
        ("15:3", 15, 3),
        ("TERM:QUIT", 15, 3),
        ("sigterm:SIGQUIT", 15, 3),
        ("2:RTMIN+3", 2, 37),
        ("RTMAX-1:1", 63, 1),
        ("RTMIN+1:rtmax", 35, 64),
        ("32:33", 32, 33),
        ("64:64", 64, 64),
        ("WINCH:CHLD", 28, 17),
    ],
)
def test_rewrite(
    start: Callable[..., Running],
    pyinit: str,
    listen: Callable[..., list[str]],
    rule: str,
    received: int,
    sent: int,
) -> None:
    """A rewritten signal arrives as the other one, in every spelling, real-time ones too."""
    program = start(pyinit, "--rewrite", rule, *listen())
    pids = ready(program.out)
    program.send(received)
    hear(program.out, "main", sent)
    hear_no_more(program, pids)


def test_several_rewrites(start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]) -> None:
    """Rules add up, apply to what was received only, and the rest goes unchanged."""
    program = start(pyinit, "-r", "1:2,2:1", "-r", "USR1:0", *listen())
    pids = ready(program.out)
    for received, sent in [(1, 2), (2, 1), (12, 12)]:
        program.send(signal.SIGUSR1)
        program.send(received)
        hear(program.out, "main", sent)
    hear_no_more(program, pids)


@pytest.mark.parametrize("number", [1, 15, 33, 34, 64])
def test_dropped(start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]], number: int) -> None:
    """A signal rewritten to 0 reaches nobody."""
    program = start(pyinit, "--forward=tree", "-r", f"{number}:0", *listen("g"))
    ready(program.out, 2)
    program.send(number)
    program.send(signal.SIGUSR2)
    hear(program.out, "main g", signal.SIGUSR2)


def test_rewritten_to_stop_stops(start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]) -> None:
    """A rule may name KILL or STOP as what is sent."""
    program = start(pyinit, "-r", "USR1:STOP,USR2:KILL", *listen())
    pid = ready(program.out)["main"]
    program.send(signal.SIGUSR1)
    until(lambda: state(pid) == "T", "the application is stopped")
    program.send(signal.SIGUSR2)
    assert program.wait() == 128 + signal.SIGKILL


@pytest.mark.parametrize("number", STOPS)
def test_stop_signals_stop_both_until_cont(
    start: Callable[..., Running], pyinit: str, number: int, probe: Callable[[str], str]
) -> None:
    """TSTP, TTIN and TTOU stop the application, alone in its session as it is, and the init; CONT wakes both."""
    program = start(probe("start"), pyinit, "sh", "-c", "trap 'echo woken' CONT; echo $$; while :; do read line; done")
    pid = int(program.out.line())
    program.send(number)
    os.waitpid(program.pid, os.WUNTRACED)
    until(lambda: state(pid) == "T", "the application is stopped")
    program.send(signal.SIGCONT)
    program.tell("")
    assert program.out.line() == "woken"
    assert status(program.pid)["State"][0] != "T"


@pytest.mark.parametrize("number", [34, 40, 64])
@pytest.mark.parametrize(("option", "names"), [("-c", "main"), ("-g", "main g"), ("--forward=tree", "main g p s d")])
def test_real_time_signals_keep_order_and_value(
    start: Callable[..., Running],
    pyinit: str,
    listen: Callable[..., list[str]],
    flood: Callable[[int, int, int], Callable[[], int]],
    number: int,
    option: str,
    names: str,
) -> None:
    """Real-time signals arrive as often as sent, in their order, each with its value."""
    program = start(pyinit, option, *listen(FAMILY))
    ready(program.out, 5)
    assert flood(program.init, number, 50)() == 0
    lines = [program.out.line() for _ in range(50 * len(names.split()))]
    for name in names.split():
        heard = [line for line in lines if line.startswith(f"{name} ")]
        assert heard == [f"{name} {number} {value}" for value in range(50)]


def test_rewritten_real_time_signals_keep_their_values(
    start: Callable[..., Running],
    pyinit: str,
    listen: Callable[..., list[str]],
    flood: Callable[[int, int, int], Callable[[], int]],
) -> None:
    """The value goes along when one real-time signal is rewritten to another."""
    program = start(pyinit, "-r", "RTMIN:RTMIN+5", *listen())
    ready(program.out)
    assert flood(program.init, 34, 20)() == 0
    assert [program.out.line() for _ in range(20)] == [f"main 39 {value}" for value in range(20)]


def test_value_of_a_standard_signal(
    start: Callable[..., Running],
    pyinit: str,
    listen: Callable[..., list[str]],
    flood: Callable[[int, int, int], Callable[[], int]],
) -> None:
    """A standard signal that was queued with a value arrives."""
    program = start(pyinit, *listen())
    ready(program.out)
    assert flood(program.init, signal.SIGUSR1, 1)() == 0
    assert program.out.line().startswith(f"main {int(signal.SIGUSR1)} ")


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSYS])
def test_a_fault_signal_that_somebody_sent_is_forwarded(
    start: Callable[..., Running], pyinit: str, number: int
) -> None:
    """SEGV and the like, sent from outside, are signals as any other: the application dies of them, not the init."""
    program = start(pyinit, "sh", "-c", "ulimit -c 0; echo ready; exec cat")
    assert program.out.line() == "ready"
    program.send(number)
    assert program.wait() == 128 + number


def test_python_application(start: Callable[..., Running], pyinit: str, request: pytest.FixtureRequest) -> None:
    """An ordinary Python program with handlers gets the signals, and its exit code comes back."""
    echo = request.config.rootpath / "tests/probes/echo.py"
    program = start(pyinit, "python3", str(echo))
    assert program.out.line() == "ready"
    for name in ["SIGUSR1", "SIGHUP", "SIGWINCH", "SIGCONT", "SIGTERM"]:
        program.send(signal.Signals[name])
        assert program.out.line() == name
    assert program.wait() == 0
