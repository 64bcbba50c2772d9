"""Killing what a dead shim has left, and nothing else; with real processes."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING

import pytest

from pyinit import launch, sweep
from pyinit.loop import Loop, close

if TYPE_CHECKING:
    from collections.abc import Iterator

# Starts a grandchild that leaves group, session and parent behind, says its pid, and waits for its input to end.
DAEMON = """if 1:
    import os, sys, time
    reader, writer = os.pipe()
    if not os.fork():
        os.setsid()
        if not os.fork():
            os.write(writer, b"%d\\n" % os.getpid())
            time.sleep(1000)
        os._exit(0)
    os.wait()
    print(os.read(reader, 20).decode().strip(), flush=True)
    sys.stdin.read()
    """


@pytest.fixture
def ident() -> str:
    """Give an id that no other test uses."""
    return uuid.uuid4().hex[:12]


class Started:
    """Processes with marks, gone at the end."""

    def __init__(self) -> None:
        self.all: list[subprocess.Popen[str]] = []

    def start(self, mark: str, code: str = DAEMON) -> tuple[subprocess.Popen[str], str]:
        """Start one; what it says first."""
        environ = {**os.environ, launch.MARK: mark}
        child = subprocess.Popen(
            [sys.executable, "-c", code], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.all.append(child)
        assert child.stdout
        return child, child.stdout.readline().strip()


@pytest.fixture
def started() -> Iterator[Started]:
    """Give something to start processes with."""
    made = Started()
    yield made
    for child in made.all:
        child.kill()
        child.communicate()


def _sweep(ident: str) -> None:
    """Sweep until it is done."""
    loop = Loop()
    sweep.Sweep(loop, ident, loop.stop)
    loop.run()


def _pids(ident: str) -> set[int]:
    """Who would be killed."""
    found = sweep.find(ident)
    pids: set[int] = set()
    for pidfd in found:
        with open(f"/proc/self/fdinfo/{pidfd}", encoding="ascii") as file:
            pids.update(int(line.split()[1]) for line in file if line.startswith("Pid:"))
    close(*found)
    return pids


def test_all_that_have_the_mark_are_killed_and_none_else(started: Started, ident: str) -> None:
    """The one that left its session too; a service whose id only begins alike, or that has the id elsewhere, lives."""
    mine, daemon = started.start(ident)
    others = [started.start(mark) for mark in (ident + "0", ident[:-1], "x" + ident)]
    assert _pids(ident) == {mine.pid, int(daemon)}
    before = os.listdir("/proc/self/fd")
    _sweep(ident)
    assert mine.wait() == -9
    assert not _pids(ident)
    for other, pid in others:
        assert other.poll() is None
        assert os.path.exists(f"/proc/{pid}")
    assert len(os.listdir("/proc/self/fd")) == len(before)
    for mark in (ident + "0", ident[:-1], "x" + ident):
        _sweep(mark)
    assert all(other.wait() == -9 for other, _ in others)


def test_nothing_to_sweep_is_done_at_once(ident: str) -> None:
    """done() is called by the loop, not before the caller has its Sweep."""
    loop, done = Loop(), []

    def finish() -> None:
        done.append(1)
        loop.stop()

    sweep.Sweep(loop, ident, finish)
    assert not done
    loop.run()
    assert done == [1]


def test_what_is_forked_during_the_sweep_is_found_too(started: Started, ident: str) -> None:
    """A process that always has a child that goes on is swept with all its successors."""
    code = """if 1:
        import os, time
        os.setsid()
        print("ready", flush=True)
        while True:
            time.sleep(0.01)
            if os.fork():
                os._exit(0)
        """
    child, said = started.start(ident, code)
    assert said == "ready"
    _sweep(ident)
    assert not _pids(ident)
    child.wait()


def test_the_supervisor_itself_is_never_swept(started: Started, ident: str) -> None:
    """A supervisor that was started by a service has that service's mark."""
    code = f"""if 1:
        import sys
        sys.path.insert(0, {os.path.dirname(os.path.dirname(launch.__file__))!r})
        from pyinit import sweep
        print(len(sweep.find({ident!r})), flush=True)
        """
    _, said = started.start(ident, code)
    assert said == "0"


def test_zombies_are_not_waited_for(started: Started, ident: str) -> None:
    """What is dead and not yet reaped by its parent is nothing that is left."""
    child, _ = started.start(ident, "print('ready', flush=True)")
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not _pids(ident)
    _sweep(ident)


def test_a_lack_of_descriptors_is_no_proof_that_nothing_is_left(
    started: Started, ident: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EMFILE: the sweep looks again later, and kills what it finds then."""
    child, _ = started.start(ident)
    failures = [1, 1]
    opened = os.pidfd_open

    def open_pidfd(pid: int) -> int:
        if failures:
            failures.pop()
            raise OSError(errno.EMFILE, "too many")
        return opened(pid)

    monkeypatch.setattr(os, "pidfd_open", open_pidfd)
    monkeypatch.setattr(sweep, "RETRY", 0.001)
    with pytest.raises(OSError, match="too many"):
        sweep.find(ident)
    _sweep(ident)
    assert not failures
    assert child.wait() == -9
