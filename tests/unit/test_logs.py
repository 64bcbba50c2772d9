"""The way of a service's output: nothing is lost and nothing twice, whatever happens between any two steps."""

from __future__ import annotations

import fcntl
import os
import random
import select
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from pyinit import logs, staging
from pyinit.errors import SpecError
from pyinit.logreader import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STEPS: tuple[str, ...] = (
    "splice",
    "pread",
    "pwrite",
    "write",
    "writev",
    "lseek",
    "ftruncate",
    "rename",
    "unlink",
    "open",
    "close",
)
STEPS += ("fstat", "lstat", "scandir", "makedirs")
KILLED = 77


class World:
    """What outlives a supervisor: the pipes and the staging files, which the shim keeps, and the log's folder."""

    def __init__(self, folder: Path, driver: str = "k8s-file", **options: object) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.driver = driver
        self.config = logs.check_options(driver, {key.replace("_", "-"): value for key, value in options.items()})
        self.pipes = [os.pipe(), os.pipe()]
        self.staging = [staging.create("out"), staging.create("err")]
        self.time = 1_764_453_600_000_000_000
        self.clock = 1000.0

    def path(self) -> logs.LogPath:
        """Start a new supervisor's part."""
        (out, err), (staged_out, staged_err) = (pipe[0] for pipe in self.pipes), self.staging
        folder = str(self.folder)
        return logs.LogPath(out, err, staged_out, staged_err, self.config, folder, self.now, self.wall)

    def now(self) -> float:
        """Return the time for what is quiet."""
        return self.clock

    def wall(self) -> int:
        """Return the time for the records, never the same."""
        self.time += 1000
        return self.time

    def say(self, stream: int, data: bytes) -> None:
        """Write as the application does."""
        assert os.write(self.pipes[stream][1], data) == len(data)

    def read(self, stream: str | None = None) -> bytes:
        """Return what the log holds, rotated files included."""
        with Reader(str(self.folder / "log"), self.driver, stream=stream) as reader:
            return b"".join(record.text for record in reader.read())

    def close(self) -> None:
        """Let go of everything."""
        for fd in (*self.pipes[0], *self.pipes[1], *self.staging):
            os.close(fd)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Yield a maker of worlds."""
    made: list[World] = []

    def world(*arguments: Any, **options: Any) -> World:
        made.append(World(tmp_path / f"w{len(made)}", *arguments, **options))
        return made[-1]

    yield world
    for each in made:
        each.close()


def finish(path: logs.LogPath) -> None:
    """Do all there is to do."""
    path.recover()
    while path.pump(0) | path.pump(1):
        pass
    assert path.settle()
    path.close()


def inject(limit: int) -> None:
    """Let this process die before its system call number limit."""
    count = 0

    def wrapped(real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            nonlocal count
            count += 1
            if count == limit:
                os._exit(KILLED)
            return real(*arguments, **options)

        return call

    for name in STEPS:
        setattr(os, name, wrapped(getattr(os, name)))
    fcntl.flock = wrapped(fcntl.flock)  # type: ignore[assignment]


def session(world: World, limit: int, settings: dict[str, int]) -> int:
    """Run a supervisor's part that dies before the limit-th call; whether it did."""
    child = os.fork()
    if child == 0:
        try:
            vars(staging).update(READ=settings["read"], TURN=settings["turn"])
            vars(logs).update(READ=settings["read"])
            path = world.path()
            inject(limit)
            finish(path)
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def numbered(name: bytes, count: int) -> bytes:
    """Lines of several lengths, some too long for one record."""
    return b"".join(b"%b %d %b\n" % (name, number, b"x" * (number * 7 % 90)) for number in range(count))


@pytest.mark.parametrize(
    ("driver", "options", "settings"),
    [
        ("k8s-file", {}, {"read": 200, "turn": 300}),
        ("k8s-file", {"max_size": 1024, "max_file": 100}, {"read": 400, "turn": 100}),
        ("json-file", {"max_size": 1024, "max_file": 100}, {"read": 1500, "turn": 500}),
        ("raw", {"max_size": 1024, "max_file": 100}, {"read": 777, "turn": 100}),
    ],
)
def test_killed_before_any_system_call_every_line_is_logged_once(
    make: Callable[..., World], driver: str, options: dict[str, Any], settings: dict[str, int]
) -> None:
    """A supervisor is killed before its Nth system call, for every N; the next one leaves every line once, in order."""
    out, err = numbered(b"out", 14), numbered(b"err", 14)
    limit, code = 0, KILLED
    while code == KILLED:
        limit += 1
        world = make(driver, max_line=64, **options)
        world.say(0, out)
        world.say(1, err)
        code = session(world, limit, settings)
        assert session(world, 1 << 40, settings) == 0, f"after call {limit}"
        check(world, out, err, f"killed before call {limit}")
    assert code == 0
    assert limit > 30


def check(world: World, out: bytes, err: bytes, when: str) -> None:
    """Every byte is in the log once and in order."""
    if world.driver == "raw":
        lines = world.read().splitlines(keepends=True)
        assert b"".join(line for line in lines if line.startswith(b"out")) == out, when
        assert b"".join(line for line in lines if line.startswith(b"err")) == err, when
    else:
        assert world.read("stdout") == out, when
        assert world.read("stderr") == err, when


@pytest.mark.parametrize("every", [25, 31, 40, 57])
def test_killed_again_and_again(make: Callable[..., World], every: int) -> None:
    """Supervisors that each live for a few system calls only get all of it done together."""
    world = make(max_line=64, max_size=1024, max_file=100)
    out = err = b""
    settings = {"read": 300, "turn": 200}
    for round_number in range(5):
        for stream, name in enumerate((b"out", b"err")):
            world.say(stream, numbered(b"%b%d" % (name, round_number), 10))
        out += numbered(b"out%d" % round_number, 10)
        err += numbered(b"err%d" % round_number, 10)
        for life in range(200):
            if session(world, every + life, settings) == 0:
                break
        check(world, out, err, f"round {round_number}")


def serve(world: World, progress: int) -> None:
    """Be a supervisor's part until killed or until the pipes have no writer; tell of each step."""
    path = world.path()
    path.recover()
    while not (path.ended(0) and path.ended(1)):
        select.select([pipe[0] for number, pipe in enumerate(world.pipes) if not path.ended(number)], [], [])
        for number in (0, 1):
            path.pump(number)
        os.write(progress, b".")
    path.settle()


def flood(world: World, said: list[bytes]) -> list[int]:
    """Start applications that write all of it and leave; the write ends are theirs alone."""
    writers = []
    for (_, write_end), text in zip(world.pipes, said, strict=True):
        writers.append(os.fork())
        if writers[-1] == 0:
            for _, other in world.pipes:
                if other != write_end:
                    os.close(other)
            for at in range(0, len(text), 5000):
                os.write(write_end, text[at : at + 5000])
            os._exit(0)
    for number, (read_end, write_end) in enumerate(world.pipes):
        os.close(write_end)
        world.pipes[number] = (read_end, os.open("/dev/null", os.O_WRONLY))
    return writers


def live(world: World, steps: int) -> int:
    """Be killed after some steps, at whatever is done then; the exit code."""
    watch, progress = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            serve(world, progress)
        finally:
            os._exit(0)
    os.close(progress)
    while steps and os.read(watch, 1):
        steps -= 1
    os.kill(child, signal.SIGKILL)
    os.close(watch)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_killed_in_the_middle_of_anything(make: Callable[..., World]) -> None:
    """Killed at arbitrary instants of a flood, inside of system calls too, every line is logged once and in order."""
    world = make("k8s-file", max_size="256k", max_file=1000)
    said = [b"".join(b"%b %d\n" % (name, number) for number in range(150_000)) for name in (b"out", b"err")]
    writers = flood(world, said)
    dice, kills = random.Random(4), 0  # noqa: S311 (nobody need be surprised)
    while live(world, dice.randrange(3)) == -signal.SIGKILL:
        kills += 1
    assert [os.waitpid(writer, 0)[1] for writer in writers] == [0, 0]
    assert kills > 15
    check(world, said[0], said[1], f"{kills} kills")


def test_no_line_is_cut_because_a_read_ended_in_it(make: Callable[..., World]) -> None:
    """The beginning of a line waits for its end; after a quiet moment it is logged as a part, and the rest follows."""
    world = make()
    path = world.path()
    path.recover()
    world.say(0, b"one\ntw")
    path.pump(0)
    assert world.read() == b"one\n"
    assert path.deadline == world.clock + logs.QUIET
    world.clock += 1
    world.say(0, b"o\nprompt> ")
    path.pump(0)
    path.idle(world.clock)
    assert world.read() == b"one\ntwo\n"
    world.clock += logs.QUIET
    path.idle(world.clock)
    assert world.read() == b"one\ntwo\nprompt> "
    assert path.deadline is None
    world.say(0, b"yes\nagain> ")
    path.pump(0)
    assert world.read() == b"one\ntwo\nprompt> yes\n"
    path.close()
    path = world.path()
    path.recover()
    assert path.deadline is not None
    path.idle(path.deadline)
    assert world.read() == b"one\ntwo\nprompt> yes\nagain> "
    path.close()


def test_a_line_whose_rest_is_in_the_pipe_is_not_cut(make: Callable[..., World]) -> None:
    """A supervisor that had no time for a stream for a while does not take that for the stream's silence."""
    world = make()
    path = world.path()
    path.recover()
    world.say(0, b"tw")
    path.pump(0)
    world.say(0, b"o\n")
    world.clock += logs.QUIET
    path.idle(world.clock)
    assert path.deadline == world.clock + logs.QUIET
    path.pump(0)
    assert world.read() == b"two\n"
    path.close()


@pytest.mark.parametrize("driver", ["k8s-file", "json-file"])
@pytest.mark.parametrize("quiet", [True, False])
def test_the_end_of_a_run_ends_its_line(make: Callable[..., World], driver: str, quiet: bool) -> None:
    """A last line without newline is whole when the run has ended, also if it was logged as a part before."""
    world = make(driver)
    path = world.path()
    world.say(0, b"last")
    path.pump(0)
    if quiet:
        path.idle(world.clock + logs.QUIET)
        path.close()
        path = world.path()
    assert path.settle()
    world.say(0, b"first of the next run\n")
    path.pump(0)
    assert world.read() == b"last\nfirst of the next run\n"
    path.close()


def test_an_endless_line_takes_bounded_memory(make: Callable[..., World]) -> None:
    """A line without end is split at the longest, and neither staged nor held as a whole."""
    world = make("k8s-file", max_size="1m", max_file=2)
    path = world.path()
    for _ in range(400):
        world.say(0, b"x" * 65536)
        while path.pump(0):
            pass
        assert os.fstat(world.staging[0]).st_blocks * 512 < 1 << 20
    assert (world.folder / "log").stat().st_size <= 1 << 20
    assert (world.folder / "log.1").stat().st_size <= 1 << 20
    path.close()


def test_both_streams_together(make: Callable[..., World]) -> None:
    """With one pipe for both there is one stream."""
    world = make()
    path = logs.LogPath(world.pipes[0][0], None, world.staging[0], None, world.config, str(world.folder))
    world.say(0, b"a\nb\n")
    path.pump(0)
    assert path.settle()
    assert world.read("stdout") == b"a\nb\n"
    path.close()


def test_a_tap_gets_the_bytes_at_once(make: Callable[..., World]) -> None:
    """An attached client sees a prompt that is no whole line yet."""
    world = make()
    path = world.path()
    seen: list[tuple[int, bytes]] = []
    path.tap(lambda stream, data: seen.append((stream, data)))
    world.say(1, b"password: ")
    path.pump(1)
    assert seen == [(1, b"password: ")]
    path.tap(None)
    world.say(1, b"x\n")
    path.pump(1)
    assert len(seen) == 1
    path.close()


def test_a_vanished_directory_is_made_again(make: Callable[..., World]) -> None:
    """The log, and its directory, may be removed at any time: the next line makes them anew."""
    world = make()
    path = world.path()
    world.say(0, b"one\n")
    path.pump(0)
    subprocess.run(["rm", "-r", world.folder], check=True)
    world.say(0, b"two\n")
    path.pump(0)
    assert path.trouble is None
    assert world.read() == b"two\n"
    path.close()


def test_an_external_rotator(make: Callable[..., World]) -> None:
    """After a rename the old file is written until reopen(); a supervisor that is killed before cuts the right file."""
    world = make()
    path = world.path()
    world.say(0, b"one\n")
    path.pump(0)
    (world.folder / "log").rename(world.folder / "log.1")
    world.say(0, b"two\n")
    path.pump(0)
    path.reopen()
    world.say(0, b"three\n")
    path.pump(0)
    assert world.read() == b"one\ntwo\nthree\n"
    assert b"three" in (world.folder / "log").read_bytes()
    (world.folder / "log").rename(world.folder / "log.0-old")
    with (world.folder / "log.0-old").open("ab") as uncommitted:
        uncommitted.write(b"what a supervisor wrote, but did not commit\n")
    path.close()
    finish(world.path())
    assert (world.folder / "log.0-old").read_bytes().endswith(b"three\n")
    path.close()


def test_a_file_that_somebody_else_emptied(make: Callable[..., World]) -> None:
    """After copytruncate the log goes on at its new end, and so does the next supervisor."""
    world = make()
    path = world.path()
    world.say(0, b"one\n")
    path.pump(0)
    os.truncate(world.folder / "log", 0)
    world.say(0, b"two\n")
    path.pump(0)
    path.close()
    finish(world.path())
    assert world.read() == b"two\n"


def test_a_record_that_a_crash_cut_is_cut_off(make: Callable[..., World]) -> None:
    """What a crash left without a newline is no record, and the log ends before it."""
    world = make()
    (world.folder / "log").write_bytes(b"2025-01-01T00:00:00.0+00:00 stdout F whole\n2025-01-")
    path = world.path()
    world.say(0, b"one\n")
    path.pump(0)
    assert (world.folder / "log").read_bytes().startswith(b"2025-01-01T00:00:00.0+00:00 stdout F whole\n2025-")
    assert (world.folder / "log").read_bytes().count(b"\n") == 2
    path.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Yield a file system of 256 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def fill(place: Path) -> Path:
    """Leave no room in a file system."""
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as out, suppress(OSError):
        while out.write(b"x" * 4096):
            pass
    return ballast


def test_on_a_full_disk_the_application_waits(make: Callable[..., World], small_disk: Path) -> None:
    """Nothing is lost and nothing half written; the trouble is said, and over as soon as there is room."""
    world = make("k8s-file", path=str(small_disk / "log"))
    world.folder = small_disk
    path = world.path()
    said = numbered(b"out", 10)
    world.say(0, said)
    path.pump(0)
    ballast = fill(small_disk)
    for number in range(12):
        text = numbered(b"more%d" % number, 60)[:3000] + b"\n"
        said += text
        world.say(0, text)
        path.pump(0)
    assert path.blocked
    assert path.trouble == f"cannot write the log {small_disk}/log: No space left on device"
    assert not path.settle()
    assert said.startswith(world.read())
    path.close()
    path = world.path()  # nor does a death in that state lose anything
    path.recover()
    assert path.blocked
    ballast.unlink()
    assert path.settle()
    assert path.trouble is None
    assert not path.blocked
    assert world.read() == said
    path.close()


def test_non_blocking_loses_whole_lines_and_says_so(make: Callable[..., World], small_disk: Path) -> None:
    """Where loss was chosen the application goes on; the log says how much is missing, where it is missing."""
    options = {"mode": "non-blocking", "max_buffer_size": 8192}
    world = make("k8s-file", path=str(small_disk / "log"), **options)
    world.folder = small_disk
    path = world.path()
    path.recover()
    ballast = fill(small_disk)
    said = b""
    for number in range(100):
        text = b"line %d\n" % number * 200 + b"half"
        said += text
        world.say(0, text)
        path.pump(0)
    assert path.blocked
    ballast.unlink()
    world.say(0, b"end\nafter\n")
    said += b"end\nafter\n"
    while path.pump(0):
        pass
    lines = world.read().splitlines(keepends=True)
    notices = [line for line in lines if line.startswith(b"pyinit: lost ")]
    assert len(notices) == 1
    place = lines.index(notices[0])
    assert said.startswith(b"".join(lines[:place]))
    assert lines[place + 1 :] == [b"after\n"]
    missing = said.removeprefix(b"".join(lines[:place])).removesuffix(b"after\n")
    text = b"pyinit: lost %d lines (%d bytes) here, since the log could not be written in time\n"
    assert notices[0] == text % (missing.count(b"\n"), len(missing))
    path.close()


def test_a_log_that_is_no_file_is_refused(make: Callable[..., World]) -> None:
    """A FIFO in the log's place is said, not waited for."""
    world = make()
    os.mkfifo(world.folder / "log")
    path = world.path()
    world.say(0, b"one\n")
    path.pump(0)
    assert path.blocked
    assert path.trouble == f"cannot write the log {world.folder}/log: it is not a regular file"
    path.close()


@pytest.mark.parametrize(
    ("driver", "options", "text"),
    [
        ("syslog", {}, "log driver 'syslog': there are k8s-file, json-file, raw, journald, passthrough, none"),
        ("k8s-file,raw", {}, "log driver 'k8s-file,raw': at most one of k8s-file, json-file, raw"),
        ("none,journald", {}, "log driver 'none,journald': each at most once, and none only alone"),
        ("none", {"path": "/x"}, "log option 'path' is not for none: there are mode, max-buffer-size, max-line"),
        ("raw", {"path": "x"}, "log option path: 'x' is not allowed: the absolute path of a file"),
        ("raw", {"max-size": "5"}, "log option max-size: '5' is not allowed: 1k or more, or 0 for no limit"),
        ("raw", {"max-size": "x"}, "log option max-size: 'x' is not a size: a number of bytes, or 512k, 10m, 1g"),
        ("raw", {"max-file": 0}, "log option max-file: 0 is not allowed: 1 to 10000"),
        ("raw", {"mode": "no"}, "log option mode: 'no' is not allowed: blocking or non-blocking"),
        ("raw", {"compress": "xz"}, "log option compress: 'xz' is not allowed: gzip or none"),
        ("raw", {"max-buffer-size": "1m"}, "log option max-buffer-size needs mode=non-blocking"),
        ("journald", {"labels": {"a": "b"}}, "log option labels: {'a': 'b'} is not allowed: KEY=VALUE,…, each KEY of"),
    ],
)
def test_a_bad_option_is_named(driver: str, options: dict[str, object], text: str) -> None:
    """The message names the key and says what is allowed."""
    with pytest.raises(SpecError) as error:
        logs.check_options(driver, options)
    assert str(error.value).startswith(text)


def test_options_as_texts_and_as_numbers() -> None:
    """What a command line and what a JSON text says means the same."""
    texts = {"max-size": "1m", "max-file": "3", "rotate-every": "1h", "compress": "gzip", "labels": "A=b,C=d"}
    numbers = {
        "max-size": 1 << 20,
        "max-file": 3,
        "rotate-every": 3600,
        "compress": True,
        "labels": {"A": "b", "C": "d"},
    }
    first, second = (logs.check_options("k8s-file,journald", each) for each in (texts, numbers))
    assert [getattr(first, key) for key in first.__slots__] == [getattr(second, key) for key in second.__slots__]
    assert first.drivers == ("k8s-file", "journald")
