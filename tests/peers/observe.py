"""Scenarios that run an init and write down what was seen, in terms that do not depend on pids.

Each is given a World (which init, with which options) and gives a flat dictionary. test_differential.py runs it under
the real peer and under pyinit by the peer's name, and compares the two.
"""

from __future__ import annotations

import os
import select
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.running import Namespaced, Running, Terminal, children, fields, ready, state, status, until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Seen = dict[str, object]

# Sent after what is looked at: all inits forward it, and of two pending signals the lower goes first.
MARK = signal.SIGPWR
STANDARD = [number for number in range(1, 32) if number not in (signal.SIGKILL, signal.SIGSTOP)]
SUSPENDING = [signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU]


@dataclass(frozen=True)
class World:
    """An init with options and environment, and where the programs to run under it are."""

    init: str
    probe: Callable[[str], str]
    folder: Path
    options: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    def argv(self, *command: str) -> list[str]:
        """See the command line that runs command under the init; -- since some peers look for options behind it."""
        return [self.init, *self.options, "--", *command]

    def start(self, *command: str, before: tuple[str, ...] = (), **env: str) -> Running:
        """Run command under the init; before is what execs the init, such as the probe `start`."""
        return Running([*before, *self.argv(*command)], env={**self.env, **env})

    def listen(self, *arguments: str) -> Running:
        """Run the probe `listen`."""
        return self.start(self.probe("listen"), *arguments)


def _run(running: Running) -> tuple[int, str, str]:
    """See the exit code and the output of a program with nothing on its standard input."""
    with running:
        running.hang_up()
        return _finish(running)


def _finish(running: Running) -> tuple[int, str, str]:
    output = running.out.end()
    return running.wait(), output, running.errors


def exit_codes(world: World) -> Seen:
    """See the init's exit code for each way in which a main child ends."""
    exits = {f"exit {code}": ("sh", "-c", f"exit {code}") for code in (0, 1, 2, 7, 124, 126, 127, 128, 254, 255)}
    deaths = {
        f"death by {number}": ("sh", "-c", f"kill -{number} $$")
        for number in STANDARD
        if number not in (*SUSPENDING, signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH)
    }
    return {what: _run(world.start(*command))[0] for what, command in (exits | deaths).items()}


def commands(world: World) -> Seen:
    """See the init's exit code for commands that cannot be executed, and for those found in unusual ways."""
    plain, script = world.folder / "plain", world.folder / "script"
    plain.write_text("not executable")
    script.write_text("exit 9\n")  # without #!, execvp runs it by sh
    script.chmod(0o755)
    (world.folder / "true").write_text("not executable")
    looked_for = {
        "missing": ("no-such-command",),
        "missing path": ("/no/such/command",),
        "directory": ("/etc",),
        "not executable": (str(plain),),
        "below a file": (f"{plain}/x",),
        "script without #!": (str(script),),
        "empty": ("",),
    }
    seen: Seen = {what: _run(world.start(*command))[0] for what, command in looked_for.items()}
    seen["found after one that is not executable"] = _run(world.start("true", PATH=f"{world.folder}:/bin"))[0]
    seen["found, but not executable"] = _run(world.start("true", PATH=str(world.folder)))[0]
    return seen


def command_line(world: World) -> Seen:
    """See what reaches the command: with and without --, and arguments that look like options of the init's."""
    tell = ("sh", "-c", 'printf "%s." "$@"', "sh")
    tails = {"plain": ("a", "b"), "dashes": ("--", "a", "--"), "foreign option": ("--long=1",)}
    seen: Seen = {what: _run(world.start(*tell, *tail))[:2] for what, tail in tails.items()}
    seen["without --"] = _run(Running([world.init, "echo", "a", "b"]))[:2]
    seen["-- twice"] = _run(world.start("--", "true"))[0]
    for option in ("-h", "-l", "-V", "-g", "--help", "--version"):
        seen[f"command's own {option}"] = _run(Running([world.init, "echo", "a", option]))[:2]
    return seen


def environment(world: World) -> Seen:
    """See the environment arrives, in its order."""
    code, output, _ = _run(world.start("env", FIRST="1", EMPTY="", LINES_IN_IT="a\nb"))
    lines = [line for line in output.splitlines() if not line.startswith("_=")]
    return {"code": code, "environment": lines}


def _next(running: Running, pidfd: int) -> str:
    """See the next line of output, or "" if the init ends instead."""
    if b"\n" in running.out._rest:  # noqa: SLF001
        return running.out.line()
    fds = select.select([running.out.fd, pidfd], [], [], 30)[0]
    assert fds, f"neither output nor end: {running.out.seen!r}"
    return running.out.line() if running.out.fd in fds else ""


def _told(world: World, number: int, mark: int) -> object:
    """See the signals that reach the main child when number is sent to the init, or how the init ended of it."""
    with world.listen() as running:
        ready(running.out)
        pidfd = os.pidfd_open(running.pid)
        try:
            running.send(number)
            if mark:
                running.send(mark)
            seen = []
            while line := _next(running, pidfd):
                seen.append(int(line.split()[1]))
                if seen[-1] == (mark or number):
                    return [got for got in seen if got != mark]
            return f"the init ends with {running.wait()}"
        finally:
            os.close(pidfd)


def forwarding(world: World) -> Seen:
    """Which signal reaches the main child for each standard signal that the init gets."""
    numbers = [number for number in STANDARD if number not in SUSPENDING and number < MARK]
    return {f"signal {number}": _told(world, number, MARK) for number in numbers}


def forwarding_the_last(world: World) -> Seen:
    """See the same for SIGPWR, and real-time signals, which are their own marks."""
    return {f"signal {number}": _told(world, number, 0) for number in (MARK, 34, 35, 50, 63, 64)}


def forwarding_all(world: World) -> Seen:
    """See the same for those that tini and catatonit treat in a way of their own; SIGRTMAX is the mark."""
    return {f"signal {number}": _told(world, number, 64) for number in (*SUSPENDING, signal.SIGSYS)}


def targets(world: World) -> Seen:
    """See who gets what of a TERM: the main child, one in its group, one in another group, one in another session."""
    with world.listen("gps") as running:
        pids = ready(running.out, 4)
        running.send(signal.SIGTERM)
        running.send(signal.SIGPROF)  # when this has arrived, the forwarding of the first is over
        lines: list[str] = []
        while not lines or lines[-1] != f"main {int(signal.SIGPROF)} -":
            lines.append(running.out.line())
        for pid in pids.values():
            os.kill(pid, MARK)
        while sum(line.split()[1] == str(int(MARK)) for line in lines) < len(pids):
            lines.append(running.out.line())
        got = sorted(line for line in lines if int(line.split()[1]) not in (signal.SIGPROF, MARK))
        running.tell("exit 3")
        return {"got": got, "code": running.wait()}


def leftovers(world: World) -> Seen:
    """See what a process of the main child's group, and one of another session, get when the main child has exited."""
    with world.listen("gs") as running:
        pids = ready(running.out, 3)
        running.tell("exit 3")
        code = running.wait()
        lines: list[str] = []
        for name in ("g", "s"):
            os.kill(pids[name], MARK)
        while sum(f" {int(MARK)} " in line for line in lines) < 2:
            lines.append(running.out.line())
        got = sorted(line for line in lines if f" {int(MARK)} " not in line)
        return {"code": code, "got": got, "alive": [state(pids[name]) != "X" for name in ("g", "s")]}


def suspending(world: World) -> Seen:
    """See what TSTP, TTIN and TTOU do to the init and to its main child, and CONT after them."""
    seen: Seen = {}
    for number in SUSPENDING:
        with world.listen() as running:
            child = ready(running.out)["main"]
            running.send(number)
            until(lambda pid=running.pid: state(pid) == "T", "the init has stopped itself")  # type: ignore[misc]
            if world.options or world.env.get("DUMB_INIT_SETSID") == "0":  # then the child gets the signal itself
                seen[f"child at {number}"] = running.out.line()
            else:
                until(lambda pid=child: state(pid) == "T", "the child was stopped")  # type: ignore[misc]
                seen[f"child at {number}"] = "stopped"
            running.send(signal.SIGCONT)
            seen[f"child after {number}"] = running.out.line()
            until(lambda pid=running.pid: state(pid) != "T", "the init goes on")  # type: ignore[misc]
            running.tell("exit 4")
            seen[f"code after {number}"] = running.wait()
    return seen


def _relative(shown: dict[str, str], init: int) -> Seen:
    """Whose group, session and terminal it is, without the pids."""
    own = shown["pid"]
    seen: Seen = {key: shown[key] for key in ("mask", "ignored", "nnp", "cwd", "fds", "tty")}
    return seen | {
        "parent is the init": shown["ppid"] == str(init),
        "leads a group": shown["pgrp"] == own,
        "leads a session": shown["sid"] == own,
        "in the foreground": shown["tty"] == "1" and shown["foreground"] == shown["pgrp"],
    }


def surroundings(world: World) -> Seen:
    """See what the main child is started with."""
    before = (world.probe("start"), "-b", "10,14", "-i", "1,2,22")
    extra, _other = os.pipe()
    os.dup2(extra, 77)
    try:
        os.set_inheritable(77, True)
        argv = [*before, *world.argv(world.probe("show"))]
        env = {**world.env, "SHOW_HOLD": "1"}
        with Running(argv, env=env, pass_fds=[77], cwd=str(world.folder)) as running:
            seen = _relative(fields(running.out.line()), running.pid)
            running.hang_up()
            return seen | {"code": running.wait()}
    finally:
        for fd in (extra, _other, 77):
            os.close(fd)


def left_in_the_init(world: World) -> Seen:
    """See what the init itself keeps of what it was started with: a descriptor, standard streams, the directory."""
    extra, other = os.pipe()
    argv = world.argv(world.probe("listen"))
    with Running(argv, env=world.env, pass_fds=[extra], cwd=str(world.folder)) as running:
        ready(running.out)
        running.send(signal.SIGUSR2)
        running.out.line()  # it forwards, so its own preparations are over
        process = Path(f"/proc/{running.pid}")
        seen: Seen = {"directory": str((process / "cwd").readlink())}
        seen["a descriptor"] = os.path.lexists(process / "fd" / str(extra))
        running.tell("exit 0")
        running.wait()
    os.close(extra)
    os.close(other)
    return seen


def closed_descriptors(world: World) -> Seen:
    """See the exit code, where the init was started with some of descriptors 0 to 2 closed."""
    seen: Seen = {}
    for which in ("0", "1", "2", "0,1,2"):
        running = world.start("sh", "-c", "exit 7", before=(world.probe("start"), "-x", which))
        seen[f"without {which}"] = _run(running)[0]
    return seen


def subreaper(world: World) -> Seen:
    """Whether a daemon of the main child becomes a child of the init."""
    with world.listen("d") as running:
        pids = ready(running.out, 2)
        seen: Seen = {"adopted": status(pids["d"])["PPid"] == str(running.pid)}
        running.tell("exit 5")
        return seen | {"code": running.wait()}


def as_pid_1(world: World) -> Seen:
    """As PID 1 of a namespace: orphans are reaped, TERM arrives, the code is the child's."""
    with Namespaced(world.argv(world.probe("orphans"), "20"), env=world.env) as running:
        running.out.until("orphans dead 20")
        until(lambda: len(children(running.init)) == 1, "all orphans are reaped")
        running.hang_up()
        seen: Seen = {"code": running.wait()}
    with Namespaced(world.argv(world.probe("listen"), "-t"), env=world.env) as running:
        ready(running.out)
        running.send(signal.SIGTERM)
        return seen | {"got": running.out.line(), "code after TERM": running.wait()}


def interrupt_as_pid_1(world: World) -> Seen:
    """On a terminal, as PID 1: ^C ends the application, and so the init."""
    unshare = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    if os.geteuid() != 0:
        unshare.append("--map-root-user")
    with Terminal([*unshare, *world.argv("sh", "-c", "echo ready; exec cat")], env=world.env) as running:
        running.out.until("^ready")
        running.type("\x03")
        return {"code": running.wait()}


def listen_pid(world: World) -> Seen:
    """Whom LISTEN_PID names for the main child, when it named the init: itself or the init."""
    before = ("sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1; export LISTEN_PID LISTEN_FDS; exec "$@"', "sh")
    _, output, _ = _run(world.start(world.probe("show"), "LISTEN_PID", before=before))
    shown = fields(output)
    return {"LISTEN_PID": {shown["pid"]: "child", shown["ppid"]: "init"}.get(shown["LISTEN_PID"], "other")}


def _on_terminal(world: World, argv: list[str]) -> Seen:
    with Terminal(argv, env={**world.env, "SHOW_HOLD": "1"}) as terminal:
        shown = fields(terminal.out.until(r"^pid=.*")[0])
        seen = _relative(shown, int(shown["ppid"]))
        terminal.type("\x04")
        return seen | {"code": terminal.wait()}


def terminal(world: World) -> Seen:
    """Session, group and terminal of the main child, when the init leads the terminal's session."""
    return _on_terminal(world, world.argv(world.probe("show")))


def terminal_of_another(world: World) -> Seen:
    """See the same when somebody else, here sh, leads the session, and the init is in the foreground."""
    return _on_terminal(world, ["sh", "-c", '"$@"; exit $?', "sh", *world.argv(world.probe("show"))])


def hand_over(world: World) -> Seen:
    """See the HUP and CONT that come of handing the terminal over do not reach the child; the next HUP does."""
    with Terminal(world.argv(world.probe("listen")), env=world.env) as running:
        running.out.until("^main ready")
        until(lambda: int(status(running.pid)["ShdPnd"], 16) == 0, "the terminal's own HUP and CONT are taken")
        os.kill(running.pid, signal.SIGHUP)
        os.kill(running.pid, MARK)
        first = running.out.line()
        seen: Seen = {"after the hand-over": first}
        running.type("exit 6\n")
        return seen | {"code": running.wait()}


def parent_death(world: World) -> Seen:
    """See what the application gets when the init's parent is killed."""
    shell = ("sh", "-c", 'exec 3<&0; "$@" <&3 & wait', "sh")
    with Running([*shell, *world.argv(world.probe("listen"))], env=world.env) as running:
        application = ready(running.out)["main"]
        [init] = children(running.pid)
        os.kill(running.pid, signal.SIGKILL)
        seen: Seen = {"got": running.out.line()}
        for pid in (application, init):
            os.kill(pid, signal.SIGKILL)
        return seen


def reap_lines(world: World) -> Seen:
    """How many lines tell of five orphans that were reaped."""
    with world.start(world.probe("orphans"), "5") as running:
        running.out.until("orphans dead 5")
        running.hang_up()
        code, _, errors = _finish(running)
        return {"code": code, "lines": len(errors.splitlines())}


def pause(world: World) -> Seen:
    """How a pause ends for signals that are there from the beginning."""
    seen: Seen = {}
    for sent in ("15", "2", "10 15", "1 12 2"):
        shell = f'for s in {sent}; do (kill -$s $$); done; exec "$@"'  # by another process: one's own do not count
        before = (world.probe("start"), "-b", "1,2,10,12,15", "sh", "-c", shell, "sh")
        seen[f"after {sent}"] = _run(world.start(before=before))[0]
    return seen


def usage(world: World, *arguments: str) -> Seen:
    """Exit code, and which of the standard streams something was said on."""
    with Running([world.init, *arguments], env=world.env) as running:
        running.hang_up()
        code, output, errors = _finish(running)
    if arguments[-1:] == ("true",):  # it runs: whether a warning is due is a matter of verbosity
        return {"code": code}
    return {"code": code, "said on stdout": bool(output), "said on stderr": bool(errors)}
