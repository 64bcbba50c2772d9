#!/usr/bin/env python3
"""Make the manual page and the shell completions of pyinitctl from pyinit/verbs.py, the one table of its options."""

from __future__ import annotations

import sys
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script

from pyinit import completions, verbs
from pyinit.options import CHOICE, COMMAND, NAMES, NUMBER, SOME_NAMES, Option, Verb
from tools.generated import ROOT, roff, sentence, wrapped, write_or_check

MAN = r""".\" Made by tools/generate_ctl.py from pyinit/verbs.py: change those.
.Dd November 29, 2026
.Dt PYINITCTL 1
.Os
.Sh NAME
.Nm pyinitctl
.Nd run and supervise processes that outlive their supervisor
.Sh SYNOPSIS
@SYNOPSIS@.Sh DESCRIPTION
.Nm
runs commands as services:
each has a name, a log, a restart policy, and records of how it ended.
One supervisor per user decides about them.
It is started by the first command that needs it.
It can be killed, stopped and replaced by a newer version at any time:
every service belongs to a small process of its own, which keeps its descriptors and its exit status for the next
supervisor, and starts that if need be.
.Pp
The words and the options are those of podman.
A value is the next word, or is joined to a long option by
.Sq =
and to a letter by nothing.
Letters without a value may be clustered:
.Fl dit .
.Fl -
ends the options.
A service is named by its name, its id, or the beginning of its id.
.Pp
A
.Ar DURATION
is a number of seconds, or like 500ms, 10s, 2m, 1h30m.
A
.Ar SIZE
is a number of bytes, or like 512k, 10m, 1g.
A
.Ar SIG
is a number from 1 to 64, or a name like TERM or RTMIN+3.
.Sh COMMANDS
@COMMANDS@.Sh ENVIRONMENT
.Bl -tag -width Ds
.It Ev PYINIT_RUNTIME_DIR
The directory of the sockets; else
.Pa $XDG_RUNTIME_DIR/pyinit ,
and
.Pa /run/pyinit
for root.
.It Ev PYINIT_STATE_DIR
The directory of logs, records and the history; else
.Pa $XDG_STATE_HOME/pyinit
.Pq Pa ~/.local/state/pyinit ,
and
.Pa /var/lib/pyinit
for root.
.It Ev NO_COLOR
Set, no colours are used.
.El
.Pp
Supervisors with different directories never meet.
.Sh FILES
.Bl -tag -width Ds
.It Pa services/ID/log
The output of a service, in the state directory.
.It Pa events.jsonl
What happened, a JSON object a line.
.It Pa history.db
The same for long, in SQLite.
.It Pa supervisor.log
What the supervisor itself had to say.
.El
.Sh EXIT STATUS
.Cm run
in the foreground and
.Cm attach
exit with the code of the process, or 128+N if signal N killed it.
Else:
.Bl -tag -width Ds
.It 0
It was done, for every service that was named.
.It 125
It was not; one line on standard error says why.
.It 126
The command was found and cannot be executed.
.It 127
The command was not found.
.El
.Sh EXAMPLES
@EXAMPLES@.Sh SEE ALSO
.Xr signal 7 ,
.Xr unix 7
"""


def operands(verb: Verb) -> str:
    """The macros for what follows the options."""
    if verb.operands == COMMAND:
        return "\n.Op Fl -\n.Ar COMMAND\n.Op Ar ARG ..."
    if verb.operands == NAMES:
        return "\n.Ar NAME ..."
    if verb.operands == SOME_NAMES:
        return "\n.Op Ar NAME ..."
    if verb.words:
        return f"\n.Cm {' | '.join(word for word in verb.words if word != 'names')}"
    if verb.usage.startswith("["):
        return f"\n.Op Ar {verb.usage[1:-1]}"
    return f"\n.Ar {verb.usage}" if verb.usage else ""


def call(verb: Verb) -> str:
    """How a verb is called."""
    options = "\n.Op Ar OPTIONS" if len(verb.options) > 1 else ""
    return f".Cm {verb.name}{options}{operands(verb)}\n"


def item(option: Option) -> str:
    """One option."""
    flags = " , ".join(f"Fl {word[1:]}" for word in option.spellings)
    value = f" Ar {option.metavar}" if option.metavar else ""
    text = sentence(option.help)
    if option.kind == CHOICE:
        text += f" One of {', '.join(option.allowed)}."
    elif option.kind == NUMBER and option.allowed[1] < 2**31:
        text += f" From {option.allowed[0]} to {option.allowed[1]}."
    if option.many:
        text += " Repeatable."
    if option.man:
        text += f" {option.man}"
    return f".It {flags}{value}\n{roff(text)}\n"


def command(verb: Verb) -> str:
    """One verb with its options."""
    text = f".Ss {verb.name}\n.Nm pyinitctl\n{call(verb)}.Pp\n{roff(sentence(verb.help))}\n"
    if verb.man:
        text += f"{roff(verb.man)}\n"
    own = [option for option in verb.options if option.key != "help"]
    if own:
        text += f".Bl -tag -width Ds\n{''.join(map(item, own))}.El\n"
    return text


def example(line: str) -> str:
    """A line of an example, literally."""
    return f".Dl {line}\n".replace("-", "\\-").replace("'", "\\(aq")


def man_page() -> str:
    """Make pyinitctl(1)."""
    text = MAN.replace("@SYNOPSIS@", "".join(f".Nm\n{call(verb)}" for verb in verbs.VERBS))
    text = text.replace("@COMMANDS@", "".join(map(command, verbs.VERBS)))
    return wrapped(text.replace("@EXAMPLES@", "".join(example(line) for verb in verbs.VERBS for line in verb.examples)))


def make() -> dict[Path, str]:
    """Give the text of each file."""
    folder = ROOT / "docs/completions"
    return {
        ROOT / "docs/pyinitctl.1": man_page(),
        folder / "pyinitctl.bash": completions.bash(),
        folder / "_pyinitctl": completions.zsh(),
        folder / "pyinitctl.fish": completions.fish(),
    }


def main() -> int:
    """Write the files, or with --check say which differ."""
    return write_or_check(make, __doc__, "tools/generate_ctl.py", "pyinit/verbs.py")


if __name__ == "__main__":
    sys.exit(main())
