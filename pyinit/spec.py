"""What a service is to be: checked once, and then not changed.

`check` takes what JSON can say (a client's request, or spec.json) and refuses unknown keys. Durations are seconds or
texts like 10s, sizes bytes or texts like 10m, signals numbers or names.
"""

from __future__ import annotations

from pyinit import restart, units
from pyinit.errors import SpecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

KILL_MODES = ("tree", "group", "main")
LIMITS = {
    "cpu": 0, "fsize": 1, "data": 2, "stack": 3, "core": 4, "rss": 5, "nproc": 6, "nofile": 7, "memlock": 8, "as": 9,
    "locks": 10, "sigpending": 11, "msgqueue": 12, "nice": 13, "rtprio": 14, "rttime": 15,
}  # fmt: skip
UNLIMITED = 2**64 - 1
MOST_SOCKETS = 32  # as many as a shim can keep
LONGEST_NAME = 200  # characters
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")


def _bad(key: str, value: object, allowed: str) -> SpecError:
    return SpecError(f"{key}: {value!r} is not allowed: {allowed}")


def name(key: str, value: object) -> str:
    """A service's name, as podman allows it."""
    if isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and value[0].isalnum() and set(value) <= _NAME:
        return value
    raise _bad(key, value, "letters, digits, and _ . - after the first of them")


def _text(key: str, value: object) -> str:
    if isinstance(value, str) and "\0" not in value:
        try:
            value.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raise _bad(key, value, "a text, or bytes as \\udc80 to \\udcff") from None
        return value
    raise _bad(key, value, "a text")


def _flag(key: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise _bad(key, value, "true or false")


def _between(least: int, most: int) -> Callable[[str, object], int]:
    def check_number(key: str, value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        raise _bad(key, value, f"a whole number from {least} to {most}")

    return check_number


def _texts(key: str, value: object) -> list[str]:
    if isinstance(value, list):
        return [_text(key, word) for word in value]
    raise _bad(key, value, "a list of texts")


def _addresses(key: str, value: object) -> list[str]:
    addresses = _texts(key, value)
    if len(addresses) <= MOST_SOCKETS:
        return addresses
    raise _bad(key, value, f"at most {MOST_SOCKETS} addresses")


def _command(key: str, value: object) -> list[str]:
    words = _texts(key, value)
    if words and words[0]:
        return words
    raise _bad(key, value, "a program and its arguments")


def _mapping(key: str, value: object) -> dict[str, str]:
    if isinstance(value, list):
        value = dict(_text(key, word).partition("=")[::2] for word in value)
    if not isinstance(value, dict):
        raise _bad(key, value, "a mapping of texts")
    for word in value:
        if not _text(key, word) or "=" in word:
            raise _bad(key, word, "a name without = in it")
    return {word: _text(f"{key} {word}", text) for word, text in value.items()}


def _one_of(words: tuple[str, ...]) -> Callable[[str, object], str]:
    def check_word(key: str, value: object) -> str:
        if isinstance(value, str) and value in words:
            return value
        raise _bad(key, value, ", ".join(words))

    return check_word


def _is_number(text: str) -> bool:
    """Whether it is a whole number that fits into 64 bits, or nearly so."""
    return text.isascii() and text.isdecimal() and len(text) <= 20


def _restart(key: str, value: object) -> str:
    word, colon, count = _text(key, value).partition(":")
    if word in restart.POLICIES and (not colon or (word == restart.ON_FAILURE and _is_number(count))):
        return f"{word}:{int(count)}" if colon else word
    raise _bad(key, value, "no, on-failure, on-failure:N, always, unless-stopped")


def _codes(key: str, value: object) -> list[int]:
    if isinstance(value, list):
        return [_between(0, 255)(key, code) for code in value]
    raise _bad(key, value, "a list of exit codes from 0 to 255")


def _steps(key: str, value: object) -> list[list[float]]:
    """[[signal, seconds to wait], …], or the text "TERM/10s INT/5s KILL"."""
    if isinstance(value, str):
        value = [[part.partition("/")[0], part.partition("/")[2] or 0] for part in value.split()]
    if not isinstance(value, list) or not 0 < len(value) <= 32:
        raise _bad(key, value, "steps like TERM/10s INT/5s KILL, at most 32")
    steps = []
    for step in value:
        if not isinstance(step, list) or len(step) != 2:
            raise _bad(key, step, "a signal and a duration")
        steps.append([units.signal(key, step[0]), units.duration(key, step[1])])
    return steps


def _pair(key: str, value: object) -> list[int]:
    """A soft and a hard limit: [1024, 4096], "1024:4096", 1024, "unlimited"."""
    if isinstance(value, (int, str)):
        text = str(value)
        value = [*text.split(":")] if ":" in text else [text, text]
    if isinstance(value, list) and len(value) == 2:
        numbers = [UNLIMITED if str(part) in ("unlimited", "-1", "infinity") else part for part in value]
        if all(_is_number(str(part)) for part in numbers) and int(numbers[0]) <= int(numbers[1]) <= UNLIMITED:
            return [int(numbers[0]), int(numbers[1])]
    raise _bad(key, value, "SOFT:HARD, numbers or unlimited, the first not above the second")


def _limits(key: str, value: object) -> dict[str, list[int]]:
    if not isinstance(value, dict):
        raise _bad(key, value, "a mapping of limits")
    for word in value:
        if word not in LIMITS:
            raise _bad(key, word, ", ".join(LIMITS))
    return {word: _pair(f"{key} {word}", pair) for word, pair in value.items()}


def _rewrite(key: str, value: object) -> dict[str, int]:
    """{received: sent}, sent 0 drops it; or the init's text 15:3,HUP:0."""
    if isinstance(value, str):
        value = dict(part.partition(":")[::2] for part in value.split(","))
    if not isinstance(value, dict):
        raise _bad(key, value, "rewrites like 15:3,HUP:0")
    return {
        str(units.signal(key, received)): 0 if sent in (0, "0") else units.signal(key, sent)
        for received, sent in value.items()
    }


def _delays(key: str, value: object) -> dict[str, float]:
    if isinstance(value, str):
        value = dict(part.partition("=")[::2] for part in value.split(","))
    if not isinstance(value, dict):
        raise _bad(key, value, "delays like TERM=5s")
    return {str(units.signal(key, word)): units.duration(key, length) for word, length in value.items()}


def _codes_map(key: str, value: object) -> dict[str, int]:
    if isinstance(value, str):
        value = dict(part.partition(":")[::2] for part in value.split(",") if part)
    if not isinstance(value, dict):
        raise _bad(key, value, "exit codes like 143:0")
    return {str(_code(key, word)): _code(key, to) for word, to in value.items()}


def _code(key: str, value: object) -> int:
    """An exit code, or its text."""
    number = int(value) if isinstance(value, str) and _is_number(value) else value
    return _between(0, 255)(key, number)


def _optional(check_value: Callable[[str, object], Any]) -> Callable[[str, object], Any]:
    return lambda key, value: None if value is None else check_value(key, value)


def _number(least: float, most: float) -> Callable[[str, object], float]:
    def check_number(key: str, value: object) -> float:
        if isinstance(value, (int, float)) and not isinstance(value, bool) and least <= value <= most:
            return float(value)
        raise _bad(key, value, f"a number from {least:g} to {most:g}")

    return check_number


# Every key: how it is checked, and what it is if it is not given.
KEYS: dict[str, tuple[Callable[[str, object], Any], Any]] = {
    "command": (_command, None),
    "name": (name, None),
    "env": (_mapping, {}),
    "workdir": (_text, "/"),
    "user": (_optional(_text), None),
    "umask": (_optional(_between(0, 0o777)), None),
    "nice": (_optional(_between(-20, 19)), None),
    "oom_score_adj": (_optional(_between(-1000, 1000)), None),
    "no_new_privs": (_flag, False),
    "ulimits": (_limits, {}),
    "labels": (_mapping, {}),
    "memory": (_optional(units.size), None),
    "cpus": (_optional(_number(0.01, 10000)), None),
    "pids_limit": (_optional(_between(1, 2**22)), None),
    "restart": (_restart, "no"),
    "restart_delay": (units.duration, 0.1),
    "restart_max_delay": (units.duration, 30.0),
    "restart_stable": (units.duration, 10.0),
    "start_limit": (_between(0, 1000000), 0),
    "start_window": (units.duration, 10.0),
    "success_codes": (_codes, [0]),
    "stop_signal": (units.signal, 15),
    "stop_timeout": (units.duration, 10.0),
    "stop_sequence": (_optional(_steps), None),
    "kill_mode": (_one_of(KILL_MODES), "tree"),
    "grace": (units.duration, 5.0),
    "rewrite": (_rewrite, {}),
    "delay": (_delays, {}),
    "map_exit": (_codes_map, {}),
    "tty": (_flag, False),
    "interactive": (_flag, False),
    "rm": (_flag, False),
    "listen": (_addresses, []),
    "notify": (_flag, False),
    "log_driver": (_text, "k8s-file"),
    "log_opts": (_mapping, {}),
}


class Spec:
    """A checked specification. Its attributes are the keys of KEYS; `values` is all of them, as JSON has it."""

    __slots__ = ("values",)

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def __getattr__(self, key: str) -> Any:
        try:
            return self.values[key]
        except KeyError:
            raise AttributeError(key) from None

    def renamed(self, new: str) -> Spec:
        """The same under another name."""
        return Spec({**self.values, "name": name("name", new)})

    @property
    def policy(self) -> restart.Policy:
        """The restart policy."""
        word, _, count = self.restart.partition(":")
        return restart.Policy(
            word,
            int(count) if count else None,
            self.restart_delay,
            self.restart_max_delay,
            self.restart_stable,
            self.start_limit,
            self.start_window,
            tuple(self.success_codes),
        )

    def stop_steps(self, timeout: float | None = None) -> list[tuple[int, int]]:
        """The stop sequence as (signal, milliseconds to wait after it); KILL follows by itself."""
        if self.stop_sequence and timeout is None:
            return [(int(signal), milliseconds(seconds)) for signal, seconds in self.stop_sequence]
        wait = self.stop_timeout if timeout is None else max(-1.0, timeout)  # -1: for ever, as podman has it
        signal = self.rewrite.get(str(self.stop_signal), self.stop_signal)
        return [(signal or self.stop_signal, milliseconds(wait))]

    def clean_steps(self) -> list[tuple[int, int]]:
        """The same for what the main process leaves behind when it ends."""
        return [(15, milliseconds(self.grace))] if self.grace else []


def milliseconds(seconds: float) -> int:
    """As a shim is told it, in 32 bits: at most 24 days."""
    return min(round(min(seconds, 1e9) * 1000), 2**31 - 1)


def check(values: object) -> Spec:
    """A Spec of what was asked for. SpecError names the key that is wrong and what is allowed."""
    if not isinstance(values, dict):
        raise _bad("spec", values, "an object")
    for key in values:
        if key not in KEYS:
            message = f"{key}: there is no such key: {', '.join(KEYS)}"
            raise SpecError(message)
    if values.get("command") is None:
        message = "command: missing: a program and its arguments"
        raise SpecError(message)
    checked = {
        key: check_value(key, values[key]) if key in values and (values[key] is not None or key != "name") else default
        for key, (check_value, default) in KEYS.items()
    }
    if checked["restart_max_delay"] < checked["restart_delay"]:
        raise _bad("restart_max_delay", checked["restart_max_delay"], "not below restart_delay")
    if checked["rm"] and checked["restart"] != "no":
        raise _bad("rm", True, "not together with a restart policy")
    return Spec(checked)
