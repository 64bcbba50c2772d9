"""`events`: what happened to services, of the supervisor's file, and what happens, of the supervisor."""

from __future__ import annotations

import time

from pyinit import client, eventtext, filters, jsontext, moments, show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from pyinit.dirs import Dirs
    from pyinit.options import Parsed

MANY = 10000  # events that are remembered as printed
RECENT = 60.0  # seconds: what is older than that does not come a second time


def run(parsed: Parsed) -> int:
    """Print events, one a line: JSON objects with --format json."""
    printer = Printer(parsed)
    dirs = client.find_dirs()
    if not parsed["follow"]:
        for event in of_files(dirs):
            printer.take(event)
        return 0
    if printer.since is None:
        printer.since = time.time()
    while True:
        try:
            follow(dirs, printer)
        except client.Gone:
            continue  # the next supervisor goes on, and what was in between is in the file


def follow(dirs: Dirs, printer: Printer) -> None:
    """Print what happens until the supervisor is gone, which is client.Gone."""
    with client.Connection(dirs) as connection:
        connection.send("events", follow=True)
        for answer in connection.lines():
            if "event" in answer:
                printer.take(answer["event"])
            else:  # from here on it tells everything; what was before is in the file
                for event in of_files(dirs):
                    printer.take(event)


class Printer:
    """Prints the events that are wanted, each once though the file and the supervisor may both tell it."""

    __slots__ = ("_json", "_seen", "_until", "_wanted", "since")

    def __init__(self, parsed: Parsed) -> None:
        now = time.time()
        self._wanted = filters.pairs("events", parsed["filter"], filters.EVENT)
        self._json = parsed["format"] == "json"
        self._until = None if parsed["until"] is None else moments.parse("events: --until", parsed["until"], now)
        self._seen: dict[tuple[object, ...], None] = {}
        self.since = None if parsed["since"] is None else moments.parse("events: --since", parsed["since"], now)

    def take(self, event: dict[str, Any]) -> None:
        """Print it if it is to be printed."""
        mark = (event["time"], event["event"], event.get("id"))
        if (self.since is not None and event["time"] < self.since) or mark in self._seen:
            return
        if self._until is not None and event["time"] > self._until:
            return
        self._seen[mark] = None
        if len(self._seen) > MANY:
            self._seen = dict.fromkeys(list(self._seen)[MANY // 2 :])
            self.since = event["time"] - RECENT
        if filters.matches(event, self._wanted, filters.EVENT):
            show.out((jsontext.dumps(event) if self._json else eventtext.line(event)) + "\n")


def of_files(dirs: Dirs) -> Iterator[dict[str, Any]]:
    """Yield the events that are in the supervisor's files, the oldest first."""
    for path in (f"{dirs.events}.1", dirs.events):
        try:
            file = open(path, encoding="utf-8")  # noqa: SIM115 (closed below)
        except FileNotFoundError:
            continue
        with file:
            for line in file:
                try:
                    event = jsontext.loads(line)
                    float(event["time"]), event["event"]
                except (ValueError, KeyError, TypeError):
                    continue  # cut off by a full disk
                yield event
