"""pyinitctl: finds the command that is asked for, imports it alone, and turns what went wrong into one line."""

from __future__ import annotations

import _signal
import os
import sys

from pyinit import options, show, verbs
from pyinit.errors import OWN_ERROR, PyinitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

LISTED = "pyinitctl --help lists the commands"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; its exit code."""
    # A reader that has seen enough ends us, as it ends any other program.
    _signal.signal(_signal.SIGPIPE, _signal.SIG_DFL)
    try:
        return dispatch(list(sys.argv[1:] if arguments is None else arguments))
    except PyinitError as error:
        show.error(str(error))
        return error.exit_code
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        show.error(f"{error.strerror or error}{where}")
        return OWN_ERROR
    except KeyboardInterrupt:
        # Die of it, so that a shell's loop around us ends too.
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
        os.kill(os.getpid(), _signal.SIGINT)
        return 130


def dispatch(words: list[str]) -> int:
    """Run the verb that the first word names."""
    if not words or words[0] in ("--help", "-h"):
        show.out(overview())
        return 0 if words else OWN_ERROR
    name = "version" if words[0] in ("--version", "-v") else words[0]
    verb = verbs.find(name)
    if verb is None:
        raise _unknown(name)
    parsed = options.parse(verb, words[1:])
    if parsed["help"]:
        show.out(options.help_text(verb))
        return 0
    module = __import__(f"pyinit.commands.{verb.name}", fromlist=["run"])
    status: int = module.run(parsed)
    return status


def overview() -> str:
    """What --help prints."""
    width = max(len(verb.name) for verb in verbs.VERBS)
    lines = [f"  {verb.name:<{width}}  {verb.help}" for verb in verbs.VERBS]
    return "\n".join(
        (
            "usage: pyinitctl COMMAND [OPTIONS] [ARG...]",
            "",
            "Runs and supervises processes, which live on when their supervisor dies or is replaced.",
            "",
            "commands:",
            *lines,
            "",
            "`pyinitctl COMMAND --help` tells the options of a command.",
            "Exit code 125: an error of pyinitctl's own; 126, 127: the command cannot be executed, or was not found.",
            "",
        )
    )


def _unknown(name: str) -> PyinitError:
    import difflib  # noqa: PLC0415 (only for a mistake)

    near = difflib.get_close_matches(name, [verb.name for verb in verbs.VERBS], 1)
    kind = "option" if name.startswith("-") else "command"
    return PyinitError(f"there is no {kind} {name}" + (f", did you mean {near[0]}?" if near else f": {LISTED}"))
