"""`top`: the processes of a service."""

from __future__ import annotations

import time

from pyinit import client, moments, processes, show
from pyinit.errors import PyinitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyinit.options import Parsed

HEADINGS = ("PID", "PPID", "USER", "STATE", "THREADS", "CPU", "MEMORY", "STARTED", "COMMAND")


def run(parsed: Parsed) -> int:
    """Print them as a tree, or as an array with --format json."""
    if len(parsed.operands) != 1:
        message = "top: needs the name of one service"
        raise PyinitError(message)
    (service,) = client.ask("inspect", names=parsed.operands)["services"]
    if not service["State"]["Pid"]:
        message = f"top: {service['Name']} does not run"
        raise PyinitError(message)
    found = [line for line in map(processes.facts, processes.tree(service)) if line]
    if parsed["format"] == "json":
        show.json(found)
    else:
        now = time.time()
        show.out(show.table(HEADINGS, [row(line, depth, now) for line, depth in nested(found)]))
    return 0


def nested(found: list[dict[str, Any]]) -> list[tuple[dict[str, Any], int]]:
    """The processes, each followed by its children, with their depth."""
    pids = {line["Pid"] for line in found}
    ordered: list[tuple[dict[str, Any], int]] = []
    stack = [(line, 0) for line in reversed(found) if line["PPid"] not in pids]
    while stack:
        line, depth = stack.pop()
        ordered.append((line, depth))
        stack += [(child, depth + 1) for child in reversed(found) if child["PPid"] == line["Pid"]]
    return ordered


def row(line: dict[str, Any], depth: int, now: float) -> tuple[object, ...]:
    """The cells of a process."""
    return (
        line["Pid"],
        line["PPid"],
        line["User"],
        line["State"],
        line["Threads"],
        f"{line['CPUTime']:.2f}s",
        show.size(line["Memory"]),
        moments.ago(line["StartedAt"], now),
        "  " * depth + show.shorten(" ".join(line["Command"]), 60),
    )
