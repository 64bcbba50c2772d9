"""What a supervisor costs: its start, its memory, its wake-ups, its delay of a restart, its logs."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import resource
import shutil
import signal
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench import processes
from bench.comparison import Against, Column, Figure, Goal, Kind, Value, median, quantile
from bench.supervisors import KEPT, Job, Ours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.supervisors import Supervisor, Tools

SETTLED = 1.5  # seconds after which a supervisor does no more of its own, and has given back memory
UP = 1.1  # seconds that a service has run before it is killed: runit and s6 hold back one that ends sooner
SOON = 0.06  # seconds for which a successor is waited for before the next candidate's turn comes
LONGEST = 90  # seconds for all lines to be logged
TMPFS = "/dev/shm"  # noqa: S108 (a place that is in memory is meant)
PARTS = re.compile(rb"(?<= )P ([^\n]*)\n\S+ stdout (?:P |F )")  # of one line, as k8s-file has them
LINE = re.compile(rb"(?:^|[ \n])(\d{10})x{69}(?=\n)")


@dataclass(frozen=True, slots=True)
class Effort:
    """How often, how many, how long."""

    starts: int
    piles: tuple[int, ...]
    pile_rounds: int
    restarts: int
    idle_seconds: float
    adoptions: int
    megabytes: int
    log_rounds: int
    rotated: int


FULL = Effort(20, (1, 100, 500), 3, 100, 10, 10, 500, 3, 10)
QUICK = Effort(4, (1, 100), 1, 10, 3, 3, 200, 1, 10)


@dataclass(slots=True)
class Measured:
    """What is known of one candidate, by column."""

    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, column: str, value: float) -> None:
        """Note another value."""
        self.values.setdefault(column, []).append(value)

    def median(self, column: str, factor: float = 1) -> float | None:
        """Return the middle one; None if there is none."""
        its = self.values.get(column)
        return median(its) * factor if its else None

    def rank(self, column: str, share: float) -> float | None:
        """Return a quantile; None if there is none."""
        its = self.values.get(column)
        return quantile(its, share) if its else None


class Bench:
    """The candidates, and where they are run."""

    def __init__(self, candidates: Sequence[type[Supervisor]], tools: Tools, effort: Effort) -> None:
        """Measure these."""
        self.candidates = candidates
        self.tools = tools
        self.effort = effort
        self._left: list[str] = []
        soft_hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft_hard, soft_hard))

    def kinds(self) -> dict[str, Kind]:
        """What each is to us."""
        return {one.name: one.kind for one in self.candidates}

    def shuffled(self) -> list[type[Supervisor]]:
        """In an order drawn anew."""
        return random.sample(list(self.candidates), len(self.candidates))

    def service(self, told: processes.Told) -> tuple[str, ...]:
        """Return the command of the service that only tells that it runs."""
        return str(self.tools.programs / "service"), str(told.path)

    @contextmanager
    def one(self, candidate: type[Supervisor], parent: str = "/tmp") -> Iterator[tuple[Supervisor, processes.Told]]:  # noqa: S108 (a socket's path is short)
        """Give a candidate in folders of its own, the second in memory as /run is; nothing is left of them."""
        folder = tempfile.mkdtemp(prefix="bs-", dir=parent)
        if parent != TMPFS:
            self._left.append(folder)
        with tempfile.TemporaryDirectory(prefix="bs-", dir=TMPFS, ignore_cleanup_errors=True) as memory:
            told = processes.Told(Path(memory, "told"))
            home, run = Path(folder, candidate.name), Path(memory, "run")
            home.mkdir(mode=0o755)
            run.mkdir(mode=0o755)
            supervisor = candidate(self.tools, home, run, told)
            try:
                yield supervisor, told
            except processes.SilentError as error:
                if isinstance(error.__cause__, processes.SilentError):  # of one that runs beside this one
                    raise
                said = (home / "said").read_text(errors="replace")[-500:] if (home / "said").exists() else ""
                message = f"{candidate.name}: {error}: {said}"
                raise processes.SilentError(message) from error
            finally:
                supervisor.close()
                told.close()
                if parent == TMPFS:
                    shutil.rmtree(folder, ignore_errors=True)

    def clean(self) -> None:
        """Remove what is left on the disk, at the end: ext4 makes new files slowly where many were just removed."""
        for folder in self._left:
            shutil.rmtree(folder, ignore_errors=True)
        self._left.clear()


def measure(bench: Bench, steps: Sequence[str] = ()) -> Iterator[Figure]:
    """Yield all figures, each as soon as it is there; of these steps, or of all."""
    try:
        for name, step in STEPS.items():
            if not steps or name in steps:
                yield from step(bench)
    finally:
        bench.clean()


def starting(bench: Bench) -> Iterator[Figure]:
    """Measure from an order to the first instruction: of a first service, and of another one."""
    found = {one.name: Measured() for one in bench.candidates}
    for _ in range(bench.effort.starts):
        for candidate in bench.shuffled():
            with bench.one(candidate) as (supervisor, told):
                job = Job("first", bench.service(told))
                other = Job("second", bench.service(told), up=False)
                supervisor.prepare([job, other] if supervisor.starts_prepared else [job])
                began = time.monotonic_ns()
                supervisor.cold(job)
                found[candidate.name].add("cold", (told.expect(1)[0].at - began) / 1e6)
                time.sleep(0.3)  # runsvdir and s6-svscan make what they have to make of the second
                began = time.monotonic_ns()
                supervisor.up(other)
                found[candidate.name].add("warm", (told.expect(1)[0].at - began) / 1e6)
    yield Figure(
        title="Starting one service",
        how="From the order to the first instruction of the service. Cold: no supervisor runs; ours is started by "
        "`run -d`, the others with a configuration that is there. Warm: it runs; ours by another `run -d`, the others "
        "by their command for a service that is defined and down (supervisorctl, s6-svc, sv, circusctl); conmon is "
        f"one process for each service in both, and has a runtime that does nothing. {bench.effort.starts} rounds.",
        columns=(Column("cold ms", 1), Column("warm ms", 1)),
        rows={name: (its.median("cold"), its.median("warm")) for name, its in found.items()},
        kinds=bench.kinds(),
        goals=(Goal("cold ms", 200), Goal("warm ms", 80)),
    )


def _pile(bench: Bench, candidate: type[Supervisor], count: int, its: Measured, *, first: bool) -> None:
    """Start so many services, look at them, and stop them."""
    with bench.one(candidate) as (supervisor, told):
        supervisor.prepare([Job(f"n{number}", bench.service(told)) for number in range(count)])
        began = time.monotonic_ns()
        supervisor.start()
        records = told.expect(count)
        its.add(f"start {count}", (max(record.at for record in records) - began) / 1e9)
        if first:
            time.sleep(SETTLED)
            own = supervisor.own()
            its.add(f"pss {count}", processes.pss(own))
            its.add(f"processes {count}", len(own))
            if count == 100:
                its.add("idle", _idle(own, bench.effort.idle_seconds))
        if supervisor.stops:
            watch = processes.Watch([record.pid for record in records])
            began = time.monotonic_ns()
            supervisor.order_stop()
            if watch.wait(60):
                its.add(f"stop {count}", (time.monotonic_ns() - began) / 1e9)


def _idle(which: Sequence[int], seconds: float) -> float:
    before, began = processes.switches(which), time.monotonic()
    time.sleep(seconds)
    after = processes.switches(which)
    return sum(after[pid] - before.get(pid, 0) for pid in after) / (time.monotonic() - began)


def many(bench: Bench) -> Iterator[Figure]:
    """Measure memory, wake-ups, start and stop with many services."""
    found = {one.name: Measured() for one in bench.candidates}
    effort = bench.effort
    for count in effort.piles:
        for repeat in range(effort.pile_rounds if count == effort.piles[-1] else 1):
            for candidate in bench.shuffled():
                _pile(bench, candidate, count, found[candidate.name], first=repeat == 0)
    limits = {1: 13, 100: 15, 500: 25}
    yield Figure(
        title="Memory of the supervisor",
        how="PSS of the supervisor and of all shims, monitors and loggers it has for its services, not of these, "
        f"{SETTLED:g} s after the last one's start; one candidate at a time. All that are Python use one interpreter, "
        "a copy that nobody else runs. The last column: how many processes that is with the most services.",
        columns=(*(Column(f"MB with {count}", 1) for count in effort.piles), Column("processes")),
        rows={
            name: (*(its.median(f"pss {count}") for count in effort.piles), its.median(f"processes {effort.piles[-1]}"))
            for name, its in found.items()
        },
        kinds=bench.kinds(),
        goals=[Goal(f"MB with {count}", limits[count]) for count in effort.piles if count in limits],
    )
    most = effort.piles[-1]
    yield Figure(
        title=f"Starting and stopping {most} services",
        how="Start: from nothing, the supervisor's own start included, to the first instruction of the last service. "
        "Ours gets the services one by one by its socket, and saves each; the others read a configuration that is "
        f"there. Stop: from the order to the end of the last service. Median of {effort.pile_rounds}.",
        columns=(Column("start s", 2), Column("stop s", 2)),
        rows={name: (its.median(f"start {most}"), its.median(f"stop {most}")) for name, its in found.items()},
        kinds=bench.kinds(),
        goals=(Goal("start s", 1, Against.PEER, "s6"), Goal("stop s", 1, Against.PEER, "s6")),
    )
    yield Figure(
        title="Idle with 100 services",
        how="Context switches of the supervisor, shims, monitors and loggers, by their own will and against it, over "
        f"{effort.idle_seconds:g} s in which nothing happens.",
        columns=(Column("wake-ups/s", 1),),
        rows={name: (its.median("idle"),) for name, its in found.items()},
        kinds=bench.kinds(),
        goals=(Goal("wake-ups/s", 0),),
    )


@dataclass(slots=True)
class _Life:
    """A service that is killed again and again."""

    told: processes.Told
    its: Measured
    last: processes.Record
    killed: int = 0  # nanoseconds; 0: it lives

    def kill(self) -> None:
        self.killed = time.monotonic_ns()
        os.kill(self.last.pid, signal.SIGKILL)

    def look(self, seconds: float) -> bool:
        """Note its successor, if it has one by then."""
        if self.killed and (record := self.told.take(seconds)):
            self.its.add("delay", (record.at - self.killed) / 1e6)
            self.last, self.killed = record, 0
        return not self.killed


def restarting(bench: Bench) -> Iterator[Figure]:
    """Measure from the death of a service to the first instruction of the next one."""
    candidates = [one for one in bench.candidates if one.restarts]
    with ExitStack() as stack:
        lives: dict[str, _Life] = {}
        for candidate in candidates:
            supervisor, told = stack.enter_context(bench.one(candidate))
            supervisor.prepare([Job("mortal", bench.service(told))])
            supervisor.start()
            lives[candidate.name] = _Life(told, Measured(), told.expect(1)[0])
        for _ in range(bench.effort.restarts):
            time.sleep(UP)
            for candidate in random.sample(candidates, len(candidates)):
                life = lives[candidate.name]
                old_enough = time.monotonic_ns() - life.last.at > UP * 1e9
                for _ in range(5 if candidate.kind is Kind.OURS else 1):
                    if life.look(0) and (old_enough or candidate.kind is Kind.OURS):
                        life.kill()
                        life.look(SOON)
        for life in lives.values():
            life.look(8)
    rows: dict[str, Sequence[Value]] = {}
    for name, life in lives.items():
        middle, worst = life.its.median("delay"), life.its.rank("delay", 0.99)
        rows[name] = (middle, worst, worst / middle if worst and middle else None)
    yield Figure(
        title="A killed service",
        how="From kill(SERVICE, SIGKILL) to the first instruction of its successor, restart delay 0, all candidates "
        f"side by side, in turns. A service has run for {UP} s before, since runit holds back one that ends sooner; "
        f"ours is killed five times in each turn, at once. {bench.effort.restarts} rounds; who takes a second has "
        "fewer. conmon restarts nothing.",
        columns=(Column("median ms", 2), Column("99 % ms", 2), Column("99 % ÷ median", 1)),
        rows=rows,
        kinds={name: kind for name, kind in bench.kinds().items() if name in rows},
        goals=(Goal("median ms", 1, Against.PEER, "runit"), Goal("99 % ÷ median", 3)),
    )


def adoption(bench: Bench) -> Iterator[Figure]:
    """Measure how soon a supervisor that was killed has a successor with all services."""
    if Ours not in bench.candidates:
        return
    its = Measured()
    with bench.one(Ours) as (supervisor, told):
        assert isinstance(supervisor, Ours)  # noqa: S101 (for the type checker)
        supervisor.prepare([Job(f"n{number}", bench.service(told)) for number in range(100)])
        supervisor.start()
        told.expect(100)
        for _ in range(bench.effort.adoptions):
            time.sleep(SETTLED)
            _adopt(supervisor, its)
        again = 0
        while told.take(0):
            again += 1
    yield Figure(
        title="Adopting 100 services",
        how="kill -9 of the supervisor; a shim starts the next one. From that one's start (by a clock of 10 ms, "
        "rounded up) to the event of the last adoption, and until `status` answers that it has 100 adopted; and from "
        f"the kill to `status`. {bench.effort.adoptions} rounds. The peers cannot: they start each service a second "
        "time, or none.",
        columns=(
            Column("start → all adopted ms"),
            Column("start → status ms"),
            Column("kill → status ms"),
            Column("run twice"),
        ),
        rows={"pyinit": (its.median("all"), its.median("status"), its.median("kill"), again)},
        kinds=bench.kinds(),
        goals=(Goal("start → all adopted ms", 100), Goal("start → status ms", 100), Goal("run twice", 0)),
    )


def _adopt(supervisor: Ours, its: Measured) -> None:
    old, events = supervisor.pid(), supervisor.folder / "s/events.jsonl"
    size = events.stat().st_size
    killed = time.monotonic()
    os.kill(old, signal.SIGKILL)
    pid = 0
    while time.monotonic() - killed < 20:
        with contextlib.suppress(processes.SilentError):  # none listens yet
            status = supervisor.ask({"verb": "status"})[0]
            if (pid := status["pid"]) != old and status["adopted"] == 100:
                break
        time.sleep(0.001)
    answered, started = time.monotonic(), time.time() - processes.age(pid)
    its.add("kill", (answered - killed) * 1e3)
    its.add("status", (time.time() - started - (time.monotonic() - answered)) * 1e3)
    adopted: list[float] = []
    while len(adopted) < 100 and time.monotonic() - killed < 20:
        time.sleep(0.05)
        lines = events.read_bytes()[size:].splitlines()
        adopted = [one["time"] for one in map(json.loads, lines) if one["event"] == "adopted"]
    its.add("all", (max(adopted, default=0) - started) * 1e3)


def logging(bench: Bench) -> Iterator[Figure]:
    """Measure how fast lines come into a log, and what that takes."""
    for width, name, goals in (
        (80, "80-byte lines", (0.25, 0.7)),
        (8192, "8 KiB lines", (0.333, None)),
    ):
        found = {one.name: Measured() for one in bench.candidates}
        for _ in range(bench.effort.log_rounds):
            for candidate in bench.shuffled():
                _log(bench, candidate, width, found[candidate.name])
        speed, work = goals
        yield Figure(
            title=f"Logs: {name}",
            how=f"{bench.effort.megabytes} MB in writes of 64 kB (numbered lines, their line ends included) onto a "
            "tmpfs: from the first write until the last line is in the log. CPU: of the supervisor, "
            f"shim and logger together, not of the writer. Median of {bench.effort.log_rounds}. supervisord and circus "
            "write no time stamps; ours keeps what is not yet logged where the next supervisor finds it.",
            columns=(Column("s/GB", 2), Column("MB/s"), Column("CPU-s/GB", 2)),
            rows={
                name: (its.median("took"), 1000 / took if (took := its.median("took")) else None, its.median("cpu"))
                for name, its in found.items()
            },
            kinds=bench.kinds(),
            goals=(
                Goal("s/GB", speed, Against.PEER, "conmon"),
                *([Goal("CPU-s/GB", work, Against.PEER, "conmon")] if work else []),
            ),
        )


def _tail(path: Path, size: int) -> bytes:
    with contextlib.suppress(OSError), path.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - size))
        return file.read()
    return b""


def _write(supervisor: Supervisor, told: processes.Told, job: Job) -> tuple[float, float]:
    """Run a job that is `lines` and wait until its last line is logged; seconds, and seconds of processor time."""
    width, count = map(int, job.command[2:4])
    go = Path(f"{told.path}.go")
    os.mkfifo(go)
    supervisor.prepare([job])
    supervisor.start()
    told.expect(1)
    time.sleep(SETTLED / 3)
    before = processes.cpu(supervisor.own())
    began = time.monotonic()
    os.close(os.open(go, os.O_WRONLY))
    last = b"%010d" % count
    while last not in _tail(supervisor.logs(job.name)[-1], 3 * width + 200):
        if time.monotonic() - began > LONGEST:
            message = f"{supervisor.name} has not logged the last line after {LONGEST} s"
            raise processes.SilentError(message)
        time.sleep(0.002)
    took = time.monotonic() - began
    return took, processes.spent(before, processes.cpu(before))


def _lines(bench: Bench, told: processes.Told, width: int, megabytes: float, rotate: int = 0) -> Job:
    count = int(megabytes * 1e6) // width
    program = str(bench.tools.programs / "lines")
    return Job("lines", (program, str(told.path), str(width), str(count)), rotate=rotate)


def _log(bench: Bench, candidate: type[Supervisor], width: int, its: Measured) -> None:
    with bench.one(candidate, TMPFS) as (supervisor, told):
        took, cpu = _write(supervisor, told, _lines(bench, told, width, bench.effort.megabytes))
    its.add("took", took / bench.effort.megabytes * 1000)
    its.add("cpu", cpu / bench.effort.megabytes * 1000)


def rotation(bench: Bench) -> Iterator[Figure]:
    """Count the lines that rotation cuts or loses."""
    rows: dict[str, Sequence[Value]] = {}
    for candidate in bench.shuffled():
        with bench.one(candidate, TMPFS) as (supervisor, told):
            job = _lines(bench, told, 80, bench.effort.rotated, rotate=1_000_000)
            _write(supervisor, told, job)
            time.sleep(SETTLED / 3)
            rows[candidate.name] = cut(supervisor.logs(job.name), int(job.command[3]))
    yield Figure(
        title="Rotation",
        how=f"{bench.effort.rotated} MB of 80-byte lines into logs that are rotated at 1 MB, {KEPT} kept: files that "
        "end in the middle of a line, and lines that are not whole in any file.",
        columns=(Column("files cut"), Column("lines lost or cut"), Column("files")),
        rows={one.name: rows[one.name] for one in bench.candidates},
        kinds=bench.kinds(),
        goals=(Goal("files cut", 0), Goal("lines lost or cut", 0)),
    )


def cut(files: Sequence[Path], count: int) -> tuple[int, int, int]:
    """Count the files that end within a line, the lines from 1 to count that are nowhere whole, and the files."""
    contents = [path.read_bytes() for path in files if path.exists()]
    contents = [PARTS.sub(rb"\1", content) for content in contents if content]
    whole = {number for content in contents for number in LINE.findall(content)}
    return sum(not content.endswith(b"\n") for content in contents), count - len(whole), len(contents)


STEPS: dict[str, Callable[[Bench], Iterator[Figure]]] = {
    "start": starting,
    "many": many,
    "restart": restarting,
    "adoption": adoption,
    "logs": logging,
    "rotation": rotation,
}
