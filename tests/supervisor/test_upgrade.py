"""`supervisor upgrade`: the supervisor is replaced by what is installed now."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.running import until
from tests.supervisor.books import Numbered

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.supervisor.world import World

WAITS = "echo ready >$T; exec sleep 1000"


def upgrade(world: World) -> None:
    """Do it, and wait until the new one listens: it has the old one's pid, but knows nothing of its followers."""
    with world.connect() as follower:
        assert follower.request("events")["following"]
        assert world.ask("upgrade")["ok"]
        follower.wait_for_end()
    assert world.insist("ping")["ok"]


def test_everything_goes_on(world: World) -> None:
    """Pids, logs, restart counts and states are as before, and it is the same process that has executed anew."""
    crashed = world.sh("echo run >$T; read x <$D/go; exit 1", restart="always", restart_delay=0, start=False)
    os.mkfifo(world.root / "go")
    world.do("start", crashed)
    assert world.told.line() == "run"
    (world.root / "go").write_text("\n")
    assert world.told.line() == "run"
    idents = [
        crashed,
        world.sh("trap 'echo more' USR1; echo first; " + WAITS.replace("exec ", "") + " & while :; do wait; done"),
    ]
    assert world.told.line() == "ready"
    world.await_line(idents[1], "first")
    world.do("pause", idents[1])
    before = [world.inspect(ident) for ident in idents]
    pid, started = world.pid, world.ask("status")["started_at"]
    for _ in range(3):
        upgrade(world)
        assert [world.inspect(ident) for ident in idents] == before
        assert world.supervisors() == [world.pid] == [pid]
    assert world.ask("status")["started_at"] > started
    assert world.ask("status")["adopted"] == 2
    world.do("unpause", idents[1])
    world.do("kill", idents[1], signal="USR1")
    world.await_line(idents[1], "more")
    (world.root / "go").write_text("\n")
    assert world.told.line() == "run"
    assert world.inspect(crashed)["RestartCount"] == 2


def test_at_full_speed(world: World, probe: Callable[[str], str]) -> None:
    """Upgrades while services write and are restarted lose nothing."""
    services = [Numbered(world, probe("numbered"), "endless"), Numbered(world, probe("numbered"), "short", lines=500)]
    for service in services:
        service.await_run(1)
    for number in range(8):
        upgrade(world)
        services[1].await_run(number + 1)
    world.stop(all=True)
    for service in services:
        service.check_log()
        service.check_exits()


def test_its_descriptors_do_not_add_up(world: World) -> None:
    """After many upgrades the supervisor has no more descriptors open than before."""
    ident = world.sh(WAITS)
    assert world.told.line() == "ready"
    upgrade(world)
    fds = f"/proc/{world.pid}/fd"
    before = len(os.listdir(fds))
    for _ in range(5):
        upgrade(world)
    assert world.status(ident) == "running"
    until(lambda: len(os.listdir(fds)) <= before, "none are left over")
