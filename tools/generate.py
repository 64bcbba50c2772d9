#!/usr/bin/env python3
"""Make the man page and the shell completions of pyinit from csrc/options.def, the one table of options."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script

from tools.generated import ROOT, roff, sentence, wrapped, write_or_check

TABLE = ROOT / "csrc/options.def"
PIECE = re.compile(r'\s*("(?:[^"\\]|\\.)*"|\w+|[(),])')
# What a completion offers for a placeholder; the others are completed as files or not at all.
SIGNALS = [
    *("HUP", "INT", "QUIT", "USR1", "USR2", "ALRM", "TERM", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "WINCH", "KILL"),
    *("RTMIN", "RTMAX"),
]
WORDS = {"TARGET": ["main", "group", "tree"], "WHEN": ["auto", "yes", "no"], "SIG": SIGNALS}


@dataclass(frozen=True, slots=True)
class Option:
    """One row of the table."""

    id: str
    name: str
    letters: str
    kind: str
    metavar: str
    allowed: str
    help: str
    man: str

    @property
    def variable(self) -> str | None:
        """The environment variable that stands for the option."""
        return None if self.kind == "SHOW" else "PYINIT_" + self.name.upper().replace("-", "_")

    @property
    def spellings(self) -> list[str]:
        """Every way to write it, without a value."""
        return [*(f"-{letter}" for letter in self.letters), f"--{self.name}"]


def parse_row(text: str, at: int) -> list[str]:
    """Give the arguments of the OPTION(…) whose parenthesis is at this place; adjacent strings are one, as in C."""
    fields = [""]
    while match := PIECE.match(text, at):
        piece, at = match[1], match.end()
        if piece == ")":
            return fields
        if piece == ",":
            fields.append("")
        elif piece != "(":
            fields[-1] += piece[1:-1].replace('\\"', '"').replace("\\\\", "\\") if piece[0] == '"' else piece
    message = f"options.def: a row is not C strings, words and commas: {text[at : at + 40]!r}"
    raise ValueError(message)


def read_table() -> list[Option]:
    """Give all options, in the table's order."""
    text = TABLE.read_text()
    return [Option(*parse_row(text, match.end() - 1)) for match in re.finditer(r"^OPTION\(", text, re.MULTILINE)]


def man_value(option: Option) -> str:
    """Give the placeholder, as it follows the long name."""
    if option.kind == "MAYBE":
        return f" Ns Oo = Ns Ar {option.metavar} Oc"
    return f" Ar {option.metavar}" if option.metavar else ""


def man_option(option: Option) -> str:
    """Give the item of one option in the man page."""
    flags = " , ".join([*(f"Fl {letter}" for letter in option.letters), f"Fl -{option.name}"])
    text = roff(sentence(option.help))
    if option.kind == "LIST":
        text += "\nRepeatable; one value may hold several, with commas between them."
    if option.metavar == "DURATION":
        text += f"\n{roff(sentence(option.allowed))}"
    if option.man:
        text += f"\n{roff(option.man)}"
    return f".It {flags}{man_value(option)}\n{text}\n"


def man_variable(option: Option) -> str:
    """Give the item of one option's variable in the man page."""
    value = {"FLAG": "1, yes, true or on; 0, no, false or off", "COUNT": "0 to 9, or as a flag"}
    return f".It Ev {option.variable}\n.Fl -{option.name} :\n{value.get(option.kind, option.allowed)}.\n".replace(
        "--", "\\-\\-"
    )


MAN = r""".\" Made by tools/generate.py from csrc/options.def: change those.
.Dd November 29, 2026
.Dt PYINIT 1
.Os
.Sh NAME
.Nm pyinit
.Nd init for containers and for everything else that starts processes
.Sh SYNOPSIS
.Nm
.Op Ar options
.Op Fl -
.Ar command
.Op Ar argument ...
.Nm
.Op Ar options
.Fl P
.Sh DESCRIPTION
.Nm
runs
.Ar command ,
forwards the signals it is sent to it, reaps every orphaned process, and exits with the command's exit code.
It is meant to be PID 1 of a container, and does the same anywhere else.
.Pp
Options end at the first word that is none, or after
.Fl - ;
what follows belongs to the command.
A value is the next word, or is joined to a long option by
.Sq =
and to a letter by nothing.
Letters without a value may be clustered:
.Fl cvw .
.Pp
Called
.Nm dumb-init , tini , tini-static , docker-init
or
.Nm catatonit
by a link or copy of that name, it takes the options and variables of that program instead, and behaves as it does.
.Sh OPTIONS
.Bl -tag -width Ds
@OPTIONS@.El
.Pp
.Fl c
is
.Fl -forward Cm main
without a session of its own;
together with
.Fl -forward Cm tree
signals go to every descendant instead.
.Fl P
takes no command.
.Sh ENVIRONMENT
Each option that does not just print something is also a variable, for images whose command line is fixed.
The command line wins over it; for an option that is repeatable it replaces what the variable lists.
.Ev PYINIT_SINGLE_CHILD
gives way to a group asked for on the command line,
.Ev PYINIT_GROUP
to
.Ev PYINIT_FORWARD ,
and
.Ev PYINIT_VERBOSE
to
.Ev PYINIT_QUIET .
An empty variable counts as unset.
The application inherits these variables; other names that begin with
.Ev PYINIT_
are nobody's error.
.Bl -tag -width Ds
@VARIABLES@.El
.Sh EXIT STATUS
The exit code of the command, or 128+N if signal N killed it, changed by
.Fl -map-exit
last.
.Nm
itself exits with:
.Bl -tag -width Ds
.It 0
for
.Fl -help , -version , -license ,
and at the end of
.Fl -pause .
.It 125
for an error of its own, such as a bad option or no command: one line on standard error says which.
.It 126
if the command was found and cannot be executed.
.It 127
if the command was not found.
.El
.Sh SIGNALS
All signals from 1 to 64 are forwarded, real-time ones in their order and with their values, except:
.Bl -bullet
.It
.Dv SIGCHLD ,
which says that there is something to reap;
.It
what the kernel raises for a fault of
.Nm
itself;
.It
.Dv SIGKILL
and
.Dv SIGSTOP ,
which no process can receive.
.El
.Pp
.Dv SIGTSTP , SIGTTIN
and
.Dv SIGTTOU
stop the application and then
.Nm ,
so that a shell's job control works.
What arrives before the application is ready is delivered as soon as it is.
.Sh EXAMPLES
A server whose graceful signal is QUIT, where the container engine sends TERM:
.Pp
.Dl ENTRYPOINT [\(dqpyinit\(dq, \(dq\-r\(dq, \(dq15:3\(dq, \(dq\-\-\(dq, \(dqnginx\(dq]
.Pp
Let a load balancer drain for ten seconds, give all processes twenty to stop, and count a TERM as success:
.Pp
.Dl pyinit \-\-delay TERM=10s \-\-grace 20s \-\-map\-exit 143 \-\- app
.Pp
Run as the user of the image's own passwd file, and tell Kubernetes how it ended:
.Pp
.Dl pyinit \-\-user www\-data \-\-report /dev/termination\-log \-\- app
.Pp
The same option where the command line is fixed:
.Pp
.Dl podman run \-e PYINIT_REWRITE=TERM:QUIT image
.Sh SEE ALSO
.Xr prctl 2 ,
.Xr setsid 2 ,
.Xr wait 2 ,
.Xr signal 7
"""


def man_page(options: list[Option]) -> str:
    """Make pyinit(1)."""
    text = MAN.replace("@OPTIONS@", "".join(man_option(option) for option in options))
    text = text.replace("@VARIABLES@", "".join(man_variable(option) for option in options if option.variable))
    return wrapped(text)


def completes(option: Option) -> str:
    """Say what a value is: "words", "file", "directory", "user", or "text" for what nobody can guess."""
    if option.metavar in WORDS:
        return "words"
    return {"FILE": "file", "DIR": "directory"}.get(option.metavar, "user" if option.name == "user" else "text")


BASH = """# bash completion for pyinit. Made by tools/generate.py from csrc/options.def: change those.
_pyinit() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} i
    # The command's own words are completed as if it stood alone.
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --)
            _pyinit_command $((i + 1))
            return
            ;;
        @VALUED@) ((i++)) ;;
        -* | =) ;;
        auto | yes | no) [[ ${COMP_WORDS[i - 1]} == '=' ]] || { _pyinit_command "$i" && return; } ;;
        *)
            _pyinit_command "$i"
            return
            ;;
        esac
    done
    case $before in
@CASES@
    esac
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '@ALL@' -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -c -- "$word")
    fi
}

_pyinit_command() {
    if ((COMP_CWORD == $1)); then
        mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
    elif declare -F _command_offset > /dev/null; then
        _command_offset "$1"
    else
        mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
    fi
}

complete -o bashdefault -o default -F _pyinit pyinit
"""


def bash_case(option: Option) -> str:
    """Give the branch that completes the value of an option."""
    compgen = {
        "words": f"-W '{' '.join(WORDS.get(option.metavar, []))}'",
        "file": "-f",
        "directory": "-d",
        "user": "-u",
    }.get(completes(option))
    reply = f'mapfile -t COMPREPLY < <(compgen {compgen} -- "$word")' if compgen else "COMPREPLY=()"
    return f"    {' | '.join(option.spellings)})\n        {reply}\n        return\n        ;;"


def bash(options: list[Option]) -> str:
    """Make the completion for bash, which needs bash-completion only for the command's own arguments."""
    valued = [option for option in options if option.kind in ("VALUE", "LIST")]
    text = BASH.replace("@VALUED@", " | ".join(word for option in valued for word in option.spellings))
    text = text.replace("@CASES@", "\n".join(bash_case(option) for option in valued))
    return text.replace("@ALL@", " ".join(word for option in options for word in option.spellings))


def zsh_spec(option: Option) -> str:
    """Give the _arguments specification of one option."""
    text = option.help.replace("'", "'\\''").replace(":", "\\:").replace("[", "\\[").replace("]", "\\]")
    names = option.spellings
    if option.kind in ("VALUE", "LIST"):
        names = [f"{name}+" if len(name) == len("-x") else f"{name}=" for name in names]
    elif option.kind == "MAYBE":
        names = [name if len(name) == len("-x") else f"{name}=-" for name in names]
    action = {
        "words": f"({' '.join(WORDS.get(option.metavar, []))})",
        "file": "_files",
        "directory": "_files -/",
        "user": "_users",
        "text": "",
    }[completes(option)]
    metavar = option.metavar.replace(":", "\\:").replace("[", "\\[").replace("]", "\\]")
    colons = "::" if option.kind == "MAYBE" else ":"
    value = f"{colons}{metavar}:{action}" if metavar else ""
    many = "*" if option.kind in ("LIST", "COUNT") else f"({' '.join(option.spellings)})"
    if option.kind == "MAYBE":
        short, long = names
        return f"    '{many}{short}[{text}]' \\\n    '{many}{long}[{text}]{value}'"
    if len(names) == 1:
        return f"    '{'*' if many == '*' else ''}{names[0]}[{text}]{value}'"
    return f"    '{many}'{{{','.join(names)}}}'[{text}]{value}'"


def zsh(options: list[Option]) -> str:
    """Make the completion for zsh."""
    specs = " \\\n".join(zsh_spec(option) for option in options)
    return (
        "#compdef pyinit\n# Made by tools/generate.py from csrc/options.def: change those.\n"
        f"_arguments -s -S \\\n{specs} \\\n    '(-)1:command:_command_names -e' \\\n    '*::argument:_normal'\n"
    )


def fish_line(option: Option) -> str:
    """Give the complete command of one option."""
    line = "complete -c pyinit -n __pyinit_options"
    line += "".join(f" -s {letter}" for letter in option.letters) + f" -l {option.name}"
    kind = completes(option)
    if option.kind in ("VALUE", "LIST"):
        line += " -r" if kind in ("file", "directory") else " -x"
    if option.kind in ("VALUE", "LIST", "MAYBE"):
        offer = {
            "words": f"'{' '.join(WORDS.get(option.metavar, []))}'",
            "directory": "'(__fish_complete_directories)'",
            "user": "'(__fish_complete_users)'",
        }.get(kind)
        line += f" -a {offer}" if offer else ""
    text = option.help.replace("\\", "\\\\").replace("'", "\\'")
    return f"{line} -d '{text}'\n"


def fish(options: list[Option]) -> str:
    """Make the completion for fish."""
    valued = [name for option in options if option.kind in ("VALUE", "LIST") for name in option.spellings]
    return (
        "# fish completion for pyinit. Made by tools/generate.py from csrc/options.def: change those.\n"
        "# Whether the command has not been reached yet.\n"
        "function __pyinit_options\n"
        "    set -l words (commandline -opc)[2..-1]\n"
        "    while set -q words[1]\n"
        "        switch $words[1]\n"
        f"            case {' '.join(valued)}\n"
        "                set -e words[1]\n"
        "            case --\n"
        "                return 1\n"
        "            case '-*'\n"
        "            case '*'\n"
        "                return 1\n"
        "        end\n"
        "        set -e words[1]\n"
        "    end\n"
        "end\n\n"
        "complete -c pyinit -x -a '(__fish_complete_subcommand)'\n" + "".join(fish_line(option) for option in options)
    )


def make() -> dict[Path, str]:
    """Give the text of each file."""
    options = read_table()
    completions = ROOT / "docs/completions"
    return {
        ROOT / "docs/pyinit.1": man_page(options),
        completions / "pyinit.bash": bash(options),
        completions / "_pyinit": zsh(options),
        completions / "pyinit.fish": fish(options),
    }


def main() -> int:
    """Write the files, or with --check say which differ."""
    return write_or_check(make, __doc__, "tools/generate.py", "csrc/options.def")


if __name__ == "__main__":
    sys.exit(main())
