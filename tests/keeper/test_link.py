from __future__ import annotations

import errno
import itertools
import os
import shutil
import signal
import socket
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from pyinit import protocol
from tests.keeper.peer import PYTHON, WAIT, is_gone
from tests.running import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.keeper.peer import Peer, Shim


def raw(peer: Peer, data: bytes) -> protocol.Message:
    """Send bytes as they are; the answer."""
    peer.socket.send(data)
    return peer.receive()[0]


def fill(peer: Peer) -> int:
    """Send requests, without reading answers, until there is no room; how many. Then wait for answers again."""
    peer.socket.settimeout(0)
    for sent in itertools.count():
        try:
            peer.socket.send(protocol.message(protocol.ACK, sent + 1, a=9))
        except BlockingIOError:
            peer.socket.settimeout(WAIT)
            return sent
    raise AssertionError


def test_status_of_nothing(shim: Shim) -> None:
    """A new shim has no process, no run and no slots."""
    status, slots = shim.peer.hello()
    assert (status.a, status.b, status.c, status.slot, slots) == (0, 0, 0, 0, {})


def test_hello_comes_first(shim: Shim) -> None:
    """Before HELLO all else is refused."""
    assert shim.peer.do(protocol.ACK, a=1) == errno.EPROTO
    shim.peer.hello()
    assert shim.configure() == 0


def test_garbage(shim: Shim) -> None:
    """What is no message is answered as such, with its id where it has one, and the connection goes on."""
    peer = shim.ready()
    good = protocol.message(protocol.ACK, 7, a=1)
    for data, number, error in (
        (b"x", 0, errno.EBADMSG),
        (good[:31], 0, errno.EBADMSG),
        (good + b"x", 7, errno.EBADMSG),
        (good[:28] + b"\xff\xff\xff\xff", 7, errno.EBADMSG),
        (good[:28] + b"\x40\x40\0\0" + b"x" * 0x4040, 7, errno.EMSGSIZE),
    ):
        got = raw(peer, data)
        assert (got.type, got.id, got.c) == (protocol.DONE, number, error)
    for number in [*range(13, 256), 0, protocol.EXEC]:
        got = raw(peer, protocol.message(number, 9, b=3))
        assert (got.type, got.id, got.a, got.c) == (protocol.UNKNOWN, 9, number, protocol.VERSION)
    got = raw(peer, b"\x02" + good[1:])
    assert (got.type, got.id, got.b, got.c) == (protocol.UNKNOWN, 7, 2, 1)
    assert peer.do(protocol.ACK, a=1) == errno.ENOENT


def test_bad_bodies(shim: Shim) -> None:
    """A body that is none is refused, and changes nothing."""
    peer = shim.ready()
    good = protocol.config(b"/a", b"/b", b"/c", [b"x"], [b"E=1"])
    for body in [good[:length] for length in range(len(good))] + [good + b"\0", good + b"x\0", b"a" + good, b"\0" * 50]:
        assert peer.do(protocol.CONFIG, body=body) == errno.EINVAL
    for body in (b"1", b"1234567", protocol.stop([(65, 1)]), protocol.stop([(-1, 1)]), b"\0" * 8 * 33):
        assert peer.do(protocol.STOP, body=body) == errno.EINVAL
    for number, target in ((0, 0), (65, 0), (-1, 0), (15, 3), (15, -1)):
        assert peer.do(protocol.SIGNAL, a=number, b=-1, c=target) == errno.EINVAL
    assert peer.do(protocol.STOP, c=3) == errno.EINVAL
    assert shim.path.exists()


def test_many_descriptors(shim: Shim) -> None:
    """More descriptors than a request takes are closed, and it is refused."""
    peer = shim.ready()
    ours, its = os.pipe()
    assert peer.do(protocol.KEEP, slot=1, fds=[its] * 20) == errno.EMFILE
    os.close(its)
    assert os.read(ours, 1) == b""
    os.close(ours)
    assert peer.do(protocol.GIVE, slot=1) == errno.ENOENT


def test_socket_is_private(shim: Shim) -> None:
    """The socket is 0600 in directories that are 0700."""
    shim.ready()
    assert stat.S_IMODE(shim.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(shim.path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(shim.path.parent.parent.stat().st_mode) == 0o700


def test_long_path(shim: Shim) -> None:
    """A path that no socket can have is an error, and the former configuration stays."""
    peer = shim.ready()
    body = protocol.config(b"/tmp/a", b"/tmp/b", b"/tmp/" + b"x" * 104, [], [])
    assert peer.do(protocol.CONFIG, body=body) == errno.ENAMETOOLONG
    assert shim.adopt().news == []


def test_newest_wins(shim: Shim) -> None:
    """A new connection ends the one before."""
    peer = shim.ready()
    second = shim.adopt()
    with pytest.raises(EOFError):
        peer.receive()
    assert second.do(protocol.ACK, a=1) == errno.ENOENT


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can be somebody else")
def test_another_user(shim: Shim) -> None:
    """A connection of another user is closed at once, and the supervisor's own goes on."""
    peer = shim.ready()
    for path in (shim.folder, shim.path.parent.parent, shim.path.parent):
        path.chmod(0o755)
    shim.path.chmod(0o666)
    script = (
        "import os, socket, sys; os.setuid(65534); s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); "
        "s.connect(sys.argv[1]); print(s.recv(10))"
    )
    done = subprocess.run([PYTHON, "-c", script, shim.path], capture_output=True, text=True, check=True)
    assert done.stdout == "b''\n"
    assert peer.do(protocol.ACK, a=1) == errno.ENOENT


def test_reader_that_does_not_read(shim: Shim) -> None:
    """Requests wait while their answers are not read, none is lost, and another supervisor is served meanwhile."""
    peer = shim.ready()
    sent = fill(peer)
    assert sent > 50
    assert [peer.receive()[0].id for _ in range(sent)] == list(range(1, sent + 1))
    fill(peer)
    assert shim.adopt().do(protocol.ACK, a=1) == errno.ENOENT


def test_exit_is_told_to_a_slow_reader(shim: Shim) -> None:
    """An exit that finds no room in the socket is told as soon as there is some."""
    peer = shim.ready()
    process = peer.spawn(["sleep", "1000"]).a
    sent = fill(peer)
    os.kill(process, signal.SIGKILL)
    until(shim.record.exists, "the exit record")
    kinds = [peer.receive()[0].type for _ in range(sent + 2)]
    assert kinds.count(protocol.DONE) == sent
    assert kinds.count(protocol.EXITED) == kinds.count(protocol.EMPTY) == 1


def test_removed_directory(shim: Shim) -> None:
    """Whoever removes the runtime directory does not cut the shim off: it makes its socket again."""
    peer = shim.ready()
    shutil.rmtree(shim.folder / "run")
    peer.close()
    until(shim.path.exists, "the socket")
    assert shim.adopt().hello()[0].slot == 0


def test_quit(shim: Shim) -> None:
    """QUIT removes the socket and ends the shim with that code."""
    peer = shim.ready()
    assert peer.do(protocol.QUIT, c=9) == 0
    assert os.waitstatus_to_exitcode(shim.wait()) == 9
    assert not shim.path.exists()


def test_quit_while_it_lives(shim: Shim) -> None:
    """QUIT is refused while the main process lives, unless it is meant."""
    peer = shim.ready()
    process = peer.spawn(["sleep", "1000"]).a
    assert peer.do(protocol.QUIT) == errno.EBUSY
    assert peer.do(protocol.QUIT, b=1) == 0
    assert os.waitstatus_to_exitcode(shim.wait()) == 0
    until(lambda: is_gone(process), "the death of the process")


def test_lost(shim: Shim) -> None:
    """A shim that was never told a socket ends with its first connection, as nobody could reach it."""
    shim.peer.hello()
    shim.peer.close()
    assert os.waitstatus_to_exitcode(shim.wait()) == 0


def test_started_by_hand(pyinit_shim: str) -> None:
    """A shim without a connection says what it is for."""
    done = subprocess.run([pyinit_shim, "x"], capture_output=True, text=True, check=False)
    assert done.returncode == 125
    assert done.stderr == "pyinit-shim: it is started by pyinit's supervisor, with a connection as descriptor 3\n"
    ours, its = socket.socketpair()
    with ours, its:
        assert subprocess.run([pyinit_shim], pass_fds=[its.fileno()], stderr=-3, check=False).returncode == 125


def test_idle(shim: Shim, start: Callable[..., Shim]) -> None:
    """With nothing to do it does not wake up, and has at most 32 kB."""
    del start
    peer = shim.ready()
    peer.spawn(["sleep", "1000"])

    def switches() -> str:
        with open(f"/proc/{shim.pid}/status") as file:
            return file.read().split("nonvoluntary")[0].rpartition("voluntary_ctxt_switches:")[2]

    def is_waiting() -> bool:
        with open(f"/proc/{shim.pid}/wchan") as file:
            return "poll" in file.read()

    until(is_waiting, "the shim waits")
    before = switches()
    subprocess.run([PYTHON, "-c", "import time; time.sleep(1)"], check=True)
    assert switches() == before
    with open(f"/proc/{shim.pid}/smaps_rollup") as file:
        sizes = dict(line.split(":") for line in file.read().splitlines()[1:])
    assert int(sizes["Pss"].split()[0]) <= 32
