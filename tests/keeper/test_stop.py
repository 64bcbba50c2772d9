from __future__ import annotations

import errno
import os
import signal
from typing import TYPE_CHECKING

import pytest

from pyinit import protocol
from tests.keeper.peer import PYTHON, is_gone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.keeper.peer import Peer, Shim

OUT = 1
FOREVER = -1
# Prints its name and pid, then the name of each signal that it catches; "deaf" goes on after it, others exit.
TALKER = """
import os, signal, sys
def caught(number, _):
    os.write(1, b"%s %s\\n" % (sys.argv[1].encode(), signal.Signals(number).name.encode()))
    if "deaf" not in sys.argv: os._exit(0)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1): signal.signal(number, caught)
{start}
os.write(1, b"%s %d\\n" % (sys.argv[1].encode(), os.getpid()))
while True: signal.pause()
"""
# Starts a child in a session of its own whose parent ends at once: a daemon.
DAEMONISES = """
if os.fork() == 0:
    os.setsid()
    parent = os.getpid()
    if os.fork(): os._exit(0)
    while os.getppid() == parent: pass
    sys.argv[1] = "daemon"
"""
DEAF = ["deaf"]


class Out:
    """What talkers say."""

    def __init__(self, peer: Peer) -> None:
        """Make the pipe, whose writing end is kept in a slot."""
        ours, its = os.pipe()
        peer.keep(OUT, its)
        os.close(its)
        self.file = os.fdopen(ours, "rb", buffering=0)

    def line(self) -> str:
        """Give the next line."""
        text = b""
        while not text.endswith(b"\n"):
            byte = self.file.read(1)
            assert byte
            text += byte
        return text.decode().strip()

    def lines(self, count: int) -> dict[str, str]:
        """Give that many lines, by their first word."""
        return dict(self.line().split() for _ in range(count))


def talk(peer: Peer, start: str = "", words: list[str] | None = None, run: int = 1) -> None:
    """Start a talker."""
    argv = [PYTHON, "-c", TALKER.format(start=start), "main", *(words or [])]
    assert peer.spawn(argv, run, descriptors={1: OUT, 2: OUT}).c == 0


@pytest.fixture
def out(shim: Shim) -> Iterator[Out]:
    """Give the pipe of a shim that is ready."""
    out = Out(shim.ready())
    yield out
    out.file.close()


def test_nothing_left(shim: Shim, out: Out) -> None:
    """With no steps everything is killed, daemons in sessions of their own too, and all are counted."""
    talk(shim.peer, DAEMONISES)
    pids = [int(pid) for pid in out.lines(2).values()]
    assert shim.peer.do(protocol.STOP) == 0
    got = shim.peer.wait(protocol.EXITED)
    assert got.c == signal.SIGKILL
    assert shim.peer.wait(protocol.EMPTY).c == 2
    assert all(is_gone(pid) for pid in pids)


@pytest.mark.parametrize("target", [protocol.TARGET_MAIN, protocol.TARGET_GROUP, protocol.TARGET_TREE])
def test_gently(shim: Shim, out: Out, target: int) -> None:
    """A daemon gets the signal too: with the whole tree, or else once the main process is dead; nobody is killed."""
    talk(shim.peer, DAEMONISES)
    out.lines(2)
    assert shim.peer.do(protocol.STOP, c=target, body=protocol.stop([(signal.SIGTERM, FOREVER)])) == 0
    assert shim.peer.wait(protocol.EXITED).c == 0
    assert shim.peer.wait(protocol.EMPTY).c == 0
    assert out.lines(2) == {"main": "SIGTERM", "daemon": "SIGTERM"}


def test_steps(shim: Shim, out: Out) -> None:
    """Each step's signal comes in its turn, and in the end KILL."""
    talk(shim.peer, words=DEAF)
    out.line()
    steps = protocol.stop([(0, 10), (signal.SIGTERM, 30), (signal.SIGINT, 30), (signal.SIGHUP, 30)])
    assert shim.peer.do(protocol.STOP, body=steps) == 0
    assert [out.line() for _ in range(3)] == ["main SIGTERM", "main SIGINT", "main SIGHUP"]
    assert shim.peer.wait(protocol.EXITED).c == signal.SIGKILL
    assert shim.peer.wait(protocol.EMPTY).c == 1


def test_stopped_process(shim: Shim, out: Out) -> None:
    """A process that is stopped is continued, so that it sees the signal."""
    talk(shim.peer)
    pid = int(out.line().split()[1])
    os.kill(pid, signal.SIGSTOP)
    assert shim.peer.do(protocol.STOP, body=protocol.stop([(signal.SIGTERM, FOREVER)])) == 0
    assert out.line() == "main SIGTERM"
    assert shim.peer.wait(protocol.EXITED).c == 0


def test_second_stop_is_shorter(shim: Shim, out: Out) -> None:
    """A second STOP brings KILL earlier, and sends its own signals to nobody."""
    talk(shim.peer, words=DEAF)
    out.line()
    assert shim.peer.do(protocol.STOP, body=protocol.stop([(signal.SIGTERM, FOREVER)])) == 0
    assert out.line() == "main SIGTERM"
    assert shim.peer.do(protocol.STOP, body=protocol.stop([(signal.SIGINT, 50)])) == 0
    assert shim.peer.wait(protocol.EXITED).c == signal.SIGKILL
    assert shim.peer.wait(protocol.EMPTY).c == 1
    assert shim.peer.do(protocol.KEEP, slot=OUT) == 0
    assert out.file.read() == b""


def test_second_stop_is_longer(shim: Shim, out: Out) -> None:
    """A longer second STOP changes nothing."""
    talk(shim.peer, words=DEAF)
    out.line()
    assert shim.peer.do(protocol.STOP, body=protocol.stop([(signal.SIGTERM, 200)])) == 0
    assert shim.peer.do(protocol.STOP, body=protocol.stop([(signal.SIGINT, FOREVER)])) == 0
    assert shim.peer.wait(protocol.EXITED).c == signal.SIGKILL


def test_goes_on_without_a_supervisor(shim: Shim, out: Out) -> None:
    """A STOP is finished though the supervisor that asked for it is dead; the next one hears of it."""
    talk(shim.peer, DAEMONISES, DEAF)
    out.lines(2)
    assert shim.peer.do(protocol.STOP, c=2, body=protocol.stop([(signal.SIGTERM, 300)])) == 0
    shim.peer.close()
    peer = shim.connect()
    assert peer.hello()[0].slot & protocol.STATUS_STOPPING
    assert peer.wait(protocol.EMPTY).c == 2
    assert shim.connect().hello()[0].slot == protocol.STATUS_EXITED


def test_forking_on(shim: Shim) -> None:
    """Processes that fork all the time, into new sessions, are all killed."""
    peer = shim.ready()
    bomb = (
        "import os\n"
        "for _ in range(20):\n"
        " if os.fork() == 0:\n"
        "  while True:\n"
        "   os.setsid() if os.getsid(0) != os.getpid() and os.getpgid(0) != os.getpid() else 0\n"
        "   if os.fork(): os._exit(0)\n"
        "os.wait()\n"
        "import time; time.sleep(1000)\n"
    )
    peer.spawn([PYTHON, "-c", bomb])
    assert peer.do(protocol.STOP, c=2, body=protocol.stop([(0, 200)])) == 0
    peer.wait(protocol.EXITED)
    peer.wait(protocol.EMPTY)
    from tests.keeper.peer import descendants  # noqa: PLC0415

    assert descendants(shim.pid) == []


def test_more_than_a_screenful(shim: Shim) -> None:
    """A thousand children of a process's threads are found and killed."""
    peer = shim.ready()
    script = (
        "import os, threading, signal, time\n"
        "def some():\n"
        " for _ in range(100):\n"
        "  if os.fork() == 0:\n"
        "   while True: signal.pause()\n"
        " time.sleep(1000)\n"
        "threads = [threading.Thread(target=some) for _ in range(5)]\n"
        "[t.start() for t in threads]\n"
    )
    peer.spawn([PYTHON, "-c", script])
    from tests.keeper.peer import descendants  # noqa: PLC0415
    from tests.running import until  # noqa: PLC0415

    until(lambda: len(descendants(shim.pid)) == 501, "all children are there")
    assert peer.do(protocol.STOP) == 0
    assert peer.wait(protocol.EMPTY).c == 501


def test_spawn_waits_for_the_end(shim: Shim, out: Out) -> None:
    """While a STOP goes on nothing is started, since it would be killed as well."""
    talk(shim.peer, DAEMONISES.replace('"daemon"', '"daemon"; sys.argv.append("deaf")'))
    out.lines(2)
    assert shim.peer.do(protocol.STOP, c=2, body=protocol.stop([(signal.SIGTERM, FOREVER)])) == 0
    assert shim.peer.wait(protocol.EXITED).c == 0
    got = shim.peer.spawn(["true"], 2)
    assert (got.slot, got.c) == (protocol.STEP_BUSY, errno.EBUSY)
    assert shim.peer.do(protocol.STOP) == 0
    shim.peer.wait(protocol.EMPTY)
    assert shim.peer.spawn(["true"], 2).c == 0


def test_nothing_to_stop(shim: Shim, out: Out) -> None:
    """After a run, STOP is answered by EMPTY at once; before the first there is nothing to say."""
    del out
    peer = shim.peer
    assert peer.do(protocol.STOP) == 0
    assert peer.news == []
    peer.spawn(["true"])
    peer.wait(protocol.EMPTY)
    assert peer.do(protocol.STOP, body=protocol.stop([(15, 1000)])) == 0
    assert peer.wait(protocol.EMPTY).a == 1


def test_signals(shim: Shim, out: Out) -> None:
    """SIGNAL reaches the main process alone, its group, or the tree."""
    talk(shim.peer, DAEMONISES, DEAF)
    out.lines(2)
    for number, target, count in ((signal.SIGUSR1, 0, 1), (signal.SIGHUP, 1, 1), (signal.SIGINT, 2, 2)):
        assert shim.peer.do(protocol.SIGNAL, a=number, b=-1, c=target) == 0
        heard = out.lines(count)
        assert heard.pop("main") == number.name
        assert heard == ({"daemon": number.name} if target == 2 else {})
    assert shim.peer.do(protocol.STOP) == 0
    shim.peer.wait(protocol.EMPTY)
    for target in range(3):
        assert shim.peer.do(protocol.SIGNAL, a=15, b=-1, c=target) == errno.ESRCH


@pytest.mark.parametrize("target", [0, 1, 2])
def test_value(shim: Shim, target: int) -> None:
    """A value that is queued with a signal arrives."""
    peer = shim.ready()
    out = Out(peer)
    script = (
        "import ctypes, os, signal\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGRTMIN})\n"
        "os.write(1, b'ready\\n')\n"
        "libc = ctypes.CDLL(None)\n"
        "info = (ctypes.c_int * 32)()\n"
        "mask = (ctypes.c_ulong * 16)(1 << 33)\n"
        "assert libc.sigwaitinfo(mask, info) == signal.SIGRTMIN\n"
        "os.write(1, b'%d %d\\n' % (info[2], info[6]))\n"
    )
    assert peer.spawn([PYTHON, "-c", script], descriptors={1: OUT}).c == 0
    assert out.line() == "ready"
    assert peer.do(protocol.SIGNAL, a=signal.SIGRTMIN, b=4711, c=target) == 0
    assert out.line() == "-1 4711"
    out.file.close()
