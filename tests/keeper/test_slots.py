from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from pyinit import protocol

if TYPE_CHECKING:
    from pathlib import Path

    from tests.keeper.peer import Shim


def numbered(folder: Path, number: int) -> int:
    """Give a descriptor of a file that holds the number."""
    file = os.open(folder / str(number), os.O_RDWR | os.O_CREAT)
    os.write(file, b"%d" % number)
    return file


def test_all_of_them(shim: Shim, folder: Path) -> None:
    """All 48 slots come back with their tags to each supervisor, though one message has room for 28."""
    peer = shim.ready()
    for slot in range(protocol.SLOTS):
        file = numbered(folder, slot)
        peer.keep(slot, file, tag=slot - 20)
        os.close(file)
    for _ in range(2):
        _, slots = shim.connect().hello()
        assert sorted(slots) == list(range(protocol.SLOTS))
        for slot, (tag, file) in slots.items():
            assert (tag, os.pread(file, 9, 0)) == (slot - 20, b"%d" % slot)
            os.close(file)


def test_exactly_full(shim: Shim, folder: Path) -> None:
    """28 slots come in one STATUS, which is the last one."""
    peer = shim.ready()
    file = numbered(folder, 1)
    for slot in range(protocol.STATUS_FDS):
        peer.keep(slot, file)
    os.close(file)
    _, slots = shim.connect().hello()
    assert len(slots) == protocol.STATUS_FDS
    for _, came in slots.values():
        os.close(came)


def test_replace_and_close(shim: Shim) -> None:
    """A slot's descriptor is closed when another takes its place, or none."""
    peer = shim.ready()
    for replace in (True, False):
        ours, its = os.pipe()
        peer.keep(5, its)
        os.close(its)
        null = os.open("/dev/null", os.O_RDWR)
        assert peer.do(protocol.KEEP, slot=5, fds=[null] if replace else []) == 0
        os.close(null)
        assert os.read(ours, 1) == b""
        os.close(ours)
    assert peer.do(protocol.GIVE, slot=5) == errno.ENOENT


def test_give(shim: Shim, folder: Path) -> None:
    """GIVE brings the very file that was kept."""
    peer = shim.ready()
    file = numbered(folder, 77)
    peer.keep(47, file)
    os.close(file)
    _, (came,) = peer.answer(peer.send(protocol.GIVE, slot=47))
    assert os.pread(came, 9, 0) == b"77"
    os.close(came)


def test_config_comes_back(shim: Shim) -> None:
    """Slot 63 is a file with CONFIG's body."""
    peer = shim.ready(["/supervisor", "x"], ["A=1"])
    _, (came,) = peer.answer(peer.send(protocol.GIVE, slot=protocol.SLOT_CONFIG))
    record, lock, path, argv, env = protocol.parse_config(os.pread(came, 20000, 0))
    os.close(came)
    assert (record, lock, path) == tuple(os.fsencode(one) for one in (shim.record, shim.lock, shim.path))
    assert (argv, env) == ([b"/supervisor", b"x"], [b"A=1"])
    assert peer.do(protocol.REST, c=1) == 0


def test_bad_slots(shim: Shim) -> None:
    """A slot that there is not is refused, and its descriptor closed."""
    peer = shim.ready()
    ours, its = os.pipe()
    for slot in (protocol.SLOTS, 63, 65535):
        assert peer.do(protocol.KEEP, slot=slot, fds=[its]) == errno.EINVAL
        assert peer.do(protocol.WATCH, slot=slot, c=1) == errno.EINVAL
    assert peer.do(protocol.GIVE, slot=48) == errno.ENOENT
    assert peer.do(protocol.WATCH, slot=3, c=1) == errno.ENOENT
    os.close(its)
    assert os.read(ours, 1) == b""
    os.close(ours)


def test_data_waits(shim: Shim) -> None:
    """What an application writes while there is no supervisor is in the pipe for the next one."""
    peer = shim.ready()
    ours, its = os.pipe()
    peer.keep(1, its)
    peer.keep(5, ours)
    os.close(ours)
    os.close(its)
    assert peer.spawn(["/bin/sh", "-c", "echo early; exec sleep 1000"], descriptors={1: 1}).c == 0
    peer.close()
    status, slots = shim.connect().hello()
    assert status.slot == protocol.STATUS_ALIVE
    assert os.read(slots[5][1], 100) == b"early\n"
    for _, file in slots.values():
        os.close(file)
