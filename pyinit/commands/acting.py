"""What start, stop, restart, kill, pause, unpause and rm have in common: services, and what became of each."""

from __future__ import annotations

from pyinit import client, filters, show
from pyinit.errors import OWN_ERROR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyinit.options import Parsed


def act(parsed: Parsed, **more: Any) -> int:
    """Do the verb to all that are named, print the names of those it was done to, and a line for each error."""
    verb = parsed.verb.name
    wanted = filters.pairs(verb, parsed["filter"], filters.SERVICE)
    arguments: dict[str, Any] = {key: value for key, value in more.items() if value is not None}
    if wanted:
        arguments["filters"] = wanted
    if parsed["all"]:
        arguments["all"] = True
    results = client.ask(verb, names=list(dict.fromkeys(parsed.operands)), **arguments)["results"]
    code = 0
    for result in results:
        if result.get("error"):
            show.error(f"{verb}: {result['error']}")
            code = max(code, int(result.get("exit", OWN_ERROR)))
        else:
            show.out(f"{result['name']}\n")
    return code
