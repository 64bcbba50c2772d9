"""./dev bench: measures, prints the tables, and writes them to docs/benchmarks.md."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench import inits, peers, programs
from bench.comparison import Kind, figure_table, goal_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.comparison import Figure

ROOT = Path(__file__).parent.parent
SUBJECTS = ("inits",)


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench", description="Measures pyinit beside its peers.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds; write no file unless -o is given")
    parser.add_argument("--only", choices=SUBJECTS, help="measure this subject alone")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: docs/benchmarks.md")
    return parser.parse_args(words)


def _shim(directory: Path) -> str:
    """Return $PYINIT_SHIM, or one built from this source."""
    given = os.environ.get("PYINIT_SHIM")
    if given:
        return given
    built = directory / "built"
    subprocess.run([sys.executable, str(ROOT / "csrc" / "build.py"), "-o", str(built)], check=True)
    return str(built)


def _candidates(directory: Path, shim: str, *, quick: bool) -> list[peers.Init]:
    floor = peers.Init("floor", Kind.FLOOR, directory / "floor", (), "bench/floor.c")
    rebuilt = None if quick else peers.rebuilt_dumb_init(directory)
    return [floor, peers.ours(shim, directory), *peers.packaged(directory), *([rebuilt] if rebuilt else [])]


def _facts(candidates: Sequence[peers.Init], *, quick: bool) -> str:
    versions = ", ".join(f"{init.name} {init.version}" for init in candidates if init.kind is not Kind.FLOOR)
    day = dt.datetime.now(tz=dt.UTC).date().isoformat()
    machine = f"{os.cpu_count()} CPUs, {platform.machine()}, Linux {platform.release()}"
    return (
        f"- {day}, {'quick' if quick else 'full'} run; {machine}; load average at the start {os.getloadavg()[0]:.1f}\n"
        f"- {versions}\n"
        f"- floor, `true` and the drivers are in bench/, built by {programs.compiler_version()}"
    )


INTRODUCTION = (
    "Written by `./dev bench`; run it to have the figures of your machine. Absolute times are only good for this "
    "machine and this hour: all candidates take turns within one run, so it is the ratios that say something. "
    "Less is better everywhere. *floor* is a static program that only does vfork, exec and wait, without signals, "
    "options or errors: what no init can be quicker or smaller than. The last column says how many times the "
    "line's first number pyinit has."
)


def _document(facts: str, figures: Sequence[Figure]) -> str:
    parts = ["# Benchmarks", INTRODUCTION, facts, "## Goals", goal_table(figures)]
    for figure in figures:
        parts += [f"## {figure.title}", figure.how, figure_table(figure)]
    return "\n\n".join(parts) + "\n"


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; 0 when everything could be measured, whatever came of it."""
    arguments = _arguments(words)
    try:
        peers.install()
        with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
            directory = Path(scratch)
            programs.build(directory)
            candidates = _candidates(directory, _shim(directory), quick=arguments.quick)
            facts = _facts(candidates, quick=arguments.quick)
            print(facts, end="\n\n", flush=True)
            figures = []
            for figure in inits.measure(candidates, directory, inits.QUICK if arguments.quick else inits.FULL):
                print(f"{figure.title}\n{figure_table(figure)}", end="\n\n", flush=True)
                figures.append(figure)
    except (peers.MissingError, inits.SilentError, OSError, subprocess.CalledProcessError) as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    print(goal_table(figures))
    output = arguments.output or (None if arguments.quick else ROOT / "docs" / "benchmarks.md")
    if output:
        output.write_text(_document(facts, figures))
        print(f"\nwritten to {output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
