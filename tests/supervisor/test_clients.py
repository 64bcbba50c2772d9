"""Clients that mean ill, or are broken: the supervisor and its services do not notice."""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pyinit import client
from tests.running import PATIENCE, until

if TYPE_CHECKING:
    from tests.supervisor.world import World

WAITS = "echo ready >$T; exec sleep 1000"


def raw(world: World) -> socket.socket:
    """Give a connection on which anything may be sent."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(PATIENCE)
    connection.connect(world.dirs.control)
    return connection


def answer(connection: socket.socket) -> dict[str, object]:
    """Give the next line; {} at the end."""
    line = b""
    while not line.endswith(b"\n"):
        try:
            part = connection.recv(1)
        except ConnectionResetError:
            return {}
        if not part:
            return {}
        line += part
    found: dict[str, object] = json.loads(line)
    return found


GARBAGE = [
    b"\n", b"{}\n", b"[]\n", b"null\n", b"{\n", b"\0\0\0\n", b"\xff\xfe\n", b'{"verb": 1}\n', b'{"verb": "no"}\n',
    b'{"verb": "ping", "x": 1}\n', b'{"verb": "stop", "names": "x"}\n', b'{"verb": "list", "filters": [["x"]]}\n',
    b'{"verb": "create", "spec": {}}\n', b'{"verb": "create", "spec": {"command": ["a\\u0000b"]}}\n',
    b'{"verb": "create", "spec": {"command": ["x"], "delay": "x"}}\n', b'{"verb": "wait", "names": ["none"]}\n',
    b'{"verb": "create", "spec": {"command": ["x"], "env": [1]}}\n', b'{"verb": "create"}\n', b'{"verb": "rename"}\n',
    b'{"verb": "create", "spec": {"command": ["x"], "map_exit": "x:y"}}\n', b'{"verb": "inspect"}\n',
    b'{"verb": "create", "spec": {"command": ["x"], "rewrite": "x"}}\n',
    b'{"verb": "create", "spec": {"command": ["\\udcff\\ud800"]}}\n',
    b'{"verb": "create", "spec": {"command": ["x"], "user": "99999999999999999999"}}\n',
    b'{"verb": "create", "spec": {"command": ["x"], "stop_timeout": 1e400}}\n',
    b'{"verb": "create", "spec": {"command": ["x"], "cpus": NaN}}\n',
    b'{"verb": "run", "spec": {"command": ["x"]}, "size": ["a", {}]}\n',
    b'{"verb": "create", "spec": {"command": ["x"], "umask": true, "nice": 1.5}}\n', b"[" * 100_000 + b"\n",
    b'{"verb": "create", "spec": {"command": ["x"], "listen": ["tcp:nowhere:99999999"]}, "start": true}\n',
]  # fmt: skip


def test_garbage(world: World) -> None:
    """What is no request gets one line of error, and the connection is as good as before."""
    pid = world.pid
    with raw(world) as connection:
        for garbage in GARBAGE:
            connection.sendall(garbage)
            got = answer(connection)
            assert got.get("error"), f"{garbage[:200]!r}: {got}, {world.said()}"
            assert "\n" not in str(got["error"])
            assert "a bug" not in str(got["error"]), f"{garbage[:200]!r}: {world.said()}"
            connection.sendall(b'{"verb": "ping"}\n')
            assert answer(connection)["pid"] == pid
    assert not world.ask("list", all=True)["services"]


def test_half_messages(world: World) -> None:
    """A request may come in any pieces, several may come at once, and one that never ends holds up nobody."""
    with raw(world) as slow, raw(world) as other:
        slow.sendall(b'{"verb": "pi')
        other.sendall(b'{"verb": "ping"}\n{"verb": "list"}\n{"verb": "ping"}\n{"ver')
        assert [sorted(answer(other)) for _ in range(3)] == [["ok", "pid", "version"], ["ok", "services"],
                                                             ["ok", "pid", "version"]]  # fmt: skip
        for byte in b'ng"}\n':
            slow.sendall(bytes([byte]))
        assert answer(slow)["ok"]


def test_lines_that_are_too_long(world: World) -> None:
    """A request of up to 1 MB is served; a longer one is refused, and the connection closed."""
    with raw(world) as connection:
        connection.sendall(b'{"verb": "ping"' + b" " * 1_000_000 + b"}\n")
        assert answer(connection)["ok"]
    with raw(world) as connection:
        try:
            connection.sendall(b" " * (1 << 26))
        except (BrokenPipeError, ConnectionResetError):
            pass
        else:
            pytest.fail("it took 64 MB")
    assert world.ask("ping")["ok"]


def test_a_flood_behind_a_request_that_waits(world: World) -> None:
    """What a client sends while its request is not answered yet is not collected without end."""
    ident = world.sh(WAITS)
    assert world.told.line() == "ready"
    before = _memory(world.pid)
    with raw(world) as connection:
        connection.sendall(json.dumps({"verb": "wait", "names": [ident]}).encode() + b"\n")
        connection.setblocking(False)
        sent = 0
        try:
            while sent < 1 << 26:
                sent += connection.send(b" " * 65536)
                assert world.ask("ping")["ok"]  # it has had its turn
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            pass
        assert _memory(world.pid) - before < 16 << 10


def _memory(pid: int) -> int:
    """The resident memory in kB."""
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def test_random_bytes(world: World) -> None:
    """Nothing that is sent ends the supervisor."""
    pid = world.pid
    chance = random.Random(7)  # noqa: S311
    words = [b'{"verb": ', b'"attach"', b'"run"', b'"create"', b', "spec": ', b"{", b"}", b"[", b"]", b'"', b"\n",
             b"\xff",
             b'"command"', b": ", b"1e999", b"-1", b"null", b"\\ud800", b"true"]  # fmt: skip
    for _ in range(300):
        with raw(world) as connection:
            connection.sendall(b"".join(chance.choices(words, k=chance.randrange(1, 30))) + b"\n")
            if chance.random() < 0.5:
                answer(connection)
    assert world.pid == pid


def test_another_user_is_refused(world: World) -> None:
    """Another user cannot even reach the sockets; and where it can, because it was let in, it is hung up on."""
    ident = world.sh(WAITS)
    assert world.told.line() == "ready"
    script = (
        "import socket, sys\n"
        "s = socket.socket(socket.AF_UNIX, int(sys.argv[2]))\n"
        "s.connect(sys.argv[1])\n"
        's.send(b\'{"verb": "ping"}\\n\')\n'
        "print(s.recv(99))\n"
    )
    paths = {world.dirs.control: socket.SOCK_STREAM, world.dirs.shim_socket(ident): socket.SOCK_SEQPACKET}
    for path, kind in paths.items():
        assert b"PermissionError" in _as_nobody(script, path, kind)
    subprocess.run(["chmod", "0777", world.runtime, world.runtime / "shims", *paths], check=True)
    for path, kind in paths.items():
        said = _as_nobody(script, path, kind)
        assert b"b''" in said or b"ConnectionResetError" in said or b"BrokenPipeError" in said, said
    assert world.status(ident) == "running"


def _as_nobody(script: str, path: str, kind: int) -> bytes:
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-I", "-S", "-c", script]
    done = subprocess.run([*command, path, str(int(kind))], capture_output=True, check=False, timeout=PATIENCE)
    return done.stdout + done.stderr


def test_ten_thousand_connections(world: World) -> None:
    """Ten thousand connections do not keep the supervisor from restarting a service, nor from answering afterwards."""
    ident = world.sh("echo run >$T; read x <$D/go; exit 1", restart="always", restart_delay=0, start=False)
    os.mkfifo(world.root / "go")
    world.do("start", ident)
    assert world.told.line() == "run"
    script = (
        "import resource, socket, sys\n"
        "limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))\n"
        "kept = []\n"
        "for number in range(10000):\n"
        "    s = socket.socket(socket.AF_UNIX)\n"
        "    s.connect(sys.argv[1])\n"
        "    kept.append(s)\n"
        "    del kept[:-min(limit - 50, 10000)]\n"
        "print('all', flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-I", "-S", "-c", script, world.dirs.control]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as crowd:
        assert crowd.stdout
        assert crowd.stdin
        (world.root / "go").write_text("\n")
        assert world.told.line() == "run"
        assert crowd.stdout.readline() == b"all\n"
        (world.root / "go").write_text("\n")
        assert world.told.line() == "run"
        crowd.stdin.close()
        crowd.wait(PATIENCE)
    assert world.insist("ping")["ok"]
    assert world.inspect(ident)["RestartCount"] == 2


def test_a_client_that_does_not_read_its_events(world: World) -> None:
    """Who follows the events and does not read them is dropped after a bound, and nobody waits for it."""
    with raw(world) as idle, raw(world) as good:
        for connection in (idle, good):
            connection.sendall(b'{"verb": "events"}\n')
            assert answer(connection)["following"]
        ident = world.sh("i=0; while [ $i -lt 50 ]; do i=$((i+1)); done; exit 1", restart="always", restart_delay=0)
        seen = 0
        while seen < 100:
            seen += answer(good)["event"]["event"] == "exited"  # type: ignore[index]
        world.stop(ident)
    assert world.ask("ping")["ok"]


def test_a_client_that_does_not_read_its_attach(world: World) -> None:
    """Who is attached and does not read is dropped with a reason; the service and another client go on."""
    ident = world.sh("yes | head -c 30000000; echo end; echo ready >$T; exec sleep 1000", start=False)
    world.do("start", ident)
    with raw(world) as idle:
        idle.sendall(json.dumps({"verb": "attach", "name": ident}).encode() + b"\n")
        assert answer(idle)["ok"]
        assert world.told.line() == "ready"
        world.await_line(ident, "end")
        kinds = [kind for kind, _ in _frames(idle)]
    assert set(kinds[:-1]) <= {client.STDOUT}
    assert kinds[-1] in (client.DROPPED, client.STDOUT)
    assert world.status(ident) == "running"


def _frames(connection: socket.socket) -> list[tuple[int, bytes]]:
    frames, found = client.Frames(), []
    while part := connection.recv(1 << 16):
        found += list(frames.feed(part))
    return found


def test_frames_that_mean_nothing(world: World) -> None:
    """An attached client that sends garbage is dropped, and the service goes on."""
    ident = world.sh("echo ready >$T; cat", interactive=True)
    assert world.told.line() == "ready"
    for garbage in (client.frame(99, b"x"), b"\0\xff\xff\xff", client.frame(client.RESIZE, b"x"),
                    client.frame(client.SIGNAL, b"\xff"), client.frame(client.STDIN, b"x" * (1 << 19))):  # fmt: skip
        with raw(world) as connection:
            connection.sendall(json.dumps({"verb": "attach", "name": ident, "stdin": True}).encode() + b"\n")
            assert answer(connection)["ok"]
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(garbage)
                connection.shutdown(socket.SHUT_WR)
                _frames(connection)
    assert world.status(ident) == "running"


def test_clients_that_leave(world: World) -> None:
    """Clients that leave in the middle of what they asked for leave nothing behind."""
    ident = world.sh(WAITS)
    assert world.told.line() == "ready"
    before = len(os.listdir(f"/proc/{world.pid}/fd"))
    for verb in ({"verb": "wait", "names": [ident]}, {"verb": "events"}, {"verb": "attach", "name": ident}) * 20:
        with raw(world) as connection:
            connection.sendall(json.dumps(verb).encode() + b"\n")
    until(lambda: len(os.listdir(f"/proc/{world.pid}/fd")) <= before, "all are forgotten")
