"""A podman for the test run, and the images that its tests start containers of."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.containers import rootfs
from tests.containers.podman import Podman

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
SETTING_UP = 900.0  # seconds, for a debootstrap and a build with a compiler from the network on a busy machine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Allow for the images, which are made within the time of the first test that needs them.

    A test that waits in vain ends long before: whatever it waits for, tests.running waits with a limit of its own.
    """
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.timeout(SETTING_UP))


@pytest.fixture(scope="session")
def podman(request: pytest.FixtureRequest) -> Iterator[Podman]:
    """Give a podman of the run's own; nothing it made is left behind."""
    # Not below pytest's directory: a path that is too long for a socket would be the result.
    with Podman(Path(tempfile.mkdtemp(prefix="pyinit-podman-"))) as podman:
        terminal = request.config.pluginmanager.get_plugin("terminalreporter")
        if podman.notice and terminal:
            terminal.write_line(f"\nNOTE: {podman.notice}")
        yield podman


@pytest.fixture(scope="session")
def base(podman: Podman) -> str:
    """Give the name of an image of Debian with Python."""
    podman.run("import", str(rootfs.cached()), "localhost/debian-python")
    return "localhost/debian-python"


@pytest.fixture(scope="session")
def build(podman: Podman, pyinit: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Give a function that builds a target of the Containerfile beside this file."""
    context = tmp_path_factory.mktemp("context")
    shutil.copy(pyinit, context / "pyinit")
    busybox = shutil.which("busybox")
    assert busybox, "busybox is missing: the package is busybox-static"
    shutil.copy(busybox, context / "busybox")
    shutil.copytree(HERE / "apps", context / "apps")
    shutil.copy(HERE / "Containerfile", context / "Containerfile")

    def target(name: str, base: str = "scratch") -> str:
        return podman.build(context, f"--build-arg=BASE={base}", f"--target={name}", tag=f"pyinit-{name}")

    return target


@pytest.fixture(scope="session")
def bare(build: Callable[..., str]) -> str:
    """Give the name of a FROM-scratch image with the init and nothing else."""
    return build("bare")


@pytest.fixture(scope="session")
def scratch(build: Callable[..., str]) -> str:
    """Give the name of a FROM-scratch image with the init and a static busybox."""
    return build("scratch")


@pytest.fixture(scope="session")
def python(build: Callable[..., str], base: str) -> str:
    """Give the name of the Debian image with Python, the init as ENTRYPOINT and the programs in apps/."""
    return build("python", base)


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """Give a directory that a container may be given and any user may write to."""
    path = tmp_path / "shared"
    path.mkdir()
    path.chmod(0o777)
    return path
