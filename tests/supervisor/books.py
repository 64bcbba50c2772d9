"""What the probe `numbered` has written in its book, held against the log and the events."""

from __future__ import annotations

import mmap
import os
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.running import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.supervisor.world import World

LINE = 17
AT_ONCE = 4096 // LINE  # lines of one write
RECORD = len("2026-11-29T22:00:00.123456789+00:00 stdout F ") + LINE
HEAD = RECORD - LINE
RUN = 1_000_000_000
CHUNK = RECORD << 18
KILLED = 137


class Run(NamedTuple):
    """A record of the book."""

    lines: int
    pid: int
    code: int


class Numbered:
    """A service that runs the probe."""

    def __init__(self, world: World, program: str, name: str, *, lines: int = 0, code: int = 0, daemon: bool = False,
                 **spec: Any) -> None:  # fmt: skip
        """Start it."""
        self.world = world
        self.code = code
        self.name = name
        self.book = world.root / f"{name}.book"
        command = [program, str(self.book), str(lines), str(code)]
        if daemon:
            command.append(str(world.root / f"{name}.daemon"))
        self.ident = world.create(*command, name=name, **{"restart": "always", "restart_delay": 0, **spec})

    def read(self) -> tuple[int, list[Run]]:
        """How often it ran twice at a time, and all runs."""
        fd = os.open(self.book, os.O_RDONLY | os.O_CLOEXEC)
        try:
            with mmap.mmap(fd, 0, prot=mmap.PROT_READ) as book:
                runs, twice = struct.unpack_from("=QQ", book)
                return twice, [Run(*struct.unpack_from("=Qii", book, 16 + 16 * run)) for run in range(runs)]
        finally:
            os.close(fd)

    @property
    def pid(self) -> int:
        """The pid of its last run; 0 before the first."""
        try:
            runs = self.read()[1]
        except (FileNotFoundError, ValueError):  # it has not begun yet
            return 0
        return runs[-1].pid if runs else 0

    def await_run(self, number: int) -> None:
        """Wait until so many runs have begun, and the last of them has written something."""

        def is_there() -> bool:
            return (
                self.pid != 0 and len(runs := self.read()[1]) >= number and any(run.lines for run in runs[number - 1 :])
            )

        until(is_there, f"run {number} of {self.name}")

    # What must hold when all has ended.

    def logged(self) -> list[int]:
        """How many lines of each run are in the log. AssertionError unless each is there once, in order, and whole."""
        counts: list[int] = []
        last = 0
        for path in self.world.log_files(self.ident):
            for numbers in _numbers(path):
                at = 0
                while at < len(numbers):
                    run, first = divmod(numbers[at], RUN)
                    if numbers[at] != last + 1 or first == 0:
                        assert run > len(counts), f"{self.name}: {numbers[at]} after {last}: twice, or not in order"
                        assert first == 0, f"{self.name}: run {run} begins with line {first} after {last} in {path}"
                        counts += [0] * (run - len(counts))
                    count = _in_order(numbers, at)
                    counts[run - 1] += count
                    at += count
                    last = numbers[at - 1]
        return counts

    def check_log(self, *, may_lose_ends: bool = False) -> int:
        """Each line that was written is logged; the number of lines.

        may_lose_ends: but not the last ones of a run, for those whose shims were killed while no supervisor lived.
        """
        twice, runs = self.read()
        assert twice == 0, f"{self.name} ran twice at the same time"
        counts = self.logged()
        counts += [0] * (len(runs) - len(counts))
        assert len(counts) == len(runs)
        for number, (logged, run) in enumerate(zip(counts, runs, strict=True), 1):
            most = run.lines + (AT_ONCE if run.code < 0 else 0)  # killed between a write and its record
            least = 0 if may_lose_ends else run.lines
            assert least <= logged <= most, f"{self.name}: run {number} of {len(runs)}: {logged} logged, {run}"
        return sum(counts)

    def exits(self) -> dict[int, int]:
        """The exit codes that were told, by the supervisor's number of the run."""
        codes: dict[int, int] = {}
        for event in self.world.events("exited", self.ident):
            told = codes.setdefault(event["run"], event["exit_code"])
            assert told == event["exit_code"], (
                f"{self.name}: run {event['run']} ended with {told}, and again with {event}"
            )
        assert list(codes) == sorted(codes), f"{self.name}: {codes}"
        return codes

    def check_exits(self, *, was_killed: bool = False, was_handled: bool = False) -> None:
        """The codes are those that the runs meant, and the restarts are as many as there were runs but the first.

        was_killed: by us; then some are KILL's. was_handled: by users, whose restarts are not counted.
        """
        _, runs = self.read()
        codes = list(self.exits().values())
        restarts = self.world.inspect(self.ident)["RestartCount"]
        if was_killed:  # then a run may have been killed before it opened its book
            meant = {run.code for run in runs if run.code >= 0} | {KILLED, 143}
            assert set(codes) <= meant, f"{self.name}: {set(codes) - meant}"
            if was_handled:
                return
            assert restarts >= len(runs) - 1
            assert codes.count(KILLED) >= sum(run.code < 0 for run in runs) - 1
            return
        meant_codes = [run.code for run in runs[:-1]]
        assert meant_codes == [(self.code + number) % 64 for number in range(1, len(runs))]
        assert codes[: len(runs) - 1] == meant_codes, f"{self.name}: {codes} told, {meant_codes} meant"
        # The one that was stopped in the end may not have come to opening its book.
        assert restarts in (len(runs) - 1, len(runs)), f"{self.name}: {restarts} restarts, {len(runs)} runs"


def _numbers(path: Path) -> Iterator[list[int]]:
    """The numbers in a log file, in portions."""
    rest = b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            lines = (rest + chunk).split(b"\n")
            rest = lines.pop()
            torn = [at for at, line in enumerate(lines) if len(line) != RECORD - 1]
            assert not torn, f"{path}: torn: {lines[max(0, torn[0] - 2) : torn[0] + 3]}"
            assert all(line[HEAD - 10 : HEAD] == b" stdout F " for line in lines[:: len(lines) // 100 + 1])
            yield [int(line[HEAD:]) for line in lines]
    assert not rest, f"{path}: torn at the end: {rest!r}"


def _in_order(numbers: list[int], at: int) -> int:
    """How many follow each other by one from there on."""
    first = numbers[at]
    if numbers[-1] - first == len(numbers) - 1 - at and numbers[at:] == list(range(first, numbers[-1] + 1)):
        return len(numbers) - at
    count = 1
    while at + count < len(numbers) and numbers[at + count] == first + count:
        count += 1
    return count
