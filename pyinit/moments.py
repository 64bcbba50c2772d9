"""Points in time and spans of it, as people write and read them. Times are Unix times, floats in seconds."""

from __future__ import annotations

import time

from pyinit import units
from pyinit.errors import PyinitError


def parse(what: str, text: str, now: float) -> float:
    """The time that a text means: 10m (ago), a date, a date and time as RFC 3339 has it, or a Unix time."""
    if text and text.replace(".", "", 1).isascii() and text.replace(".", "", 1).isdecimal() and float(text) >= 1e8:
        return float(text)
    try:
        return now - units.duration(what, text)
    except PyinitError:
        pass
    from datetime import datetime  # noqa: PLC0415 (only for a date)

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"{what}: {text!r} is not a time: 10m (ago), 2026-01-31, 2026-01-31T12:00:00Z, or a Unix time"
        raise PyinitError(message) from None
    return moment.timestamp()


def iso(moment: float) -> str:
    """RFC 3339, in local time, to the microsecond."""
    local = time.localtime(moment)
    zone = time.strftime("%z", local)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', local)}.{int(moment * 1e6) % 1000000:06d}{zone[:3]}:{zone[3:]}"


def value(stored: object) -> float | None:
    """The time in an answer: a number, or an RFC 3339 text; None for no time, which is 0, "" or null."""
    if isinstance(stored, (int, float)) and not isinstance(stored, bool):
        return float(stored) or None
    if isinstance(stored, str) and stored and not stored.startswith("0001-"):
        return parse("time", stored, 0.0)
    return None


def span(seconds: float) -> str:
    """About how long: 3 seconds, 2 minutes, 5 hours, 4 days."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * size or (size == 86400 and seconds >= 2 * size):
            return f"{int(seconds // size)} {unit}s"
    number = max(0, int(seconds))
    if number >= 60:
        return "1 minute" if number < 120 else f"{number // 60} minutes"
    return f"{number} second{'' if number == 1 else 's'}"


def ago(moment: float | None, now: float) -> str:
    """How long ago, or nothing for no time."""
    return "" if moment is None else f"{span(now - moment)} ago"


def iso_nanoseconds(moment: int) -> str:
    """RFC 3339, in local time, of nanoseconds since the epoch."""
    seconds, rest = divmod(moment, 1_000_000_000)
    local = time.localtime(seconds)
    zone = time.strftime("%z", local)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', local)}.{rest:09d}{zone[:3]}:{zone[3:]}"
