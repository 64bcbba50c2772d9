"""JSON by the interpreter's own C code alone.

The json package brings `re` and `enum` along, 2 MB that would stay resident in the supervisor. Text that is no UTF-8
is kept as surrogates, as os.fsdecode() makes them.
"""

from __future__ import annotations

from _json import encode_basestring_ascii, make_encoder, make_scanner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn


class _Reading:
    """What the scanner asks its context for."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    memo: dict[str, str] = {}  # noqa: RUF012 (the scanner clears it itself)

    @staticmethod
    def parse_constant(name: str) -> NoReturn:
        message = f"{name} is no JSON"
        raise ValueError(message)


_scan = make_scanner(_Reading)  # type: ignore[arg-type]  # anything with these attributes


def _refuse(value: object) -> NoReturn:
    message = f"{type(value).__name__} has no JSON"
    raise TypeError(message)


_encode = make_encoder(None, _refuse, encode_basestring_ascii, None, ": ", ", ", False, False, False)


def loads(text: str) -> Any:
    """The value of one JSON text. ValueError if it is not exactly one."""
    text = text.strip(" \t\r\n")
    try:
        value, end = _scan(text, 0)
    except StopIteration as stop:
        message = f"no JSON value at character {stop.value}"
        raise ValueError(message) from None
    except SystemError:  # the C scanner cannot make its JSONDecodeError, as json.decoder is not imported
        message = "it ends too early, or in a way that JSON has not"
        raise ValueError(message) from None
    except RecursionError:
        message = "JSON that is nested too deeply"
        raise ValueError(message) from None
    if end != len(text):
        message = f"something follows the JSON value at character {end}"
        raise ValueError(message)
    return value


def dumps(value: object) -> str:
    """One line of ASCII. TypeError for what JSON has no words for."""
    return "".join(_encode(value, 0))
