from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.running import Running

if TYPE_CHECKING:
    from pathlib import Path

    from tests.containers.podman import Podman

MAIN = ["python3", "/apps/handler.py", "5"]


@pytest.mark.parametrize("early", [False, True], ids=["by itself", "by podman stop"])
def test_cleans_up(podman: Podman, python: str, shared: Path, early: bool) -> None:
    """When the main child ends, what podman exec has started gets TERM and the grace period to clean up in."""
    fifo = shared / "go-on"
    os.mkfifo(fifo)
    options = [f"--volume={shared}:/out", "--env=PYINIT_GRACE=100s"]
    with podman.start(*options, python, *MAIN).ready() as app:
        sibling = podman.argv("exec", app.name, "python3", "/apps/sibling.py", "/out/go-on")
        with Running(sibling, env=podman.env) as executed:
            assert executed.out.line() == "ready"
            if early:
                with Running(podman.argv("stop", "--time=100", app.name), env=podman.env) as stopping:
                    _cleaned(executed, fifo)
                    assert stopping.wait() == 0
                app.expect("15")
            else:
                app.kill("USR1")
                app.expect("10")
                _cleaned(executed, fifo)
        assert app.wait() == 5
    assert (shared / "cleaned").exists()


def _cleaned(sibling: Running, fifo: Path) -> None:
    """See the sibling clean up; until it is told to go on it has not, however long the main child has been dead."""
    assert sibling.out.line() == "cleaning"
    fifo.write_text("now")
    assert sibling.out.line() == "cleaned"


def test_grace_has_an_end(podman: Podman, python: str, shared: Path) -> None:
    """A sibling that goes on past the grace period is killed, and the container's code is still the main child's."""
    options = [f"--volume={shared}:/out", "--env=PYINIT_GRACE=300ms"]
    with podman.start(*options, python, *MAIN).ready() as app:
        stubborn = podman.argv("exec", "--interactive", app.name, "sh", "-c", "trap '' TERM; echo ready; read -r _")
        with Running(stubborn, env=podman.env) as executed:
            assert executed.out.line() == "ready"
            app.kill("USR1")
            app.expect("10")
            assert app.wait() == 5
