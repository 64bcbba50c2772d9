"""The file with all figures: a part for each subject, each written without touching the others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bench.comparison import figure_table, goal_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.comparison import Figure

HEAD = "# Benchmarks"
INTRODUCTION = (
    "Written by `./dev bench`; run it to have the figures of your machine. Absolute times are only good for this "
    "machine and this hour: all candidates take turns within one run, so it is the ratios that say something. "
    "Less is better everywhere, except in MB/s. The last column says how many times the line's first number pyinit has."
)
PARTS = {
    "inits": (
        "# Inits",
        (
            "*floor* is a static program that only does vfork, exec and wait, without signals, options or errors: what "
            "no init can be quicker or smaller than."
        ),
    ),
    "supervisors": (
        "# Supervisors",
        (
            "Each with its own way of logging: supervisord and circus into files, s6 with an s6-log and runit with an "
            "svlogd for each service, pyinit and conmon with time stamps into k8s-file logs. What each has in /run is "
            "on a tmpfs, what is to stay on a disk, unless a figure says otherwise."
        ),
    ),
}


def part(subject: str, facts: str, figures: Sequence[Figure]) -> str:
    """Format the figures of one subject."""
    parts = [*PARTS[subject], facts, "## Goals", goal_table(figures)]
    for figure in figures:
        parts += [f"## {figure.title}", figure.how, figure_table(figure)]
    return "\n\n".join(parts) + "\n"


def merged(text: str, subject: str, new: str) -> str:
    """Put the part of a subject into the text of a file, in place of what was there of it."""
    found = {}
    for name, (head, _) in PARTS.items():
        match = re.search(rf"^{head}\n.*?(?=^# |\Z)", text, re.MULTILINE | re.DOTALL)
        if match:
            found[name] = match[0].rstrip("\n") + "\n"
    found[subject] = new
    return "\n".join([f"{HEAD}\n\n{INTRODUCTION}\n", *(found[name] for name in PARTS if name in found)])


def write(path: Path, subject: str, facts: str, figures: Sequence[Figure]) -> None:
    """Write the part of a subject into a file, which keeps the others."""
    text = path.read_text() if path.exists() else ""
    path.write_text(merged(text, subject, part(subject, facts, figures)))
