from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.containers.podman import Podman

ROOT = Path(__file__).resolve().parent.parent.parent

# Somebody's image of a program that is not Python's. At /sbin/init, podman would take the init for systemd.
USER = """
FROM scratch
COPY --from={init} /pyinit /bin/init
COPY busybox /bin/busybox
ENTRYPOINT ["/bin/init", "--rewrite", "15:3", "--"]
CMD ["/bin/busybox", "sh", "-c", "trap 'echo quit; exit 4' QUIT; echo ready; read -r _"]
"""


@pytest.fixture(scope="module")
def init_image(podman: Podman, base: str) -> str:
    """Give the name of the image that the repository's Containerfile calls init."""
    return podman.build(ROOT, f"--build-arg=BASE={base}", "--target=init", tag="pyinit-only")


@pytest.fixture(scope="module")
def default_image(podman: Podman, base: str, init_image: str) -> str:  # noqa: ARG001 - for its layers, and one at a time
    """Give the name of the repository's own image on a base with Python."""
    return podman.build(ROOT, f"--build-arg=BASE={base}", tag="pyinit-default")


def test_init_target(podman: Podman, init_image: str, tmp_path: Path) -> None:
    """The target init is one file, /pyinit, which everyone may run, and which runs with nothing beside it."""
    name = podman.name()
    podman.run("create", "--pull=never", '--entrypoint=["/pyinit", "--version"]', f"--name={name}", init_image)
    podman.run("export", f"--output={tmp_path}/image.tar", name)
    started = podman.run("start", "--attach", name)
    podman.run("rm", name)
    with tarfile.open(tmp_path / "image.tar") as image:
        files = {member.name: member.mode & 0o777 for member in image if member.isfile()}
    assert files == {"pyinit": 0o755}
    assert started.stdout.startswith("pyinit ")


def test_copied_from_the_init_target(podman: Podman, init_image: str, tmp_path: Path, scratch: str) -> None:
    """COPY --from the target init gives an image of somebody else its init."""
    name = podman.name()
    podman.run("create", "--pull=never", f"--name={name}", scratch, "--version")
    podman.run("cp", f"{name}:/bin/busybox", str(tmp_path / "busybox"))
    podman.run("rm", name)
    (tmp_path / "Containerfile").write_text(USER.format(init=init_image))
    with podman.start(podman.build(tmp_path, tag="pyinit-user")).ready() as app:
        app.stop(60)
        app.expect("quit")
        assert app.wait() == 4


def test_default_target(podman: Podman, default_image: str) -> None:
    """The default target has pyinit as ENTRYPOINT and the Python package that knows where it is."""
    image = json.loads(podman.run("image", "inspect", default_image).stdout)[0]
    assert Path(image["Config"]["Entrypoint"][0]).name == "pyinit"
    show = "import os, pyinit; print(os.path.samefile(pyinit.path(), '/proc/1/exe'), os.getppid())"
    done = podman.once(default_image, "python3", "-c", show)
    assert (done.returncode, done.stdout) == (0, "True 1\n"), done.stderr


def test_default_target_stops(podman: Podman, default_image: str) -> None:
    """In the default target podman stop reaches a Python application, and its exit code is the container's."""
    app_py = (Path(__file__).parent / "apps/handler.py").read_text()
    with podman.start(default_image, "python3", "-c", app_py, "5").ready() as app:
        app.stop(60)
        app.expect("15")
        assert app.wait() == 5
