"""Reading logs: the last lines, a span of time, a stream, and following across rotations and restarts."""

from __future__ import annotations

import gzip
import os
import select
import threading
from typing import TYPE_CHECKING

import pytest

from pyinit import framing, logs, rotation, staging
from pyinit.logreader import Reader, Record, follow, generations, parse_json, parse_k8s

if TYPE_CHECKING:
    from pathlib import Path

START = 1_764_453_600
SECOND = 10**9


def write(file: Path, first: int, count: int, driver: str = "k8s-file") -> None:
    """Write numbered lines, a second apart, every third to stderr, every fifth in two parts."""
    frame = {"k8s-file": framing.k8s, "json-file": framing.json}[driver]
    text = b""
    for number in range(first, first + count):
        stream = b"stderr" if number % 3 == 0 else b"stdout"
        line = b"line %d\n" % number
        longest = 4 if number % 5 == 0 else 100
        text += b"".join(frame(line, len(line), stream, framing.stamp((START + number) * SECOND), longest, False))
    if file.suffix == ".gz":
        text = gzip.compress(text)
    with file.open("ab") as out:
        out.write(text)
    os.utime(file, ns=(0, (START + first + count - 1) * SECOND))


@pytest.fixture(params=["k8s-file", "json-file"])
def log(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[str, str]:
    """Return the path and the driver of a log of 100 lines in four files, two of them packed."""
    driver = request.param
    for name, first in (("log.3.gz", 0), ("log.2.gz", 25), ("log.1", 50), ("log", 75)):
        write(tmp_path / name, first, 25, driver)
    (tmp_path / "log.gz.tmp").write_bytes(b"half")
    (tmp_path / "log.1.gz").write_bytes(b"half")
    (tmp_path / "logs.1").write_bytes(b"another")
    return str(tmp_path / "log"), driver


def numbers(reader: Reader) -> list[int]:
    """Return the numbers of the lines, which must be whole."""
    with reader:
        text = b"".join(record.text for record in reader.read())
    assert text.endswith(b"\n") or not text
    return [int(line.removeprefix(b"line ")) for line in text.splitlines()]


def test_all_files_are_read_in_their_order(log: tuple[str, str]) -> None:
    """The oldest first, packed ones too, and nothing that is not the log's."""
    assert numbers(Reader(*log)) == list(range(100))


@pytest.mark.parametrize("tail", [0, 1, 4, 5, 6, 25, 26, 60, 99, 100, 1000])
def test_tail_is_so_many_lines(log: tuple[str, str], tail: int) -> None:
    """A line in parts counts once, and files are gone through backwards as far as needed."""
    assert numbers(Reader(*log, tail=tail)) == list(range(100))[100 - tail if tail < 100 else 0 :]


def test_a_stream_alone(log: tuple[str, str]) -> None:
    """Lines of the other stream are neither shown nor counted."""
    assert numbers(Reader(*log, stream="stderr")) == list(range(0, 100, 3))
    assert numbers(Reader(*log, stream="stderr", tail=5)) == list(range(0, 100, 3))[-5:]


def test_a_span_of_time(log: tuple[str, str]) -> None:
    """Since and until are inclusive; tail counts what is in between."""
    since, until = (START + 20) * SECOND, (START + 60) * SECOND
    assert numbers(Reader(*log, since=since, until=until)) == list(range(20, 61))
    assert numbers(Reader(*log, since=since, until=until, tail=3)) == [58, 59, 60]
    assert numbers(Reader(*log, since=(START + 200) * SECOND)) == []


def test_no_log_is_an_empty_log(tmp_path: Path) -> None:
    """A service that never wrote has no file."""
    assert numbers(Reader(str(tmp_path / "none" / "log"))) == []
    assert generations(str(tmp_path / "log")) == []


def test_what_is_no_record_is_shown_as_it_is() -> None:
    """A line that somebody else wrote is not hidden."""
    for parse in (parse_k8s, parse_json):
        record = parse(b"2026-99 what is this")
        assert (record.data, record.time, record.stream, record.whole) == (b"2026-99 what is this", 0, "stdout", True)


def test_times_of_other_zones_and_precisions() -> None:
    """Other programs write such times."""
    assert parse_k8s(b"2025-11-29T22:00:00.5+02:00 stderr P a b").time == (START - 7200) * SECOND + SECOND // 2
    assert parse_k8s(b"2025-11-29T22:00:00Z stdout F").data == b"2025-11-29T22:00:00Z stdout F"
    assert parse_json(b'{"log":"a\\n","stream":"stdout","time":"2025-11-29T22:00:00Z"}').time == START * SECOND


def ready(reader: Reader) -> None:
    """Wait until there is something to read."""
    assert select.select([reader], [], [])[0]


def test_following_sees_lines_as_they_come(tmp_path: Path) -> None:
    """A follower is woken by inotify, keeps half records for later, and begins where it was told."""
    file = tmp_path / "log"
    write(file, 1, 1)
    write(file, 2, 1)
    with Reader(str(file), tail=1, follow=True) as reader:
        assert [record.data for record in reader.read()] == [b"line 2"]
        whole = framing.stamp(START * SECOND) + b"+00:00 stdout F new\n"
        with file.open("ab", buffering=0) as out:
            out.write(whole[:40])
            ready(reader)
            assert list(reader.read()) == []
            out.write(whole[40:])
            ready(reader)
            assert [record.data for record in reader.read()] == [b"new"]


def test_following_before_there_is_a_directory(tmp_path: Path) -> None:
    """The directory may come later, vanish, and come again."""
    file = tmp_path / "a" / "b" / "log"
    with Reader(str(file), follow=True) as reader:
        for number in (1, 2):
            assert list(reader.read()) == []
            file.parent.mkdir(parents=True)
            write(file, number, 1)
            seen: list[Record] = []
            while not seen:
                ready(reader)
                seen = list(reader.read())
            assert [record.data for record in seen] == [b"line %d" % number]
            file.unlink()
            file.parent.rmdir()
            file.parent.parent.rmdir()


def test_a_log_that_is_cut_back_is_not_shown_twice(tmp_path: Path) -> None:
    """A new supervisor cuts off what was not committed and writes it again: a follower goes on behind it."""
    file = tmp_path / "log"
    write(file, 1, 2)
    with Reader(str(file), follow=True) as reader:
        assert [record.data for record in reader.read()] == [b"line 1", b"line 2"]
        os.truncate(file, file.stat().st_size // 2)
        assert list(reader.read()) == []
        write(file, 2, 2)
        assert [record.data for record in reader.read()] == [b"line 3"]
        os.truncate(file, 0)
        assert list(reader.read()) == []
        write(file, 4, 1)
        assert [record.data for record in reader.read()] == [b"line 4"]


@pytest.mark.parametrize("pack", [False, True])
def test_rotations_between_two_looks(tmp_path: Path, pack: bool) -> None:
    """Several rotations at once, and a file that was packed meanwhile, leave no gap and no line twice."""
    file = tmp_path / "log"
    write(file, 1, 2)
    with Reader(str(file), follow=True) as reader:
        assert len(list(reader.read())) == 2
        write(file, 3, 1)
        for number in (4, 6):
            rotation.shift(str(file), 9)
            write(file, number, 2)
        if pack:
            rotation.pack_all(str(file), 9)
        seen = b"".join(record.text for record in reader.read())
        assert seen == b"line 3\nline 4\nline 5\nline 6\nline 7\n"


def test_following_a_flood_across_rotations_and_restarts(tmp_path: Path) -> None:
    """A follower that keeps up sees every line once, in order, whoever writes the log."""
    source, application = os.pipe()
    stop, end = os.pipe()
    stage = staging.create("test")
    config = logs.check_options("k8s-file", {"max-size": "20k", "max-file": 100})
    seen: list[bytes] = []

    def watch(reader: Reader) -> None:
        seen.extend(record.data for record in follow(reader, stop))

    with Reader(str(tmp_path / "log"), follow=True) as reader:
        watcher = threading.Thread(target=watch, args=(reader,))
        watcher.start()
        for life in range(30):
            path = logs.LogPath(source, None, stage, None, config, str(tmp_path))
            path.recover()
            for number in range(20):
                os.write(application, b"".join(b"%d %d %d\n" % (life, number, each) for each in range(20)))
                path.pump(0)
            path.close()
        os.close(end)
        watcher.join()
    assert seen == [b"%d %d %d" % (a, b, c) for a in range(30) for b in range(20) for c in range(20)]
    for fd in (source, application, stop, stage):
        os.close(fd)


def test_a_raw_log(tmp_path: Path) -> None:
    """Bytes as they are, the last line without its end too."""
    (tmp_path / "log").write_bytes(b"a\nb\nc\xff")
    (tmp_path / "log.1").write_bytes(b"0\n")
    with Reader(str(tmp_path / "log"), "raw") as reader:
        assert b"".join(record.text for record in reader.read()) == b"0\na\nb\nc\xff"


def test_reading_while_files_are_rotated(tmp_path: Path) -> None:
    """A reader that opens the files in the middle of rotations gets neither a file twice nor a gap."""
    file = tmp_path / "log"
    write(file, 0, 1)
    done = threading.Event()

    def rotate() -> None:
        for number in range(1, 40):
            rotation.shift(str(file), 1000)
            write(file, number, 1)
        done.set()

    thread = threading.Thread(target=rotate)
    thread.start()
    while not done.is_set():
        found = numbers(Reader(str(file)))
        assert found == list(range(len(found)))
    thread.join()
    assert numbers(Reader(str(file))) == list(range(40))
