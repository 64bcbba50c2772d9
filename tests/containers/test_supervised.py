"""The supervisor and its services inside a container: the init is PID 1, the supervisor its child."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.running import until

if TYPE_CHECKING:
    from tests.containers.podman import Container, Podman

ROOT = Path(__file__).resolve().parent.parent.parent
CTL = ["python3", "-m", "pyinit"]
# Its ready pipe is descriptor 3: what arrives there is told on standard output.
MAIN = (
    "mkfifo /data/ready; { head -c 1 /data/ready >/dev/null; echo ready; } & exec 3>/data/ready; exec python3 -I -S"
    " /opt/pyinit/pyinit/bootstrap.py supervisor /data/r /data/s /opt/pyinit/bin/pyinit-shim"
)
SERVICE = "trap 'echo bye; exit 0' TERM; echo hello; while :; do sleep 1000 & wait; done"


@pytest.fixture(scope="module")
def mounts(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Give the options for a container with the package, the shim, and a file system in memory for the rest."""
    place = tmp_path_factory.mktemp("opt")
    shim = place / "pyinit-shim"
    if given := os.environ.get("PYINIT_KEEPER"):
        shim.write_bytes(Path(given).read_bytes())
    else:
        build = [sys.executable, str(ROOT / "csrc/build.py"), "--program", "pyinit-shim", "-o", str(shim)]
        subprocess.run(build, check=True)
    shim.chmod(0o755)
    return [
        f"--volume={ROOT}/pyinit:/opt/pyinit/pyinit:ro",
        f"--volume={shim}:/opt/pyinit/bin/pyinit-shim:ro",
        "--tmpfs=/data:rw,mode=1777",
        "--env=PYTHONPATH=/opt/pyinit",
        "--env=PYTHONDONTWRITEBYTECODE=1",
        "--env=PYINIT_RUNTIME_DIR=/data/r",
        "--env=PYINIT_STATE_DIR=/data/s",
        "--env=PYINIT_SHIM_PROGRAM=/opt/pyinit/bin/pyinit-shim",
    ]


def inspect(app: Container, name: str) -> dict[str, Any]:
    """What `pyinitctl inspect` says in the container."""
    found: dict[str, Any] = json.loads(app.look(*CTL, "inspect", name))[0]
    return found


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--user=1500:1500"],
        ["--read-only", "--read-only-tmpfs=false"],
        ["--cap-drop=all", "--user=1500", "--read-only", "--read-only-tmpfs=false", "--security-opt=no-new-privileges"],
    ],
    ids=" ".join,
)
def test_supervised(podman: Podman, python: str, mounts: list[str], options: list[str]) -> None:
    """Services run, are logged and restarted; podman stop ends them with their signal, and the container with 0."""
    with podman.start(*mounts, *options, python, "sh", "-c", MAIN).ready() as app:
        assert app.look(
            *CTL, "run", "-d", "--name=web", "--restart=always", "--restart-delay=0", "--", "sh", "-c", SERVICE
        )
        web = inspect(app, "web")
        until(lambda: "hello" in app.look("cat", web["LogPath"]), "its line in the log")
        app.look("sh", "-c", f"kill -9 {web['State']['Pid']}")
        until(lambda: app.look("cat", web["LogPath"]).count("hello") == 2, "it is restarted")
        assert inspect(app, "web")["RestartCount"] == 1
        app.look(*CTL, "stop", "web")
        assert app.look("cat", web["LogPath"]).endswith("bye\n")
        app.look(*CTL, "start", "web")
        until(lambda: app.look("cat", web["LogPath"]).count("hello") == 3, "it is started again")
        app.stop(60)
        assert app.wait() == 0
