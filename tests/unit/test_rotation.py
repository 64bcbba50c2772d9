"""Rotation: by size and by time, at the end of a record, and whatever happens in between nothing is lost."""

from __future__ import annotations

import gzip
import itertools
import os
from typing import TYPE_CHECKING

import pytest

from pyinit import logs, rotation, staging
from pyinit.logreader import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DAY = 86400 * 10**9


class Flow:
    """A pipe into a log."""

    def __init__(self, folder: Path, **options: object) -> None:
        self.log = folder / "log"
        self.read_end, self.write_end = os.pipe()
        self.staging = staging.create("test")
        self.time = 20000 * DAY
        config = logs.check_options("k8s-file", {key.replace("_", "-"): value for key, value in options.items()})
        self.path = logs.LogPath(self.read_end, None, self.staging, None, config, str(folder), wall=lambda: self.time)

    def say(self, data: bytes) -> None:
        """Write as the application does, and log it."""
        os.write(self.write_end, data)
        while self.path.pump(0):
            pass

    def read(self) -> bytes:
        """Return what the log holds."""
        with Reader(str(self.log)) as reader:
            return b"".join(record.text for record in reader.read())

    def close(self) -> None:
        """Let go of everything."""
        self.path.close()
        for fd in (self.read_end, self.write_end, self.staging):
            os.close(fd)


@pytest.fixture
def flow(tmp_path: Path) -> Iterator[Callable[..., Flow]]:
    """Yield a maker of flows."""
    made: list[Flow] = []

    def make(**options: object) -> Flow:
        made.append(Flow(tmp_path, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_under_a_flood_no_file_is_too_long_and_no_line_cut(flow: Callable[..., Flow], tmp_path: Path) -> None:
    """Every file ends with a whole record and keeps to max-size; together they are the output's end, without a gap."""
    log = flow(max_size="4k", max_file=5)
    lines = [b"%d %s\n" % (number, b"x" * (number % 80)) for number in range(6000)]
    for batch in (lines[at : at + 1000] for at in range(0, 6000, 1000)):
        log.say(b"".join(batch))
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["log", "log.1", "log.2", "log.3", "log.4"]
    for file in files:
        assert file.read_bytes().endswith(b"\n")
        assert file.stat().st_size <= 4096
        assert file.stat().st_size > 3900 or file.name == "log"
    assert b"".join(lines).endswith(log.read())


def test_a_line_longer_than_max_size_is_alone(flow: Callable[..., Flow], tmp_path: Path) -> None:
    """It is written all the same, into a file of its own."""
    log = flow(max_size="1k", max_file=9)
    log.say(b"before\n" + b"x" * 5000 + b"\nafter\n")
    assert [len((tmp_path / name).read_bytes()) > 5000 for name in ("log", "log.1", "log.2")] == [False, True, False]
    assert log.read() == b"before\n" + b"x" * 5000 + b"\nafter\n"


def test_max_file_one_keeps_the_newest_only(flow: Callable[..., Flow], tmp_path: Path) -> None:
    """With one file the old lines go when it is full."""
    log = flow(max_size="1k", max_file=1)
    log.say(b"".join(b"line %d\n" % number for number in range(100)))
    assert [file.name for file in tmp_path.iterdir()] == ["log"]
    assert log.read().endswith(b"line 99\n")


def test_rotation_by_time(flow: Callable[..., Flow], tmp_path: Path) -> None:
    """The first line of another day begins a new file; a day without lines makes none."""
    log = flow(rotate_every="1d")
    log.say(b"one\n")
    log.time += DAY - 1
    log.say(b"still the same day\n")
    log.time += 1
    log.say(b"two\n")
    log.time += 5 * DAY
    log.say(b"three\n")
    assert len(list(tmp_path.iterdir())) == 3
    assert log.read() == b"one\nstill the same day\ntwo\nthree\n"


@pytest.mark.parametrize("present", list(itertools.product([False, True], repeat=4)))
def test_a_gap_is_filled_before_anything_is_dropped(tmp_path: Path, present: tuple[bool, ...]) -> None:
    """A shift renames as far as the first missing number; only where there is none the oldest file goes."""
    log = tmp_path / "log"
    log.write_text("0")
    numbers = [number for number, there in enumerate(present, 1) if there]
    for number in numbers:
        (tmp_path / f"log.{number}{'.gz' if number % 2 else ''}").write_text(str(number))
    rotation.shift(str(log), 5)
    texts = {file.read_text() for file in tmp_path.iterdir()}
    assert texts == {"0", *map(str, numbers)} - ({"4"} if all(present) else set())
    assert not log.exists()
    assert (tmp_path / "log.1").read_text() == "0"
    rotation.shift(str(log), 5)  # the new file could not be made: this changes nothing
    assert {file.read_text() for file in tmp_path.iterdir()} == texts


def test_a_refused_rotation_does_not_stop_the_log(flow: Callable[..., Flow], tmp_path: Path) -> None:
    """Where the files cannot be renamed the old one grows, and the trouble is said until it is over."""
    log = flow(max_size="1k", max_file=3)
    log.say(b"x" * 900 + b"\n")
    (tmp_path / "log.2").mkdir()
    (tmp_path / "log.1").touch()
    log.say(b"y" * 900 + b"\n")
    assert log.path.trouble == f"cannot rotate the log {log.log}: Is a directory"
    assert not log.path.blocked
    (tmp_path / "log.2").rmdir()
    log.say(b"z" * 900 + b"\n")
    assert log.path.trouble is None
    assert log.read() == b"x" * 900 + b"\n" + b"y" * 900 + b"\n" + b"z" * 900 + b"\n"


def test_compressing_loses_nothing(tmp_path: Path) -> None:
    """All rotated files are packed, with their times, and read back; a killed compressor's half is done again."""
    log = tmp_path / "log"
    log.write_bytes(b"current")
    for number in (1, 2, 3):
        (tmp_path / f"log.{number}").write_bytes(b"%d" % number * 1000)
        os.utime(tmp_path / f"log.{number}", (number, number))
    (tmp_path / "log.gz.tmp").write_bytes(b"half")
    (tmp_path / "log.2.gz").write_bytes(b"half")
    rotation.pack_all(str(log), 5)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["log", "log.1.gz", "log.2.gz", "log.3.gz"]
    for number in (1, 2, 3):
        file = tmp_path / f"log.{number}.gz"
        assert gzip.decompress(file.read_bytes()) == b"%d" % number * 1000
        assert file.stat().st_mtime == number


def test_a_flow_is_compressed_beside_the_supervisor(flow: Callable[..., Flow], tmp_path: Path) -> None:
    """Another process does it, which inherits nothing (else this pipe had no end yet); meanwhile all can be read."""
    watch, held = os.pipe()
    log = flow(max_size="1k", max_file=9, compress="gzip")
    said = b"".join(b"line %d\n" % number for number in range(100))
    log.say(said)
    os.close(held)
    assert os.read(watch, 1) == b""
    os.close(watch)
    assert log.read() == said
    assert (tmp_path / "log").stat().st_size <= 1024
