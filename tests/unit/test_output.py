"""A service's output in the loop: what happens when the log cannot be written."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

import pytest

from pyinit import launch, output, spec
from pyinit.loop import Loop
from pyinit.rotation import LogFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NON_BLOCKING = {"log_opts": {"mode": "non-blocking", "max-buffer-size": "4k"}}


class Disk:
    """A disk that may be full: then the log takes nothing."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.full = False
        write = LogFile.write

        def checked(file: LogFile, buffers: Any, length: int) -> None:
            if self.full:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            write(file, buffers, length)

        patch.setattr(LogFile, "write", checked)


class Service:
    """What Output needs of a service."""

    def __init__(self, folder: Path, **values: Any) -> None:
        self.loop = Loop()
        self.spec = spec.check({"command": ["x"], "name": "n", **values})
        self.slots = launch.make_slots(self.spec, b"")
        self.seen: list[tuple[int, bytes]] = []
        self.troubles: list[str] = []
        self.path = folder / "log"
        seen = lambda stream, data: self.seen.append((stream, data))  # noqa: E731
        self.output = output.Output(self.loop, self.slots, self.spec, str(folder), seen, self.troubles.append)
        self.output.show(wanted=True)

    def say(self, data: bytes, slot: int = launch.STDOUT) -> None:
        """Write as the process does."""
        os.write(self.slots[slot], data)

    def turns(self, count: int = 20) -> None:
        """Let the loop run a number of turns, whatever there is to do."""
        for _ in range(count):
            self.loop.soon(self.loop.stop)
            self.loop.run()
            self.loop._stopped = False  # noqa: SLF001

    def turn_until(self, holds: Callable[[], object]) -> None:
        """Let the loop run until something holds: the kernel hands a terminal's bytes over when it likes."""
        while not holds():
            self.turns(1)

    def pass_second(self) -> None:
        """The retry is due now."""
        retry = self.output._retry  # noqa: SLF001
        assert retry is not None
        assert retry.call is not None
        call = retry.call
        retry.cancel()
        call()
        self.turns()

    def listens(self) -> bool:
        """Whether the pipe of stdout is among what the loop waits for."""
        return self.slots[launch.OUTPUT] in self.loop._calls  # noqa: SLF001

    def lines(self) -> list[str]:
        """What is in the log, without the times."""
        text = self.path.read_text() if self.path.exists() else ""
        return [line.split(" ", 1)[1] for line in text.splitlines()]


@pytest.fixture
def made() -> Iterator[list[Service]]:
    """Collect services that are closed at the end."""
    services: list[Service] = []
    yield services
    for service in services:
        service.output.close()
        for fd in service.slots.values():
            os.close(fd)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Give a disk that can be made full."""
    return Disk(monkeypatch)


def test_lines_are_logged_and_seen(tmp_path: Path, made: list[Service]) -> None:
    """Both streams, each with its name, and a copy for who is attached."""
    made.append(service := Service(tmp_path))
    service.say(b"one\n")
    service.say(b"two\n", launch.STDERR)
    service.turns()
    assert sorted(service.lines()) == ["stderr F two", "stdout F one"]
    assert sorted(service.seen) == [(0, b"one\n"), (1, b"two\n")]


def test_a_full_disk_makes_the_application_wait(tmp_path: Path, made: list[Service], disk: Disk) -> None:
    """With mode=blocking nothing more is read; it is said, tried again each second, and heals without loss."""
    made.append(service := Service(tmp_path))
    disk.full = True
    service.say(b"one\n")
    service.turns()
    assert not service.listens()
    assert "No space left on device" in service.troubles[-1]
    service.say(b"two\n")
    for _ in range(3):
        service.pass_second()
        assert not service.listens()
    disk.full = False
    service.pass_second()
    assert service.listens()
    assert service.troubles[-1] == ""
    service.say(b"three\n")
    service.turns()
    assert service.lines() == ["stdout F one", "stdout F two", "stdout F three"]


def test_a_full_disk_does_not_stop_a_non_blocking_application(tmp_path: Path, made: list[Service], disk: Disk) -> None:
    """With mode=non-blocking the pipe is read on and on; what there is no room for is lost, counted, and said."""
    made.append(service := Service(tmp_path, **NON_BLOCKING))
    disk.full = True
    written = 0
    for _ in range(40):
        service.say(b"x" * 99999 + b"\n")  # more in all than the pipe and the buffer hold
        written += 1
        service.turns(5)
        assert service.listens()
    retries = len(service.loop._timers)  # noqa: SLF001
    assert retries <= 3
    service.pass_second()
    assert service.listens()
    disk.full = False
    service.pass_second()
    service.say(b"after\n")
    service.turns()
    lines = service.lines()
    kept = sum(line.count("x") for line in lines) // 99999
    assert lines[-1] == "stdout F after"
    lost = [line for line in lines if "pyinit: lost" in line]
    assert len(lost) == 1
    assert f"lost {written - kept} lines" in lost[0]


def test_trying_again_adds_nothing_twice(tmp_path: Path, made: list[Service], disk: Disk) -> None:
    """Whatever rests or listens, in any order and twice, every descriptor is waited for once."""
    for values in ({}, NON_BLOCKING, {"tty": True}):
        (tmp_path / str(len(made))).mkdir()
        made.append(service := Service(tmp_path / str(len(made)), **values))
        one = service.output
        for step in (one._listen, one._rest, one._rest, one._listen, one._try_again, one._listen):  # noqa: SLF001
            step()
        assert service.listens()
        disk.full = True
        service.say(b"x\n", launch.STDIN if service.spec.tty else launch.STDOUT)
        service.turn_until(lambda one=one: one._retry)  # type: ignore[misc]  # noqa: SLF001
        service.pass_second()
        service.pass_second()
        disk.full = False
        service.pass_second()
        assert service.listens()


def test_what_a_run_wrote_last_is_settled_when_the_disk_has_room(
    tmp_path: Path, made: list[Service], disk: Disk
) -> None:
    """The end of a run ends its last line: on a full disk as soon as it can be written, more than the pipe held too."""
    made.append(service := Service(tmp_path))
    disk.full = True
    service.say(b"one\ntwo")
    service.output.drain()
    assert service.lines() == []
    service.pass_second()
    assert service.lines() == []
    disk.full = False
    service.pass_second()
    assert service.lines() == ["stdout F one", "stdout F two"]
    assert service.output._retry is None  # noqa: SLF001
    service.say(b"next\n")
    service.turns()
    assert service.lines()[-1] == "stdout F next"


def test_a_new_run_is_not_cut_by_the_end_of_the_last_one(tmp_path: Path, made: list[Service], disk: Disk) -> None:
    """Once the next run has begun, a line of its own that is not whole yet is left alone."""
    made.append(service := Service(tmp_path))
    disk.full = True
    service.say(b"old\n")
    service.output.drain()
    service.output.begin()
    service.say(b"ne")
    disk.full = False
    service.pass_second()
    service.say(b"w\n")
    service.turns()
    assert service.lines() == ["stdout F old", "stdout F new"]


def test_drain_logs_all_that_is_in_the_pipes(tmp_path: Path, made: list[Service]) -> None:
    """Before the end is told, what was written before it is in the log: a pipe full of it."""
    made.append(service := Service(tmp_path))
    os.set_blocking(service.slots[launch.STDOUT], False)
    said = 0
    try:
        while True:
            said += os.write(service.slots[launch.STDOUT], b"0123456\n" * 512)
    except BlockingIOError:
        pass
    service.output.drain()
    assert len(service.lines()) == said // 8


def test_a_terminal_is_relayed(tmp_path: Path, made: list[Service]) -> None:
    """From the pty to the log; at the end of a run all that the terminal holds."""
    made.append(service := Service(tmp_path, tty=True))
    service.say(b"one\n", launch.STDIN)
    service.turn_until(service.lines)
    service.say(b"two\nthree", launch.STDIN)
    while len(service.lines()) < 3:
        service.output.drain()
    assert [line.split()[2] for line in service.lines()] == ["one", "two", "three"]


def test_the_relay_never_waits(tmp_path: Path, made: list[Service]) -> None:
    """With nothing in the terminal, and with a pipe that is full, the splice returns at once."""
    made.append(service := Service(tmp_path, tty=True))
    assert not os.get_blocking(service.slots[launch.INPUT])
    assert not os.get_blocking(service.slots[launch.RELAY])
    assert service.output._relay() == 0  # noqa: SLF001
    try:
        while True:
            os.write(service.slots[launch.RELAY], b"x" * 4096)
    except BlockingIOError:
        pass
    service.say(b"more\n", launch.STDIN)
    assert service.output._relay() == 0  # noqa: SLF001
    for blocking in (launch.INPUT, launch.RELAY):
        os.set_blocking(service.slots[blocking], True)
    if os.get_blocking(service.slots[launch.RELAY]):  # somebody changed it: the pipe is not waited for still
        assert service.output._relay() == 0  # noqa: SLF001


def test_closed_is_closed(tmp_path: Path, made: list[Service], disk: Disk) -> None:
    """No timer and no chore does anything with descriptors that may be somebody else's by now."""
    made.append(service := Service(tmp_path))
    disk.full = True
    service.say(b"one\n")
    service.turns()
    service.output.close()
    disk.full = False
    service.output._pump(0)  # noqa: SLF001
    service.output.drain()
    service.turns()
    assert service.lines() == []
    assert service.loop._timeout() == -1  # noqa: SLF001


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({}, "/f/log"),
        ({"log_opts": {"path": "/x"}}, "/x"),
        ({"log_driver": "none"}, ""),
        ({"log_driver": "raw"}, "/f/log"),
    ],
)
def test_path(values: dict[str, Any], path: str) -> None:
    """Where the log is; "" for drivers without a file."""
    assert output.path(spec.check({"command": ["x"], **values}), "/f") == path
