"""`info`: versions, places, and what this system offers."""

from __future__ import annotations

import os
import sys

import pyinit
from pyinit import client, show
from pyinit.commands import inspect, supervisor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyinit.options import Parsed


def run(parsed: Parsed) -> int:
    """Print it. No supervisor is started for that."""
    dirs = client.find_dirs()
    system = os.uname()
    try:
        running: dict[str, Any] | None = supervisor.facts(dirs)
    except client.NoSupervisor:
        running = None
    found: dict[str, Any] = {
        "Version": pyinit.__version__,
        "Python": {"Version": ".".join(map(str, sys.version_info[:3])), "Executable": sys.executable},
        "System": {
            "Kernel": f"{system.sysname} {system.release}",
            "Machine": system.machine,
            "Processors": os.cpu_count(),
        },
        "RuntimeDir": dirs.runtime,
        "StateDir": dirs.state,
        "Control": dirs.control,
        "Cgroup": controllers(),
        "Supervisor": running,
    }
    if parsed["format"] == "json":
        show.json(found)
    else:
        show.out(show.record(inspect.flat(found)))
    return 0


def controllers() -> dict[str, Any]:
    """Our cgroup v2 and its controllers; whether we may make groups in it, as --memory and its like need."""
    try:
        with open("/proc/self/cgroup", encoding="utf-8") as file:
            path = next((line[3:].strip() for line in file if line.startswith("0::")), None)
        if path is None:
            return {"Path": None, "Controllers": [], "Writable": False}
        folder = f"/sys/fs/cgroup{path}"
        with open(f"{folder}/cgroup.controllers", encoding="utf-8") as file:
            return {"Path": path, "Controllers": file.read().split(), "Writable": os.access(folder, os.W_OK)}
    except OSError:
        return {"Path": None, "Controllers": [], "Writable": False}
