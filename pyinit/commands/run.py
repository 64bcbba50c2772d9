"""`run`: a new service, in the foreground or detached."""

from __future__ import annotations

import os

from pyinit import client, show
from pyinit.commands import specification
from pyinit.errors import PyinitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyinit.options import Parsed


def run(parsed: Parsed) -> int:
    """Run it; in the foreground the exit code is the process's."""
    if parsed["tty"] and not parsed["detach"] and parsed["interactive"] and not os.isatty(0):
        message = "run: -it: standard input is no terminal; leave -t out"
        raise PyinitError(message)
    try:
        directory = os.getcwd()
    except OSError as error:
        message = f"run: the current directory is gone ({error.strerror}): say --workdir"
        raise PyinitError(message) from error
    spec = specification.of(parsed, os.environ, directory)
    if parsed["detach"]:
        answer = client.ask("create", spec=spec, start=True, replace=parsed["replace"])
        show.out(f"{answer['name']}\n")
        return 0
    from pyinit.commands import foreground  # noqa: PLC0415 (not for -d)

    keys = foreground.detach_keys(parsed["detach-keys"])
    stdin = bool(parsed["interactive"])
    connection = client.Connection(client.find_dirs())
    with foreground.Session(stdin=stdin, keys=keys, proxy=True) as session:
        size = foreground.terminal_size() if parsed["tty"] else None
        answer = connection.request("run", spec=spec, stdin=stdin, replace=parsed["replace"], size=size)
        return session.run(connection, answer)
