"""`supervisor`: look at it, start it, stop it, replace it."""

from __future__ import annotations

import os
import time

from pyinit import client, moments, show
from pyinit.errors import PyinitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyinit.dirs import Dirs
    from pyinit.options import Parsed


def run(parsed: Parsed) -> int:
    """Do what the word after it says."""
    words = parsed.verb.words
    if len(parsed.operands) != 1 or parsed.operands[0] not in words:
        message = f"supervisor: needs one of {', '.join(words)}"
        raise PyinitError(message)
    word = parsed.operands[0]
    for option, belongs in (("keep", "stop"), ("foreground", "start"), ("format", "status")):
        if parsed[option] and word != belongs:
            message = f"supervisor {word}: --{option} belongs to supervisor {belongs}"
            raise PyinitError(message)
    dirs = client.find_dirs()
    if word == "status":
        return status(dirs, parsed)
    if word == "start":
        return start(dirs, foreground=parsed["foreground"])
    if word == "upgrade":
        return upgrade(dirs)
    return stop(dirs, keep=parsed["keep"])


def ask_running(dirs: Dirs, verb: str, **arguments: Any) -> dict[str, Any]:
    """Ask the supervisor that runs; NoSupervisor if none does."""
    with client.Connection(dirs, start=False) as connection:
        return connection.request(verb, **arguments)


def facts(dirs: Dirs) -> dict[str, Any]:
    """The supervisor's status under the documented names."""
    answer = ask_running(dirs, "status")
    return {"".join(map(str.capitalize, key.split("_"))): value for key, value in answer.items() if key != "ok"}


def status(dirs: Dirs, parsed: Parsed) -> int:
    """Print pid, version, start, number of services, and how many of them were adopted."""
    found = facts(dirs)
    if parsed["format"] == "json":
        show.json(found)
    else:
        show.out(show.record(readable(found)))
    return 0


def readable(found: dict[str, Any]) -> list[tuple[str, object]]:
    """The status for people: its time as one, an empty trouble left out."""
    return [
        (key, f"{moments.iso(value)} ({moments.ago(value, time.time())})" if key == "StartedAt" else value)
        for key, value in found.items()
        if value not in ("", None)
    ]


def start(dirs: Dirs, *, foreground: bool) -> int:
    """Start it if none runs; in the foreground, become it."""
    if not foreground:
        client.connect(dirs).close()
        return 0
    dirs.make()
    lock = client.take(dirs.lock)
    if lock is None:
        message = f"supervisor start: one runs already in {dirs.runtime}"
        raise PyinitError(message)
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    os.dup2(lock, 4) if lock != 4 else os.set_inheritable(4, True)
    os.dup2(null, 0)
    os.dup2(null, 3)  # no pipe: nobody waits for us to listen
    command = client.supervisor_command(dirs)
    os.execve(command[0], command, client.supervisor_environment())
    return 0


def upgrade(dirs: Dirs) -> int:
    """Let it be replaced by the version that is installed, and wait until that answers."""
    with client.Connection(dirs, start=False) as connection:
        connection.request("upgrade")
        connection.wait_for_end()  # of the old one: it listens no more
    with client.Connection(dirs) as connection:
        answer = connection.request("ping")
    show.out(f"{answer['version']} {answer['pid']}\n")
    return 0


def stop(dirs: Dirs, *, keep: bool) -> int:
    """Stop it; without keep all services first, those too whose supervisor is dead."""
    try:
        connection = client.Connection(dirs, start=False)
    except client.NoSupervisor:
        if keep or not _shims(dirs):
            raise
        connection = client.Connection(dirs)
    with connection:
        connection.request("stop_supervisor", keep=keep)
        # Done is what comes after: the end of the connection when it has left.
        connection.wait_for_end()
    return 0


def _shims(dirs: Dirs) -> bool:
    try:
        return bool(os.listdir(dirs.shims))
    except OSError:
        return False
