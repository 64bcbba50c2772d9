"""What commands print: tables for people, JSON for programs. Bytes that are no UTF-8 come out as they were."""

from __future__ import annotations

import os
import sys

from pyinit import jsontext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def out(text: str) -> None:
    """Write to standard output, all of it."""
    write(1, text.encode("utf-8", "surrogateescape"))


def error(text: str) -> None:
    """Say one line about a problem on standard error."""
    try:
        write(2, f"pyinitctl: {plain(text)}\n".encode("utf-8", "surrogateescape"))
    except OSError:
        return  # there is nobody to tell


def write(fd: int, data: bytes) -> None:
    """Write all of data. OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def plain(text: str) -> str:
    """Text without control characters, which could move a terminal's cursor or break a line."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or "\udc80" <= letter <= "\udcff" else ascii(letter)[1:-1] for letter in text
    )


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, heading: bool = True) -> str:
    """Columns under headings, as wide as their widest cell; numbers go to the right."""
    cells = [[plain(str(cell)) for cell in row] for row in rows]
    shown = [list(headings), *cells] if heading else cells
    widths = [max((len(row[at]) for row in shown), default=0) for at in range(len(headings))]
    return "".join("  ".join(map(str.ljust, row, widths)).rstrip() + "\n" for row in shown)


def record(pairs: Iterable[tuple[str, object]]) -> str:
    """One thing, a line for each of its values."""
    found = [(name, plain(str(value))) for name, value in pairs]
    width = max((len(name) for name, _ in found), default=0)
    return "".join(f"{name + ':':<{width + 2}}{value}".rstrip() + "\n" for name, value in found)


def pretty(value: object, indent: int = 0) -> str:
    """JSON as people read it: an item a line."""
    inner = "\n" + "    " * (indent + 1)
    outer = "\n" + "    " * indent
    if isinstance(value, dict) and value:
        items = (f"{jsontext.dumps(str(key))}: {pretty(item, indent + 1)}" for key, item in value.items())
        return "{" + inner + ("," + inner).join(items) + outer + "}"
    if isinstance(value, (list, tuple)) and value:
        return "[" + inner + ("," + inner).join(pretty(item, indent + 1) for item in value) + outer + "]"
    return jsontext.dumps(list(value) if isinstance(value, tuple) else value)


def json(value: object) -> None:
    """Print a JSON value."""
    out(pretty(value) + "\n")


def size(number: float) -> str:
    """Bytes as people read them: 1.5MiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(number) < 1024:
            return f"{number:.0f}{unit}" if unit == "B" else f"{number:.1f}{unit}"
        number /= 1024
    return f"{number:.1f}TiB"


def shorten(text: str, most: int) -> str:
    """Text of at most so many characters."""
    return text if len(text) <= most else text[: most - 3] + "..."


def is_terminal(fd: int) -> bool:
    """Whether colours may be used, as NO_COLOR has it."""
    return os.isatty(fd) and "NO_COLOR" not in os.environ


def leave(status: int) -> None:
    """End at once, without what the interpreter does at its end."""
    sys.stdout.flush()
    os._exit(status)
