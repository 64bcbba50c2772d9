"""The journal's native protocol, against a socket that records what it gets."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from pyinit import journald, logs, staging

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Yield a journal's socket."""
    place = tmp_path / "socket"
    monkeypatch.setattr(journald, "SOCKET", str(place))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(place))
        server.setblocking(False)
        yield server


def entry(server: socket.socket) -> dict[str, bytes]:
    """Return the next entry, taken apart as journald does."""
    data, rights, _, _ = socket.recv_fds(server, 1 << 20, 1)
    for fd in rights:
        with os.fdopen(fd, "rb") as file:
            file.seek(0)
            data = file.read()
            with pytest.raises(OSError, match="not permitted"):
                os.write(os.open(f"/proc/self/fd/{fd}", os.O_RDWR), b"x")
    fields = {}
    while data:
        name, _, data = data.partition(b"\n") if b"=" not in data.partition(b"\n")[0] else (b"", b"", data)
        if name:
            size = int.from_bytes(data[:8], "little")
            value, data = data[8 : 8 + size], data[9 + size :]
        else:
            field, _, data = data.partition(b"\n")
            name, _, value = field.partition(b"=")
        fields[name.decode()] = value
    return fields


def test_entries_have_all_fields(journal: socket.socket) -> None:
    """Any bytes are a message; a field of several lines is told by its length; a part is marked."""
    sink = journald.Journal({"PYINIT_NAME": "web", "NOTE": "two\nlines"}, str(journal.getsockname()))
    data = b"a=\xff\0b\n" + b"x" * 12
    assert sink.push(1, data, len(data), 10, False) == len(data)
    common = {"PYINIT_NAME": b"web", "NOTE": b"two\nlines", "PRIORITY": b"3"}
    assert entry(journal) == {**common, "MESSAGE": b"a=\xff\0b"}
    assert entry(journal) == {**common, "CONTAINER_PARTIAL_MESSAGE": b"true", "MESSAGE": b"x" * 10}
    assert entry(journal) == {**common, "CONTAINER_PARTIAL_MESSAGE": b"true", "MESSAGE": b"xx"}
    sink.close()


def test_a_large_entry_is_a_sealed_file(journal: socket.socket) -> None:
    """What is too large for a datagram arrives all the same."""
    sink = journald.Journal({}, str(journal.getsockname()))
    data = b"x" * (1 << 20) + b"\n"
    assert sink.push(0, data, len(data), 1 << 20, False) == len(data)
    assert entry(journal) == {"PRIORITY": b"6", "MESSAGE": data[:-1]}
    sink.close()


def test_a_slow_journal_is_waited_for_and_gets_each_line_once(journal: socket.socket, tmp_path: Path) -> None:
    """While its queue is full nothing is lost and nothing said twice, neither there nor in the file beside it."""
    source, application = os.pipe()
    stage = staging.create("test")
    config = logs.check_options("k8s-file,journald", {"tag": "web", "labels": {"A": "b"}})
    path = logs.LogPath(source, None, stage, None, config, str(tmp_path))
    said = b"".join(b"line %d\n" % number for number in range(2000))
    os.write(application, said)
    received = b""
    while received != said:
        path.pump(0)
        found = entry(journal)
        assert (found["SYSLOG_IDENTIFIER"], found["A"]) == (b"web", b"b")
        received += found["MESSAGE"] + b"\n"
        assert said.startswith(received)
    lines = (tmp_path / "log").read_bytes().splitlines(keepends=True)
    assert b"".join(line.split(b" ", 3)[3] for line in lines) == said
    path.close()
    for fd in (source, application, stage):
        os.close(fd)


def test_a_restarted_journal_is_found_again(journal: socket.socket, tmp_path: Path) -> None:
    """Without a journal the trouble is said and the application waits; a new one gets the lines."""
    source, application = os.pipe()
    stage = staging.create("test")
    path = logs.LogPath(source, None, stage, None, logs.check_options("journald", {}), str(tmp_path))
    os.write(application, b"one\n")
    path.pump(0)
    assert entry(journal)["MESSAGE"] == b"one"
    place = str(journal.getsockname())
    journal.close()
    os.write(application, b"two\n")
    path.pump(0)
    assert path.blocked
    assert path.trouble == "cannot write the log journald: Connection refused"
    os.unlink(place)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(place)
        path.pump(0)
        assert path.trouble is None
        assert entry(server)["MESSAGE"] == b"two"
    path.close()
    for fd in (source, application, stage):
        os.close(fd)
