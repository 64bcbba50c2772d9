from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from tests.running import PATIENCE, Reader

if TYPE_CHECKING:
    from pathlib import Path

    from tests.containers.podman import Podman


def test_closed_output_is_the_end(podman: Podman, python: str, shared: Path) -> None:
    """An application that closes its output and lives on gives its reader the end: the init does not hold it open."""
    fifo = shared / "output"
    os.mkfifo(fifo)
    script = "echo last words; exec >&-; read -r _; exit 4"
    entrypoint = '--entrypoint=["sh", "-c", "exec pyinit -- \\"$@\\" > /out/output", "sh"]'
    with podman.start(f"--volume={shared}:/out", entrypoint, python, "sh", "-c", script) as app:
        output = Reader(os.open(fifo, os.O_RDONLY))
        assert output.end() == "last words\n"
        os.close(output.fd)
        app.tell("end")
        assert app.wait() == 4


def test_closed_input_is_an_error_to_the_writer(podman: Podman, python: str, shared: Path) -> None:
    """Nor does it hold the application's input open: once that is closed, whoever writes to it is told."""
    fifo = shared / "input"
    os.mkfifo(fifo)
    script = "exec <&-; echo closed; read -r _ < /out/end; exit 4"
    os.mkfifo(shared / "end")
    entrypoint = '--entrypoint=["sh", "-c", "exec pyinit -- \\"$@\\" < /out/input", "sh"]'
    with podman.start(f"--volume={shared}:/out", entrypoint, python, "sh", "-c", script) as app:
        writer = os.open(fifo, os.O_WRONLY)
        app.expect("closed")
        try:
            os.write(writer, b"x")
        except BrokenPipeError:
            told = True
        else:
            told = False
        os.close(writer)
        (shared / "end").write_text("end\n")
        assert app.wait() == 4
        assert told


def test_holds_nothing(podman: Podman, python: str) -> None:
    """While the application runs, the init's directory is / and it has neither its input nor its output open."""
    with podman.start("--workdir=/tmp", python, "python3", "/apps/handler.py", "0").ready() as app:
        assert app.look("readlink", "/proc/1/cwd") == "/\n"
        look = "for fd in 0 1; do readlink /proc/1/fd/$fd || true; done"
        assert "pipe" not in app.look("sh", "-c", look)


def test_inherited_socket(podman: Podman, python: str) -> None:
    """A listening socket handed in is the application's, with LISTEN_PID corrected from the init's pid to its own."""
    script = (
        "import os, socket\n"
        "assert (os.environ['LISTEN_FDS'], os.environ['LISTEN_PID']) == ('1', str(os.getpid())), os.environ\n"
        "connection, _ = socket.socket(fileno=3).accept()\n"
        "connection.sendall(b'served')\n"
    )
    environment = ["--preserve-fds=1", "--env=LISTEN_FDS=1", "--env=LISTEN_PID=1"]
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
        podman.start(*environment, python, "python3", "-c", script, third=server.fileno()) as app,
    ):
        client.settimeout(PATIENCE)
        assert client.recv(100) == b"served", app.errors
        assert app.wait() == 0
