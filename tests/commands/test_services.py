"""What lists services and what acts on them."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.commands.conftest import Ctl

KEYS = {
    "Id", "Name", "Command", "Created", "Status", "Pid", "ExitCode", "StartedAt", "FinishedAt",
    "RestartCount", "Labels",
}  # fmt: skip
ACTIONS = ["start", "stop", "restart", "kill", "pause", "unpause", "rm"]


def test_ps_lists_what_runs_and_with_a_all(web: Ctl) -> None:
    """Without -a what ended is left out; the JSON has the documented keys; -q prints the ids."""
    web("run", "--name", "done", "--", "sh", "-c", "exit 3")
    assert [view["Name"] for view in web.json("ps")] == ["web"]
    views = {view["Name"]: view for view in web.json("ps", "-a")}
    assert set(views["web"]) >= KEYS
    assert (views["done"]["ExitCode"], views["done"]["Pid"], views["done"]["Status"]) == (3, 0, "exited")
    assert web.ok("ps", "-q").split() == [views["web"]["Id"]]
    table = web.ok("ps", "-a")
    assert table.startswith("ID ")
    assert "Exited (3)" in table
    assert not web.ok("ps", "--noheading").startswith("ID ")


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        (["name=we"], ["web"]),
        (["status=exited"], ["done"]),
        (["status=exited", "status=running"], ["done", "web"]),
        (["label=tier"], ["web"]),
        (["label=tier=back"], []),
        (["exited=3"], ["done"]),
        (["name=web", "status=exited"], []),
    ],
)
def test_filters_choose(web: Ctl, filters: list[str], names: list[str]) -> None:
    """Filters of a key are alternatives, of different keys all must match."""
    web("run", "--name", "done", "--", "sh", "-c", "exit 3")
    words = [word for text in filters for word in ("--filter", text)]
    assert sorted(view["Name"] for view in web.json("ps", "-a", *words)) == names


def test_a_filter_that_is_none_is_refused(web: Ctl) -> None:
    """An unknown key is an error that names it, of ps and of what acts."""
    assert "colour" in web.fails("ps", "--filter", "colour=red")
    assert "colour" in web.fails("stop", "--filter", "colour=red")
    assert "event" in web.fails("events", "--filter", "status=red")


def test_inspect_tells_everything(web: Ctl) -> None:
    """Inspect is an array with the documented keys, also by the beginning of an id; --format table has a line each."""
    found = web.inspect("web")
    assert set(found) >= {"Id", "Name", "Created", "State", "RestartCount", "LogPath", "Config", "Labels"}
    assert set(found["State"]) >= {
        *(
            "Status",
            "Pid",
            "ShimPid",
            "ExitCode",
            "Signal",
            "OOMKilled",
            "CoreDumped",
            "StartedAt",
            "FinishedAt",
            "Error",
        ),
    }
    assert web.inspect(found["Id"][:6])["Id"] == found["Id"]
    assert "State.Status:" in web.ok("inspect", "--format", "table", "web")
    assert "nobody" in web.fails("inspect", "web", "nobody")


@pytest.mark.parametrize("verb", [*ACTIONS, "inspect", "wait"])
def test_a_missing_service_is_named(ctl: Ctl, verb: str) -> None:
    """What is not there is an error that names it."""
    assert "nobody" in ctl.fails(verb, "nobody")


@pytest.mark.parametrize("verb", ACTIONS)
def test_names_or_all_are_needed(ctl: Ctl, verb: str) -> None:
    """Neither a name nor --all is an error, and so are both."""
    assert "--all" in ctl.fails(verb)
    assert "web" in ctl.fails(verb, "--all", "web")


def test_one_missing_service_does_not_keep_others_from_being_stopped(web: Ctl) -> None:
    """Each is done that can be; the others have a line each, and the exit code is 125."""
    done = web("stop", "nobody", "web")
    assert (done.returncode, done.stdout) == (125, "web\n")
    assert "nobody" in done.stderr
    assert web.inspect("web")["State"]["Status"] == "exited"


def test_stop_start_restart(web: Ctl) -> None:
    """They print the name, and are done when they return."""
    first = web.inspect("web")["State"]["Pid"]
    assert web.ok("restart", "web") == "web\n"
    second = web.inspect("web")["State"]["Pid"]
    assert second not in (0, first)
    web.ok("stop", "--all")
    assert web.inspect("web")["State"]["Pid"] == 0
    web.ok("start", "--filter", "label=tier=front")
    assert web.inspect("web")["State"]["Status"] == "running"


def test_stop_has_a_timeout(ctl: Ctl) -> None:
    """After -t whatever ignores the stop signal is killed."""
    process = ctl.start(
        "run", "--name", "x", "--", "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"
    )
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    ctl.ok("stop", "-t", "0.1", "x")
    assert process.wait(60) == 128 + signal.SIGKILL


def test_kill_sends_a_signal(web: Ctl) -> None:
    """The signal is KILL, or that of -s; a process that does not run cannot be killed."""
    web.ok("kill", "-s", "SIGUSR1", "web")
    assert web.ok("wait", "web") == f"{128 + signal.SIGUSR1}\n"
    assert web.inspect("web")["State"]["Signal"] == "SIGUSR1"
    assert "web" in web.fails("kill", "web")
    assert "FOO" in web.fails("kill", "-s", "FOO", "web")


def test_pause_and_unpause(web: Ctl) -> None:
    """A paused service says so, and goes on when it is told."""
    web.ok("pause", "web")
    assert web.json("ps")[0]["Status"] == "paused"
    assert "(Paused)" in web.ok("ps")
    web.ok("unpause", "web")
    assert web.json("ps")[0]["Status"] == "running"


def test_rm_wants_force_for_what_runs(web: Ctl) -> None:
    """What runs is not removed but by --force, and then nothing is left of it."""
    assert "force" in web.fails("rm", "web")
    ident = web.inspect("web")["Id"]
    web.ok("rm", "--force", "-t", "5", "web")
    assert web.json("ps", "-a") == []
    assert not (web.state / "services" / ident).exists()


def test_rename(web: Ctl) -> None:
    """The new name is the service's; one that is taken or none is refused."""
    web.ok("rename", "web", "shop")
    assert web.json("ps")[0]["Name"] == "shop"
    web.ok("run", "-d", "--name", "web", "--", "sleep", "1000")
    assert "shop" in web.fails("rename", "web", "shop")
    assert "a/b" in web.fails("rename", "web", "a/b")
    assert "rename" in web.fails("rename", "web")


def test_wait_prints_each_exit_code(web: Ctl) -> None:
    """An exit code a line, as they end; with --format json an array; --condition=running for what runs."""
    waiting = web.start("wait", "web")
    web.ok("wait", "--condition=running", "web")
    web.ok("kill", "-s", "TERM", "web")
    assert waiting.stdout
    assert waiting.stdout.read() == b"143\n"
    found = web.json("wait", "web")
    assert [(one["Name"], one["ExitCode"]) for one in found] == [("web", 143)]
    assert "soon" in web.fails("wait", "--condition=soon", "web")


def test_wait_survives_the_supervisor(web: Ctl) -> None:
    """A client that waits finds the next supervisor."""
    waiting = web.start("wait", "web")
    assert waiting.stdout
    web.ok("wait", "--condition=running", "web")
    web.ok("supervisor", "upgrade")
    web.ok("kill", "-s", "TERM", "web")
    assert waiting.stdout.read() == b"143\n"
    assert waiting.wait(60) == 0


def test_attach_joins_what_runs(ctl: Ctl) -> None:
    """Two clients have the output, one gives the input, and both end with the exit code."""
    ctl.ok("run", "-d", "-i", "--name", "x", "--", "sh", "-c", "while read word; do echo got $word; done; exit 6")
    one, two = ctl.start("attach", "x"), ctl.start("attach", "--no-stdin", "x")
    assert one.stdin
    assert one.stdout
    assert two.stdout
    # Both are there as soon as both have seen something.
    one.stdin.write(b"a\n" * 3)
    one.stdin.flush()
    assert one.stdout.readline() == b"got a\n"
    one.stdin.close()
    assert one.wait(60) == 6
    assert two.wait(60) in (6, 125)  # it may have come too late
    assert "x" in ctl.fails("attach", "x")
    assert "name" in ctl.fails("attach")


def test_signals_to_attach_are_sent_on_unless_told_otherwise(web: Ctl) -> None:
    """A signal to the client is the process's; with --sig-proxy=false it is the client's own."""
    pid = web.inspect("web")["State"]["Pid"]
    client = web.start("attach", "--sig-proxy=false", "web")
    client.send_signal(signal.SIGTERM)
    assert client.wait(60) == -signal.SIGTERM
    assert web.inspect("web")["State"]["Pid"] == pid


def test_top_shows_the_tree(ctl: Ctl) -> None:
    """The main process and its children are there, each under its parent."""
    process = ctl.start("run", "--name", "x", "--", "sh", "-c", "sleep 1000 & echo ready; wait")
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    lines = ctl.json("top", "x")
    assert [line["Command"][0] for line in lines] == ["sh", "sleep"]
    assert lines[1]["PPid"] == lines[0]["Pid"]
    assert "  sleep 1000" in ctl.ok("top", "x")
    ctl.ok("stop", "x")
    assert "x" in ctl.fails("top", "x")


def test_stats_show_what_is_used(web: Ctl) -> None:
    """Memory, descriptors, threads and processes of the tree are told."""
    (usage,) = web.json("stats", "--no-stream")
    assert usage["Name"] == "web"
    assert usage["Memory"] > 0
    assert usage["Processes"] == 1
    assert set(usage) >= {"CPU", "ReadBytes", "WrittenBytes", "Descriptors", "Threads"}
    assert "MEMORY" in web.ok("stats", "--no-stream", "web")
    stream = web.start("stats", "--format", "json", "-i", "50ms")
    assert stream.stdout
    assert [json.loads(stream.stdout.readline())[0]["Name"] for _ in range(2)] == ["web", "web"]
