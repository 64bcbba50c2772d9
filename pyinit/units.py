"""Durations, sizes and signals as people write them."""

from __future__ import annotations

import _signal

from pyinit.errors import SpecError

SIGNALS: dict[str, int] = {
    name[3:]: int(number)
    for name, number in vars(_signal).items()
    if name.startswith("SIG") and name[3] != "_" and isinstance(number, int) and name not in ("SIGRTMIN", "SIGRTMAX")
}
RTMIN, RTMAX = 34, 64
NAMES: dict[int, str] = {
    number: name for name, number in reversed(list(SIGNALS.items())) if name not in ("CLD", "POLL", "IOT")
}

LARGEST = 1 << 63  # bytes: one more than off_t has

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def duration(what: str, text: object) -> float:
    """Seconds. text is a number of seconds, or a text like 500ms, 10s, 2m, 1h30m; what names it in an error."""
    if isinstance(text, (int, float)) and not isinstance(text, bool) and 0 <= text < 1e9:
        return float(text)
    if isinstance(text, str) and text:
        seconds = _seconds(text)
        if seconds is not None and seconds < 1e9:
            return seconds
    message = f"{what}: {text!r} is not a duration: a number of seconds, or 500ms, 10s, 2m, 1h"
    raise SpecError(message)


def _seconds(text: str) -> float | None:
    total, at = 0.0, 0
    while at < len(text):
        start = at
        while at < len(text) and (text[at].isdecimal() or text[at] == "."):
            at += 1
        number, begin = text[start:at], at
        while at < len(text) and text[at].isalpha():
            at += 1
        unit = text[begin:at] or ("s" if start == 0 else "?")
        if not number.isascii() or number.count(".") > 1 or number in ("", ".") or unit not in _SECONDS:
            return None
        total += float(number) * _SECONDS[unit]
    return total


def size(what: str, text: object) -> int:
    """Bytes. text is a number of them, or a text like 512k, 10m, 1g (powers of 1024, as podman has it)."""
    if isinstance(text, int) and not isinstance(text, bool) and 0 <= text < LARGEST:
        return text
    if isinstance(text, str):
        word = text.lower().removesuffix("b") or "?"
        number, unit = (word[:-1], word[-1]) if word[-1].isalpha() else (word, "")
        if unit in _BYTES and number.isascii() and number.replace(".", "", 1).isdecimal():
            length = float(number) * _BYTES[unit]
            if length < LARGEST:
                return int(length)
    message = f"{what}: {text!r} is not a size: a number of bytes, or 512k, 10m, 1g"
    raise SpecError(message)


def signal(what: str, text: object) -> int:
    """A signal's number, from a number or a name with or without SIG, in any case, RTMIN+N or RTMAX-N."""
    number = _signal_number(text)
    if number is None:
        message = f"{what}: {text!r} is not a signal: 1 to 64, a name like TERM, RTMIN+3"
        raise SpecError(message)
    return number


def _signal_number(text: object) -> int | None:  # noqa: PLR0911 (one for each way to say it)
    if isinstance(text, int) and not isinstance(text, bool):
        return text if 1 <= text <= RTMAX else None
    if not isinstance(text, str):
        return None
    if text.isascii() and text.isdecimal():
        return int(text) if len(text) < 10 and 1 <= int(text) <= RTMAX else None
    word = text.upper().removeprefix("SIG")
    if word in SIGNALS:
        return SIGNALS[word]
    for base, number, sign in (("RTMIN", RTMIN, "+"), ("RTMAX", RTMAX, "-")):
        if word == base:
            return number
        rest = word.removeprefix(base + sign)
        if rest != word and rest.isascii() and rest.isdecimal() and len(rest) < 10 and int(rest) <= RTMAX - RTMIN:
            return number + int(rest) if sign == "+" else number - int(rest)
    return None


def signal_name(number: int) -> str:
    """The name with SIG: SIGTERM, SIGRTMIN+3."""
    if number in NAMES:
        return "SIG" + NAMES[number]
    if RTMIN <= number <= RTMAX:
        return f"SIGRTMIN+{number - RTMIN}" if number > RTMIN else "SIGRTMIN"
    return f"SIG{number}"
