"""Completions for bash, zsh and fish, made of the table of verbs.

Names of services come from `pyinitctl completion names`, which wakes no supervisor.
"""

from __future__ import annotations

from pyinit import verbs
from pyinit.options import CHOICE, COMMAND, FLAG, NAMES, SOME_NAMES, WORDS, Option, Verb

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MADE = "Made of pyinit/verbs.py: change that."
POLICIES = ("no", "on-failure", "always", "unless-stopped")
DRIVERS = ("k8s-file", "json-file", "journald", "raw", "passthrough", "none")
SIGNALS = ("TERM", "INT", "HUP", "QUIT", "KILL", "USR1", "USR2", "STOP", "CONT", "WINCH", "ALRM")
_OFFERED = {"POLICY": POLICIES, "DRIVER": DRIVERS, "SIG": SIGNALS}
_TAKES_SERVICES = ("rename", "attach", "top")


def offered(option: Option) -> tuple[str, ...]:
    """The words to offer for an option's value."""
    return option.allowed if option.kind == CHOICE else _OFFERED.get(option.metavar, ())


def takes_services(verb: Verb) -> bool:
    """Whether names of services follow."""
    return verb.operands in (NAMES, SOME_NAMES) or verb.name in _TAKES_SERVICES


def operand_words(verb: Verb) -> tuple[str, ...]:
    """Fixed words that may follow."""
    if verb.name == "help":
        return tuple(verb.name for verb in verbs.VERBS)
    return tuple(word for word in verb.words if word != "names") if verb.operands == WORDS else ()


_BASH = """# bash completion for pyinitctl. @MADE@
_pyinitctl() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]} options= valued= i
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W '@VERBS@' -- "$word")
        return
    fi
    case $verb in
@OPTIONS@
    *) return ;;
    esac
    if [[ $verb == run ]]; then
        # The command's own words are completed as if it stood alone.
        for ((i = 2; i < COMP_CWORD; i++)); do
            case " $valued " in
            *" ${COMP_WORDS[i]} "*)
                ((i++))
                [[ ${COMP_WORDS[i]} == '=' ]] && ((i++))
                continue
                ;;
            esac
            case ${COMP_WORDS[i]} in
            --)
                _pyinitctl_command $((i + 1))
                return
                ;;
            -* | =) ;;
            *)
                _pyinitctl_command "$i"
                return
                ;;
            esac
        done
    fi
    [[ $before == '=' ]] && before=${COMP_WORDS[COMP_CWORD - 2]}
    [[ $word == '=' ]] && word=
    case "$verb $before" in
@VALUES@
    esac
    if [[ " $valued " == *" $before "* ]]; then
        return
    elif [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
        return
    fi
    case $verb in
@OPERANDS@
    esac
}

_pyinitctl_command() {
    if ((COMP_CWORD == $1)); then
        mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
    elif declare -F _command_offset > /dev/null; then
        _command_offset "$1"
    else
        mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
    fi
}

complete -o bashdefault -F _pyinitctl pyinitctl
"""


def bash() -> str:
    """The completion for bash."""
    options, values, operands = [], [], []
    for verb in verbs.VERBS:
        every = " ".join(word for option in verb.options for word in option.spellings)
        valued = " ".join(word for option in verb.options if option.kind != FLAG for word in option.spellings)
        options.append(f"    {verb.name})\n        options='{every}'\n        valued='{valued}'\n        ;;")
        for option in verb.options:
            reply = _bash_reply(option)
            if reply:
                cases = " | ".join(f"'{verb.name} {word}'" for word in option.spellings)
                values.append(f"    {cases})\n        mapfile -t COMPREPLY < <({reply})\n        return\n        ;;")
        if takes_services(verb):
            words = '$(pyinitctl completion names 2> /dev/null)"'
            operands.append(f'    {verb.name}) mapfile -t COMPREPLY < <(compgen -W "{words} -- "$word") ;;')
        elif operand_words(verb):
            words = " ".join(operand_words(verb))
            operands.append(f"    {verb.name}) mapfile -t COMPREPLY < <(compgen -W '{words}' -- \"$word\") ;;")
        elif verb.operands == COMMAND:
            operands.append(f'    {verb.name}) mapfile -t COMPREPLY < <(compgen -c -- "$word") ;;')
    text = _BASH.replace("@MADE@", MADE).replace("@VERBS@", " ".join(verb.name for verb in verbs.VERBS))
    for mark, lines in (("@OPTIONS@", options), ("@VALUES@", values), ("@OPERANDS@", operands)):
        text = text.replace(mark, "\n".join(lines))
    return text


def _bash_reply(option: Option) -> str:
    if offered(option):
        return f"compgen -W '{' '.join(offered(option))}' -- \"$word\""
    letter = {"file": "f", "directory": "d", "user": "u"}.get(option.complete)
    return f'compgen -{letter} -- "$word"' if letter else ""


def _zsh_text(text: str) -> str:
    for letter in "\\:[]":
        text = text.replace(letter, "\\" + letter)
    return text.replace("'", "'\\''")


def _zsh_option(option: Option) -> str:
    names = option.spellings
    if option.kind != FLAG:
        names = [f"{name}+" if len(name) == len("-x") else f"{name}=" for name in names]
    action = {"file": "_files", "directory": "_files -/", "user": "_users"}.get(option.complete, "")
    action = f"({' '.join(offered(option))})" if offered(option) else action
    value = f":{_zsh_text(option.metavar)}:{action}" if option.metavar else ""
    many = "*" if option.many else f"({' '.join(option.spellings)})"
    text = _zsh_text(option.help)
    if len(names) == 1:
        return f"'{'*' if option.many else ''}{names[0]}[{text}]{value}'"
    return f"'{many}'{{{','.join(names)}}}'[{text}]{value}'"


def _zsh_verb(verb: Verb) -> str:
    specs = [_zsh_option(option) for option in verb.options]
    if verb.operands == COMMAND:
        specs += ["'(-)1:command:_command_names -e'", "'*::argument:_normal'"]
    elif takes_services(verb):
        specs.append("'*:service:_pyinitctl_services'")
    elif operand_words(verb):
        specs.append(f"'1:word:({' '.join(operand_words(verb))})'")
    lines = " \\\n            ".join(specs)
    return f"    {verb.name})\n        _arguments -s -S \\\n            {lines}\n        ;;"


def zsh() -> str:
    """The completion for zsh."""
    commands = "\n".join(f"        '{verb.name}:{_zsh_text(verb.help)}'" for verb in verbs.VERBS)
    return (
        f"#compdef pyinitctl\n# {MADE}\n"
        '_pyinitctl_services() {\n    compadd -- ${(f)"$(pyinitctl completion names 2> /dev/null)"}\n}\n\n'
        "_pyinitctl() {\n    if ((CURRENT == 2)); then\n        local -a commands=(\n"
        f"{commands}\n        )\n        _describe command commands\n        return\n    fi\n"
        "    local verb=$words[2]\n    shift words\n    ((CURRENT--))\n    case $verb in\n"
        + "\n".join(map(_zsh_verb, verbs.VERBS))
        + "\n    esac\n}\n\n"
        "# Autoloaded it is the function itself; sourced it has to be registered.\n"
        'if [[ $funcstack[1] == _pyinitctl ]]; then\n    _pyinitctl "$@"\nelse\n    compdef _pyinitctl pyinitctl\nfi\n'
    )


def _fish_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _fish_option(verb: Verb, option: Option) -> str:
    condition = "__pyinitctl_run_options" if verb.operands == COMMAND else f"__fish_seen_subcommand_from {verb.name}"
    line = f"complete -c pyinitctl -n '{condition}'"
    line += "".join(f" -s {name}" if len(name) == 1 else f" -l {name}" for name in option.names)
    if option.kind != FLAG:
        line += " -r" if option.complete in ("file", "directory") else " -x"
        places = {"directory": "(__fish_complete_directories)", "user": "(__fish_complete_users)"}
        words = " ".join(offered(option)) or places.get(option.complete, "")
        line += f" -a '{words}'" if words else ""
    return f"{line} -d '{_fish_text(option.help)}'\n"


_FISH = """# Whether it is `run`, and its command has not been reached yet.
function __pyinitctl_run_options
    set -l words (commandline -opc)[2..-1]
    test "$words[1]" = run; or return 1
    set -e words[1]
    while set -q words[1]
        switch $words[1]
            case @VALUED@
                set -e words[1]
            case --
                return 1
            case '-*'
            case '*'
                return 1
        end
        set -e words[1]
    end
end

complete -c pyinitctl -f
complete -c pyinitctl -n '__fish_seen_subcommand_from run' -x -a '(__fish_complete_subcommand --fcs-skip=2)'
"""


def fish() -> str:
    """The completion for fish."""
    valued = " ".join(word for option in verbs.RUN.options if option.kind != FLAG for word in option.spellings)
    lines = [f"# fish completion for pyinitctl. {MADE}\n", _FISH.replace("@VALUED@", valued)]
    for verb in verbs.VERBS:
        text = _fish_text(verb.help)
        lines.append(f"complete -c pyinitctl -n __fish_use_subcommand -a {verb.name} -d '{text}'\n")
        condition = f"'__fish_seen_subcommand_from {verb.name}'"
        if takes_services(verb):
            lines.append(f"complete -c pyinitctl -n {condition} -a '(pyinitctl completion names 2> /dev/null)'\n")
        elif operand_words(verb):
            lines.append(f"complete -c pyinitctl -n {condition} -a '{' '.join(operand_words(verb))}'\n")
        lines += [_fish_option(verb, option) for option in verb.options]
    return "".join(lines)


MAKERS: dict[str, Callable[[], str]] = {"bash": bash, "zsh": zsh, "fish": fish}
