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

from bench import document, inits, peers, processes, programs, supervision, supervisors
from bench.comparison import Kind, figure_table, goal_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.comparison import Figure

ROOT = Path(__file__).parent.parent
SUBJECTS = ("inits", "supervisors")


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench", description="Measures pyinit beside its peers.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds; write no file unless -o is given")
    parser.add_argument("--only", choices=SUBJECTS, help="measure this subject alone; the file keeps the other part")
    parser.add_argument(
        "--step",
        action="append",
        choices=tuple(supervision.STEPS),
        help="of the supervisors, this step alone (may be repeated); write no file unless -o is given",
    )
    parser.add_argument(
        "--supervisor",
        action="append",
        choices=[one.name for one in supervisors.ALL],
        help="of the supervisors, this one alone (may be repeated); write no file unless -o is given",
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: docs/benchmarks.md")
    return parser.parse_args(words)


def _built(directory: Path, program: str, variable: str) -> str:
    """Return the program that the variable names, or one built from this source."""
    given = os.environ.get(variable)
    if given:
        return given
    built = directory / f"built-{program}"
    build = [sys.executable, str(ROOT / "csrc" / "build.py"), "--program", program, "-o", str(built)]
    subprocess.run(build, check=True)
    return str(built)


def _candidates(directory: Path, shim: str, *, quick: bool) -> list[peers.Init]:
    floor = peers.Init("floor", Kind.FLOOR, directory / "floor", (), "bench/floor.c")
    rebuilt = None if quick else peers.rebuilt_dumb_init(directory)
    return [floor, peers.ours(shim, directory), *peers.packaged(directory), *([rebuilt] if rebuilt else [])]


def _facts(versions: str, *, quick: bool) -> str:
    day = dt.datetime.now(tz=dt.UTC).date().isoformat()
    machine = f"{os.cpu_count()} CPUs, {platform.machine()}, Linux {platform.release()}"
    return (
        f"- {day}, {'quick' if quick else 'full'} run; {machine}; load average at the start {os.getloadavg()[0]:.1f}\n"
        f"- {versions}\n"
        f"- all small programs and drivers are in bench/, built by {programs.compiler_version()}"
    )


def _shown(figures: Iterator[Figure]) -> list[Figure]:
    """Print each as soon as it is there."""
    found = []
    for figure in figures:
        print(f"{figure.title}\n{figure_table(figure)}", end="\n\n", flush=True)
        found.append(figure)
    return found


def _inits(directory: Path, arguments: argparse.Namespace) -> tuple[str, list[Figure]]:
    peers.install()
    programs.build(directory)
    shim = _built(directory, "pyinit", "PYINIT_SHIM")
    candidates = _candidates(directory, shim, quick=arguments.quick)
    versions = ", ".join(f"{init.name} {init.version}" for init in candidates if init.kind is not Kind.FLOOR)
    facts = _facts(versions, quick=arguments.quick)
    print(facts, end="\n\n", flush=True)
    return facts, _shown(inits.measure(candidates, directory, inits.QUICK if arguments.quick else inits.FULL))


def _supervisors(directory: Path, arguments: argparse.Namespace) -> tuple[str, list[Figure]]:
    peers.install(supervisors.NEEDED)
    programs.build(directory, programs.SUPERVISED)
    python, libraries = supervisors.python_of_their_own(directory)
    tools = supervisors.Tools(directory, python, libraries, _built(directory, "pyinit-shim", "PYINIT_SHIM_PROGRAM"))
    names = arguments.supervisor or [one.name for one in supervisors.ALL]
    chosen = [one for one in supervisors.ALL if one.name in names]
    versions = ", ".join(f"{one.name} {one.version(tools)}" for one in chosen)
    facts = f"{_facts(versions, quick=arguments.quick)}\n- Python {platform.python_version()} for all that need one"
    print(facts, end="\n\n", flush=True)
    bench = supervision.Bench(chosen, tools, supervision.QUICK if arguments.quick else supervision.FULL)
    return facts, _shown(supervision.measure(bench, arguments.step or ()))


MEASURES = {"inits": _inits, "supervisors": _supervisors}


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; 0 when everything could be measured, whatever came of it."""
    arguments = _arguments(words)
    subjects = [arguments.only] if arguments.only else list(SUBJECTS)
    partial = bool(arguments.step or arguments.supervisor)
    if partial:
        subjects = ["supervisors"]
    output = arguments.output or (None if arguments.quick or partial else ROOT / "docs" / "benchmarks.md")
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
            for subject in subjects:
                facts, figures = MEASURES[subject](Path(scratch), arguments)
                print(goal_table(figures), end="\n\n", flush=True)
                if output:
                    document.write(output, subject, facts, figures)
                    print(f"written to {output}\n", flush=True)
    except (
        peers.MissingError,
        inits.SilentError,
        processes.SilentError,
        OSError,
        subprocess.CalledProcessError,
    ) as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
