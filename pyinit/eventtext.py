"""How an event reads on one line."""

from __future__ import annotations

from pyinit import jsontext, moments, show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_BYTES = ("peak_memory",)
_SPANS = ("duration", "delay")


def line(event: dict[str, Any]) -> str:
    """When, what, to whom, and the details: `2026-01-31T12:00:00.123456+01:00 exited web 0123456789ab code=1`."""
    known = ("time", "event", "name", "id")
    details = " ".join(
        f"{key}={detail(key, value)}"
        for key, value in event.items()
        if key not in known and value is not None and value is not False
    )
    words = (moments.iso(event["time"]), event["event"], event.get("name", ""), event.get("id", ""), details)
    return show.plain(" ".join(str(word) for word in words if word))


def detail(key: str, value: object) -> str:
    """A detail's value."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if key in _BYTES:
            return show.size(value)
        if key in _SPANS:
            return f"{value:.3f}s"
    if isinstance(value, str) and value and " " not in value and value.isprintable():
        return value
    return jsontext.dumps(value)
