"""What an init costs: its start, its memory, its size, its wake-ups, its delay of a signal, its reaping."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.comparison import Against, Column, Figure, Goal, Kind, Value, differences, median, quantile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.peers import Init

SETTLED = 0.5  # seconds after which an init that was started or signalled does no more of its own
NOISE = 1.05  # "not behind the best peer", where two runs of one program differ by some per cent


class SilentError(Exception):
    """The application under an init did not answer."""

    def __init__(self, command: object) -> None:
        """Say which."""
        super().__init__(f"no answer from {command}")


@dataclass(frozen=True, slots=True)
class Effort:
    """How often, how many, how long."""

    spawns: int
    signals: int
    orphans: int
    orphan_rounds: int
    idle_seconds: float


FULL = Effort(spawns=6000, signals=20000, orphans=5000, orphan_rounds=15, idle_seconds=10)
QUICK = Effort(spawns=300, signals=1000, orphans=500, orphan_rounds=3, idle_seconds=2)


def measure(inits: Sequence[Init], directory: Path, effort: Effort) -> Iterator[Figure]:
    """Yield all figures, each as soon as it is there. `directory` has the built programs."""
    yield overhead(inits, directory, effort)
    yield memory(inits, directory)
    yield size(inits)
    yield wakeups(inits, directory, effort)
    yield latency(inits, directory, effort)
    yield reaping(inits, directory, effort)


def _kinds(inits: Sequence[Init], **others: Kind) -> dict[str, Kind]:
    return {**others, **{init.name: init.kind for init in inits}}


def _drive(
    driver: Path, rounds: int, commands: Sequence[Sequence[str]], before: Sequence[str] = ()
) -> list[list[float]]:
    """Run a C driver; return for each command its microseconds, round by round."""
    words = [word for command in commands for word in ("::", *command)]
    driven = subprocess.run([*before, str(driver), str(rounds), *words], check=True, stdout=subprocess.PIPE, text=True)
    lines = [[int(number) / 1000 for number in line.split()] for line in driven.stdout.splitlines()]
    return [list(column) for column in zip(*lines, strict=True)]


def overhead(inits: Sequence[Init], directory: Path, effort: Effort) -> Figure:
    """Measure `INIT -- true` less `true`."""
    command = str(directory / "true")
    commands = [[command], *(init.before(command) for init in inits)]
    base, *took = _drive(directory / "spawn", effort.spawns, commands)
    one_cpu = ["taskset", "-c", str(max(os.sched_getaffinity(0)))]
    base_pinned, *took_pinned = _drive(directory / "spawn", effort.spawns, commands, one_cpu)
    rows = {
        init.name: (
            median(differences(its, base)),
            min(its) - min(base),
            median(differences(its_pinned, base_pinned)),
            min(its_pinned) - min(base_pinned),
        )
        for init, its, its_pinned in zip(inits, took, took_pinned, strict=True)
    }
    return Figure(
        title="Start and end",
        how=f"`INIT -- true` less `true`, from posix_spawn to reaped, {effort.spawns:,} rounds. In each round every "
        "candidate runs once, in an order drawn anew. Median: of the difference to `true` in the same round. Minimum: "
        f"the quickest run less the quickest `true`. `true` is a static program of a few instructions (median here "
        f"{median(base):,.0f} µs). The second pair is the same on one CPU (taskset), where nothing runs beside "
        "anything else: the work that is done, not what a user waits for. On a loaded machine pyinit and dumb-init, "
        "which start a session, wait longer than the others where the kernel schedules by session (sched_autogroup).",
        columns=(*map(Column, ("median µs", "minimum µs", "one CPU: median", "one CPU: minimum")),),
        rows=rows,
        kinds=_kinds(inits),
        goals=(Goal("median µs", 1.3, Against.FLOOR), Goal("median µs", 0.5, Against.PEER)),
    )


@contextmanager
def _running(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command and wait until its program has said that it is ready."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        _await(process)
        try:
            yield process
        finally:
            if process.stdin:
                process.stdin.close()  # echo ends by this, hold by the signal
            if process.args == command and command[-1].endswith("hold"):
                process.terminate()


def _await(process: subprocess.Popen[bytes]) -> None:
    """Wait for the next byte of the program, and until its init has surely gone back to sleep."""
    if process.stdout is None or not process.stdout.read(1):
        raise SilentError(process.args)
    time.sleep(SETTLED)


def _resident(pid: int) -> tuple[float, float, float]:
    """Return kilobytes: PSS, USS, RSS."""
    found: dict[str, int] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, number = line.split()[:2]
        found[name.rstrip(":")] = int(number)
    return found["Pss"], found["Private_Clean"] + found["Private_Dirty"], found["Rss"]


def memory(inits: Sequence[Init], directory: Path) -> Figure:
    """Measure what the kernel counts for the init while the application runs."""
    rows: dict[str, Sequence[Value]] = {}
    with _running([str(directory / "hold")]) as process:
        rows["pause()"] = (*_resident(process.pid), None, None)
    for init in inits:
        with _running(init.before(directory / "echo")) as process:
            before = _resident(process.pid)
            if init.kind is Kind.FLOOR:  # which a signal would end
                rows[init.name] = (*before, None, None)
                continue
            process.send_signal(signal.SIGUSR1)
            _await(process)
            rows[init.name] = (*before, *_resident(process.pid)[:2])
    return Figure(
        title="Memory",
        how="/proc/PID/smaps_rollup of the init while the application under it waits, half a second after its "
        "start; one instance of a copy that nobody else runs: before any signal, and after one was forwarded. USS: "
        "private pages alone.",
        columns=tuple(map(Column, ("PSS kB", "USS kB", "RSS kB", "PSS after a signal", "USS after a signal"))),
        rows=rows,
        kinds=_kinds(inits, **{"pause()": Kind.ASIDE}),
        goals=(
            Goal("PSS kB", 36),
            Goal("USS kB", 36),
            Goal("PSS after a signal", 36),
            Goal("USS after a signal", 36),
        ),
    )


def _elf(program: Path) -> tuple[str, str]:
    told = subprocess.run(["readelf", "-lSW", str(program)], check=True, capture_output=True, text=True).stdout
    return "dynamic" if " INTERP " in told else "static", "no" if " .symtab " in told else "yes"


def size(inits: Sequence[Init]) -> Figure:
    """Measure the program's file."""
    return Figure(
        title="File",
        how="The program as it is installed; a dynamic one needs libc and its loader beside it.",
        columns=(Column("bytes"), Column("linked"), Column("stripped")),
        rows={init.name: (init.program.stat().st_size, *_elf(init.program)) for init in inits},
        kinds=_kinds(inits),
        goals=(Goal("bytes", 40_000), Goal("linked", "static"), Goal("stripped", "yes")),
    )


def _switches(pid: int) -> int:
    """Count how often the process was given the processor and left it, of its own will or not."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if "ctxt_switches" in line)


def wakeups(inits: Sequence[Init], directory: Path, effort: Effort) -> Figure:
    """Measure how often an init with nothing to do runs."""
    with ExitStack() as stack:
        processes = [stack.enter_context(_running(init.before(directory / "echo"))) for init in inits]
        before = [_switches(process.pid) for process in processes]
        started = time.monotonic()
        time.sleep(effort.idle_seconds)
        passed = time.monotonic() - started
        after = [_switches(process.pid) for process in processes]
    rows = {init.name: ((end - start) / passed,) for init, start, end in zip(inits, before, after, strict=True)}
    return Figure(
        title="Idle",
        how=f"Context switches of the init, by its own will and against it, over {effort.idle_seconds:g} s in which "
        "nothing happens; all candidates over the same seconds.",
        columns=(Column("wake-ups/s", 1),),
        rows=rows,
        kinds=_kinds(inits),
        goals=(Goal("wake-ups/s", 0),),
    )


def latency(inits: Sequence[Init], directory: Path, effort: Effort) -> Figure:
    """Measure what an init puts between a signal and the application."""
    forwarding = [init for init in inits if init.kind is not Kind.FLOOR]
    application = str(directory / "echo")
    commands = [[application], *(init.before(application) for init in forwarding)]
    took = _drive(directory / "latency", effort.signals, commands)
    names = ["no init", *(init.name for init in forwarding)]
    return Figure(
        title="Forwarding a signal",
        how=f"From kill(INIT, SIGUSR1) to the byte that the application writes when it got it; {effort.signals:,} "
        "rounds, in each of which every candidate gets one signal, in an order drawn anew.",
        columns=(Column("median µs", 1), Column("99 % µs", 1)),
        rows={name: (median(its), quantile(its, 0.99)) for name, its in zip(names, took, strict=True)},
        kinds=_kinds(forwarding, **{"no init": Kind.FLOOR}),
        goals=(Goal("median µs", NOISE, Against.PEER),),
    )


def reaping(inits: Sequence[Init], directory: Path, effort: Effort) -> Figure:
    """Measure a storm of orphans that all end at once."""
    as_pid_1 = ["unshare", "--pid", "--fork", "--mount-proc"]
    if os.geteuid() != 0:
        as_pid_1[1:1] = ["--user", "--map-root-user"]
    took: dict[str, list[float]] = {init.name: [] for init in inits}
    for _ in range(effort.orphan_rounds):
        for init in random.sample(inits, len(inits)):
            command = [*as_pid_1, *init.before(directory / "orphans", str(effort.orphans))]
            told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            took[init.name].append(int(told) / 1e6)
    return Figure(
        title=f"Reaping {effort.orphans:,} orphans",
        how=f"As PID 1 of a namespace. {effort.orphans:,} orphans wait at one pipe and end together; the time from "
        f"then until the last of them is reaped, {effort.orphan_rounds} rounds, in an order drawn anew in each.",
        columns=(Column("median ms", 1), Column("minimum ms", 1)),
        rows={name: (median(its), min(its)) for name, its in took.items()},
        kinds=_kinds(inits),
        goals=(Goal("median ms", NOISE, Against.PEER),),
    )
