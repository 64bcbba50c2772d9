from __future__ import annotations

import fcntl
import os
import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from pyinit import protocol
from tests.keeper.peer import PYTHON, is_gone
from tests.running import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.keeper.peer import Shim

# Says where it is that it was called, then connects to every shim and stays until it is killed.
SUPERVISOR = """
import os, socket, sys
folder = sys.argv[1]
locked = os.readlink("/proc/self/fd/4")
variables = ",".join(sorted(os.environ))
with open(f"{folder}/called", "a") as file:
    file.write(f"{os.getpid()} {os.getppid()} {locked} {variables} {os.getsid(0) == os.getpid()}\\n")
connections = []
for name in sorted(os.listdir(f"{folder}/run/shims")):
    connections.append(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
    connections[-1].connect(f"{folder}/run/shims/{name}")
    with open(f"{folder}/connected", "a") as file:
        file.write(f"{name}\\n")
import signal
signal.pause()
"""


def called(folder: Path) -> list[list[str]]:
    """Give the words of each supervisor that was called."""
    file = folder / "called"
    return [line.split() for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def command(folder: Path) -> Iterator[list[str]]:
    """Give a supervisor's command; those that were called end with the test."""
    yield [PYTHON, "-S", "-c", SUPERVISOR, str(folder)]
    for words in called(folder):
        if not is_gone(int(words[0])):
            os.kill(int(words[0]), signal.SIGKILL)


def connected(folder: Path) -> list[str]:
    """Give the names of shims that were connected to."""
    file = folder / "connected"
    return file.read_text().split() if file.exists() else []


def test_called_at_once(shim: Shim, folder: Path, command: list[str]) -> None:
    """When the connection ends a supervisor is started: with the lock as 4, in a session, not as the shim's child."""
    shim.ready(command, ["A=1", "LC_CTYPE=C.UTF-8"])
    shim.peer.close()
    until(lambda: connected(folder) == ["shim"], "a supervisor connects")
    ((pid, parent, lock, variables, leads),) = called(folder)
    assert int(parent) == os.getpid()
    assert (lock, variables, leads) == (str(shim.lock), "A,LC_CTYPE", "True")
    with shim.lock.open() as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.kill(int(pid), signal.SIGKILL)
    os.waitpid(int(pid), 0)
    until(lambda: len(connected(folder)) == 2, "another supervisor connects")
    os.kill(int(called(folder)[1][0]), signal.SIGKILL)


def test_exactly_one(start: Callable[..., Shim], folder: Path, command: list[str]) -> None:
    """Of many shims that lose their supervisor exactly one starts the next, for all of them."""
    shims = [start(f"s{number:02}") for number in range(20)]
    for shim in shims:
        shim.ready(command)
    for shim in shims:
        shim.peer.close()
    until(lambda: len(connected(folder)) == 20, "all are connected to")
    assert len(called(folder)) == 1
    assert connected(folder) == [shim.name for shim in shims]


def test_somebody_is_there(shim: Shim, folder: Path, command: list[str]) -> None:
    """While the lock is held nobody is started; once it is free somebody is."""
    shim.ready(command)
    with shim.lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        shim.peer.close()
        shim.adopt().close()
        shim.adopt().close()
        assert called(folder) == []
    until(lambda: connected(folder) == ["shim"], "a supervisor connects")


def test_rest(shim: Shim, folder: Path, command: list[str]) -> None:
    """After REST nobody is started, though an exit is recorded; the next supervisor takes it back."""
    peer = shim.ready(command)
    pid = peer.spawn(["sleep", "1000"]).a
    assert peer.do(protocol.REST, c=1) == 0
    peer.close()
    os.kill(pid, signal.SIGKILL)
    until(shim.record.exists, "the exit record")
    peer = shim.adopt()
    assert peer.wait(protocol.EXITED).c == signal.SIGKILL
    assert called(folder) == []
    assert peer.do(protocol.REST, c=0) == 0
    peer.close()
    until(lambda: connected(folder) == ["shim"], "a supervisor connects")


def test_watch(shim: Shim, folder: Path, command: list[str]) -> None:
    """A watched slot that becomes readable is a reason to start one all the same."""
    peer = shim.ready(command)
    ours, its = os.pipe()
    peer.keep(7, ours)
    os.close(ours)
    assert peer.do(protocol.WATCH, slot=7, c=1) == 0
    assert peer.do(protocol.REST, c=1) == 0
    peer.close()
    shim.adopt().close()
    assert called(folder) == []
    os.write(its, b"x")
    until(lambda: connected(folder) == ["shim"], "a supervisor connects")
    os.close(its)


def test_removed_directory(shim: Shim, folder: Path, command: list[str]) -> None:
    """A removed runtime directory is made again before a supervisor is called."""
    shim.ready(command)
    shutil.rmtree(folder / "run")
    shim.peer.close()
    until(lambda: connected(folder) == ["shim"], "a supervisor connects")


def test_command_that_fails(shim: Shim, folder: Path, command: list[str]) -> None:
    """A supervisor that cannot be started, or ends at once, is tried again."""
    program = folder / "supervisor"
    shim.ready([str(program), *command])
    shim.peer.close()
    peer = shim.adopt()
    peer.close()
    program.write_text('#!/bin/sh\necho x >> "$5/tries"\n[ "$(wc -l < "$5/tries")" -lt 3 ] || exec "$@"\n')
    program.chmod(0o755)
    until(lambda: connected(folder) == ["shim"], "a supervisor connects")
    assert len((folder / "tries").read_text().split()) == 3


def test_stopping_goes_on(shim: Shim, folder: Path, command: list[str]) -> None:
    """The supervisor that was called is none of the service's descendants: a STOP spares it."""
    peer = shim.ready(command)
    peer.spawn(["sleep", "1000"])
    peer.close()
    until(lambda: connected(folder) == ["shim"], "a supervisor connects")
    peer = shim.adopt()
    assert peer.do(protocol.STOP) == 0
    assert peer.wait(protocol.EMPTY).c == 1
    assert not is_gone(int(called(folder)[0][0]))
