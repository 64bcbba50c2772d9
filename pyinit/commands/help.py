"""`help`: as --help, of all or of one command."""

from __future__ import annotations

from pyinit import options, show, verbs
from pyinit.commands import main
from pyinit.errors import PyinitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyinit.options import Parsed


def run(parsed: Parsed) -> int:
    """Print it."""
    if not parsed.operands:
        show.out(main.overview())
        return 0
    verb = verbs.find(parsed.operands[0])
    if verb is None:
        message = f"help: there is no command {parsed.operands[0]}: {main.LISTED}"
        raise PyinitError(message)
    show.out(options.help_text(verb))
    return 0
