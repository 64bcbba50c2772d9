from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from pyinit.errors import PyinitError
from tests.running import until
from tests.supervisor.world import is_gone, wait_gone

if TYPE_CHECKING:
    from tests.supervisor.world import World

# Tells that it is there, and then what TERM it gets; ends with 3 then.
ECHO = "trap 'echo TERM >$T; exit 3' TERM; echo ready >$T; while :; do read x <$T.never || sleep 1000 & wait; done"
WAITS = "echo ready >$T; exec sleep 1000"
# A daemon in a session of its own, whose parents have ended: its pid is told.
DAEMON = "(setsid sh -c 'echo $$ >$T; exec sleep 1000' &) ; "


def test_a_service_runs_and_ends(world: World) -> None:
    """A service that was created is started, runs, ends by itself, and all of it can be seen."""
    ident = world.sh("echo out; echo err >&2; read x <$D/go; exit 7", start=False)
    assert world.status(ident) == "created"
    os.mkfifo(world.root / "go")
    world.do("start", ident)
    running = world.await_status(ident, "running")
    assert running["State"]["Pid"] in {one.pid for one in world.of(ident)}
    assert running["State"]["ShimPid"] in world.shims()
    (world.root / "go").write_text("\n")
    ended = world.await_status(ident, "exited")
    assert (ended["State"]["ExitCode"], ended["State"]["Signal"], ended["State"]["Pid"]) == (7, None, 0)
    assert world.lines(ident) == ["out"]
    assert world.lines(ident, "stderr") == ["err"]
    assert [one["event"] for one in world.events(ident=ident)] == ["created", "started", "exited"]


@pytest.mark.parametrize(("script", "code", "name"), [
    ("exit 0", 0, None), ("exit 255", 255, None), ("kill -TERM $$", 143, "SIGTERM"), ("kill -KILL $$", 137, "SIGKILL"),
    ("kill -SEGV $$", 139, "SIGSEGV"),
])  # fmt: skip
def test_exit_codes(world: World, script: str, code: int, name: str | None) -> None:
    """The exit code is the process's, or 128 + the number of the signal that killed it, which is named."""
    ident = world.sh(script)
    ended = world.await_status(ident, "exited")["State"]
    assert (ended["ExitCode"], ended["Signal"]) == (code, name)


@pytest.mark.parametrize(("command", "code"), [(["/no/such/thing"], 127), (["/etc/passwd"], 126)])
def test_what_cannot_be_run_is_refused(world: World, command: list[str], code: int) -> None:
    """A command that is not there is refused with 127, one that cannot be executed with 126, and nothing is kept."""
    with pytest.raises(PyinitError) as refused:
        world.create(*command)
    assert refused.value.exit_code == code
    until(lambda: not world.ask("list", all=True)["services"], "nothing is kept")


def test_stop_ends_with_the_stop_signal(world: World) -> None:
    """Stop sends the stop signal, waits, and does not count as a failure to be restarted."""
    ident = world.sh("trap 'echo bye; exit 3' USR1; echo ready >$T; while :; do sleep 1000 & wait; done",
                     stop_signal="USR1", restart="always")  # fmt: skip
    assert world.told.line() == "ready"
    world.stop(ident)
    found = world.inspect(ident)
    assert (found["State"]["Status"], found["State"]["ExitCode"], found["RestartCount"]) == ("exited", 3, 0)
    assert world.lines(ident) == ["bye"]
    assert not world.of(ident)


def test_stop_kills_who_does_not_heed_it(world: World) -> None:
    """After the stop timeout it is killed."""
    ident = world.sh("trap '' TERM; echo ready >$T; while :; do sleep 1000; done")
    assert world.told.line() == "ready"
    world.stop(ident, timeout=0.05)
    assert world.inspect(ident)["State"]["Signal"] == "SIGKILL"
    assert not world.of(ident)


def test_a_second_stop_hurries_the_first(world: World) -> None:
    """A stop with a shorter timeout does not wait for the longer one of before."""
    ident = world.sh(
        "trap 'echo TERM >$T' TERM; echo ready >$T; while :; do sleep 1000 & wait; done", stop_timeout=1000
    )
    assert world.told.line() == "ready"
    with world.connect() as first:
        first.send("stop", names=[ident])
        assert world.told.line() == "TERM"
        world.stop(ident, timeout=0)
        assert first.receive()["ok"]
    assert world.inspect(ident)["State"]["Signal"] == "SIGKILL"


def test_a_stop_sequence(world: World) -> None:
    """A stop sequence sends its signals one after the other until it ends."""
    ident = world.sh("for s in TERM INT HUP; do trap \"echo $s >$T\" $s; done; trap 'echo USR1 >$T; exit 5' USR1;"
                     "echo ready >$T; while :; do sleep 1000 & wait; done",
                     stop_sequence="TERM/20ms INT/20ms HUP/20ms USR1/100s", kill_mode="tree")  # fmt: skip
    assert world.told.line() == "ready"
    world.stop(ident)
    assert [world.told.line() for _ in range(4)] == ["TERM", "INT", "HUP", "USR1"]
    assert world.inspect(ident)["State"]["ExitCode"] == 5


def test_stop_leaves_nothing(world: World) -> None:
    """Daemons that have called setsid and lost all their parents end with their service."""
    ident = world.sh(DAEMON * 3 + WAITS)
    told = [world.told.line() for _ in range(4)]
    daemons = [int(word) for word in told if word != "ready"]
    world.stop(ident)
    assert all(is_gone(pid) for pid in daemons)
    assert not world.of(ident)


def test_stop_leaves_nothing_that_forks_all_the_time(world: World) -> None:
    """What flees from being killed by forking is killed all the same."""
    ident = world.sh("trap '' TERM; f() { (setsid sh -c \"$F\" &) ; }; echo ready >$T; eval \"$F\"; sleep 1000",
                     env={"F": "trap '' TERM; i=0; while [ $i -lt 300 ]; do i=$((i+1)); (sleep 0.01 &); done"},
                     stop_timeout=0.02)  # fmt: skip
    assert world.told.line() == "ready"
    world.stop(ident)
    assert not world.of(ident)


def test_what_is_left_ends_with_the_main_process(world: World) -> None:
    """When the main process ends by itself, its daemons are ended before the service has exited, or is restarted."""
    ident = world.sh("echo $$ >$D/n.$$; " + DAEMON + "read x <$D/go; exit 4", restart="on-failure:1", restart_delay=0,
                     start=False)  # fmt: skip
    os.mkfifo(world.root / "go")
    world.do("start", ident)
    first = int(world.told.line())
    (world.root / "go").write_text("\n")
    second = int(world.told.line())
    assert is_gone(first)
    assert not is_gone(second)
    (world.root / "go").write_text("\n")
    world.await_status(ident, "exited")
    assert is_gone(second)


@pytest.mark.parametrize("mode", ["group", "main"])
def test_kill_modes_that_spare(world: World, mode: str) -> None:
    """With kill-mode group or main, what is in a session of its own is left alone, and the service has ended."""
    ident = world.sh(DAEMON + "read x <$T.2; " + WAITS, kill_mode=mode, start=False)
    os.mkfifo(f"{world.root}/told.2")
    world.do("start", ident)
    daemon = int(world.told.line())
    with open(f"{world.root}/told.2", "w") as go:
        go.write("\n")
    assert world.told.line() == "ready"
    world.stop(ident)
    assert world.status(ident) == "exited"
    assert [one.pid for one in world.of(ident)] == [daemon]
    os.kill(daemon, signal.SIGKILL)
    wait_gone(daemon)


def test_restart(world: World) -> None:
    """Restart ends one process and starts another, also of a service that had ended."""
    ident = world.sh(WAITS)
    assert world.told.line() == "ready"
    first = world.main(ident)
    world.do("restart", ident)
    assert world.told.line() == "ready"
    second = world.main(ident)
    assert second != first
    assert is_gone(first)
    world.stop(ident)
    world.do("restart", ident)
    assert world.told.line() == "ready"
    assert world.status(ident) == "running"


def test_start_while_it_ends_starts_it_again(world: World) -> None:
    """A start that comes while the last run's remains are being ended is not forgotten."""
    ident = world.sh("(trap '' TERM; echo left >$T; while :; do sleep 1000; done) & read x <$D/go; exit 1", grace=1000,
                     start=False)  # fmt: skip
    os.mkfifo(world.root / "go")
    world.do("start", ident)
    assert world.told.line() == "left"
    (world.root / "go").write_text("\n")
    world.await_status(ident, "stopping")
    with world.connect() as starter:
        starter.send("start", names=[ident])
        stubborn = [one.pid for one in world.of(ident)]
        for pid in stubborn:
            os.kill(pid, signal.SIGKILL)
        assert "error" not in starter.receive()["results"][0]
    assert world.told.line() == "left"
    assert world.status(ident) == "running"


def test_kill_sends_signals(world: World) -> None:
    """Kill sends the signal that is asked for, as rewritten; a service that has ended refuses it."""
    ident = world.sh("for s in HUP USR1 USR2; do trap \"echo $s >$T\" $s; done; trap 'echo TERM >$T; exit 0' TERM;"
                     "echo ready >$T; while :; do sleep 1000 & wait; done",
                     rewrite="USR2:HUP")  # fmt: skip
    assert world.told.line() == "ready"
    for sent, seen in (("USR1", "USR1"), ("USR2", "HUP"), (15, "TERM")):
        world.do("kill", ident, signal=sent)
        assert world.told.line() == seen
    world.await_status(ident, "exited")
    assert "not running" in world.ask("kill", names=[ident])["results"][0]["error"]


def test_pause(world: World) -> None:
    """Pause stops all processes where they are, unpause lets them go on, and a stop ends what is paused."""
    ident = world.sh("sleep 1000 & " + WAITS)
    assert world.told.line() == "ready"
    for _ in range(2):
        world.do("pause", ident)
        assert world.status(ident) == "paused"
        until(lambda: {one.state for one in world.of(ident)} == {"T"}, "all are stopped")
        world.do("unpause", ident)
        until(lambda: "T" not in {one.state for one in world.of(ident)}, "all go on")
    world.do("pause", ident)
    world.stop(ident)
    assert not world.of(ident)


def test_rename_and_rm(world: World) -> None:
    """A renamed service goes by its new name; a removed one is gone with its log; a running one needs force."""
    ident = world.sh(WAITS, name="one")
    assert world.told.line() == "ready"
    world.ask("rename", name="one", new="two")
    assert world.inspect("two")["Id"] == ident
    with pytest.raises(PyinitError):
        world.ask("inspect", names=["one"])
    assert "force" in world.ask("rm", names=["two"])["results"][0]["error"]
    world.do("rm", "two", force=True)
    assert not world.of(ident)
    assert not (world.state / "services" / ident).exists()
    wait_gone(*world.shims())


def test_a_name_is_used_once(world: World) -> None:
    """A second service of the same name is refused, or replaces the first one if asked to."""
    first = world.sh(WAITS, name="one")
    assert world.told.line() == "ready"
    with pytest.raises(PyinitError, match="in use"):
        world.sh(WAITS, name="one")
    spec = {"name": "one", "command": ["sleep", "1000"]}
    second = world.ask("create", spec=spec, start=True, replace=True)["id"]
    world.idents.add(second)
    assert world.inspect("one")["Id"] == second != first
    assert not world.of(first)


@pytest.mark.parametrize(("policy", "script", "restarts"), [
    ("no", "exit 1", 0), ("on-failure", "exit 0", 0), ("on-failure:2", "exit 1", 2), ("on-failure:2", "kill -9 $$", 2),
])  # fmt: skip
def test_policies_that_end(world: World, policy: str, script: str, restarts: int) -> None:
    """A policy restarts what it is for, as often as it allows."""
    ident = world.sh(script, restart=policy, restart_delay=0)
    until(lambda: world.status(ident) == "exited" and len(world.events("exited", ident)) == restarts + 1, "the end")
    assert world.inspect(ident)["RestartCount"] == restarts


def test_success_codes_and_mapped_codes(world: World) -> None:
    """Codes that count as success end an on-failure service; a mapped code is what is told and judged."""
    one = world.sh("exit 9", restart="on-failure", restart_delay=0, success_codes=[9])
    other = world.sh("exit 143", restart="on-failure", restart_delay=0, map_exit={"143": 0})
    for ident, code in ((one, 9), (other, 0)):
        found = world.await_status(ident, "exited")
        assert (found["State"]["ExitCode"], found["RestartCount"]) == (code, 0)


@pytest.mark.parametrize("policy", ["always", "unless-stopped"])
def test_always_means_always(world: World, policy: str) -> None:
    """Always restarts a success too, at once with delay 0, until it is stopped."""
    ident = world.sh("echo run >$T; exit 0", restart=policy, restart_delay=0)
    for _ in range(20):
        assert world.told.line() == "run"
    world.stop(ident)
    assert world.status(ident) == "exited"
    assert not world.of(ident)
    exits = [one["run"] for one in world.events("exited", ident)]
    assert exits == list(range(1, len(exits) + 1))
    assert world.inspect(ident)["RestartCount"] >= 19


def test_delays_grow(world: World) -> None:
    """The delay doubles with each restart, up to the longest, with a jitter of at most a tenth."""
    ident = world.sh("exit 1", restart="on-failure:5", restart_delay=0.01, restart_max_delay=0.04)
    until(lambda: len(world.events("gave_up", ident)) == 1, "it gives up")
    delays = [one["delay"] for one in world.events("restarting", ident)]
    for delay, base in zip(delays, [0.01, 0.02, 0.04, 0.04, 0.04], strict=True):
        assert base <= delay <= base * 1.1
    starts = [one["time"] for one in world.events("started", ident)]
    ends = [one["time"] for one in world.events("exited", ident)]
    assert all(start - end >= delay * 0.99 for start, end, delay in zip(starts[1:], ends, delays, strict=False))


def test_the_start_limit(world: World) -> None:
    """A service that was started too often within the window is given up."""
    ident = world.sh("exit 0", restart="always", restart_delay=0, start_limit=4, start_window=1000)
    reason = world.await_event("gave_up", ident)["reason"]
    assert "4 times" in reason
    assert world.inspect(ident)["RestartCount"] == 3


def test_a_waiting_service_can_be_stopped_and_started(world: World) -> None:
    """During the delay, stop ends it and start does not wait for it."""
    ident = world.sh("echo run >$T; exit 1", restart="always", restart_delay=1000, restart_max_delay=1000)
    assert world.told.line() == "run"
    world.await_status(ident, "restarting")
    world.do("start", ident)
    assert world.told.line() == "run"
    world.await_status(ident, "restarting")
    world.stop(ident)
    assert world.status(ident) == "exited"


def test_wait(world: World) -> None:
    """Wait answers as each service reaches the condition, with exit codes."""
    ident = world.sh("read x <$D/go; exit 6", name="one", start=False)
    os.mkfifo(world.root / "go")
    with world.connect() as running, world.connect() as exited, world.connect() as removed:
        running.send("wait", names=["one"], condition="running")
        world.do("start", "one")
        assert [line["name"] for line in running.lines()] == ["one"]
        exited.send("wait", names=["one"])
        removed.send("wait", names=["one"], condition="removed")
        (world.root / "go").write_text("\n")
        assert [line["exit_code"] for line in exited.lines()] == [6]
        world.do("rm", "one")
        assert [line["id"] for line in removed.lines()] == [ident]


def test_rm_when_ended(world: World) -> None:
    """A service with rm is gone when it has ended."""
    ident = world.sh("exit 0", rm=True)
    world.await_event("removed", ident)
    assert not world.ask("list", all=True)["services"]


def test_stop_supervisor_stops_everything(world: World) -> None:
    """When the supervisor is stopped, so are all services and shims."""
    idents = [world.sh(DAEMON + WAITS) for _ in range(3)]
    for _ in range(6):
        world.told.line()
    pid = world.pid
    world.ask("stop_supervisor")
    wait_gone(pid)
    assert not [one for ident in idents for one in world.of(ident)]
    wait_gone(*world.shims())


def test_stop_keep_lets_all_live_on(world: World) -> None:
    """When the supervisor leaves, services live on, nobody calls another one, and the next one adopts them."""
    ident = world.sh(WAITS)
    assert world.told.line() == "ready"
    before = world.inspect(ident)
    pid = world.pid
    world.ask("stop_supervisor", keep=True)
    wait_gone(pid)
    assert world.supervisors() == []
    world.start()
    after = world.inspect(ident)
    assert {**after["State"]} == {**before["State"]}
    assert world.supervisors() == [world.pid]


def test_term_ends_the_supervisor_and_its_services(world: World) -> None:
    """TERM to the supervisor is as `supervisor stop`."""
    ident = world.sh(WAITS, restart="always")
    assert world.told.line() == "ready"
    pid = world.pid
    os.kill(pid, signal.SIGTERM)
    wait_gone(pid, *world.shims())
    assert not world.of(ident)
