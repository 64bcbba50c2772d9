"""`history`: what happened, of the database that outlives services, supervisors and reboots."""

from __future__ import annotations

import time

from pyinit import client, eventtext, history, moments, show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyinit.options import Parsed


def run(parsed: Parsed) -> int:
    """Print the events of the services that are named, by name or id, or of all, the oldest first."""
    now = time.time()
    since = None if parsed["since"] is None else moments.parse("history: --since", parsed["since"], now)
    until = None if parsed["until"] is None else moments.parse("history: --until", parsed["until"], now)
    dirs = client.find_dirs()
    with history.History(dirs.state) as database:
        database.take_in(now)
        found = database.find(parsed.operands, since=since, until=until, last=parsed["tail"])
    if parsed["format"] == "json":
        show.json(found)
    else:
        show.out("".join(eventtext.line(event) + "\n" for event in found))
    return 0
