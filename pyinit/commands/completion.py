"""`completion`: the completions for a shell, to be sourced or put where the shell looks for them."""

from __future__ import annotations

from pyinit import client, ondisk, show
from pyinit.errors import PyinitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyinit.options import Parsed


def run(parsed: Parsed) -> int:
    """Print them; of `names` the names of the services, which the completions ask for without waking a supervisor."""
    words = parsed.verb.words
    if len(parsed.operands) != 1 or parsed.operands[0] not in words:
        message = f"completion: needs one of {', '.join(words)}"
        raise PyinitError(message)
    if parsed.operands[0] == "names":
        show.out("".join(f"{service['name']}\n" for service in ondisk.services(client.find_dirs())))
        return 0
    from pyinit import completions  # noqa: PLC0415 (only for these)

    show.out(completions.MAKERS[parsed.operands[0]]())
    return 0
