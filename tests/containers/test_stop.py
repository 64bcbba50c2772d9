from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.containers.podman import Podman

STUBBORN = ["/bin/sh", "-c", "trap '' TERM; echo ready; read -r _"]


def test_ignored_term(podman: Podman, scratch: str) -> None:
    """An application that ignores TERM is killed when podman's patience ends: 137."""
    with podman.start(scratch, *STUBBORN).ready() as app:
        app.stop(1)
        assert app.wait() == 137


def test_kill_after(podman: Podman, scratch: str) -> None:
    """With --kill-after the init ends such an application long before podman would, and the code is 137 as well."""
    with podman.start("--env=PYINIT_KILL_AFTER=200ms", scratch, *STUBBORN).ready() as app:
        app.stop(100)
        assert app.wait() == 137


def test_rewritten(podman: Podman, python: str) -> None:
    """With --rewrite 15:3 podman stop is QUIT to the application."""
    entrypoint = '--entrypoint=["pyinit", "--rewrite", "15:3", "--"]'
    with podman.start(entrypoint, python, "python3", "/apps/handler.py", "0").ready() as app:
        app.stop(60)
        app.expect("3")
        assert app.wait() == 0


def test_stop_signal_of_the_image(podman: Podman, python: str, base: str, build: Callable[..., str]) -> None:
    """An image's STOPSIGNAL, here a real-time one, is forwarded, or rewritten if its ENTRYPOINT says so."""
    rewrites = build("stopsignal", base)
    with podman.start(rewrites, "python3", "/apps/handler.py", "0").ready() as app:
        app.stop(60)
        app.expect("3")
        assert app.wait() == 0
    with podman.start("--stop-signal=SIGRTMIN+3", python, "python3", "/apps/handler.py", "0").ready() as app:
        app.stop(60)
        app.expect("37")
        assert app.wait() == 0


def test_delayed(podman: Podman, python: str) -> None:
    """With --delay a TERM is held back, and a second one, from a user in a hurry, goes at once."""
    with podman.start("--env=PYINIT_DELAY=TERM=1h", python, "python3", "/apps/handler.py", "8").ready() as app:
        app.kill("TERM")
        app.kill("TERM")
        app.expect("15")
        assert app.wait() == 8
