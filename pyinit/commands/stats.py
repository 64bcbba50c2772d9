"""`stats`: what services use, now and again."""

from __future__ import annotations

import time

from pyinit import jsontext, processes, show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyinit.options import Parsed

HEADINGS = ("ID", "NAME", "CPU", "MEMORY", "READ", "WRITTEN", "FDS", "THREADS", "PROCESSES")
INTERVAL, MEASURE = 5.0, 0.2  # seconds: between two prints, and for the first figure of CPU
CLEAR = "\x1b[H\x1b[J"


def run(parsed: Parsed) -> int:
    """Print a table each interval, in place on a terminal; with --format json an array a line."""
    interval = max(0.05, INTERVAL if parsed["interval"] is None else parsed["interval"])
    before = measure(parsed.operands)
    time.sleep(min(MEASURE, interval))
    while True:
        after = measure(parsed.operands)
        found = [compared(usage, before.get(ident)) for ident, usage in after.items()]
        output(found, parsed)
        if parsed["no-stream"]:
            return 0
        before = after
        time.sleep(interval)


def measure(names: list[str]) -> dict[str, dict[str, Any]]:
    """What is used, by service; those that do not run use nothing."""
    return {service["Id"]: processes.usage(service) for service in processes.running(names)}


def compared(usage: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
    """One service's line: CPU is the percentage of one processor since the measurement before."""
    seconds = usage["At"] - before["At"] if before else 0.0
    used = max(0.0, usage["CPUTime"] - before["CPUTime"]) if before else 0.0
    percent = round(100 * used / seconds, 2) if seconds else 0.0
    kept = ("CPUTime", "Memory", "ReadBytes", "WrittenBytes", "Descriptors", "Threads", "Processes")
    return {"Id": usage["Id"], "Name": usage["Name"], "CPU": percent} | {key: usage[key] for key in kept}


def output(found: list[dict[str, Any]], parsed: Parsed) -> None:
    """Print one round."""
    if parsed["format"] == "json":
        if parsed["no-stream"]:
            show.json(found)
        else:
            show.out(jsontext.dumps(found) + "\n")
        return
    rows = [
        (
            usage["Id"],
            usage["Name"],
            f"{usage['CPU']:.2f}%",
            show.size(usage["Memory"]),
            show.size(usage["ReadBytes"]),
            show.size(usage["WrittenBytes"]),
            usage["Descriptors"],
            usage["Threads"],
            usage["Processes"],
        )
        for usage in found
    ]
    clear = CLEAR if not parsed["no-stream"] and show.is_terminal(1) else ""
    show.out(clear + show.table(HEADINGS, rows))
