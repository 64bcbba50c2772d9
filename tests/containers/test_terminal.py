from __future__ import annotations

from typing import TYPE_CHECKING

from tests.containers.podman import TerminalContainer

if TYPE_CHECKING:
    from tests.containers.podman import Podman

SHELL = ["--env=PS1=prompt> ", "--env=TERM=dumb"]
BASH = ["bash", "--norc", "--noprofile", "--noediting", "-i"]


def test_interrupt_in_a_shell(podman: Podman, python: str) -> None:
    """^C ends what runs in the foreground of an interactive shell, and not the shell."""
    with TerminalContainer(podman, *SHELL, python, *BASH) as shell:
        shell.out.text("prompt> ")
        shell.type("python3 /apps/handler.py 130; echo code=$?\r")
        shell.out.text("ready\r\n")
        shell.type("\x03")
        shell.out.text("2\r\ncode=130\r\n")
        shell.type("exit 11\r")
        assert shell.wait() == 11


def test_job_control_in_a_shell(podman: Podman, python: str) -> None:
    """^Z stops the foreground job of an interactive shell, which has job control; fg goes on with it."""
    with TerminalContainer(podman, *SHELL, python, *BASH) as shell:
        shell.out.text("prompt> ")
        shell.type("python3 /apps/window.py; echo code=$?\r")
        shell.out.text("ready\r\n")
        shell.type("\x1a")
        shell.out.text(r"\[1\]\+ +Stopped +python3 /apps/window.py")
        shell.out.text("prompt> ")
        shell.type("fg\r")
        shell.out.text("python3 /apps/window.py\r\n")
        shell.type("\x04")
        shell.out.text("prompt> ")
        assert "no job control" not in shell.out.seen.decode()
        shell.type("exit 12\r")
        assert shell.wait() == 12


def test_window_size(podman: Podman, python: str) -> None:
    """A change of the window's size reaches the application, every time."""
    with TerminalContainer(podman, python, "python3", "/apps/window.py") as app:
        app.out.until("ready")
        for columns, rows in ((100, 40), (123, 45)):
            app.resize(rows, columns)
            app.out.until(f"size {columns}x{rows}")
        app.type("\x04")
        assert app.wait() == 0, app.out.end()


def test_interrupt_of_the_application(podman: Podman, python: str) -> None:
    """^C on the terminal is INT to an application that runs without a shell, and comes once."""
    with TerminalContainer(podman, python, "python3", "/apps/handler.py", "13") as app:
        app.out.until("ready")
        app.type("\x03")
        app.out.text("2\r\n")
        assert app.wait() == 13


def test_stop_of_a_shell(podman: Podman, python: str) -> None:
    """Podman stop of a container on a terminal reaches the application, and its code the terminal's side."""
    with TerminalContainer(podman, python, "python3", "/apps/handler.py", "14") as app:
        app.out.until("ready")
        podman.run("stop", "--time=60", app.name)
        app.out.text("15\r\n")
        assert app.wait() == 14


def test_single_child_on_a_terminal(podman: Podman, python: str) -> None:
    """With --single-child an interactive shell has job control as well."""
    options = [*SHELL, '--entrypoint=["pyinit", "--single-child", "--"]']
    with TerminalContainer(podman, *options, python, *BASH) as shell:
        shell.out.text("prompt> ")
        shell.type("python3 /apps/window.py\r")
        shell.out.text("ready\r\n")
        shell.type("\x1a")
        shell.out.text("Stopped")
        shell.out.text("prompt> ")
        shell.type("fg\r")
        shell.out.text("python3 /apps/window.py\r\n")
        shell.type("\x04")
        shell.out.text("prompt> ")
        assert "no job control" not in shell.out.seen.decode()
        shell.type("exit 15\r")
        assert shell.wait() == 15
