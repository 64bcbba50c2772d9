from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.containers.podman import Podman

# KILL and STOP cannot be caught by anyone, and CHLD is about the init's own children.
NEVER = {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}


def test_every_signal(podman: Podman, python: str) -> None:
    """Each of the 64 signals that podman kill can send reaches the application, once and as itself; CHLD does not."""
    entrypoint = '--entrypoint=["pyinit", "--single-child", "--"]'
    with podman.start(entrypoint, python, "python3", "/apps/signals.py").ready() as app:
        app.kill(signal.SIGCHLD)
        for number in sorted(set(range(1, 65)) - NEVER):
            app.kill(number)
            app.expect(str(number))
        assert app.wait() == 0
        assert app.out.end() == ""


def test_frozen_and_thawed(podman: Podman, scratch: str) -> None:
    """STOP and CONT from outside stop the init itself: what it was sent meanwhile is delivered afterwards."""
    script = "trap 'echo got USR1; exit 0' USR1; echo ready; read -r _"
    with podman.start(scratch, "/bin/sh", "-c", script).ready() as app:
        app.kill("STOP")
        app.kill("USR1")
        app.kill("CONT")
        app.expect("got USR1")
        assert app.wait() == 0
