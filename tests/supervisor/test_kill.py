"""kill -9 of the supervisor: nothing is lost, and another one is there."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from pyinit import client
from tests.running import until
from tests.supervisor.books import Numbered
from tests.supervisor.world import kill, wait_gone

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.supervisor.world import World

WAITS = "echo ready >$T; exec sleep 1000"


def test_it_is_back_without_anyone_calling(world: World) -> None:
    """A killed supervisor is replaced, by the shims alone, and exactly one wins; services keep their processes."""
    idents = [world.sh(WAITS) for _ in range(5)]
    assert [world.told.line() for _ in idents] == ["ready"] * 5
    before = [world.inspect(ident)["State"] for ident in idents]
    for _ in range(5):
        old = world.kill_supervisor()
        assert world.await_another(old) == world.supervisors()[0]
        assert len(world.supervisors()) == 1
        assert [world.inspect(ident)["State"] for ident in idents] == before
    assert world.ask("status")["adopted"] == 5


def test_any_client_starts_it(nowhere: World) -> None:
    """Without a shim to do it, the first command starts a supervisor; of many at once one does."""
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(nowhere.pid)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert set(answers) == set(nowhere.supervisors())
    assert len(nowhere.supervisors()) == 1


def test_exits_while_nobody_is_there(world: World) -> None:
    """What ends while no supervisor lives is recorded by its shim, told by the next supervisor, and restarted."""
    os.mkfifo(world.root / "go")
    one = world.sh("echo ready >$T; read x <$D/go; echo last; exit 5", restart="on-failure", restart_delay=0)
    assert world.told.line() == "ready"
    pid, main = world.pid, world.main(one)
    os.kill(pid, signal.SIGSTOP)  # so that no shim calls another one yet
    (world.root / "go").write_text("\n")
    wait_gone(main)
    record = world.state / "services" / one / "exit"
    until(lambda: record.exists() and "code 5\n" in record.read_text(), "the exit record")
    kill(pid)
    assert world.told.line() == "ready"
    found = world.inspect(one)
    assert (found["RestartCount"], found["State"]["ExitCode"]) == (1, 5)
    assert world.lines(one) == ["last"]


def test_killed_while_services_start(world: World) -> None:
    """Killed at any step of a start, each service runs once, and restarts are counted right."""
    names = [world.create("sh", "-c", WAITS, name=f"s{number}", start=False) for number in range(10)]
    with world.connect() as starter:
        starter.send("start", names=names)
        pid = world.supervisors()[0]
        world.told.line()
        kill(pid)
    world.await_another(pid)
    # Those that it had not come to were never promised to anybody.
    world.do("start", *names)
    for name in names:
        found = world.await_status(name, "running")
        assert found["RestartCount"] == 0
        assert len(world.of(found["Id"])) == 1


def test_killed_while_services_stop(world: World) -> None:
    """Killed during a stop, the next supervisor carries it to its end, and does not restart what was to be stopped."""
    idents = [world.sh("trap 'echo TERM >$T' TERM; echo ready >$T; while :; do sleep 1000 & wait; done",
                       restart="always", restart_delay=0) for _ in range(5)]  # fmt: skip
    assert [world.told.line() for _ in idents] == ["ready"] * 5
    with world.connect() as stopper:
        stopper.send("stop", names=idents, timeout=1)
        assert [world.told.line() for _ in idents] == ["TERM"] * 5
        world.kill_supervisor()
    for ident in idents:
        found = world.await_status(ident, "exited")
        assert (found["State"]["Signal"], found["RestartCount"]) == ("SIGKILL", 0)
        assert not world.of(ident)


def test_killed_during_a_restart_that_was_asked_for(world: World) -> None:
    """Killed between the end and the start of `restart`, the service is started all the same."""
    ident = world.sh("trap 'echo TERM >$T' TERM; echo ready >$T; while :; do sleep 1000 & wait; done")
    assert world.told.line() == "ready"
    with world.connect() as asker:
        asker.send("restart", names=[ident], timeout=0.3)
        assert world.told.line() == "TERM"
        world.kill_supervisor()
    assert world.told.line() == "ready"


def test_killed_at_full_speed(world: World, probe: Callable[[str], str]) -> None:
    """Killed 25 times while three services write as fast as they can, each line is logged once and in order."""
    services = [Numbered(world, probe("numbered"), "endless"), Numbered(world, probe("numbered"), "short", lines=5000)]
    rotated = Numbered(world, probe("numbered"), "rotated", log_opts={"max-size": "1m", "max-file": "10000"})
    for service in [*services, rotated]:
        service.await_run(1)
    for _ in range(25):
        kill(world.pid)
    world.stop(all=True)
    for service in [*services, rotated]:
        service.check_log()
        service.check_exits()
    assert len(world.log_files(rotated.ident)) > 1


def test_killed_in_the_middle_of_adoption(world: World) -> None:
    """However often a supervisor is killed while it takes over, the one that lives in the end has everything."""
    idents = [world.sh(WAITS) for _ in range(10)]
    assert [world.told.line() for _ in idents] == ["ready"] * 10
    before = [world.inspect(ident)["State"] for ident in idents]
    pid = world.kill_supervisor()
    for number in range(8):
        _await_adoptions(world, number)
        kill(*world.supervisors())
    world.await_another(pid)
    assert [world.inspect(ident)["State"] for ident in idents] == before
    assert len(world.supervisors()) == 1


def _await_adoptions(world: World, number: int) -> None:
    """Wait until a supervisor has begun, and has adopted so many."""
    before = len(world.events("adopted"))
    until(lambda: bool(world.supervisors()) and len(world.events("adopted")) >= before + number, "one begins")


def test_delays_and_counts_go_on(world: World) -> None:
    """A service that waits for its next start does so under the next supervisor, with its count."""
    ident = world.sh("echo run >$T; exit 1", restart="always", restart_delay=0.6, restart_max_delay=0.6)
    assert world.told.line() == "run"
    world.await_status(ident, "restarting")
    world.kill_supervisor()
    assert world.told.line() == "run"
    assert world.await_status(ident, "restarting")["RestartCount"] in (1, 2)
    assert [one["run"] for one in world.events("started", ident)][:2] == [1, 2]


@pytest.mark.parametrize("status", ["paused", "exited", "created"])
def test_other_states_are_kept(world: World, status: str) -> None:
    """A paused, ended or never started service is that under the next supervisor, too."""
    world.sh(WAITS)  # whose shim calls the next supervisor
    ident = world.sh(WAITS, start=status != "created")
    for _ in range(2 if status != "created" else 1):
        assert world.told.line() == "ready"
    if status == "paused":
        world.do("pause", ident)
    elif status == "exited":
        world.stop(ident)
    before = world.inspect(ident)
    world.await_another(world.kill_supervisor())
    assert world.inspect(ident) == before
    assert before["State"]["Status"] == status


def test_after_a_reboot(world: World) -> None:
    """After a reboot, policies decide: what ran is restarted or has ended, and always means always."""
    waits = "echo $N >$T; exec sleep 1000"
    specs = {"no": "no", "always": "always", "unless": "unless-stopped", "stopped-always": "always",
             "stopped-unless": "unless-stopped"}  # fmt: skip
    for name, policy in specs.items():
        world.sh(waits, name=name, restart=policy, restart_delay=0, env={"N": name})
        assert world.told.line() == name
    world.stop("stopped-always", "stopped-unless")
    os.kill(world.pid, signal.SIGSTOP)
    kill(*(one.pid for one in world.left()))
    shutil.rmtree(world.runtime)
    for path in world.state.glob("services/*/state.json"):
        state = json.loads(path.read_text())
        path.write_text(json.dumps({**state, "boot": "another"}))
    world.start()
    assert world.told.lines(3) == ["always", "stopped-always", "unless"]
    running = {name for name in specs if world.status(name) == "running"}
    assert running == {"always", "stopped-always", "unless"}
    assert world.inspect("no")["State"]["ExitCode"] == 137


def test_a_terminal_and_an_input_survive(world: World) -> None:
    """A service with a terminal, or with an open standard input, has them still under the next supervisor."""
    tty = world.sh('stty -echo; echo ready >$T; while read x; do echo "got $x"; done', tty=True, interactive=True)
    assert world.told.line() == "ready"
    pipe = world.sh('echo ready >$T; while read x; do echo "got $x"; done; echo end', interactive=True)
    assert world.told.line() == "ready"
    for ident in (tty, pipe):
        _type(world, ident, b"one\n")
    world.await_line(pipe, "got one")
    world.await_another(world.kill_supervisor())
    for ident in (tty, pipe):
        _type(world, ident, b"two\n")
    world.await_line(pipe, "got two")
    until(lambda: [line.rstrip("\r") for line in world.lines(tty)] == ["got one", "got two"], "the terminal's lines")
    assert world.lines(pipe) == ["got one", "got two"]


def _type(world: World, ident: str, data: bytes) -> None:
    with world.connect() as connection:
        assert connection.request("attach", name=ident, stdin=True)["ok"]
        connection.socket.sendall(client.frame(client.STDIN, data))
        frames = client.Frames()
        list(frames.feed(connection.rest()))
        seen = b""
        while data.strip() not in seen:  # it was taken: the answer is there
            part = connection.socket.recv(4096)
            assert part
            seen += b"".join(body for kind, body in frames.feed(part) if kind == client.STDOUT)
