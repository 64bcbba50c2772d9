"""`inspect`: everything about services."""

from __future__ import annotations

from pyinit import client, jsontext, show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from pyinit.options import Parsed


def run(parsed: Parsed) -> int:
    """Print a JSON array, or with --format table a line for each value."""
    found = client.ask("inspect", names=parsed.operands)["services"]
    if parsed["format"] == "table":
        show.out("\n".join(show.record(flat(service)) for service in found))
    else:
        show.json(found)
    return 0


def flat(value: dict[str, Any], before: str = "") -> Iterator[tuple[str, object]]:
    """The values of an object and of the objects in it, each with its way: State.Pid."""
    for key, item in value.items():
        if isinstance(item, dict):
            yield from flat(item, f"{before}{key}.")
        else:
            yield before + key, jsontext.dumps(item) if isinstance(item, (list, bool)) or item is None else item
