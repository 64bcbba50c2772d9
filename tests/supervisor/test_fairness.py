"""One service cannot hold up another.

The measure is not time, which says more of the machine than of us, but work: how much the supervisor has logged for
others before it came to what was waiting.
"""

from __future__ import annotations

import json
import os
import signal
import socket
from typing import TYPE_CHECKING

from pyinit import client
from tests.running import PATIENCE
from tests.supervisor.world import wait_gone

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.supervisor.world import World

ROUNDS = 20
# Bytes of log for one restart and one answer. It logs 256 kB between two looks at what is urgent, and the new process,
# which has to be executed among those that flood, takes a while: with 500 MB/s, 50 ms are 25 MB.
MOST = 25 << 20


def logged(folders: list[Path]) -> int:
    """How much there is in logs."""
    return sum(path.stat().st_size for folder in folders for path in folder.glob("log*"))


def rounds(world: World, victim: str, folders: list[Path]) -> None:
    """Let the victim be restarted, and ask something, again and again: little must have been logged meanwhile."""
    before = logged(folders)
    main = world.main(victim)
    for _ in range(ROUNDS):
        os.kill(main, signal.SIGKILL)
        main = int(world.told.line())
        assert world.ask("ping")["ok"]
    assert world.inspect(victim)["RestartCount"] == ROUNDS
    assert logged(folders) - before < ROUNDS * MOST


def victim(world: World) -> str:
    """Give a service that tells its pid; its id."""
    ident = world.sh("echo $$ >$T; exec sleep 1000", restart="always", restart_delay=0, restart_max_delay=0)
    world.told.line()
    return ident


def folder(world: World, ident: str) -> Path:
    """Give a service's folder."""
    return world.state / "services" / ident


def test_floods(world: World, probe: Callable[[str], str]) -> None:
    """Services that flood their logs delay nobody."""
    one = victim(world)
    options = {"max-size": "20m", "max-file": "1000"}
    floods = [world.create(probe("numbered"), f"{world.root}/{n}", "0", "0", log_opts=options) for n in range(4)]
    for ident in floods:
        world.await_line(ident, "0000001000000001")
    rounds(world, one, [folder(world, ident) for ident in floods])
    world.do("rm", *floods, force=True, timeout=0)


def test_a_line_of_a_gigabyte(world: World) -> None:
    """A line of 1 GB without an end delays nobody, and is logged in parts that are all there."""
    one = victim(world)
    size = int(os.environ.get("PYINIT_LONG_LINE", str(1 << 30)))
    ident = world.sh(f"head -c {size} /dev/zero | tr '\\0' x; echo; echo done >$D/done; exec sleep 1000", start=False)
    os.mkfifo(world.root / "done")
    world.do("start", ident)
    rounds(world, one, [folder(world, ident)])
    with open(world.root / "done") as done:
        assert done.readline() == "done\n"
    world.do("stop", ident)
    found = 0
    with (folder(world, ident) / "log").open("rb") as log:
        for line in log:
            text = line[45:-1]
            assert text.count(b"x") == len(text)
            found += len(text)
    assert found == size
    world.do("rm", ident)


def test_an_input_that_is_never_read(world: World) -> None:
    """Who writes to a service that never reads is made to wait, or dropped, after a bound; nobody else waits."""
    one = victim(world)
    ident = world.sh("exec sleep 1000", interactive=True)
    with socket.socket(socket.AF_UNIX) as writer:
        writer.settimeout(PATIENCE)
        writer.connect(world.dirs.control)
        writer.sendall(json.dumps({"verb": "attach", "name": ident, "stdin": True}).encode() + b"\n")
        assert b"ok" in writer.recv(1 << 16)
        writer.setblocking(False)
        sent, full = 0, 0
        part = client.frame(client.STDIN, b"x" * 60000)
        rest = part
        while full < 20:  # times that it had its turn, and took nothing
            try:
                count = writer.send(rest)
            except BlockingIOError:
                assert world.ask("ping")["ok"]
                full += 1
                continue
            except (BrokenPipeError, ConnectionResetError):
                break
            rest = rest[count:] or part
            sent, full = sent + count, 0
            assert sent < 1 << 23
        rounds(world, one, [])
    assert world.status(ident) == "running"


def test_a_fork_storm(world: World) -> None:
    """A service that forks and forks, and leaves all of it to its shim, delays nobody, and can be stopped."""
    one = victim(world)
    ident = world.sh("echo on >$T; while :; do (sleep 0.05 & true &); done", stop_timeout=0)
    assert world.told.line() == "on"
    rounds(world, one, [])
    world.stop(ident)
    assert not world.of(ident)


def test_crash_loops(world: World) -> None:
    """Services that end at once and are restarted without a delay leave room for everybody else."""
    one = victim(world)
    loops = [world.sh("exit 1", restart="always", restart_delay=0, restart_max_delay=0) for _ in range(5)]
    rounds(world, one, [])
    world.stop(*loops)
    assert all(world.status(ident) == "exited" for ident in loops)


def test_stops_that_take_long(world: World) -> None:
    """While services take their time to stop, others are started and stopped."""
    slow = [world.sh("trap 'echo TERM >$T' TERM; echo ready >$T; while :; do sleep 1000 & wait; done",
                     stop_timeout=1000) for _ in range(3)]  # fmt: skip
    assert [world.told.line() for _ in slow] == ["ready"] * 3
    with world.connect() as stopper:
        stopper.send("stop", names=slow)
        assert [world.told.line() for _ in slow] == ["TERM"] * 3
        one = victim(world)
        rounds(world, one, [])
        world.stop(one)
        for ident in slow:
            assert world.status(ident) == "stopping"
            world.do("kill", ident)
        assert stopper.receive()["ok"]


def test_a_supervisor_that_ends_during_a_flood(world: World, probe: Callable[[str], str]) -> None:
    """TERM ends the supervisor and everything else although the logs are being flooded."""
    for number in range(3):
        world.create(probe("numbered"), f"{world.root}/{number}", "0", "0", restart="always")
    pid = world.pid
    os.kill(pid, signal.SIGTERM)
    wait_gone(pid)
    assert not world.left()
