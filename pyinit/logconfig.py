"""What can be said about the log of a service: drivers and options, checked."""

from __future__ import annotations

from pyinit import drivers, framing
from pyinit.errors import SpecError
from pyinit.units import duration, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Final

_FILE_OPTIONS: Final = ("path", "max-size", "max-file", "rotate-every", "compress")
_JOURNAL_OPTIONS: Final = ("tag", "labels")
_OPTIONS: Final = ("mode", "max-buffer-size", "max-line")


class LogConfig:
    """How a service is logged. Sizes in bytes, times in seconds; 0 is no limit."""

    __slots__ = (
        "compress",
        "drivers",
        "labels",
        "max_buffer",
        "max_file",
        "max_line",
        "max_size",
        "non_blocking",
        "path",
        "rotate_every",
        "tag",
    )

    def __init__(self) -> None:
        self.drivers: tuple[str, ...] = ("k8s-file",)
        self.path = ""
        self.max_size = 0
        self.max_file = 5
        self.rotate_every = 0.0
        self.compress = False
        self.non_blocking = False
        self.max_buffer = 1 << 20
        self.max_line = framing.LONGEST
        self.tag = ""
        self.labels: dict[str, str] = {}

    @property
    def file(self) -> str | None:
        """The driver that writes a file, if there is one."""
        return next((name for name in self.drivers if name in drivers.FILES), None)


def check_options(driver: str | Iterable[str], options: Mapping[str, object]) -> LogConfig:
    """The configuration that was asked for. SpecError, naming the key and what is allowed, if it is none.

    driver: a name, or several, in a list or with commas between them. options: texts as on a command line, or numbers.
    """
    config = LogConfig()
    names = driver.split(",") if isinstance(driver, str) else list(driver)
    config.drivers = _check_drivers(names)
    allowed = _allowed(config)
    for key, value in options.items():
        if key not in allowed:
            message = f"log option {key!r} is not for {','.join(config.drivers)}: there are {', '.join(allowed)}"
            raise SpecError(message)
        _SETTERS[key](config, f"log option {key}", value)
    if "max-buffer-size" in options and not config.non_blocking:
        message = "log option max-buffer-size needs mode=non-blocking"
        raise SpecError(message)
    return config


def _check_drivers(names: list[str]) -> tuple[str, ...]:
    for name in names:
        if name not in drivers.DRIVERS:
            message = f"log driver {name!r}: there are {', '.join(drivers.DRIVERS)}"
            raise SpecError(message)
    if len(set(names)) < len(names) or not names or ("none" in names and len(names) > 1):
        message = f"log driver {','.join(names)!r}: each at most once, and none only alone"
        raise SpecError(message)
    if sum(name in drivers.FILES for name in names) > 1:
        message = f"log driver {','.join(names)!r}: at most one of {', '.join(drivers.FILES)}"
        raise SpecError(message)
    return tuple(names)


def _allowed(config: LogConfig) -> list[str]:
    allowed = list(_FILE_OPTIONS) if config.file else []
    if "journald" in config.drivers:
        allowed += _JOURNAL_OPTIONS
    return allowed + list(_OPTIONS)


def _bad(what: str, value: object, allowed: str) -> SpecError:
    return SpecError(f"{what}: {value!r} is not allowed: {allowed}")


def _set_path(config: LogConfig, what: str, value: object) -> None:
    if not isinstance(value, str) or not value.startswith("/") or value.endswith("/") or "\0" in value:
        raise _bad(what, value, "the absolute path of a file")
    config.path = value


def _set_max_size(config: LogConfig, what: str, value: object) -> None:
    config.max_size = size(what, value)
    if 0 < config.max_size < 1024:
        raise _bad(what, value, "1k or more, or 0 for no limit")


def _set_max_file(config: LogConfig, what: str, value: object) -> None:
    config.max_file = _whole(what, value, 1, 10000)


def _set_rotate_every(config: LogConfig, what: str, value: object) -> None:
    config.rotate_every = duration(what, value)
    if 0 < config.rotate_every < 1:
        raise _bad(what, value, "1s or more, or 0 for never")


def _set_compress(config: LogConfig, what: str, value: object) -> None:
    words = {"gzip": True, "true": True, "none": False, "false": False}
    word = str(value).lower()
    if word not in words:
        raise _bad(what, value, "gzip or none")
    config.compress = words[word]


def _set_mode(config: LogConfig, what: str, value: object) -> None:
    if value not in ("blocking", "non-blocking"):
        raise _bad(what, value, "blocking or non-blocking")
    config.non_blocking = value == "non-blocking"


def _set_max_buffer(config: LogConfig, what: str, value: object) -> None:
    config.max_buffer = size(what, value)
    if not 4096 <= config.max_buffer <= 32 << 20:
        raise _bad(what, value, "4k to 32m")


def _set_max_line(config: LogConfig, what: str, value: object) -> None:
    config.max_line = size(what, value)
    if not 64 <= config.max_line <= 1 << 20:
        raise _bad(what, value, "64 bytes to 1m")


def _set_tag(config: LogConfig, what: str, value: object) -> None:
    if not isinstance(value, str) or not value:
        raise _bad(what, value, "a text")
    config.tag = value


def _set_labels(config: LogConfig, what: str, value: object) -> None:
    from pyinit.journald import is_field_name  # noqa: PLC0415 (only for those who have the journal)

    pairs = [text.partition("=")[::2] for text in value.split(",")] if isinstance(value, str) else value
    labels = dict(pairs) if isinstance(pairs, (dict, list)) else {}
    if not labels or not all(
        isinstance(key, str) and is_field_name(key) and isinstance(text, str) for key, text in labels.items()
    ):
        raise _bad(what, value, "KEY=VALUE,…, each KEY of capital letters, digits and underscores")
    config.labels = labels


def _whole(what: str, value: object, least: int, most: int) -> int:
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else value
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
        raise _bad(what, value, f"{least} to {most}")
    return number


_SETTERS: Final[dict[str, Callable[[LogConfig, str, object], None]]] = {
    "path": _set_path,
    "max-size": _set_max_size,
    "max-file": _set_max_file,
    "rotate-every": _set_rotate_every,
    "compress": _set_compress,
    "mode": _set_mode,
    "max-buffer-size": _set_max_buffer,
    "max-line": _set_max_line,
    "tag": _set_tag,
    "labels": _set_labels,
}
