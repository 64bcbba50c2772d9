"""Job control, and who has the terminal."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.running import fields, state, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.running import Terminal

SHELL = ("bash", "--norc", "--noprofile", "--noediting", "-i")
# Says what it gets, reads no input, and ends by INT and TERM.
JOB = """trap 'echo woken' CONT; trap 'echo told' USR1; trap 'echo resized' WINCH
         echo "begun $$"; while :; do sleep 1000 & wait $!; done"""

# Who pyinit is, and with which options: all of them are to get along with a shell.
WAYS = [
    ("pyinit",),
    ("pyinit", "--single-child"),
    ("pyinit", "--forward=tree"),
    ("dumb-init",),
    ("dumb-init", "--single-child"),
    ("tini", "-s"),
    ("tini", "-s", "-g"),
    ("catatonit",),
]


@pytest.fixture(params=WAYS, ids=" ".join)
def way(request: pytest.FixtureRequest, pyinit: str, as_persona: Callable[[str], str]) -> str:
    """Give the init with its options, as one types it."""
    name, *options = request.param
    return " ".join([pyinit if name == "pyinit" else as_persona(name), *options, "--"])


@pytest.fixture
def shell(start_on_terminal: Callable[..., Terminal]) -> Terminal:
    """Start an interactive shell that leads the terminal's session."""
    terminal = start_on_terminal(*SHELL, env={"PS1": "prompt> ", "JOB": JOB})
    terminal.out.text("prompt> ")
    command(terminal, "stty -echo")
    return terminal


def command(terminal: Terminal, line: str) -> None:
    """Have the shell run a command to its end, without a look at what it says."""
    terminal.type(f"{line}\n")
    terminal.out.text("prompt> ")


def begin(terminal: Terminal, line: str) -> int:
    """Start a job, and give the application's pid when it is ready."""
    terminal.type(f"{line}\n")
    return int(terminal.out.text(r"begun (\d+)\r\n")[1])


def test_interrupt_key(shell: Terminal, way: str) -> None:
    """^C in the foreground ends the application, and the shell is told by which signal."""
    begin(shell, f'{way} sh -c "$JOB"')
    shell.type("\x03")
    shell.out.text("prompt> ")
    shell.type("echo code $?\n")
    assert shell.out.text(r"code (\d+)")[1] == "130"


@pytest.mark.parametrize("options", ["", "-c", "--forward=main", "--forward=tree"])
@pytest.mark.parametrize(("key", "number"), [("\x03", 2), ("\x1c", 3)])
def test_keys_are_heard_once(
    shell: Terminal, pyinit: str, listen: Callable[..., list[str]], options: str, key: str, number: int
) -> None:
    """The signal of a key reaches the application once, whether or not it is in the terminal's foreground group."""
    shell.type(f"{pyinit} {options} {' '.join(listen())}\n")
    pid = int(shell.out.text(r"main ready (\d+)\r\n")[1])
    shell.type(key)
    assert shell.out.text(r"main (\d+) -\r\n")[1] == str(number)
    os.kill(pid, 64)
    assert shell.out.text(r"main (\d+) -\r\n")[1] == "64"
    shell.type("exit 5\n")
    shell.out.text("prompt> ")
    shell.type("echo code $?\n")
    assert shell.out.text(r"code (\d+)")[1] == "5"


@pytest.mark.parametrize("options", ["", "-c", "--forward=tree"])
def test_window_change_is_heard_once(
    shell: Terminal, pyinit: str, listen: Callable[..., list[str]], options: str
) -> None:
    """A new size of the window is told once."""
    shell.type(f"{pyinit} {options} {' '.join(listen())}\n")
    pid = int(shell.out.text(r"main ready (\d+)\r\n")[1])
    shell.resize(33, 77)
    assert shell.out.text(r"main (\d+) -\r\n")[1] == str(int(signal.SIGWINCH))
    os.kill(pid, 64)
    assert shell.out.text(r"main (\d+) -\r\n")[1] == "64"
    shell.type("exit 0\n")
    shell.out.text("prompt> ")


def test_window_change(shell: Terminal, way: str) -> None:
    """The application is told of a new size of the window."""
    begin(shell, f'{way} sh -c "$JOB"')
    shell.resize(33, 77)
    shell.out.text("resized")


def test_stop_key_and_foreground(shell: Terminal, way: str) -> None:
    """^Z stops the job and gives the shell its terminal back; fg goes on with it, ^Z works again, and ^C ends it."""
    pid = begin(shell, f'{way} sh -c "$JOB"')
    for _ in range(2):
        shell.type("\x1a")
        shell.out.text("Stopped")
        shell.out.text("prompt> ")
        until(lambda: state(pid) == "T", "the application is stopped")
        assert shell.foreground() == shell.pid
        shell.type("fg\n")
        shell.out.text("woken")
        assert shell.foreground() != shell.pid
    shell.type("\x03")
    shell.out.text("prompt> ")
    shell.type("jobs; echo no more jobs\n")
    assert "sh -c" not in shell.out.text(r"(?s)^.*no more jobs")[0]


def test_stop_key_and_background(shell: Terminal, way: str) -> None:
    """After ^Z, bg goes on with the job in the background, where signals reach it, and the shell keeps its terminal."""
    pid = begin(shell, f'{way} sh -c "$JOB"')
    shell.type("\x1a")
    shell.out.text("Stopped")
    shell.type("bg\n")
    shell.out.text("woken")
    assert shell.foreground() == shell.pid
    shell.type("kill -USR1 %1\n")
    shell.out.text("told")
    shell.type("kill %1; wait %1; echo code $?\n")
    assert shell.out.text(r"code (\d+)")[1] == "143"
    assert state(pid) == "X"


def test_start_in_the_background(shell: Terminal, way: str) -> None:
    """A job that is started in the background does not take the terminal from the shell."""
    pid = begin(shell, f'{way} sh -c "$JOB" &')
    assert shell.foreground() == shell.pid
    shell.type("echo still $((40 + 2))\n")
    shell.out.text("still 42")
    shell.type("kill -USR1 %1\n")
    shell.out.text("told")
    shell.type("kill %1; wait %1; echo code $?\n")
    assert shell.out.text(r"code (\d+)")[1] == "143"
    assert state(pid) == "X"


def test_background_job_comes_to_the_foreground(shell: Terminal, way: str) -> None:
    """After fg of a job that was started in the background, and was never stopped, ^C ends it."""
    begin(shell, f'{way} sh -c "$JOB" &')
    shell.type("fg\n")
    until(lambda: shell.foreground() != shell.pid, "the job is in the foreground")
    shell.type("\x03")
    shell.out.text("prompt> ")
    until(lambda: shell.foreground() == shell.pid, "the shell is in the foreground")


@pytest.mark.parametrize("redirection", ["<&-", "</dev/null", "<&- >&-"])
def test_without_standard_input(shell: Terminal, way: str, redirection: str) -> None:
    """Closed or other standard descriptors are never fatal; ^C ends the job all the same."""
    begin(shell, f"{way} sh -c 'echo \"begun $$\" >&2; exec sleep 1000' {redirection}")
    shell.type("\x03")
    shell.out.text("prompt> ")


def test_command_is_not_found(shell: Terminal, way: str) -> None:
    """When the command cannot be run, the shell has its terminal back."""
    command(shell, f"{way} /no/such/command")
    assert shell.foreground() == shell.pid
    shell.type("echo still $((40 + 2))\n")
    shell.out.text("still 42")


def test_someone_elses_terminal(shell: Terminal, way: str, probe: Callable[[str], str]) -> None:
    """In another session the terminal stays the shell's, though it is standard input: not even root steals it."""
    shell.type(f"setsid -w {way} {probe('show')}\n")
    shown = fields(shell.out.text(r"(pid=.*)\r\n")[1])
    shell.out.text("prompt> ")
    assert shown["tty"] == "0"
    assert shell.foreground() == shell.pid


def test_session_leader_hands_the_terminal_over(
    start_on_terminal: Callable[..., Terminal], pyinit: str, probe: Callable[[str], str]
) -> None:
    """Where the init was to lead a terminal's session, as in a container, the application leads it."""
    terminal = start_on_terminal(pyinit, probe("show"))
    shown = fields(terminal.out.text(r"(pid=.*)\r\n")[1])
    assert shown["pid"] == shown["sid"] == shown["pgrp"] == shown["foreground"]
    assert shown["tty"] == "1"
    assert terminal.wait() == 0


@pytest.mark.parametrize("options", [["-c"], ["-g"], ["--forward=tree"]])
def test_session_leader_swallows_its_own_hup(
    start_on_terminal: Callable[..., Terminal], pyinit: str, listen: Callable[..., list[str]], options: list[str]
) -> None:
    """The HUP and CONT of giving the terminal up are not the application's; later ones are."""
    terminal = start_on_terminal(pyinit, *options, "--", *listen())
    terminal.out.text(r"main ready (\d+)\r\n")
    for number in (signal.SIGUSR1, signal.SIGHUP, signal.SIGCONT, signal.SIGHUP):
        os.kill(terminal.pid, number)
        assert terminal.out.text(r"main (\d+) -\r\n")[1] == str(int(number))
    terminal.type("\x03")
    assert terminal.out.text(r"main (\d+) -\r\n")[1] == "2"
    terminal.resize(33, 77)
    assert terminal.out.text(r"main (\d+) -\r\n")[1] == "28"
    terminal.type("exit 5\n")
    assert terminal.wait() == 5


@pytest.mark.parametrize("options", [["-c"], ["-g"], ["--forward=tree"]])
def test_hang_up(start_on_terminal: Callable[..., Terminal], pyinit: str, options: list[str]) -> None:
    """When the line drops, the application gets HUP as if there were no init."""
    terminal = start_on_terminal(pyinit, *options, "--", "sh", "-c", "echo ready; read line; exec sleep 1000")
    terminal.out.text("ready")
    terminal.hang_up()
    assert terminal.wait() == 129


def test_shell_with_job_control_under_the_init(start_on_terminal: Callable[..., Terminal], way: str) -> None:
    """An interactive shell as the application has job control: ^Z, fg and ^C work for what it starts."""
    terminal = start_on_terminal(*way.split(), *SHELL, env={"PS1": "prompt> ", "JOB": JOB})
    terminal.out.text("prompt> ")
    assert b"no job control" not in terminal.out.seen
    command(terminal, "stty -echo")
    begin(terminal, 'sh -c "$JOB"')
    terminal.type("\x1a")
    terminal.out.text("Stopped")
    terminal.type("fg\n")
    terminal.out.text("woken")
    terminal.type("\x03")
    terminal.out.text("prompt> ")
    terminal.type("exit 6\n")
    assert terminal.wait() == 6


def test_shell_as_pid_1s_application(start_on_terminal: Callable[..., Terminal], way: str) -> None:
    """The same as PID 1 of a namespace."""
    namespace = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
    terminal = start_on_terminal(*namespace, *way.split(), *SHELL, env={"PS1": "prompt> ", "JOB": JOB})
    terminal.out.text("prompt> ")
    command(terminal, "stty -echo")
    begin(terminal, 'sh -c "$JOB"')
    terminal.type("\x03")
    terminal.out.text("prompt> ")
    terminal.type("exit 6\n")
    assert terminal.wait() == 6


def test_stopped_from_elsewhere(shell: Terminal, way: str) -> None:
    """STOP to the application alone stops it alone: the init waits, and the job goes on by CONT to either."""
    pid = begin(shell, f'{way} sh -c "$JOB"')
    os.kill(pid, signal.SIGSTOP)
    until(lambda: state(pid) == "T", "the application is stopped")
    os.kill(pid, signal.SIGCONT)
    shell.out.text("woken")
    shell.type("\x03")
    shell.out.text("prompt> ")
