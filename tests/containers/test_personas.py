from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.containers.podman import Podman


@pytest.fixture(scope="session")
def kolla(build: Callable[..., str], base: str) -> str:
    """Give the name of an image that is laid out as OpenStack Kolla's are, with pyinit as its dumb-init."""
    return build("kolla", base)


def test_service(podman: Podman, kolla: str) -> None:
    """Podman stop is TERM to the service that the start script became, and not to its workers, as its author wants."""
    with podman.start(kolla) as app:
        app.expect("Running command: '/usr/bin/nova-service --config-file /etc/nova.conf'")
        app.expect("ready /usr/bin/nova-service --config-file /etc/nova.conf")
        assert app.look("cat", "/proc/1/comm") == "dumb-init\n"
        assert app.look("cat", "/proc/1/cmdline").split("\0")[:2] == ["dumb-init", "--single-child"]
        app.stop(60)
        app.expect("service got TERM")
        app.expect("worker finished")
        assert app.wait() == 4


def test_other_command(podman: Podman, kolla: str) -> None:
    """Another command in such an image has its own exit code; one that does not exist has dumb-init's: 2."""
    assert podman.once(kolla, "sh", "-c", "exit 3").returncode == 3
    done = podman.once(kolla, "no-such-command")
    assert done.returncode == 2
    assert "no-such-command" in done.stderr


def test_tini_as_entrypoint(podman: Podman, python: str) -> None:
    """An image whose ENTRYPOINT is tini -g with -e works with pyinit linked as tini."""
    entrypoint = '--entrypoint=["tini", "-g", "-v", "-e", "15", "--"]'
    with podman.start(entrypoint, python, "python3", "/apps/handler.py", "15").ready() as app:
        app.stop(60)
        app.expect("15")
        assert app.wait() == 0


def test_docker_init_version(podman: Podman, python: str) -> None:
    """What docker info asks its init for begins as it expects."""
    done = podman.once('--entrypoint=["tini", "--version"]', python)
    assert (done.returncode, done.stdout.split(" ")[:2]) == (0, ["tini", "version"])


def test_catatonit_as_entrypoint(podman: Podman, python: str) -> None:
    """An image whose ENTRYPOINT is catatonit works with pyinit linked as catatonit."""
    with podman.start('--entrypoint=["catatonit", "--"]', python, "python3", "/apps/handler.py", "9").ready() as app:
        app.stop(60)
        app.expect("15")
        assert app.wait() == 9
