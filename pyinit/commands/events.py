"""`events`: what happened to services, and what happens."""

from __future__ import annotations

import time

from pyinit import client, eventtext, filters, jsontext, moments, show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyinit.options import Parsed


def run(parsed: Parsed) -> int:
    """Print events, one a line: JSON objects with --format json."""
    now = time.time()
    wanted = filters.pairs("events", parsed["filter"], filters.EVENT)
    since = None if parsed["since"] is None else moments.parse("events: --since", parsed["since"], now)
    until = None if parsed["until"] is None else moments.parse("events: --until", parsed["until"], now)

    def print_event(event: dict[str, Any]) -> None:
        if (until is None or event["time"] <= until) and filters.matches(event, wanted, filters.EVENT):
            show.out((jsontext.dumps(event) if parsed["format"] == "json" else eventtext.line(event)) + "\n")

    last: dict[str, Any] | None = None
    while True:
        with client.Connection(client.find_dirs()) as connection:
            connection.send("events", follow=parsed["follow"], since=since)
            try:
                for answer in connection.lines():
                    event = answer["event"]
                    if event == last:
                        continue  # told by the last supervisor already
                    last, since = event, event["time"]
                    print_event(event)
            except client.Gone:
                if not parsed["follow"]:
                    raise
                since = now if since is None else since
            else:
                return 0
