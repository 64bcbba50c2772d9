"""logs, events, history, supervisor, info, version, completion, help, and mistakes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import pyinit
from pyinit import verbs

if TYPE_CHECKING:
    from tests.commands.conftest import Ctl


def _say(ctl: Ctl, name: str, script: str) -> None:
    ctl("run", "--name", name, "--", "sh", "-c", script)


def test_logs_print_each_stream_where_it_belongs(ctl: Ctl) -> None:
    """Standard output and standard error come out apart; --stream chooses, --tail counts lines."""
    _say(ctl, "x", "echo one; echo two; echo oops >&2; echo three")
    done = ctl("logs", "x")
    assert (done.stdout, done.stderr) == ("one\ntwo\nthree\n", "oops\n")
    assert ctl("logs", "--stream", "stderr", "x").stdout == ""
    assert ctl("logs", "--tail", "1", "x", "--stream=stdout").stdout == "three\n"
    assert ctl("logs", "-t", "--stream=stdout", "x").stdout.startswith("20")
    assert ctl("logs", "--since", "1h", "--stream=stdout", "x").stdout == "one\ntwo\nthree\n"
    assert ctl("logs", "--until", "1h", "x").stdout == ""


def test_logs_need_no_supervisor(ctl: Ctl) -> None:
    """Without a supervisor the logs are read, and none is started for that."""
    _say(ctl, "x", "echo one")
    ctl.ok("supervisor", "stop")
    assert ctl.ok("logs", "x") == "one\n"
    assert "nobody" in ctl.fails("logs", "nobody")
    ctl.fails("supervisor", "status")


def test_logs_of_several_are_in_the_order_of_time(ctl: Ctl) -> None:
    """Lines of several services are ordered by time and begin with their names, in colour if that is asked for."""
    _say(ctl, "a", "echo 1")
    _say(ctl, "bb", "echo 2; printf 3")
    _say(ctl, "c", "echo 4")
    assert ctl.ok("logs", "c", "bb", "a") == "a  | 1\nbb | 2\nbb | 3\nc  | 4\n"
    assert "\x1b[36m" in ctl.ok("logs", "--color", "always", "a", "bb")
    assert ctl.ok("logs", "--names", "a") == "a | 1\n"
    assert ctl.ok("logs", "--all").count("\n") == 4


def test_logs_follow_across_a_restart(ctl: Ctl) -> None:
    """A follower sees what the next run writes, and ends when the service is removed."""
    ctl.ok("run", "-d", "--name", "x", "--", "sh", "-c", "echo run; exec sleep 1000")
    follower = ctl.start("logs", "-f", "x")
    assert follower.stdout
    assert follower.stdout.readline() == b"run\n"
    ctl.ok("restart", "x")
    assert follower.stdout.readline() == b"run\n"
    ctl.ok("rm", "-f", "x")
    assert follower.wait(60) == 0


def test_logs_that_are_nowhere_say_so(ctl: Ctl) -> None:
    """A service without a log file has an error that names the driver."""
    ctl.ok("run", "-d", "--name", "x", "--log-driver", "none", "--", "sleep", "1000")
    assert "none" in ctl.fails("logs", "x")
    assert "--since" in ctl.fails("logs", "--since", "yesterday", "x")


def test_events_and_history_tell_the_same(web: Ctl) -> None:
    """What happened is told by both, in order; the history is still there when the supervisor's files are not."""
    web.ok("stop", "web")
    lines = [json.loads(line) for line in web.ok("events", "--format", "json").splitlines()]
    names = [event["event"] for event in lines if event.get("name") == "web"]
    assert names[:2] == ["created", "started"]
    assert "exited" in names
    history = web.json("history", "web")
    assert [event["event"] for event in history] == names
    web.ok("rm", "web")
    web.ok("supervisor", "stop")
    web.ok("history")
    for path in web.state.glob("events.jsonl*"):
        path.unlink()
    assert [event["event"] for event in web.json("history", "web")] == [*names, "removed"]
    assert len(web.json("history", "--tail", "1")) == 1
    assert web.json("history", "--since", "1970-01-02", "--until", "1970-01-03") == []
    assert "nobody" in web.fails("history", "nobody")
    assert "created web" in web.ok("history", "web")


def test_events_are_followed_beyond_the_supervisor(web: Ctl) -> None:
    """A follower has each event once, those of the next supervisor included."""
    follower = web.start("events", "-f", "--since", "1h", "--format", "json", "--filter", "event=created")
    assert follower.stdout
    assert json.loads(follower.stdout.readline())["name"] == "web"
    web.ok("supervisor", "upgrade")
    web.ok("run", "-d", "--name", "two", "--", "sleep", "1000")
    assert json.loads(follower.stdout.readline())["name"] == "two"
    follower.send_signal(signal.SIGINT)
    assert follower.wait(60) == -signal.SIGINT


def test_the_supervisor_s_status(web: Ctl) -> None:
    """The JSON has the documented keys."""
    status = web.json("supervisor", "status")
    assert (status["Services"], status["Version"]) == (1, pyinit.__version__)
    assert set(status) >= {"Pid", "Version", "StartedAt", "Services", "Adopted"}
    assert "Pid:" in web.ok("supervisor", "status")


def test_any_command_starts_the_supervisor_again(web: Ctl) -> None:
    """After a kill the next command is answered as if nothing had happened."""
    pid = web.inspect("web")["State"]["Pid"]
    os.kill(web.supervisor(), signal.SIGKILL)
    assert web.json("ps")[0]["Pid"] == pid


def test_many_clients_start_one_supervisor(ctl: Ctl) -> None:
    """Of commands that come at once exactly one starts the supervisor, and all are answered."""
    clients = [ctl.start("run", "-d", "--name", f"n{number}", "--", "sleep", "1000") for number in range(5)]
    assert [client.wait(60) for client in clients] == [0] * 5
    assert len(ctl.json("ps")) == 5
    assert ctl.json("supervisor", "status")["Adopted"] == 0


def test_upgrade_replaces_it_and_keeps_the_services(web: Ctl) -> None:
    """After an upgrade the service is the same process, and was adopted."""
    pid = web.inspect("web")["State"]["Pid"]
    assert web.ok("supervisor", "upgrade").startswith(pyinit.__version__)
    assert web.inspect("web")["State"]["Pid"] == pid
    assert web.json("supervisor", "status")["Adopted"] == 1


def test_stop_keep_lets_the_services_live(web: Ctl) -> None:
    """Stop --keep ends the supervisor alone, stop the services too, even if their supervisor is dead already."""
    pid = web.inspect("web")["State"]["Pid"]
    web.ok("supervisor", "stop", "--keep")
    assert "no supervisor" in web.fails("supervisor", "status")
    os.kill(pid, 0)
    web.ok("supervisor", "stop")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert "no supervisor" in web.fails("supervisor", "stop")


def test_start_makes_one_and_in_the_foreground_is_one(ctl: Ctl) -> None:
    """Start is done when it answers; start --foreground is the supervisor itself, and refuses to be a second one."""
    ctl.ok("supervisor", "start")
    ctl.ok("supervisor", "start")
    assert "already" in ctl.fails("supervisor", "start", "--foreground")
    ctl.ok("supervisor", "stop")
    process = ctl.start("supervisor", "start", "--foreground")
    while ctl("supervisor", "status").returncode:  # other commands would start one themselves
        assert process.poll() is None
    ctl.ok("ps")
    assert ctl.supervisor() == process.pid
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


@pytest.mark.parametrize("words", [[], ["dance"], ["status", "--keep"], ["stop", "--foreground"], ["stop", "now"]])
def test_supervisor_takes_only_what_it_knows(ctl: Ctl, words: list[str]) -> None:
    """A missing, unknown or misplaced word is an error."""
    assert "supervisor" in ctl.fails("supervisor", *words)


def test_a_supervisor_that_cannot_start_says_why(ctl: Ctl) -> None:
    """Its last words are in the one line."""
    ctl.env["PYINIT_SHIM_PROGRAM"] = "/nowhere/pyinit-shim"
    assert "/nowhere/pyinit-shim" in ctl.fails("run", "-d", "--", "sleep", "1000")


def test_directories_that_cannot_be_are_errors(ctl: Ctl) -> None:
    """No runtime directory, one that is too long, and one that cannot be made."""
    runtime = ctl.env["PYINIT_RUNTIME_DIR"]
    ctl.env["PYINIT_RUNTIME_DIR"] = "/tmp/" + "x" * 100
    assert "too long" in ctl.fails("ps")
    ctl.env["PYINIT_RUNTIME_DIR"] = "/proc/nowhere"
    assert "/proc/nowhere" in ctl.fails("ps")
    ctl.env["PYINIT_RUNTIME_DIR"] = runtime


def test_info_and_version_start_no_supervisor(ctl: Ctl) -> None:
    """Both answer without one; info tells of one that runs."""
    assert ctl.ok("version") == ctl.ok("--version") == f"pyinitctl {pyinit.__version__}\n"
    assert ctl.json("version")["Version"] == pyinit.__version__
    assert ctl.json("info")["Supervisor"] is None
    assert not (ctl.runtime / "control").exists()
    ctl.ok("ps")
    assert ctl.json("info")["Supervisor"]["Pid"] == ctl.supervisor()
    assert "StateDir:" in ctl.ok("info")


@pytest.mark.parametrize("verb", [verb.name for verb in verbs.VERBS])
def test_help_names_every_option(ctl: Ctl, verb: str) -> None:
    """--help and `help VERB` are the same, and have every option of the table."""
    text = ctl.ok(verb, "--help")
    assert ctl.ok("help", verb) == text
    found = verbs.find(verb)
    assert found
    assert all(word in text for option in found.options for word in option.spellings)


def test_mistakes_are_one_line(ctl: Ctl) -> None:
    """An unknown command or option is named, and what was meant is guessed."""
    assert "did you mean inspect" in ctl.fails("isnpect")
    assert "--tail" in ctl.fails("logs", "--tial", "x")
    assert "dance" in ctl.fails("help", "dance")
    assert ctl("").returncode == 125
    assert "commands:" in ctl.ok("--help")
    assert "commands:" in ctl.ok("help")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_are_what_the_shell_understands(ctl: Ctl, shell: str) -> None:
    """Each shell reads its own without an error."""
    program = shutil.which(shell)
    assert program, f"{shell} is needed for this test"
    script = ctl.ok("completion", shell)
    subprocess.run([program, "-n"], input=script, text=True, check=True)
    assert "bash, zsh, fish" in ctl.fails("completion", "tcsh")


def test_names_are_completed_without_a_supervisor(web: Ctl) -> None:
    """The names of services come from the disk."""
    web.ok("supervisor", "stop")
    assert web.ok("completion", "names") == "web\n"
    web.fails("supervisor", "status")


def test_bash_completes(web: Ctl) -> None:
    """Verbs, options, their values, and services are offered."""
    (web.folder / "bin").mkdir()
    link = web.folder / "bin/pyinitctl"
    link.write_text(f'#!/bin/sh\nexec {sys.executable} -m pyinit "$@"\n')
    link.chmod(0o755)
    web.env["PATH"] = f"{link.parent}:{web.env['PATH']}"

    def offered(*words: str) -> list[str]:
        listed = " ".join(f"'{word}'" for word in ("pyinitctl", *words))
        script = f"{web.ok('completion', 'bash')}\nCOMP_WORDS=({listed}); COMP_CWORD={len(words)}; _pyinitctl\n"
        script += 'printf "%s\\n" "${COMPREPLY[@]}"'
        done = subprocess.run(["bash", "-c", script], env=web.env, capture_output=True, text=True, check=True)
        return done.stdout.split()

    assert offered("sto") == ["stop"]
    assert offered("ps", "--for") == ["--format"]
    assert offered("ps", "--format", "j") == ["json"]
    assert offered("stop", "w") == ["web"]
    assert offered("run", "--kill-mode", "tr") == ["tree"]
    assert "sleep" in offered("run", "-d", "--name", "x", "--", "slee")
    assert "upgrade" in offered("supervisor", "")


def test_the_package_is_the_same_program() -> None:
    """`python -m pyinit --help` lists the verbs."""
    done = subprocess.run([sys.executable, "-m", "pyinit", "--help"], capture_output=True, text=True, check=True)
    assert all(f"  {verb.name} " in done.stdout for verb in verbs.VERBS)
