"""The processes of a service, and what they use, by psutil, which only the commands that need it import."""

from __future__ import annotations

import time

from pyinit import client
from pyinit.errors import PyinitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Process = Any  # psutil has no types


def library() -> Any:
    """The module psutil. PyinitError where it is not installed."""
    try:
        return __import__("psutil")
    except ImportError as error:
        message = f"top and stats need psutil, which this Python does not have: {error}"
        raise PyinitError(message) from error


def tree(service: dict[str, Any]) -> list[Process]:
    """All processes of an inspected service, parents before their children: whatever descends from its shim."""
    psutil = library()
    shim, main = service["State"]["ShimPid"], service["State"]["Pid"]
    if not main:
        return []
    try:
        found: list[Process] = psutil.Process(shim or main).children(recursive=True)
        return found if shim else [psutil.Process(main), *found]
    except psutil.NoSuchProcess:
        return []


def running(names: list[str]) -> list[dict[str, Any]]:
    """The inspect objects of these services, or of all that run."""
    if not names:
        names = [view["Id"] for view in client.ask("list")["services"]]
    return client.ask("inspect", names=names)["services"] if names else []


def facts(process: Process) -> dict[str, Any] | None:
    """A line of `top`; None if it is gone."""
    psutil = library()
    try:
        with process.oneshot():
            times = process.cpu_times()
            command = process.cmdline() or [f"[{process.name()}]"]
            return {
                "Pid": process.pid,
                "PPid": process.ppid(),
                "User": process.username(),
                "State": process.status(),
                "Threads": process.num_threads(),
                "CPUTime": times.user + times.system,
                "Memory": process.memory_info().rss,
                "StartedAt": process.create_time(),
                "Command": command,
            }
    except psutil.Error:
        return None


def usage(service: dict[str, Any]) -> dict[str, Any]:
    """What a service's whole tree uses. Counters are sums over the processes that live; unreadable ones count as 0."""
    total = {
        "CPUTime": 0.0,
        "Memory": 0,
        "ReadBytes": 0,
        "WrittenBytes": 0,
        "Descriptors": 0,
        "Threads": 0,
        "Processes": 0,
    }
    for process in tree(service):
        for key, value in _used(process).items():
            total[key] += value
    return {"Id": service["Id"], "Name": service["Name"], "At": time.monotonic(), **total}


def _used(process: Process) -> dict[str, float]:
    psutil = library()
    used: dict[str, float] = {}
    try:
        with process.oneshot():
            times = process.cpu_times()
            used.update(CPUTime=times.user + times.system, Threads=process.num_threads(), Processes=1)
    except psutil.NoSuchProcess:
        return {}
    readers = {
        "Memory": lambda: process.memory_full_info().pss,
        "ReadBytes": lambda: process.io_counters().read_bytes,
        "WrittenBytes": lambda: process.io_counters().write_bytes,
        "Descriptors": process.num_fds,
    }
    for key, read in readers.items():
        try:
            used[key] = read()
        except psutil.AccessDenied:
            used[key] = process.memory_info().rss if key == "Memory" else 0
        except psutil.NoSuchProcess:
            break
    return used
