"""`attach`: join a service that runs."""

from __future__ import annotations

from pyinit import client
from pyinit.commands import foreground
from pyinit.errors import PyinitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyinit.options import Parsed


def run(parsed: Parsed) -> int:
    """Be attached until it ends, with its exit code, or until the detach keys, with 0."""
    if len(parsed.operands) != 1:
        message = "attach: needs the name of one service"
        raise PyinitError(message)
    keys = foreground.detach_keys(parsed["detach-keys"])
    stdin = not parsed["no-stdin"]
    connection = client.Connection(client.find_dirs())
    with foreground.Session(stdin=stdin, keys=keys, proxy=parsed["sig-proxy"] != "false") as session:
        answer = connection.request("attach", name=parsed.operands[0], stdin=stdin)
        return session.run(connection, answer)
