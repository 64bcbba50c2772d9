"""What the makers of manual pages and completions share: roff's rules, and writing or checking the files."""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent


def sentence(text: str) -> str:
    """Make a help text a sentence."""
    return text[0].upper() + text[1:] + "."


def roff(text: str) -> str:
    """Escape text for a man page; options keep their dashes, and sentences begin lines, as roff likes them."""
    text = text.replace("\\", "\\e").replace("--", "\\-\\-")
    text = re.sub(r"(?<=[\s(])-(?=\w)", r"\\-", text)
    return re.sub(r"(?<=[.]) (?=[A-Z0-9])", "\n", text)


def wrap(line: str) -> str:
    """Break a line of text, which roff fills again; macros stay as they are."""
    if line.startswith("."):
        return line
    return textwrap.fill(line, 79, break_long_words=False, break_on_hyphens=False)


def wrapped(text: str) -> str:
    """Break all lines of a manual page."""
    return "".join(f"{wrap(line)}\n" for line in text.splitlines())


def write_or_check(make: Callable[[], dict[Path, str]], what: str | None, tool: str, source: str) -> int:
    """Write the files, or with --check say which differ from what the tool makes of the source."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a file is out of date")
    check = parser.parse_args().check
    made = make()
    stale = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if check:
            print(f"{path.relative_to(ROOT)} is not what {tool} makes of {source}", file=sys.stderr)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made[path])
            print(path.relative_to(ROOT))
    return int(check and bool(stale))
