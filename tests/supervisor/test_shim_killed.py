"""kill -9 of a shim: its service is not left unknown."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.supervisor.world import is_gone, kill, wait_gone

if TYPE_CHECKING:
    from tests.supervisor.world import World

DAEMON = "(setsid sh -c 'trap \"\" TERM; echo $$ >$T; exec sleep 1000' &) ; "
WAITS = "echo ready >$T; exec sleep 1000"


def begin(world: World, **spec: object) -> tuple[str, set[int]]:
    """Start a service with two daemons: its id and all of its processes."""
    ident = world.sh(DAEMON * 2 + WAITS, **spec)
    assert sorted(world.told.line() == "ready" for _ in range(3)) == [False, False, True]
    found = {one.pid for one in world.of(ident)}
    assert len(found) == 3
    return ident, found


@pytest.mark.parametrize("kill_mode", ["tree", "main"])
def test_its_processes_are_killed(world: World, kill_mode: str) -> None:
    """Without a restart policy, the service has ended with KILL, its daemons as well, and inspect says why."""
    ident, found = begin(world, kill_mode=kill_mode)
    kill(world.shim(ident))
    state = world.await_status(ident, "exited")["State"]
    assert all(is_gone(pid) for pid in found)
    assert (state["ExitCode"], state["Signal"], state["ShimPid"]) == (137, "SIGKILL", 0)
    assert "shim" in state["Error"]
    assert world.events("lost", ident)
    assert world.events("exited", ident)[-1]["exit_code"] == 137


def test_it_is_restarted_by_policy(world: World) -> None:
    """With a policy it is restarted, after all that was left is dead, counted, and can be stopped as ever."""
    ident, found = begin(world, restart="always", restart_delay=0)
    kill(world.shim(ident))
    assert sorted(world.told.line() == "ready" for _ in range(3)) == [False, False, True]
    assert all(is_gone(pid) for pid in found)
    assert world.inspect(ident)["RestartCount"] == 1
    world.stop(ident, timeout=0)
    assert not world.of(ident)


def test_what_it_wrote_is_logged(world: World) -> None:
    """What a service wrote before its shim was killed is in its log."""
    ident = world.sh("i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; " + WAITS)
    os.kill(world.pid, signal.SIGSTOP)
    pid = world.supervisors()[0]
    assert world.told.line() == "ready"
    shim = next(one.parent for one in world.of(ident))
    kill(shim)
    os.kill(pid, signal.SIGCONT)
    world.await_status(ident, "exited")
    assert world.lines(ident) == [f"line {number}" for number in range(2000)]


def test_with_the_supervisor(world: World) -> None:
    """Killed while no supervisor lives, it is found out by the next one: the same happens then."""
    ident, found = begin(world, restart="on-failure", restart_delay=0)
    shim, supervisor = world.shim(ident), world.pid
    os.kill(supervisor, signal.SIGSTOP)
    kill(shim, supervisor)
    assert world.supervisors() == []
    world.start()
    assert sorted(world.told.line() == "ready" for _ in range(3)) == [False, False, True]
    assert all(is_gone(pid) for pid in found)
    assert world.inspect(ident)["RestartCount"] == 1


def test_while_it_stops(world: World) -> None:
    """Killed during a stop, the stop is done: everything is killed and nothing restarted."""
    ident = world.sh(DAEMON + "trap 'echo TERM >$T' TERM; echo ready >$T; while :; do sleep 1000 & wait; done",
                     restart="always", stop_timeout=1000)  # fmt: skip
    for _ in range(2):
        world.told.line()
    shim = world.shim(ident)
    with world.connect() as stopper:
        stopper.send("stop", names=[ident])
        assert world.told.line() == "TERM"
        kill(shim)
        assert stopper.receive()["ok"]
    assert world.status(ident) == "exited"
    assert not world.of(ident)


def test_of_a_service_that_has_ended(world: World) -> None:
    """The shim of a service that does not run is not missed: it starts with another one."""
    ident = world.sh("echo ready >$T; exit 3")
    assert world.told.line() == "ready"
    world.await_status(ident, "exited")
    kill(*world.shims())
    world.do("start", ident)
    assert world.told.line() == "ready"
    assert world.await_status(ident, "exited")["State"]["ExitCode"] == 3


def test_all_of_them_at_once(world: World) -> None:
    """When all shims are killed at once, all services are restarted."""
    idents = [world.sh(WAITS, restart="always", restart_delay=0) for _ in range(10)]
    assert [world.told.line() for _ in idents] == ["ready"] * 10
    shims = world.shims()
    for pid in shims:
        os.kill(pid, signal.SIGKILL)
    assert [world.told.line() for _ in idents] == ["ready"] * 10
    wait_gone(*shims)
    assert [world.inspect(ident)["RestartCount"] for ident in idents] == [1] * 10
