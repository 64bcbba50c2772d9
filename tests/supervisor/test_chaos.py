"""For a while, everything is killed at random, and then every promise is checked."""

from __future__ import annotations

import contextlib
import os
import random
import select
import signal
import time
from typing import TYPE_CHECKING

import pytest

from pyinit.client import Connection, Gone
from tests.running import until
from tests.supervisor.books import Numbered
from tests.supervisor.world import World, is_gone, kill, processes, wait_gone

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = float(os.environ.get("PYINIT_CHAOS_SECONDS", "15"))
SEED = int(os.environ.get("PYINIT_CHAOS_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)


class Chaos:
    """Who kills whom when."""

    def __init__(self, world: World, killed: list[Numbered], shimless: list[Numbered], handled: list[Numbered]) -> None:
        """Take the services whose processes and whose shims may be killed, and those that are restarted and stopped."""
        self.world = world
        self.random = random.Random(SEED)  # noqa: S311 (no secret)
        self.killed = killed
        self.shimless = shimless
        self.handled = handled
        self.unanswered: list[Connection] = []
        self.done: dict[str, int] = {}

    def rage(self, seconds: float) -> None:
        """Do it for so long."""
        acts: list[tuple[int, Callable[[], None]]] = [
            (50, self.supervisor),
            (30, self.application),
            (8, self.shim),
            (6, self.freeze),
            (6, self.client),
            (15, self.command),
        ]  # fmt: skip
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            act = self.random.choices([act for _, act in acts], [weight for weight, _ in acts])[0]
            act()
            self.done[act.__name__] = self.done.get(act.__name__, 0) + 1
            # Not a wait for anything: at what moment the next one is hit is the chance that this test is about.
            select.select([], [], [], self.random.choice([0.0, 0.01, 0.1]) * self.random.random() * 2)

    def supervisor(self) -> None:
        """Kill it, wherever it is: starting, adopting, logging, starting somebody."""
        found = self.world.supervisors()
        assert len(found) <= 1, f"two supervisors: {found}"
        kill(*found)

    def application(self) -> None:
        """Kill a main process."""
        pid = self.random.choice(self.killed).pid
        if pid and not is_gone(pid):
            os.kill(pid, signal.SIGKILL)

    def shim(self) -> None:
        """Kill a shim."""
        service = self.random.choice(self.shimless)
        for one in processes():
            if one.command == ["pyinit-shim", service.ident]:
                os.kill(one.pid, signal.SIGKILL)

    def freeze(self) -> None:
        """Stop the supervisor for a moment."""
        for pid in self.world.supervisors():
            os.kill(pid, signal.SIGSTOP)
            select.select([], [], [], self.random.random() / 5)
            os.kill(pid, signal.SIGCONT)

    def command(self) -> None:
        """Ask for something and do not wait: whoever is to do it may be killed before, meanwhile, and after."""
        connection = self.world.connect(start=True)
        self.unanswered.append(connection)
        verb = self.random.choice(["restart", "restart", "stop", "start", "pause", "unpause", "kill", "create"])
        with contextlib.suppress(Gone):
            if verb == "create":
                spec = {"command": ["sh", "-c", "exec sleep 0.1"], "rm": self.random.random() < 0.5}
                connection.send("create", spec=spec, start=True)
            else:
                arguments = {"timeout": self.random.choice([0, 0.1, 5])} if verb in ("restart", "stop") else {}
                connection.send(verb, names=[self.random.choice(self.handled).name], **arguments)
        if len(self.unanswered) > 8:
            self.unanswered.pop(0).socket.close()

    def client(self) -> None:
        """Ask for something, as the command line does."""
        assert self.world.insist("list")["ok"]


@pytest.mark.timeout(240 + 4 * SECONDS)
def test_chaos(nowhere: World, probe: Callable[[str], str]) -> None:
    """Whatever is killed: lines are there once and in order, codes and counts right, nothing is twice or orphaned."""
    print(f"PYINIT_CHAOS_SEED={SEED} PYINIT_CHAOS_SECONDS={SECONDS:g}")  # noqa: T201 (to do it again)
    world, program = nowhere, probe("numbered")
    world.start()
    untouched = [Numbered(world, program, f"untouched{n}", lines=2000, code=n, restart_delay=0.1, restart_max_delay=0.1)
                 for n in range(15)]  # fmt: skip
    quick = [Numbered(world, program, f"quick{n}", lines=100, code=n) for n in range(3)]
    killed = [Numbered(world, program, f"killed{n}") for n in range(17)]
    killed += [Numbered(world, program, f"daemon{n}", daemon=True) for n in range(5)]
    shimless = [Numbered(world, program, f"shimless{n}", daemon=n == 0) for n in range(5)]
    handled = [Numbered(world, program, f"handled{n}", daemon=n == 0) for n in range(5)]
    everyone = [*untouched, *quick, *killed, *shimless, *handled]
    assert len(everyone) == 50

    chaos = Chaos(world, killed, shimless, handled)
    chaos.rage(SECONDS)
    print(chaos.done)  # noqa: T201
    for connection in chaos.unanswered:
        connection.socket.close()
    until(
        lambda: not [one for one in world.insist("list")["services"] if one["Status"] == "stopping"], "stops are done"
    )
    for service in handled:  # whatever was asked for last
        world.insist("unpause", names=[service.name])
        world.do("start", service.name)

    for service in everyone:  # it goes on
        service.await_run(len(service.read()[1]) + (service in quick))
    statuses = {one["Id"]: one["Status"] for one in world.insist("list", all=True)["services"]}
    ours = {service.ident for service in everyone}
    ended = [world.events(ident=ident)[-10:] for ident in ours if statuses[ident] in ("exited", "created", "paused")]
    assert not ended, ended[0]
    world.stop(all=True)
    assert {one["Status"] for one in world.insist("list", all=True)["services"]} <= {"exited", "created"}
    assert not [one for one in world.left() if one.service]
    assert len(world.supervisors()) == 1

    lines = sum(service.check_log() for service in [*untouched, *quick, *killed, *handled])
    lines += sum(service.check_log(may_lose_ends=True) for service in shimless)
    for service in [*untouched, *quick]:
        service.check_exits()
    for service in [*killed, *shimless]:
        service.check_exits(was_killed=True)
    for service in handled:
        service.check_exits(was_killed=True, was_handled=True)
    runs = sum(len(service.read()[1]) for service in everyone)
    print(f"{lines} lines of {runs} runs")  # noqa: T201
    pid = world.pid
    world.insist("stop_supervisor")
    wait_gone(pid)
