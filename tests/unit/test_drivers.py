"""The drivers that are no files, beside one that is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pyinit import drivers, logs, staging

if TYPE_CHECKING:
    from pathlib import Path


def test_passthrough_waits_for_its_reader_without_blocking(tmp_path: Path) -> None:
    """A reader that stops is back-pressure for the application; nothing is lost or doubled, in the log too."""
    (read_end, write_end), (source, application) = os.pipe(), os.pipe()
    stage = staging.create("test")
    config = logs.check_options("k8s-file,passthrough", {})
    saved = os.dup(1)
    os.dup2(write_end, 1)
    try:
        path = logs.LogPath(source, None, stage, None, config, str(tmp_path))
    finally:
        os.dup2(saved, 1)
    os.set_blocking(application, False)
    said = received = b""
    for number in range(3000):
        line = b"line %d\n" % number * 10
        try:
            os.write(application, line)
        except BlockingIOError:
            break
        said += line
        path.pump(0)
    assert path.blocked
    os.set_blocking(read_end, False)
    for _ in range(100):
        try:
            received += os.read(read_end, 1 << 20)
        except BlockingIOError:
            pass
        path.pump(0)
    assert path.settle()
    assert received == said
    lines = (tmp_path / "log").read_bytes().splitlines(keepends=True)
    assert b"".join(line.split(b" ", 3)[3] for line in lines) == said
    path.close()
    for fd in (read_end, write_end, source, application, stage, saved):
        os.close(fd)


def test_a_socket_is_written_to_as_well(tmp_path: Path) -> None:
    """What cannot be opened anew is duplicated."""
    import socket  # noqa: PLC0415

    ours, theirs = socket.socketpair()
    with ours, theirs:
        sink = drivers.Passthrough((ours.fileno(), ours.fileno()))
        assert sink.push(1, b"abcdef", 4, 100, False) == 4
        assert theirs.recv(100) == b"abcd"
        sink.close()
    assert tmp_path.exists()


def test_none_takes_and_keeps_nothing(tmp_path: Path) -> None:
    """The output goes to the tap only."""
    source, application = os.pipe()
    stage = staging.create("test")
    path = logs.LogPath(source, None, stage, None, logs.check_options("none", {}), str(tmp_path))
    seen: list[bytes] = []
    path.tap(lambda _stream, data: seen.append(data))
    os.write(application, b"no line")
    path.pump(0)
    assert seen == [b"no line"]
    assert staging.Staging(stage).pending() == b""
    assert list(tmp_path.iterdir()) == []
    path.close()
    for fd in (source, application, stage):
        os.close(fd)
