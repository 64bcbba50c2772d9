"""`run`: in the foreground and detached."""

from __future__ import annotations

import os
import signal
import sys
import termios
from typing import TYPE_CHECKING

import pytest

from tests.commands.conftest import OnTerminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands.conftest import Ctl


def test_the_output_and_the_exit_code_are_the_process_s(ctl: Ctl) -> None:
    """In the foreground standard output, standard error and the exit code are passed through."""
    done = ctl("run", "--", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 7)


def test_a_signal_s_exit_code_is_128_and_the_signal(ctl: Ctl) -> None:
    """A process that a signal killed gives 128+N."""
    assert ctl("run", "--", "sh", "-c", "kill -TERM $$").returncode == 143


@pytest.mark.parametrize(("command", "code"), [("/nowhere/at/all", 127), ("/etc/passwd", 126)])
@pytest.mark.parametrize("how", [[], ["-d"]])
def test_a_command_that_cannot_be_executed_says_so(ctl: Ctl, how: list[str], command: str, code: int) -> None:
    """A missing command is 127, one that cannot be executed 126, detached or not, and no service is left of it."""
    assert command in ctl.fails("run", *how, "--", command, code=code)
    assert ctl.json("ps", "-a") == []


def test_detached_it_prints_the_name(ctl: Ctl) -> None:
    """-d prints the given name, or one that was made up, which can be used at once."""
    assert ctl.ok("run", "-d", "--name", "web", "--", "sleep", "1000") == "web\n"
    made = ctl.ok("run", "-d", "--", "sleep", "1000").strip()
    assert ctl.inspect(made)["State"]["Status"] == "running"


def test_options_end_at_the_command(ctl: Ctl) -> None:
    """Options after the command's first word are the command's, with and without `--`."""
    assert ctl("run", "echo", "--name", "x", "-d").stdout == "--name x -d\n"
    assert ctl("run", "--", "echo", "--", "y").stdout == "-- y\n"


def test_a_name_is_taken_once_but_for_replace(web: Ctl) -> None:
    """A second service of a name is refused, and with --replace takes its place."""
    before = web.inspect("web")["Id"]
    assert "web" in web.fails("run", "-d", "--name", "web", "--", "sleep", "1000")
    web.ok("run", "-d", "--name", "web", "--replace", "--", "sleep", "1000")
    assert web.inspect("web")["Id"] != before


def test_rm_leaves_nothing(ctl: Ctl) -> None:
    """With --rm the service is gone after its end, and its exit code was told."""
    assert ctl("run", "--rm", "--name", "x", "--", "sh", "-c", "exit 5").returncode == 5
    ctl("wait", "--condition", "removed", "x")
    assert ctl.json("ps", "-a") == []


def test_standard_input_is_passed_on(ctl: Ctl) -> None:
    """With -i every byte and the end of our standard input are its."""
    data = bytes(range(256)) * 400
    done = ctl("run", "-i", "--", "sh", "-c", "wc -c", stdin=data)
    assert done.stdout.strip() == str(len(data))


LATE_READER = """
import fcntl, os, struct, termios, time
full = fcntl.fcntl(0, fcntl.F_GETPIPE_SZ) // 2
while struct.unpack("i", fcntl.ioctl(0, termios.FIONREAD, bytes(4)))[0] < full:
    time.sleep(0.01)
count = 0
while data := os.read(0, 4096):
    count += len(data)
print(count)
"""


def test_more_input_than_anybody_keeps_is_passed_on(ctl: Ctl) -> None:
    """A process that reads late and slowly gets all of a large input: it is not kept, it waits."""
    done = ctl("run", "-i", "--", sys.executable, "-c", LATE_READER, stdin=bytes(16 << 20))
    assert (done.stdout, done.stderr, done.returncode) == (f"{16 << 20}\n", "", 0)


def test_without_i_there_is_no_input(ctl: Ctl) -> None:
    """Without -i its standard input is empty."""
    assert ctl("run", "--", "cat", stdin=b"words").stdout == ""


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP", "QUIT", "USR1", "USR2"])
def test_signals_are_sent_on(ctl: Ctl, name: str) -> None:
    """A signal that the client gets, the process gets."""
    script = f"trap 'echo got; exit 9' {name}; echo ready; while :; do sleep 0.05; done"
    process = ctl.start("run", "--", "sh", "-c", script)
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.Signals[f"SIG{name}"])
    assert process.stdout.read() == b"got\n"
    assert process.wait(60) == 9


def test_a_reader_that_leaves_ends_it_as_it_would_without_us(ctl: Ctl) -> None:
    """When nobody reads our output any more, the process is sent PIPE."""
    process = ctl.start("run", "--", "sh", "-c", "while :; do echo y; done")
    assert process.stdout
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(60) == 128 + signal.SIGPIPE


def test_the_death_of_the_supervisor_is_survived(ctl: Ctl) -> None:
    """A client in the foreground finds the next supervisor, and still tells the exit code."""
    process = ctl.start("run", "--", "sh", "-c", "echo ready; read x < fifo; exit 4", cwd=_fifo(ctl.folder))
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    signal.pidfd_send_signal(_pidfd(ctl.supervisor()), signal.SIGKILL)
    ctl.ok("ps")
    with (ctl.folder / "fifo").open("w") as fifo:
        fifo.write("go\n")
    assert process.wait(60) == 4


def _fifo(folder: Path) -> Path:
    os.mkfifo(folder / "fifo")
    return folder


def _pidfd(pid: int) -> int:
    return os.pidfd_open(pid)


def test_the_environment_and_the_directory_are_ours(ctl: Ctl) -> None:
    """Variables and directory are passed on; --env, --env-file, --unsetenv and --workdir change them."""
    (ctl.folder / "vars").write_text("# none\n\nA=file\nB=file\nHOME\n")
    ctl.env["MINE"] = "mine"
    script = "echo $MINE $A $B $GONE $(pwd)"
    ctl.env["GONE"] = "gone"
    options = ["--env-file", "vars", "-e", "B=option", "--unsetenv", "GONE"]
    done = ctl("run", *options, "--", "sh", "-c", script, cwd=ctl.folder)
    assert done.stdout == f"mine file option {ctl.folder}\n"
    assert ctl("run", "--unsetenv-all", "-e", "MINE", "-w", "/", "--", "/bin/sh", "-c", script).stdout == "mine /\n"


def test_what_is_asked_for_is_in_inspect(ctl: Ctl) -> None:
    """Each option of run arrives in the configuration."""
    options = [
        "--umask",
        "027",
        "--nice",
        "5",
        "--oom-score-adj",
        "100",
        "--ulimit",
        "nofile=100:200",
        "--restart",
        "on-failure:3",
        "--restart-delay",
        "10ms..2s",
        "--restart-stable",
        "3s",
        "--start-limit",
        "5/1m",
        "--success-codes",
        "0,3",
        "--stop-signal",
        "INT",
        "--stop-timeout",
        "1500ms",
        "--kill-mode",
        "group",
        "--grace",
        "2s",
        "--rewrite",
        "TERM:INT",
        "--delay",
        "TERM=1s",
        "--map-exit",
        "143:0",
        "--log-driver",
        "json-file",
        "--log-opt",
        "max-size=1m",
        "--log-opt",
        "max-file=2",
        "-l",
        "a=1",
        "-l",
        "b",
        "--no-new-privs",
    ]
    ctl.ok("run", "-d", "--name", "x", *options, "--stop-sequence", "TERM/1s KILL/1s", "--", "sleep", "1000")
    config = ctl.inspect("x")["Config"]
    wanted = {
        "command": ["sleep", "1000"],
        "umask": 0o27,
        "nice": 5,
        "oom_score_adj": 100,
        "ulimits": {"nofile": [100, 200]},
        "restart": "on-failure:3",
        "restart_delay": 0.01,
        "restart_max_delay": 2.0,
        "restart_stable": 3.0,
        "start_limit": 5,
        "start_window": 60.0,
        "success_codes": [0, 3],
        "stop_signal": 2,
        "stop_timeout": 1.5,
        "stop_sequence": [[15, 1.0], [9, 1.0]],
        "kill_mode": "group",
        "grace": 2.0,
        "rewrite": {"15": 2},
        "delay": {"15": 1.0},
        "map_exit": {"143": 0},
        "log_driver": "json-file",
        "labels": {"a": "1", "b": ""},
        "no_new_privs": True,
    }
    assert {key: config[key] for key in wanted} == wanted


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--umask", "9"], "--umask"),
        (["--env", "=x"], "--env"),
        (["--env-file", "/nowhere"], "/nowhere"),
        (["--ulimit", "nofile"], "--ulimit"),
        (["--ulimit", "files=1"], "files"),
        (["--restart", "sometimes"], "sometimes"),
        (["--restart-delay", "2s..1s"], "--restart-delay"),
        (["--start-limit", "many"], "--start-limit"),
        (["--success-codes", "300"], "--success-codes"),
        (["--stop-sequence", "TERM/x"], "stop_sequence"),
        (["--log-opt", "max-size"], "--log-opt"),
        (["--log-opt", "colour=red"], "colour"),
        (["--log-driver", "paper"], "paper"),
        (["--name", "a/b"], "a/b"),
        (["--rewrite", "FOO:1"], "FOO"),
        (["--user", "nobody-of-that-name"], "nobody-of-that-name"),
        (["--listen", "nonsense"], "nonsense"),
        (["--rm", "--restart", "always"], "restart"),
        (["--detach-keys", "ctrl-ä"], "--detach-keys"),
    ],
)
def test_an_option_s_error_names_it(ctl: Ctl, words: list[str], names: str) -> None:
    """Each value that is none is refused with one line that names it, and nothing is left."""
    how = [] if "--detach-keys" in words else ["-d"]
    assert names in ctl.fails("run", *how, *words, "--", "sleep", "1000")
    assert ctl.json("ps", "-a") == []


def test_a_terminal_is_joined_to_its(ctl: Ctl) -> None:
    """With -it the process has a terminal of our size, gets our keys, and ours is as before when it has ended."""
    script = "until [ \"$(stty size)\" = '33 77' ]; do sleep 0.05; done; echo ready; read x; echo got $x; exit 3"
    terminal = OnTerminal(ctl, "run", "-it", "--", "sh", "-c", script)
    before = termios.tcgetattr(terminal.slave)
    terminal.until(b"ready")
    terminal.type(b"word\r")
    terminal.until(b"got word")
    assert terminal.wait() == 3
    assert termios.tcgetattr(terminal.slave) == before
    terminal.close()


def test_a_terminal_s_new_size_is_its_as_well(ctl: Ctl) -> None:
    """A change of our window's size arrives, with SIGWINCH."""
    script = "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.05; done"
    terminal = OnTerminal(ctl, "run", "-it", "--", "sh", "-c", script)
    terminal.until(b"ready")
    termios.tcsetwinsize(terminal.master, (44, 88))
    terminal.signal(signal.SIGWINCH)
    terminal.until(b"44 88")
    assert terminal.wait() == 0
    terminal.close()


@pytest.mark.parametrize(("options", "keys"), [([], b"\x10\x11"), (["--detach-keys", "x,y"], b"xy")])
def test_the_detach_keys_leave_it_running(ctl: Ctl, options: list[str], keys: bytes) -> None:
    """The detach keys end the client with 0, and the process lives on."""
    terminal = OnTerminal(ctl, "run", "-it", "--name", "x", *options, "--", "sh", "-c", "echo ready; sleep 1000")
    before = termios.tcgetattr(terminal.slave)
    terminal.until(b"ready")
    terminal.type(keys)
    assert terminal.wait() == 0
    assert ctl.inspect("x")["State"]["Status"] == "running"
    assert termios.tcgetattr(terminal.slave) == before
    terminal.close()


@pytest.mark.parametrize("number", [signal.SIGALRM, signal.SIGXCPU])
def test_a_terminal_is_put_back_when_a_signal_ends_us(ctl: Ctl, number: signal.Signals) -> None:
    """A deadly signal that is not sent on ends the client, and the terminal is as before."""
    terminal = OnTerminal(ctl, "run", "-it", "--", "sh", "-c", "echo ready; sleep 1000")
    before = termios.tcgetattr(terminal.slave)
    terminal.until(b"ready")
    terminal.signal(number)
    assert terminal.wait() == -number
    assert termios.tcgetattr(terminal.slave) == before
    terminal.close()


def test_a_terminal_needs_one(ctl: Ctl) -> None:
    """-it without a terminal is refused."""
    assert "-t" in ctl.fails("run", "-it", "--", "sh")
