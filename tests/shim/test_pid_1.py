"""The init as PID 1 of a namespace of its own, as in a container."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.running import children, descriptors, fields, ready, state, status, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.running import Running


def enter(pid: int, *argv: str) -> list[str]:
    """Make a command line that runs in the namespace of a process, as podman exec does."""
    return ["nsenter", "--target", str(pid), "--pid", "--mount", *argv]


def test_it_is_pid_1(start_as_pid_1: Callable[..., Running], pyinit: str, probe: Callable[[str], str]) -> None:
    """The application's parent is PID 1."""
    program = start_as_pid_1(pyinit, probe("show"))
    assert fields(program.out.line())["ppid"] == "1"
    assert program.wait() == 0


@pytest.mark.parametrize(("option", "names"), [("-c", "main"), ("-g", "main g"), ("--forward=tree", "main g p s d")])
def test_every_signal(
    start_as_pid_1: Callable[..., Running],
    pyinit: str,
    listen: Callable[..., list[str]],
    option: str,
    names: str,
) -> None:
    """PID 1 forwards every signal too, though the kernel protects it from most."""
    program = start_as_pid_1(pyinit, option, "--grace=0", "--", *listen("gpsd"))
    ready(program.out, 5)
    for number in set(range(1, 65)) - {9, 17, 19, 20, 21, 22}:
        program.send(number)
        assert program.out.lines(len(names.split())) == sorted(f"{name} {number} -" for name in names.split())
    program.tell("exit 7")
    assert program.wait() == 7


@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU])
def test_stop_and_continue(
    start_as_pid_1: Callable[..., Running], pyinit: str, probe: Callable[[str], str], number: int
) -> None:
    """TSTP stops the application; PID 1 itself cannot be stopped, and CONT wakes the application."""
    program = start_as_pid_1(pyinit, "--", probe("show"), env={"SHOW_HOLD": "1"})
    program.out.line()
    application = children(program.init)[0]
    program.send(number)
    until(lambda: state(application) == "T", "the application is stopped")
    program.send(signal.SIGCONT)
    until(lambda: state(application) == "S", "the application goes on")
    program.hang_up()
    assert program.wait() == 0


def test_grace(start_as_pid_1: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]) -> None:
    """When the application ends, the rest of the namespace gets TERM and time to clean up, as much as it needs."""
    program = start_as_pid_1(pyinit, "--grace=1h", "--", *listen("-t", "gpsd"))
    ready(program.out, 5)
    program.tell("exit 7")
    assert program.out.lines(4) == ["d 15 -", "g 15 -", "p 15 -", "s 15 -"]
    assert program.wait() == 7


def test_grace_for_those_from_outside(
    start_as_pid_1: Callable[..., Running],
    start: Callable[..., Running],
    pyinit: str,
    listen: Callable[..., list[str]],
) -> None:
    """Processes that were brought into the namespace (podman exec), and are no children of PID 1, get the same."""
    program = start_as_pid_1(pyinit, "--grace=1h", "--", *listen())
    ready(program.out)
    other = start(*enter(program.init, *listen("-t")))
    ready(other.out)
    program.tell("exit 7")
    assert other.out.line() == "main 15 -"
    assert other.wait() == 0
    assert program.wait() == 7


def test_kill_for_those_from_outside(
    start_as_pid_1: Callable[..., Running],
    start: Callable[..., Running],
    pyinit: str,
    listen: Callable[..., list[str]],
) -> None:
    """They are killed as well when the time is over."""
    program = start_as_pid_1(pyinit, "--grace=200ms", "--", *listen())
    ready(program.out)
    other = start(*enter(program.init, *listen()))
    ready(other.out)
    program.tell("exit 7")
    assert other.out.line() == "main 15 -"
    assert other.wait() == 137
    assert program.wait() == 7


def until_paused(program: Running) -> None:
    """Wait until it has nothing more to set up: then it holds no descriptor of ours but standard error."""
    until(lambda: bool(children(program.pid)), "the init is there")
    until(lambda: set(descriptors(program.init)).isdisjoint({0, 1}), "the init has settled")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_pause(start_as_pid_1: Callable[..., Running], pyinit: str, number: int) -> None:
    """--pause holds a namespace, with nothing open, until TERM or INT; other signals do nothing."""
    program = start_as_pid_1(pyinit, "--pause")
    until_paused(program)
    for other in set(range(1, 65)) - {2, 9, 15, 19}:
        program.send(other)
    subprocess.run(enter(program.init, "true"), check=True)
    program.send(number)
    assert program.wait() == 0


def test_pause_reaps(start_as_pid_1: Callable[..., Running], pyinit: str) -> None:
    """--pause reaps what is left in the namespace."""
    program = start_as_pid_1(pyinit, "-P", "-w")
    until_paused(program)
    subprocess.run(enter(program.init, "sh", "-c", "(sh -c 'exit 3' &)"), check=True)
    until(lambda: "exit code 3" in program.errors, "a line about it")
    until(lambda: not children(program.init), "nobody is left")
    program.send(signal.SIGTERM)
    assert program.wait() == 0


def test_pause_as_a_subreaper(start: Callable[..., Running], pyinit: str) -> None:
    """--pause works outside of a namespace too, and closes what it was given."""
    program = start(pyinit, "--pause")
    assert program.out.end() == ""
    program.send(signal.SIGHUP)
    program.send(signal.SIGTERM)
    assert program.wait() == 0


def test_pause_takes_no_command(run: Callable[..., tuple[int, str, str]], pyinit: str) -> None:
    """--pause with a command is an error."""
    code, output, errors = run(pyinit, "--pause", "echo", "ran")
    assert (code, output) == (125, "")
    assert errors.startswith("pyinit: ")


def test_threads_and_heap(start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]) -> None:
    """The init is one thread, and has no heap."""
    program = start(pyinit, *listen())
    ready(program.out)
    assert status(program.init)["Threads"] == "1"
    assert "[heap]" not in Path(f"/proc/{program.init}/maps").read_text()
