from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.containers.podman import Podman

WHO = "read -r pid name rest < /proc/1/stat; echo $name $PPID"


def test_alone_in_an_image(podman: Podman, bare: str) -> None:
    """In an image that holds nothing else it starts and says its version."""
    done = podman.once(bare, "--version")
    assert (done.returncode, done.stdout.split()[0]) == (0, "pyinit"), done.stderr


def test_from_scratch(podman: Podman, scratch: str) -> None:
    """In a FROM-scratch image it is PID 1 and the parent of the application."""
    done = podman.once(scratch, "/bin/sh", "-c", WHO)
    assert (done.returncode, done.stdout) == (0, "(pyinit) 1\n"), done.stderr


def test_stops_from_scratch(podman: Podman, scratch: str) -> None:
    """In a FROM-scratch image a shell's trap is run by podman stop, which a shell that is PID 1 never hears of."""
    script = "trap 'echo bye; exit 3' TERM; echo ready; read -r _"
    with podman.start(scratch, "/bin/sh", "-c", script).ready() as app:
        app.stop(60)
        app.expect("bye")
        assert app.wait() == 3


def test_in_a_python_image(podman: Podman, python: str) -> None:
    """A Python application gets TERM and its exit code is the container's."""
    with podman.start(python, "python3", "/apps/handler.py", "5").ready() as app:
        assert app.look("cat", "/proc/1/comm") == "pyinit\n"
        app.stop(60)
        app.expect("15")
        assert app.wait() == 5


def test_as_podmans_init(podman: Podman, python: str, pyinit: str) -> None:
    """With podman run --init --init-path it is the init of an image that has none."""
    options = ["--init", f"--init-path={pyinit}", "--entrypoint=[]"]
    with podman.start(*options, python, "python3", "/apps/handler.py", "6").ready() as app:
        assert app.look("readlink", "/proc/1/exe") in ("/run/podman-init\n", "/dev/init\n")
        app.stop(60)
        app.expect("15")
        assert app.wait() == 6


def test_as_podmans_init_passes_options_on(podman: Podman, base: str, pyinit: str) -> None:
    """With podman run --init the command's own options are the command's, whatever they look like."""
    done = podman.once("--init", f"--init-path={pyinit}", base, "echo", "-s", "--version", "-v", "--", "-l")
    assert (done.returncode, done.stdout) == (0, "-s --version -v -- -l\n"), done.stderr


def test_environment_where_argv_is_fixed(podman: Podman, python: str, shared: Path) -> None:
    """PYINIT_ variables set what an image's fixed ENTRYPOINT does not."""
    environment = ["--env=PYINIT_REWRITE=TERM:QUIT", "--env=PYINIT_MAP_EXIT=7", "--env=PYINIT_REPORT=/out/report"]
    with podman.start(
        *environment, f"--volume={shared}:/out", python, "python3", "/apps/handler.py", "7"
    ).ready() as app:
        app.stop(60)
        app.expect("3")
        assert app.wait() == 0
    assert '"exit_code": 7' in (shared / "report").read_text()
