from __future__ import annotations

import errno
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from pyinit import protocol
from tests.keeper.peer import PYTHON, wait_gone
from tests.running import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.keeper.peer import Shim


def test_record(shim: Shim) -> None:
    """EXITED carries the record, word for word as it is on disk, and its numbers are right."""
    peer = shim.ready()
    before = time.time()
    work = "x = bytearray(50_000_000)\nimport time\nwhile time.process_time() < 0.2: pass\nraise SystemExit(3)"
    pid = peer.spawn([PYTHON, "-c", work], run=4).a
    got = peer.wait(protocol.EXITED)
    assert (got.a, got.b, got.c, got.slot, got.id) == (pid, 4, 3 << 8, 0, 0)
    assert shim.record.read_bytes() == got.body
    record = protocol.record(got.body)
    assert list(record) == [
        *("run", "pid", "status", "code", "signal", "core", "oom", "started", "ended", "duration", "user", "system"),
        *("maxrss", "killed"),
    ]
    assert (record["run"], record["pid"], record["status"], record["code"]) == ("4", str(pid), "768", "3")
    assert (record["signal"], record["core"], record["oom"], record["killed"]) == ("0", "0", "0", "0")
    assert before - 0.1 <= float(record["started"]) <= float(record["ended"]) <= time.time() + 0.1
    assert abs(float(record["ended"]) - float(record["started"]) - float(record["duration"])) < 0.1
    assert 0.2 <= float(record["user"]) + float(record["system"]) <= float(record["duration"]) + 0.1
    assert int(record["maxrss"]) > 50_000
    assert peer.wait(protocol.EMPTY).a == 4


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGRTMIN + 1])
def test_signal(shim: Shim, number: int) -> None:
    """Death by a signal is recorded by its name, and with a shell's code."""
    peer = shim.ready()
    pid = peer.spawn(["sleep", "1000"], limits=[(4, 0, 0)]).a
    assert peer.do(protocol.SIGNAL, a=number, b=-1) == 0
    got = peer.wait(protocol.EXITED)
    record = protocol.record(got.body)
    name = {35: "RTMIN+1"}.get(number) or signal.Signals(number).name.removeprefix("SIG")
    assert (got.a, got.c & 0x7F) == (pid, number)
    assert (record["signal"], record["code"]) == (name, str(128 + number))


def test_until_acknowledged(shim: Shim) -> None:
    """EXITED and EMPTY come again on each connection, until the ACK that names the run; STATUS says so."""
    peer = shim.ready()
    peer.spawn(["true"], 3)
    first = peer.wait(protocol.EXITED)
    peer.wait(protocol.EMPTY)
    assert peer.do(protocol.ACK, a=2) == errno.ENOENT
    peer = shim.connect()
    status, _ = peer.hello()
    assert (status.a, status.c, status.slot) == (0, 3, protocol.STATUS_EXITED)
    assert peer.wait(protocol.EXITED).body == first.body
    assert peer.wait(protocol.EMPTY).a == 3
    assert peer.do(protocol.ACK, a=3) == 0
    assert peer.do(protocol.ACK, a=3) == errno.ENOENT
    peer = shim.connect()
    assert peer.hello()[0].slot == 0
    assert peer.wait(protocol.EMPTY).a == 3
    assert peer.do(protocol.ACK, a=3) == errno.ENOENT
    assert peer.news == []


def test_without_a_supervisor(shim: Shim) -> None:
    """An exit while nobody is connected is on disk at once, and told to the next supervisor."""
    peer = shim.ready()
    pid = peer.spawn(["sleep", "1000"]).a
    peer.close()
    os.kill(pid, signal.SIGINT)
    until(shim.record.exists, "the exit record")
    assert b"\nsignal INT\n" in shim.record.read_bytes()
    peer = shim.adopt()
    assert peer.wait(protocol.EXITED).c == signal.SIGINT
    assert peer.wait(protocol.EMPTY).a == 1


def test_spawn_is_an_ack(shim: Shim) -> None:
    """The next SPAWN stands for the ACK; one that fails does not."""
    peer = shim.ready()
    peer.spawn(["true"], 1)
    peer.wait(protocol.EXITED)
    peer.wait(protocol.EMPTY)
    assert peer.spawn(["nonesuch"], 2).c == errno.ENOENT
    peer = shim.connect()
    assert peer.hello()[0].slot == protocol.STATUS_EXITED
    peer.wait(protocol.EMPTY)
    peer.spawn(["sleep", "1000"], 2)
    peer = shim.connect()
    assert peer.hello()[0].slot == protocol.STATUS_ALIVE
    assert peer.do(protocol.ACK, a=1) == errno.ENOENT


def test_empty_waits_for_daemons(shim: Shim) -> None:
    """EMPTY comes only when what the main process has left behind has ended as well."""
    peer = shim.ready()
    ours, its = os.pipe()
    peer.keep(1, its)
    os.close(its)
    peer.spawn(["/bin/sh", "-c", "setsid sh -c 'sleep 1000 & echo $!' & wait"], descriptors={1: 1})
    daemon = int(os.read(ours, 20))
    os.close(ours)
    peer.wait(protocol.EXITED)
    peer = shim.connect()
    assert peer.hello()[0].slot == protocol.STATUS_EXITED | protocol.STATUS_LEFT
    peer.wait(protocol.EXITED)
    assert peer.do(protocol.ACK, a=1) == 0
    assert peer.news == []
    os.kill(daemon, signal.SIGKILL)
    assert peer.wait(protocol.EMPTY).c == 0


@pytest.fixture
def small(folder: Path) -> Iterator[Path]:
    """Give a file system of 64 kB that is full but for one page, with the place of the record on it."""
    place = folder / "state"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(place)], check=True)
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a file system")
def test_full_disk(shim: Shim, small: Path) -> None:
    """A record that the disk has no room for is told as unwritten, kept, and written once there is room."""
    peer = shim.ready()
    (small / "shim").mkdir()
    pid = peer.spawn(["sleep", "1000"]).a
    with (small / "filler").open("wb") as file:
        file.write(b"x" * 65536)
    os.kill(pid, signal.SIGTERM)
    first = peer.wait(protocol.EXITED)
    assert (first.slot, first.id, first.c) == (protocol.EXITED_UNWRITTEN, errno.ENOSPC, signal.SIGTERM)
    assert not shim.record.exists()
    peer = shim.adopt()
    assert peer.wait(protocol.EXITED).slot == protocol.EXITED_UNWRITTEN
    (small / "filler").unlink()
    second = peer.wait(protocol.EXITED)
    assert (second.slot, second.id, second.body) == (0, 0, first.body)
    assert shim.record.read_bytes() == first.body


def test_removed_state(shim: Shim) -> None:
    """A state directory that was removed is made again for the record."""
    peer = shim.ready()
    assert not shim.record.parent.exists()
    peer.spawn(["true"])
    peer.wait(protocol.EXITED)
    assert shim.record.exists()


def test_unsynced(shim: Shim) -> None:
    """A supervisor may choose not to wait for the disk; the record is in its file all the same."""
    shim.peer.hello()
    record, lock, path = map(os.fsencode, (shim.record, shim.lock, shim.path))
    body = protocol.config(record, lock, path, [], [])
    assert shim.peer.do(protocol.CONFIG, c=protocol.CONFIG_UNSYNCED, body=body) == 0
    shim.peer.spawn(["true"])
    assert shim.peer.wait(protocol.EXITED).body == shim.record.read_bytes()


def test_shim_is_killed(shim: Shim) -> None:
    """With its shim, an application dies at once; one that is to outlive it lives on."""
    peer = shim.ready()
    pid = peer.spawn(["sleep", "1000"]).a
    os.kill(shim.pid, signal.SIGKILL)
    shim.wait()
    wait_gone(pid)


def test_outlives(shim: Shim) -> None:
    """With that flag, a process lives on when its shim is killed."""
    peer = shim.ready()
    pid = peer.spawn(["sleep", "1000"], flags=protocol.PAYLOAD_SESSION | protocol.PAYLOAD_OUTLIVES).a
    os.kill(shim.pid, signal.SIGKILL)
    shim.wait()
    os.kill(pid, signal.SIGKILL)


def test_signals_to_the_shim(shim: Shim) -> None:
    """No signal but KILL and STOP ends or hinders the shim."""
    peer = shim.ready()
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        os.kill(shim.pid, number)
    assert peer.spawn(["true"]).c == 0
    assert peer.wait(protocol.EXITED).c == 0
