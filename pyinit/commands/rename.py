"""`rename`: another name for a service."""

from __future__ import annotations

from pyinit import client
from pyinit.errors import PyinitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyinit.options import Parsed


def run(parsed: Parsed) -> int:
    """Rename it."""
    if len(parsed.operands) != 2:
        message = "rename: needs a service's name and its new one, and nothing else"
        raise PyinitError(message)
    name, new = parsed.operands
    client.ask("rename", name=name, new=new)
    return 0
