"""Kernels, containers and limits that refuse what the init would like to do."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from tests.running import children, descriptors, ready, state, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.running import Running

NOBODY = 65534
ANSWERS = {errno.EPERM: "operation not permitted", errno.ENOSYS: "not implemented"}


@pytest.mark.parametrize("answer", ANSWERS)
def test_no_subreaper(
    start: Callable[..., Running],
    pyinit: str,
    probe: Callable[[str], str],
    answer: int,
    listen: Callable[..., list[str]],
) -> None:
    """A seccomp profile that refuses prctl costs a warning, and everything but the adoption of orphans works."""
    program = start(
        probe("refuse"), str(answer), "prctl", pyinit, "--forward=tree", "--grace=100ms", "--", *listen("gps")
    )
    pids = ready(program.out, 4)
    program.send(signal.SIGUSR1)
    assert program.out.lines(4) == ["g 10 -", "main 10 -", "p 10 -", "s 10 -"]
    program.tell("exit 7")
    assert program.wait() == 7
    assert program.errors.startswith("pyinit: ")
    assert program.errors.count("\n") == 1
    assert ANSWERS[answer] in program.errors
    assert state(pids["g"]) in "XZ"  # the application's group is found without being a subreaper


@pytest.mark.parametrize("answer", ANSWERS)
def test_no_subreaper_though_asked_for(
    run: Callable[..., tuple[int, str, str]], pyinit: str, probe: Callable[[str], str], answer: int
) -> None:
    """With --subreaper=yes the refusal is an error, and the command is not run."""
    code, output, errors = run(probe("refuse"), str(answer), "prctl", pyinit, "--subreaper=yes", "--", "echo", "ran")
    assert (code, output) == (125, "")
    assert errors.startswith("pyinit: ")
    assert ANSWERS[answer] in errors


def test_quiet_refusal(run: Callable[..., tuple[int, str, str]], pyinit: str, probe: Callable[[str], str]) -> None:
    """--quiet silences the warning, as does --subreaper=no, which does not even ask."""
    for option in ("--quiet", "--subreaper=no"):
        assert run(probe("refuse"), "1", "prctl", pyinit, option, "true") == (0, "", "")


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize(
    "call", ["pidfd_open", "pidfd_send_signal", "close_range", "pidfd_open,pidfd_send_signal,close_range"]
)
def test_older_kernel(
    start: Callable[..., Running],
    pyinit: str,
    probe: Callable[[str], str],
    listen: Callable[..., list[str]],
    answer: int,
    call: str,
) -> None:
    """Without pidfds or close_range, or with a profile that refuses them, everything works as well."""
    with open("/etc/passwd") as further:
        refuse = [probe("refuse"), str(answer), call]
        program = start(
            *refuse, pyinit, "--forward=tree", "--grace=200ms", "--", *listen("gpsd"), pass_fds=(further.fileno(),)
        )
    pids = ready(program.out, 5)
    program.send(signal.SIGUSR1)
    assert program.out.lines(5) == ["d 10 -", "g 10 -", "main 10 -", "p 10 -", "s 10 -"]
    until(lambda: "/etc/passwd" not in descriptors(program.init).values(), "it is closed")
    program.tell("exit 7")
    assert program.wait() == 7
    assert program.errors == ""
    assert {state(pid) for pid in pids.values()} == {"X"}


@pytest.mark.parametrize("answer", ANSWERS)
def test_clone3_is_not_needed(
    run: Callable[..., tuple[int, str, str]], pyinit: str, probe: Callable[[str], str], answer: int
) -> None:
    """Older profiles refuse clone3: nothing is missed."""
    assert run(probe("refuse"), str(answer), "clone3", pyinit, probe("await"), "15")[0] == 5


@pytest.mark.parametrize("option", ["-c", "-g"])
def test_fork_failure(
    run: Callable[..., tuple[int, str, str]], pyinit: str, probe: Callable[[str], str], option: str
) -> None:
    """Where no process can be started, that is said, with the kernel's reason and code 125."""
    code, output, errors = run(probe("start"), "-p", "1", pyinit, option, "--", "echo", "ran", user=NOBODY)
    assert (code, output) == (125, "")
    assert errors.startswith("pyinit: ")
    assert "too many processes" in errors


def test_fork_limit_in_the_application(
    start: Callable[..., Running], pyinit: str, probe: Callable[[str], str], listen: Callable[..., list[str]]
) -> None:
    """When the user's processes are used up, the init goes on, for it needs none."""
    program = start(probe("start"), "-p", "2", pyinit, *listen(), user=NOBODY - 1)
    ready(program.out)
    program.send(signal.SIGUSR1)
    assert program.out.line() == "main 10 -"
    program.tell("exit 3")
    assert program.wait() == 3


def test_as_a_user(start: Callable[..., Running], pyinit: str, listen: Callable[..., list[str]]) -> None:
    """Nothing needs root: signals to the tree, orphans, and the end of what remains."""
    program = start(pyinit, "--forward=tree", "--grace=100ms", "--", *listen("gpsd"), user=NOBODY)
    pids = ready(program.out, 5)
    program.send(signal.SIGUSR1)
    assert program.out.lines(5) == ["d 10 -", "g 10 -", "main 10 -", "p 10 -", "s 10 -"]
    program.tell("exit 7")
    assert program.wait() == 7
    assert {state(pid) for pid in pids.values()} == {"X"}
    assert program.errors == ""


def test_read_only_root(run: Callable[..., tuple[int, str, str]], pyinit: str) -> None:
    """Nothing is ever written: a root file system that is read-only is no hindrance."""
    script = (
        'mount --make-rprivate / && mount -o remount,bind,ro / && ! touch /x 2>/dev/null && exec "$0" sh -c "exit 7"'
    )
    assert run("unshare", "--mount", "sh", "-c", script, pyinit) == (7, "", "")


@pytest.fixture
def bare(tmp_path: Path, pyinit: str, probe: Callable[[str], str]) -> str:
    """Give a root directory with the init, the probes, and nothing else: no /proc, no /dev, no libc."""
    for name, source in (("init", pyinit), ("listen", probe("listen")), ("orphans", probe("orphans"))):
        shutil.copy(source, tmp_path / name)
    return str(tmp_path)


@pytest.mark.parametrize("pid_1", [False, True])
def test_without_proc(
    start: Callable[..., Running],
    bare: str,
    pid_1: bool,
) -> None:
    """In a root directory with nothing else in it, signals go to the group, and what remains is ended."""
    namespace = ["unshare", "--pid", "--fork", "--kill-child"] if pid_1 else []
    program = start(*namespace, "chroot", bare, "/init", "--grace=100ms", "--", "/listen", "gs")
    names = {program.out.line().split()[0] for _ in range(3)}
    assert names == {"main", "g", "s"}
    init = children(program.pid)[0] if pid_1 else program.pid
    os.kill(init, signal.SIGUSR1)
    assert program.out.lines(2) == ["g 10 -", "main 10 -"]
    program.tell("exit 7")
    assert program.wait() == 7


def test_orphans_without_proc(start: Callable[..., Running], bare: str) -> None:
    """Reaping needs no /proc."""
    program = start("chroot", bare, "/init", "--", "/orphans", "500")
    assert program.out.line() == "orphans dead 500"
    until(lambda: len(children(program.pid)) == 1, "all orphans are reaped")
    program.hang_up()
    assert program.wait() == 0


def test_tree_without_proc(start: Callable[..., Running], bare: str) -> None:
    """Without /proc --forward=tree says so, and reaches the group."""
    program = start("chroot", bare, "/init", "--forward=tree", "--grace=0", "--", "/listen", "g")
    ready(program.out, 2)
    program.send(signal.SIGUSR1)
    assert program.out.lines(2) == ["g 10 -", "main 10 -"]
    until(lambda: program.errors.endswith("\n"), "a warning")
    assert program.errors.startswith("pyinit: ")
    assert "/proc" in program.errors


def test_standard_error_that_nobody_reads(
    start: Callable[..., Running], pyinit: str, probe: Callable[[str], str]
) -> None:
    """A warning that cannot be written is not worth dying for."""
    reader, writer = os.pipe()
    os.close(reader)
    program = start(pyinit, "-w", "-vv", probe("orphans"), "5", errors=writer)
    os.close(writer)
    assert program.out.line() == "orphans dead 5"
    program.send(signal.SIGHUP)
    assert program.wait() == 129


def test_standard_error_that_is_full(start: Callable[..., Running], pyinit: str, probe: Callable[[str], str]) -> None:
    """A reader of standard error that does not read any more does not hold up signals and reaping."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    program = start(pyinit, "-w", probe("orphans"), "300", errors=writer)
    os.close(writer)
    assert program.out.line() == "orphans dead 300"
    until(lambda: len(children(program.init)) == 1, "all orphans are reaped")
    program.send(signal.SIGHUP)
    assert program.wait() == 129
    os.close(reader)
