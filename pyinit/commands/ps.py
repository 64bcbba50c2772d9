"""`ps`: the services, a line each."""

from __future__ import annotations

import time

from pyinit import client, filters, moments, show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyinit.options import Parsed

HEADINGS = ("ID", "NAME", "STATUS", "PID", "RESTARTS", "CREATED", "COMMAND")


def run(parsed: Parsed) -> int:
    """List them, the newest last."""
    wanted = filters.pairs("ps", parsed["filter"], filters.SERVICE)
    shown = client.ask("list", all=parsed["all"], filters=wanted)["services"]
    if parsed["quiet"]:
        show.out("".join(f"{view['Id']}\n" for view in shown))
    elif parsed["format"] == "json":
        show.json(shown)
    else:
        now = time.time()
        rows = [row(view, now, whole=parsed["no-trunc"]) for view in shown]
        show.out(show.table(HEADINGS, rows, heading=not parsed["noheading"]))
    return 0


def row(view: dict[str, Any], now: float, *, whole: bool) -> tuple[object, ...]:
    """The cells of a service."""
    command = " ".join(view["Command"])
    return (
        view["Id"],
        view["Name"],
        status(view, now),
        view["Pid"] or "",
        view["RestartCount"],
        moments.ago(moments.value(view["Created"]), now),
        command if whole else show.shorten(command, 40),
    )


def status(view: dict[str, Any], now: float) -> str:
    """The status as podman words it: Up 2 minutes, Exited (1) 3 hours ago."""
    started, finished = moments.value(view["StartedAt"]), moments.value(view["FinishedAt"])
    word = str(view["Status"])
    if word in ("running", "paused") and started is not None:
        return f"Up {moments.span(now - started)}{' (Paused)' if word == 'paused' else ''}"
    if word in ("exited", "restarting") and view["ExitCode"] is not None:
        return f"{word.capitalize()} ({view['ExitCode']}) {moments.ago(finished, now)}".rstrip()
    return word.capitalize()
