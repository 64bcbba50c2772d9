"""The control socket: whatever comes in, each request is answered once, and nobody else notices."""

from __future__ import annotations

import errno
import json
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyinit import control, requests
from pyinit.dirs import Dirs
from pyinit.errors import PyinitError
from pyinit.supervisor import Supervisor
from tests.unit.harness import Harness, answer, is_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

PING = b'{"verb": "ping"}\n'
_fuzz = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_lines = st.one_of(
    st.binary(min_size=1, max_size=40).map(lambda data: data.replace(b"\n", b" ")),
    _json.map(lambda value: json.dumps(value).encode()),
    _json.map(lambda value: json.dumps({"verb": value}).encode()),
    st.sampled_from(
        [b"{", b"[]", b"\0", b'"\xff"', b'{"verb":"ping","verb":1}', b"[" * 5000, b"NaN", b'{"verb":"ping"}x']
    ),
)


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    """Give a supervisor in a thread."""
    with Harness(tmp_path) as made:
        yield made


def _send_until_dropped(connection: socket.socket, data: bytes) -> None:
    """Send the same again and again, until the other end is gone."""
    try:
        for _ in range(100000):
            connection.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        return
    pytest.fail("it is still there")


@_fuzz
@given(lines=st.lists(_lines, min_size=1, max_size=5), cuts=st.lists(st.integers(0, 100), max_size=4))
def test_garbage_is_answered_by_one_line_each(harness: Harness, lines: list[bytes], cuts: list[int]) -> None:
    """Whatever the lines are and however they are cut into packets: an error each, in order; then all is as before."""
    data = b"".join(line + b"\n" for line in lines) + PING
    with harness.connect() as connection:
        at = 0
        for cut in (*sorted(cuts), len(data)):
            connection.sendall(data[at:cut])
            at = max(at, cut)
        for line in lines:
            found = answer(connection)
            assert set(found) == {"error", "exit"}, line
            assert is_one_line(found["error"])
            assert found["exit"] == 125
        assert answer(connection)["pid"] == os.getpid()


def test_many_requests_in_one_packet_are_answered_in_order(harness: Harness) -> None:
    """And a half one waits for its rest."""
    with harness.connect() as connection:
        connection.sendall(b'{"verb": "no"}\n' + PING * 100 + PING[:5])
        assert "error" in answer(connection)
        for _ in range(100):
            assert answer(connection)["ok"]
        connection.sendall(PING[5:])
        assert answer(connection)["ok"]


def test_a_half_request_holds_up_nobody(harness: Harness) -> None:
    """Clients that say nothing, or half of something, and stay, or leave."""
    silent, half, gone = harness.connect(), harness.connect(), harness.connect()
    half.sendall(PING[:-1])
    gone.sendall(PING[:3])
    gone.close()
    assert harness.ask("ping")["ok"]
    assert harness.call(lambda: len(harness.server.clients)) >= 2
    half.sendall(b"\n")
    assert answer(half)["ok"]
    silent.sendall(PING)
    assert answer(silent)["ok"]


def test_a_request_of_more_than_a_megabyte_ends_the_connection(harness: Harness) -> None:
    """One error, then the end, though the sender goes on sending; a long one below the bound is served."""
    with harness.connect() as connection:
        connection.sendall(b'{"verb": "ping", "x": "' + b"y" * 1000000 + b'"}\n')
        assert "no such argument" in answer(connection)["error"]
    with harness.connect() as connection:
        _send_until_dropped(connection, b"y" * 10000)
        assert answer(connection)["error"] == "a request has at most 1048576 bytes"
        assert answer(connection) == {}
    assert harness.ask("ping")["ok"]


def test_whoever_never_reads_is_dropped(harness: Harness) -> None:
    """Answers that are not read are kept up to MOST_UNREAD; then the connection is gone, and its memory with it."""
    created = harness.ask("create", spec={"command": ["x" * 100000], "name": "long"})
    assert created["ok"]
    connection = harness.connect()
    _send_until_dropped(connection, b'{"verb": "inspect", "names": ["long"]}\n' * 10)
    assert harness.ask("ping")["ok"]
    assert harness.call(lambda: sum(client.unread for client in harness.server.clients)) == 0


def test_a_slow_reader_gets_all_of_it(harness: Harness) -> None:
    """An answer that is larger than the socket's buffer arrives whole."""
    for number in range(20):
        harness.ask("create", spec={"command": ["x" * 100000], "name": f"n{number}"})
    with harness.connect() as connection:
        connection.sendall(b'{"verb": "inspect", "names": %s}\n' % json.dumps([f"n{n}" for n in range(20)]).encode())
        assert [one["Name"] for one in answer(connection)["services"]] == [f"n{n}" for n in range(20)]


def test_requests_while_one_is_waiting_are_bounded(harness: Harness) -> None:
    """A client that sends on without waiting for its answer is dropped after a megabyte."""
    harness.ask("create", spec={"command": ["x"], "name": "a"})
    with harness.connect() as connection:
        connection.sendall(b'{"verb": "wait", "names": ["a"], "condition": "removed"}\n')
        _send_until_dropped(connection, PING * 1000)
    assert harness.ask("ping")["ok"]


def test_another_user_is_refused(tmp_path: Path) -> None:
    """Though the socket's mode would let it in: it gets no answer, only the end. We and root are answered."""
    assert os.geteuid() == 0, "this test needs root, to be somebody else"
    code = """if 1:
        import os, socket, sys
        os.setgid(65534)
        os.setuid(int(sys.argv[2]))
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(sys.argv[1])
        try:
            connection.sendall(b'{"verb": "ping"}\\n')
            print(len(connection.recv(100)))
        except OSError:
            print(0)
        """
    with Harness(tmp_path) as harness:
        path = tmp_path
        while path != path.parent:
            if path.owner() == "root" and path.stat().st_mode & 0o5 != 0o5:
                path.chmod(path.stat().st_mode | 0o5)
            path = path.parent
        Path(harness.dirs.runtime).chmod(0o755)
        Path(harness.dirs.control).chmod(0o777)
        said = {}
        for uid in (65534, 0):
            command = [sys.executable, "-I", "-S", "-c", code, harness.dirs.control, str(uid)]
            said[uid] = int(subprocess.run(command, check=True, capture_output=True).stdout)
        assert said[65534] == 0
        assert said[0] > 0
        assert harness.ask("ping")["ok"]


def test_the_socket_is_private_and_replaces_an_old_one(tmp_path: Path) -> None:
    """A supervisor that was killed has left its socket; a path that cannot be bound is one line."""
    for _ in range(2):
        with Harness(tmp_path) as harness:
            assert os.stat(harness.dirs.control).st_mode & 0o777 == 0o600
            assert harness.ask("ping")["ok"]
    with pytest.raises(PyinitError, match=r"^cannot listen at .*: No such file or directory$"):
        control.Server(Supervisor(Dirs(f"{tmp_path}/none", f"{tmp_path}/s"), "x", -1))


def test_without_descriptors_clients_wait_and_are_served_later(tmp_path: Path) -> None:
    """EMFILE in accept(2): no busy loop, no loss; who waits is served as soon as there is room."""
    with Harness(tmp_path) as harness:
        connection = harness.connect()
        connection.sendall(PING)
        assert answer(connection)["ok"]
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

        with socket.socket(socket.AF_UNIX) as patient:
            resource.setrlimit(resource.RLIMIT_NOFILE, (4, hard))
            try:
                patient.connect(harness.dirs.control)
                patient.sendall(PING)
                connection.sendall(PING)
                assert answer(connection)["ok"]  # those who are in are served
                patient.setblocking(False)
                with pytest.raises(BlockingIOError):
                    patient.recv(1)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            patient.settimeout(60)
            assert answer(patient)["ok"]


@pytest.mark.parametrize(
    ("raised", "text"),
    [
        (PyinitError("so\nit is", 3), "so\\nit is"),
        (OSError(errno.ENOSPC, "x"), "the supervisor cannot do it: No space left on device"),
        (ValueError("x"), "a bug of the supervisor, which is in its log: ValueError"),
        (KeyError("x"), "a bug of the supervisor, which is in its log: KeyError"),
        (RecursionError(), "a bug of the supervisor, which is in its log: RecursionError"),
    ],
)
def test_whatever_a_verb_raises_is_answered(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, raised: Exception, text: str
) -> None:
    """The supervisor goes on, and the client is told; a bug is not called bad JSON."""

    def fail(_client: Any) -> None:
        raise raised

    monkeypatch.setitem(requests.VERBS, "ping", (fail, {}))
    with harness.connect() as connection:
        connection.sendall(PING + b'{"verb": "status"}\n')
        found = answer(connection)
        assert found == {"error": text, "exit": getattr(raised, "exit_code", 125)}
        assert answer(connection)["ok"]
