"""Options of the command line: what one is, how words are parsed by it, and the help that is made of it.

argparse costs 8 ms of every command, abbreviates options, and says in three lines what fits in one. The rules here are
podman's: a value is the next word, or joined by `=` to a long option and by nothing to a letter; letters without a
value may be clustered; `--` ends the options; a flag may be said as `--flag=false`.
"""

from __future__ import annotations

from pyinit import units
from pyinit.errors import PyinitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

# Kinds of values. A choice has its words in `allowed`, a number its range.
FLAG, TEXT, NUMBER, FRACTION, DURATION, SIZE, SIGNAL, CHOICE = (
    "flag", "text", "number", "fraction", "duration", "size", "signal", "choice",
)  # fmt: skip
# What follows the options.
NOTHING, NAMES, SOME_NAMES, COMMAND, WORDS = "nothing", "names", "some-names", "command", "words"

YES, NO = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


class Option:
    """One option. names: all its spellings without dashes, the first long one is the key of its value.

    metavar: the placeholder of its value. help: one line. allowed: the words of a choice, (least, most) of a number.
    many: repeatable, its value is a list. man: what the manual page says beyond the help. complete: what a shell offers
    for the value: file, directory, user, services, or "" for nothing.
    """

    __slots__ = ("allowed", "complete", "help", "kind", "man", "many", "metavar", "names")

    def __init__(
        self,
        names: str,
        text: str,
        kind: str = FLAG,
        metavar: str = "",
        *,
        allowed: tuple[Any, ...] = (),
        many: bool = False,
        man: str = "",
        complete: str = "",
    ) -> None:
        self.names = tuple(names.split())
        self.help = text
        self.kind = kind
        self.metavar = metavar or ("" if kind == FLAG else kind.upper())
        self.allowed = allowed
        self.many = many
        self.man = man
        self.complete = complete

    @property
    def key(self) -> str:
        """The name of its value: the first long spelling."""
        return next(name for name in self.names if len(name) > 1)

    @property
    def spellings(self) -> list[str]:
        """Every way to write it, letters first."""
        return [spelling(name) for name in sorted(self.names, key=lambda name: len(name) > 1)]


class Verb:
    """One command: its name, what it does, what follows it, its options and its examples.

    operands: NOTHING, NAMES (at least one, or --all), SOME_NAMES (any number), COMMAND (the first word that is no
    option ends the options), WORDS (the verb itself looks at them). usage: how operands are shown. words: fixed words
    to offer.
    """

    __slots__ = ("examples", "help", "man", "name", "operands", "options", "usage", "words")

    def __init__(
        self,
        name: str,
        text: str,
        options: tuple[Option, ...] = (),
        *,
        operands: str = NOTHING,
        usage: str = "",
        man: str = "",
        examples: tuple[str, ...] = (),
        words: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.help = text
        self.options = (*options, HELP)
        self.operands = operands
        self.usage = usage
        self.man = man
        self.examples = examples
        self.words = words


class Parsed:
    """The outcome: options by their key, and the words that follow. A flag is a bool, a repeatable option a list."""

    __slots__ = ("operands", "values", "verb")

    def __init__(self, verb: Verb, values: dict[str, Any], operands: list[str]) -> None:
        self.verb = verb
        self.values = values
        self.operands = operands

    def __getitem__(self, key: str) -> Any:
        """The value of an option; what it is without one: None, False or []."""
        return self.values[key]


HELP = Option("h help", "show this help")


def spelling(name: str) -> str:
    """An option as it is written."""
    return f"--{name}" if len(name) > 1 else f"-{name}"


def parse(verb: Verb, words: Sequence[str]) -> Parsed:
    """The values of words. PyinitError names the option that is wrong and says what is allowed."""
    known = {name: option for option in verb.options for name in option.names}
    values: dict[str, Any] = {
        option.key: [] if option.many else False if option.kind == FLAG else None for option in verb.options
    }
    operands: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            operands += rest
            break
        if word.startswith("--"):
            _long(verb, known, values, word[2:], rest)
        elif word.startswith("-") and word != "-":
            _letters(verb, known, values, word[1:], rest)
        else:
            operands.append(word)
            if verb.operands == COMMAND:
                operands += rest
                break
    if not values["help"]:
        _check_operands(verb, values, operands)
    return Parsed(verb, values, operands)


def _long(verb: Verb, known: dict[str, Option], values: dict[str, Any], text: str, rest: list[str]) -> None:
    name, joined, value = text.partition("=")
    option = known.get(name) if len(name) > 1 else None
    if option is None:
        raise _unknown(verb, known, f"--{name}")
    if option.kind == FLAG:
        values[option.key] = _yes_or_no(verb, name, value) if joined else True
    else:
        _set(verb, values, option, f"--{name}", value if joined else _next(verb, option, f"--{name}", rest))


def _letters(verb: Verb, known: dict[str, Option], values: dict[str, Any], letters: str, rest: list[str]) -> None:
    while letters:
        letter, letters = letters[0], letters[1:]
        option = known.get(letter)
        if option is None:
            raise _unknown(verb, known, f"-{letter}")
        if option.kind == FLAG:
            values[option.key] = True
        else:
            _set(verb, values, option, f"-{letter}", letters or _next(verb, option, f"-{letter}", rest))
            return


def _next(verb: Verb, option: Option, written: str, rest: list[str]) -> str:
    if not rest:
        raise _error(verb, f"{written} needs a value: {_allowed(option)}")
    return rest.pop(0)


def _set(verb: Verb, values: dict[str, Any], option: Option, written: str, text: str) -> None:
    value = convert(verb, option, written, text)
    if option.many:
        values[option.key].append(value)
    else:
        values[option.key] = value


def convert(verb: Verb, option: Option, written: str, text: str) -> Any:
    """The value that a text stands for: a float for a duration, an int for a size, a signal or a number."""
    try:
        if option.kind == DURATION:
            return units.duration(written, text or "?")
        if option.kind == SIZE:
            return units.size(written, text)
        if option.kind == SIGNAL:
            return units.signal(written, text)
    except PyinitError as error:
        raise _error(verb, str(error)) from None
    if option.kind == CHOICE and text not in option.allowed:
        raise _error(verb, f"{written}: {text!r} is not one of {', '.join(option.allowed)}")
    if option.kind in (NUMBER, FRACTION):
        return _number(verb, option, written, text)
    return text


def _number(verb: Verb, option: Option, written: str, text: str) -> float:
    least, most = option.allowed
    try:
        value = int(text) if option.kind == NUMBER else float(text)
        right = least <= value <= most
    except ValueError:
        right = False
    if not right or not text.isascii():
        raise _error(verb, f"{written}: {text!r} is not {_allowed(option)}")
    return value


def _allowed(option: Option) -> str:
    """Say in words what a value may be."""
    if option.kind == CHOICE:
        return ", ".join(option.allowed)
    if option.kind in (NUMBER, FRACTION):
        whole = "a whole number" if option.kind == NUMBER else "a number"
        return f"{whole} from {option.allowed[0]:g} to {option.allowed[1]:g}"
    return {
        DURATION: "a number of seconds, or 500ms, 10s, 2m, 1h",
        SIZE: "a number of bytes, or 512k, 10m, 1g",
        SIGNAL: "1 to 64, a name like TERM, RTMIN+3",
    }.get(option.kind, option.metavar)


def _yes_or_no(verb: Verb, name: str, text: str) -> bool:
    if text.lower() not in (*YES, *NO):
        raise _error(verb, f"--{name}: {text!r} is not true or false")
    return text.lower() in YES


def _check_operands(verb: Verb, values: dict[str, Any], operands: list[str]) -> None:
    if verb.operands == NOTHING and operands:
        raise _error(verb, f"takes no argument, so not {operands[0]!r}")
    if verb.operands == COMMAND and not operands:
        raise _error(verb, "needs a command: what to run, and its arguments")
    if verb.operands == NAMES:
        wide = bool(values.get("all") or values.get("filter"))
        if not operands and not wide:
            more = ", --all or --filter" if "all" in values else ""
            raise _error(verb, f"needs a name{more}: {usage(verb)}")
        if operands and wide:
            raise _error(verb, f"takes names, or --all and --filter, not both: {operands[0]!r} is a name")


def _unknown(verb: Verb, known: dict[str, Option], written: str) -> PyinitError:
    import difflib  # noqa: PLC0415 (only for a mistake)

    near = difflib.get_close_matches(written, [spelling(name) for name in known if len(name) > 1], 1)
    return _error(
        verb,
        f"there is no option {written}" + (f", did you mean {near[0]}?" if near else f": see {program(verb)} --help"),
    )


def _error(verb: Verb, text: str) -> PyinitError:
    return PyinitError(f"{verb.name}: {text}")


def program(verb: Verb) -> str:
    """The words that call a verb."""
    return f"pyinitctl {verb.name}"


def usage(verb: Verb) -> str:
    """How a verb is called, on one line."""
    options = " [OPTIONS]" if verb.options else ""
    return f"{program(verb)}{options}{' ' + verb.usage if verb.usage else ''}"


def option_line(option: Option) -> str:
    """An option as help shows it: letters, long spellings, placeholder."""
    letters = [spelling(name) for name in option.names if len(name) == 1]
    long = [spelling(name) for name in option.names if len(name) > 1]
    value = f" {option.metavar}" if option.metavar else ""
    return ("" if letters else "    ") + ", ".join([*letters, *long]) + value


def help_text(verb: Verb, width: int = 100) -> str:
    """What --help prints."""
    import textwrap  # noqa: PLC0415 (help may take its time)

    lines = [f"usage: {usage(verb)}", "", *textwrap.wrap(sentence(verb.help), width)]
    if verb.man:
        lines += ["", *textwrap.wrap(verb.man, width)]
    lines += ["", "options:"]
    for option in verb.options:
        first, text = f"  {option_line(option)}", option.help + (", repeatable" if option.many else "")
        if option.kind == CHOICE:
            text += f": {', '.join(option.allowed)}"
        wrapped = textwrap.wrap(text, width - 32)
        if len(first) < 31:
            lines.append(f"{first:<32}{wrapped[0]}")
            wrapped = wrapped[1:]
        else:
            lines.append(first)
        lines += [f"{'':<32}{line}" for line in wrapped]
    if verb.examples:
        lines += ["", "examples:", *(f"  {example}" for example in verb.examples)]
    return "\n".join(lines) + "\n"


def sentence(text: str) -> str:
    """Make a help text a sentence."""
    return text[0].upper() + text[1:] + "."
