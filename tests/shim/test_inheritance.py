"""What the application finds itself started with."""

from __future__ import annotations

import itertools
import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.running import bits, descriptors, fields, ready, settled, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.running import Running

CLOSED = [",".join(chosen) for count in (1, 2, 3) for chosen in itertools.combinations("012", count)]


@pytest.mark.parametrize("option", ["--single-child", "--group"])
@pytest.mark.parametrize(
    ("blocked", "ignored"),
    [
        (set(), set()),
        ({15}, {1}),
        ({10, 17, 34, 64}, {2, 13, 17, 20, 21, 22, 35, 63}),
        ({1, 2, 3, 15, 20, 21, 22, 32, 33}, {12, 17, 18, 32, 33}),
        (set(range(1, 65)) - {9, 19}, set(range(1, 65)) - {9, 19}),
    ],
)
def test_mask_and_ignored_set(
    run: Callable[..., tuple[int, str, str]],
    pyinit: str,
    probe: Callable[[str], str],
    option: str,
    blocked: set[int],
    ignored: set[int],
) -> None:
    """The application has exactly the mask and the ignored set that the init was started with."""
    lists = {"-b": blocked, "-i": ignored}
    how = [word for flag, numbers in lists.items() if numbers for word in (flag, ",".join(map(str, numbers)))]
    code, output, errors = run(probe("start"), *how, pyinit, option, "--", probe("show"))
    assert (code, errors) == (0, "")
    shown = fields(output)
    assert (bits(shown["mask"]), bits(shown["ignored"])) == (blocked, ignored)


@pytest.mark.parametrize("command", [["sh", "-c", "exit 7"], ["sh", "-c", "kill -9 $$"]])
def test_inherited_ignored_sigchld(
    run: Callable[..., tuple[int, str, str]], pyinit: str, probe: Callable[[str], str], command: list[str]
) -> None:
    """The init knows how its child ended though SIGCHLD was ignored at its start, with which there are no zombies."""
    code, _, errors = run(probe("start"), "-i", "17", pyinit, *command)
    assert (code, errors) == (7 if "exit" in command[-1] else 137, "")


def test_ignored_and_blocked_signals_are_forwarded_all_the_same(
    start: Callable[..., Running], pyinit: str, probe: Callable[[str], str], listen: Callable[..., list[str]]
) -> None:
    """Signals that the init was started with ignored or blocked are forwarded too: the application may listen again."""
    program = start(probe("start"), "-b", "1,15,34", "-i", "2,12,35", pyinit, *listen())
    ready(program.out)
    for number in (1, 15, 34):
        program.send(number)
        assert program.out.line() == f"main {number} -"


@pytest.mark.parametrize("option", ["--single-child", "--group"])
@pytest.mark.parametrize("closed", CLOSED)
def test_closed_standard_descriptors(
    run: Callable[..., tuple[int, str, str]],
    pyinit: str,
    probe: Callable[[str], str],
    tmp_path: Path,
    closed: str,
    option: str,
) -> None:
    """Started with any of the descriptors 0 to 2 closed, it works, and the application has those closed as well."""
    env = {"SHOW_FILE": str(tmp_path / "shown")}
    code, _, _ = run(probe("start"), "-x", closed, pyinit, option, probe("show"), env=env)
    assert code == 0
    left = [number for number in "012" if number not in closed]
    assert fields((tmp_path / "shown").read_text())["fds"] == ",".join(left)


@pytest.mark.parametrize("option", ["--single-child", "--group"])
def test_further_descriptors_are_inherited(
    run: Callable[..., tuple[int, str, str]], pyinit: str, probe: Callable[[str], str], option: str
) -> None:
    """The application inherits every descriptor that the init was started with, and no other."""
    with open("/dev/null") as one, open("/dev/null") as two:
        numbers = {one.fileno(), two.fileno()}
        _, output, _ = run(pyinit, option, "--report=/dev/null", probe("show"), pass_fds=tuple(numbers))
    assert {int(number) for number in fields(output)["fds"].split(",")} == {0, 1, 2} | numbers


def test_init_keeps_nothing_open(
    start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]], tmp_path: Path
) -> None:
    """The init keeps neither the application's standard input and output nor anything else it was given."""
    with (tmp_path / "given").open("w") as given:
        program = start(pyinit, *listen(), pass_fds=(given.fileno(),))
        pid = ready(program.out)["main"]
        theirs = descriptors(pid)
        until(lambda: settled(program.init), "the init has settled")
        ours = descriptors(program.init)
    assert given.name in theirs.values()
    assert given.name not in ours.values()
    assert ours.get(0) in (None, "/dev/null")
    assert ours.get(1) in (None, "/dev/null")
    assert ours.get(2) == theirs[2]
    assert len(ours) <= 5, ours


def test_closing_output_is_end_of_file(
    start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]
) -> None:
    """When the application closes its standard output, the reader sees the end, though both still run."""
    program = start(pyinit, *listen())
    pid = ready(program.out)["main"]
    program.tell("close")
    assert program.out.end() == ""
    with pytest.raises(BrokenPipeError):
        program.tell("anybody there?")
    os.kill(pid, signal.SIGKILL)
    assert program.wait() == 137


def test_working_directories(
    start: Callable[..., Running], pyinit: str, probe: Callable[[str], str], tmp_path: Path
) -> None:
    """The application runs where the init was started; the init itself holds no directory but /."""
    program = start(pyinit, probe("show"), cwd=str(tmp_path), env={"SHOW_HOLD": "1"})
    assert fields(program.out.line())["cwd"] == str(tmp_path)
    until(lambda: settled(program.init), "the init has settled")


def test_chdir(run: Callable[..., tuple[int, str, str]], pyinit: str, probe: Callable[[str], str]) -> None:
    """--chdir names where the application runs."""
    _, output, _ = run(pyinit, "--chdir=/usr/bin", "--", probe("show"))
    assert fields(output)["cwd"] == "/usr/bin"


def test_relative_command_after_chdir(run: Callable[..., tuple[int, str, str]], pyinit: str, tmp_path: Path) -> None:
    """A relative command is looked up in the new directory, as in a shell after cd."""
    script = tmp_path / "here"
    script.write_text("#!/bin/sh\necho found\n")
    script.chmod(0o755)
    assert run(pyinit, "--chdir", str(tmp_path), "./here") == (0, "found\n", "")


def test_chdir_refused(run: Callable[..., tuple[int, str, str]], pyinit: str) -> None:
    """A directory that is not there is one clear line and code 125, and nothing is run."""
    code, output, errors = run(pyinit, "--chdir=/nowhere/at/all", "echo", "ran")
    assert (code, output) == (125, "")
    assert errors.startswith("pyinit: ")
    assert errors.count("\n") == 1
    assert "/nowhere/at/all" in errors


@pytest.mark.parametrize(("options", "expected"), [([], "0"), (["--no-new-privs"], "1")])
def test_no_new_privs(
    run: Callable[..., tuple[int, str, str]],
    pyinit: str,
    probe: Callable[[str], str],
    options: list[str],
    expected: str,
) -> None:
    """--no-new-privs, and nothing else, sets no_new_privs."""
    _, output, _ = run(pyinit, *options, "--", probe("show"))
    assert fields(output)["nnp"] == expected


@pytest.mark.parametrize("name", ["LISTEN_PID", "WATCHDOG_PID"])
def test_pid_in_the_environment(
    run: Callable[..., tuple[int, str, str]], pyinit: str, probe: Callable[[str], str], name: str
) -> None:
    """Where the variable named the init, it names the application, which gets the descriptors or the watchdog."""
    script = f'export {name}=$$ LISTEN_FDS=2; exec "$0" "$1" {name} LISTEN_FDS'
    _, output, _ = run("sh", "-c", script, pyinit, probe("show"))
    shown = fields(output)
    assert shown[name] == shown["pid"]
    assert shown["LISTEN_FDS"] == "2"


@pytest.mark.parametrize("name", ["LISTEN_PID", "WATCHDOG_PID"])
@pytest.mark.parametrize("value", ["1", "", "none", "99999999999999999999"])
def test_foreign_pid_in_the_environment(
    run: Callable[..., tuple[int, str, str]], pyinit: str, probe: Callable[[str], str], name: str, value: str
) -> None:
    """Where it named somebody else, or nobody, it is left alone."""
    _, output, _ = run(pyinit, probe("show"), name, env={name: value})
    assert fields(output)[name] == value


def test_environment_is_passed_on(run: Callable[..., tuple[int, str, str]], pyinit: str) -> None:
    """The application's environment is the init's own."""
    here = run("env")[1].splitlines()
    there = run(pyinit, "env")[1].splitlines()
    assert sorted(line for line in there if line[0] != "_") == sorted(line for line in here if line[0] != "_")


def test_init_in_the_background_of_nothing(
    start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]
) -> None:
    """As the leader of a session without a terminal, the init works, and HUP and CONT are signals as any other."""
    program = start(pyinit, *listen(), start_new_session=True)
    ready(program.out)
    for number in (signal.SIGHUP, signal.SIGCONT, signal.SIGHUP, signal.SIGCONT):
        program.send(number)
        assert program.out.line() == f"main {int(number)} -"
