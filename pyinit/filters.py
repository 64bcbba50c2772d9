"""`--filter KEY=VALUE`: services are chosen by the supervisor (view.py), events here.

Filters of the same key are alternatives, of different keys all must match, as podman has it.
"""

from __future__ import annotations

from pyinit.errors import PyinitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

    Tests = dict[str, Callable[[dict[str, Any], str], bool]]


SERVICE = ("name", "id", "status", "label", "exited")
EVENT: Tests = {
    "name": lambda event, text: text in event.get("name", ""),
    "id": lambda event, text: event.get("id", "").startswith(text),
    "event": lambda event, text: event.get("event") == text,
}


def pairs(verb: str, texts: list[str], keys: Collection[str]) -> list[list[str]]:
    """The filters as [key, value]. PyinitError for one that is none of these."""
    found = []
    for text in texts:
        key, joined, value = text.partition("=")
        if not joined or key not in keys:
            message = f"{verb}: --filter: {text!r} is not KEY=VALUE with one of {', '.join(keys)}"
            raise PyinitError(message)
        found.append([key, value])
    return found


def matches(view: dict[str, Any], wanted: list[list[str]], tests: Tests) -> bool:
    """Whether all keys match, each by one of its values."""
    return all(
        any(tests[key](view, value) for other, value in wanted if other == key) for key in {key for key, _ in wanted}
    )
