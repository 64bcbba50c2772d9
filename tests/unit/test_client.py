from __future__ import annotations

import fcntl
import os
import socket
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyinit import client
from pyinit.dirs import Dirs
from pyinit.errors import PyinitError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Server:
    """Stands in for the supervisor: answers each request of each connection with the bytes it was given."""

    def __init__(self, dirs: Dirs, *connections: list[bytes]) -> None:
        self.requests: list[bytes] = []
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(dirs.control)
        self._socket.listen()
        self._connections = connections
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        for answers in self._connections:
            connection, _ = self._socket.accept()
            with connection, connection.makefile("rb") as file:
                for answer in answers:
                    self.requests.append(file.readline())
                    connection.sendall(answer)

    def end(self) -> None:
        """Wait until all connections have been served."""
        self._thread.join()
        self._socket.close()


@pytest.fixture
def dirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dirs]:
    """Give directories, which the environment says as well; the runtime's path is short enough for a socket."""
    short = f"/proc/self/fd/{(fd := os.open(tmp_path, os.O_PATH))}"
    monkeypatch.setenv("PYINIT_RUNTIME_DIR", short)
    monkeypatch.setenv("PYINIT_STATE_DIR", str(tmp_path))
    yield Dirs(short, str(tmp_path))
    os.close(fd)


def test_a_request_has_an_answer(dirs: Dirs) -> None:
    """The verb and its arguments are a line of JSON, and so is the answer; an error key beside ok is data."""
    server = Server(dirs, [b'{"ok": true, "version": "1", "error": ""}\n'])
    assert client.ask("ping", name="\udcff")["version"] == "1"
    server.end()
    assert server.requests == [b'{"verb": "ping", "name": "\\udcff"}\n']


def test_an_error_has_its_exit_code(dirs: Dirs) -> None:
    """The supervisor's line and code become the command's."""
    server = Server(dirs, [b'{"error": "no such command", "exit": 127}\n'])
    with pytest.raises(PyinitError, match="no such command") as caught:
        client.ask("create")
    server.end()
    assert caught.value.exit_code == 127


def test_several_lines_end_with_ok(dirs: Dirs) -> None:
    """Lines come one by one, in any portions, up to the one that only says ok."""
    server = Server(dirs, [b'{"name": "a"}\n{"name": ', b""], [])
    with client.Connection(dirs) as connection:
        connection.send("wait")
        lines = connection.lines()
        assert next(lines) == {"name": "a"}
        connection.send("more")
        with pytest.raises(client.Gone):
            next(lines)
    client.Connection(dirs).socket.close()
    server.end()


@pytest.mark.parametrize("answer", [b"nonsense\n", b"[]\n", b'{"ok": tru}\n'])
def test_an_answer_that_is_none_is_an_error(dirs: Dirs, answer: bytes) -> None:
    """Garbage is said to be garbage."""
    server = Server(dirs, [answer])
    with pytest.raises(PyinitError, match="answer"):
        client.ask("ping")
    server.end()


def test_what_can_be_asked_twice_is_asked_again(dirs: Dirs) -> None:
    """When the supervisor dies before it answers, a question goes to the next one, but not every deed."""
    server = Server(dirs, [b""], [b'{"ok": true, "services": []}\n'], [b""])
    assert client.ask("list") == {"ok": True, "services": []}
    with pytest.raises(client.Gone, match="went away"):
        client.ask("restart")
    server.end()


def test_a_request_that_is_too_long_is_not_sent(dirs: Dirs) -> None:
    """The limit is named."""
    server = Server(dirs, [])
    with client.Connection(dirs) as connection, pytest.raises(PyinitError, match="1048576"):
        connection.send("create", spec="x" * (1 << 20))
    server.end()


def test_without_start_nothing_is_started(dirs: Dirs) -> None:
    """Who only asks gets an error, and no file was made."""
    with pytest.raises(client.NoSupervisor, match="no supervisor"):
        client.Connection(dirs, start=False)
    assert os.listdir(dirs.state) == []


def _program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (tmp_path / "program.py").write_text(text)
    command = [sys.executable, "-I", "-S", str(tmp_path / "program.py")]
    monkeypatch.setattr(client, "supervisor_command", lambda _dirs: command)


def test_a_supervisor_that_dies_at_once_is_quoted(dirs: Dirs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last line is the reason that is given."""
    _program(tmp_path, monkeypatch, "import sys; sys.exit('pyinitctl: the moon is full')")
    with pytest.raises(PyinitError, match="did not start: the moon is full"):
        client.Connection(dirs)


def test_the_supervisor_has_its_descriptors_and_no_others(
    dirs: Dirs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """3 is a pipe that is waited for, 4 the locked lock, 2 its log; nothing else is inherited, no signal blocked."""
    text = """
import os, signal, fcntl
names = sorted(int(name) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}"))
links = [os.readlink(f"/proc/self/fd/{name}") for name in names]
mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
os.write(2, repr((names, links[:3], links[3][:5], links[4], len(mask), os.getsid(0) == os.getpid())).encode())
os.write(3, b"r")
"""
    _program(tmp_path, monkeypatch, text)
    extra = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(extra, True)
    lock = client.take(dirs.lock)
    assert lock is not None
    client.launch(dirs, lock)
    os.close(lock)
    os.close(extra)
    log = tmp_path / "supervisor.log"
    wanted = (
        [0, 1, 2, 3, 4],
        ["/dev/null", "/dev/null", str(log)],
        "pipe:",
        str(tmp_path / "supervisor.lock"),
        0,
        True,
    )
    assert log.read_text() == repr(wanted)
    os.wait()


def test_one_at_a_time_has_the_lock(dirs: Dirs) -> None:
    """Who does not get the lock gets None, until it is free."""
    first = client.take(dirs.lock)
    assert first is not None
    assert client.take(dirs.lock) is None
    fcntl.flock(first, fcntl.LOCK_UN)
    second = client.take(dirs.lock)
    assert second is not None
    os.close(first)
    os.close(second)


def test_a_supervisor_that_never_listens_is_not_waited_for_forever(dirs: Dirs, monkeypatch: pytest.MonkeyPatch) -> None:
    """While somebody has the lock and nobody listens, the wait is bounded, and the lock is named."""
    monkeypatch.setattr(client, "PATIENCE", 0.05)
    lock = client.take(dirs.lock)
    assert lock is not None
    with pytest.raises(PyinitError, match=r"supervisor\.lock"):
        client.Connection(dirs)
    os.close(lock)


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=300))), st.integers(1, 50))
def test_frames_survive_any_portions(frames: list[tuple[int, bytes]], portion: int) -> None:
    """However the bytes arrive, the frames are the ones that were sent."""
    data = b"".join(client.frame(kind, payload) for kind, payload in frames)
    reader = client.Frames()
    found = [one for at in range(0, len(data), portion) for one in reader.feed(data[at : at + portion])]
    assert found == frames
