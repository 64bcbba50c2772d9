"""`kill`: see the table of verbs."""

from __future__ import annotations

from pyinit.commands.acting import act

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyinit.options import Parsed


def run(parsed: Parsed) -> int:
    """Do it; print the names."""
    return act(parsed, signal=parsed["signal"])
