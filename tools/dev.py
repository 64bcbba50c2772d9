"""The tasks of `./dev`: each sets up what it needs, then does its one thing."""

import sys

OLDEST = (3, 11)
if sys.version_info < OLDEST:
    sys.exit(f"./dev: needs Python 3.11 or later, and this is {sys.version.split()[0]}; set PYTHON to a newer one")

import subprocess
from collections.abc import Callable, Sequence

from tools import images, lint, packages, venv, wheels
from tools.paths import ROOT, VENV_BIN


def _python(*arguments: str) -> int:
    """Run the virtual environment's Python in the root of the repository."""
    return subprocess.run([VENV_BIN / "python", *arguments], cwd=ROOT, check=False).returncode


def run(arguments: Sequence[str]) -> int:
    """Run a small service under pyinit: signals rewritten, orphans reaped, the report at the end."""
    packages.ensure(packages.COMPILER)
    venv.ensure()
    return _python("-m", "tools.demo", *arguments)


def test(arguments: Sequence[str]) -> int:
    """Run all tests, or what the arguments say to pytest."""
    packages.ensure(packages.COMPILER, packages.TEST)
    venv.ensure("test", "wheels")
    return _python("-m", "pytest", *arguments)


def bench(arguments: Sequence[str]) -> int:
    """Measure pyinit against its peers and write docs/benchmarks.md."""
    packages.ensure(packages.COMPILER, packages.BENCH)
    venv.ensure("test")
    return _python("-m", "bench", *arguments)


def check(arguments: Sequence[str]) -> int:
    """Check style, types and the C code's analysis; --fix formats what can be."""
    packages.ensure(packages.COMPILER, packages.LINT)
    venv.ensure("lint")
    return lint.main(arguments)


def fuzz(arguments: Sequence[str]) -> int:
    """Fuzz the parsers and the report writer under sanitizers."""
    packages.ensure(packages.COMPILER, packages.TEST)
    venv.ensure("test")
    return _python("tools/fuzz.py", *arguments)


def make_wheels(arguments: Sequence[str]) -> int:
    """Cross-compile the wheels of all architectures into dist/."""
    packages.ensure(packages.COMPILER)
    venv.ensure("wheels")
    return wheels.main(arguments)


def make_images(arguments: Sequence[str]) -> int:
    """Build the Containerfile's two targets with podman; --base NAME for another base image."""
    packages.ensure(packages.IMAGES)
    return images.main(arguments)


def usage(_arguments: Sequence[str]) -> int:
    """List the tasks."""
    print("usage: ./dev TASK [ARG…]\n")
    for name, task in TASKS.items():
        print(f"  {name:7} {(task.__doc__ or '').strip()}")
    return 0


TASKS: dict[str, Callable[[Sequence[str]], int]] = {
    "run": run,
    "test": test,
    "bench": bench,
    "lint": check,
    "wheels": make_wheels,
    "images": make_images,
    "fuzz": fuzz,
    "help": usage,
}


def main(arguments: Sequence[str]) -> int:
    """Do the named task: 2 for one that does not exist, 1 where something is missing or fails."""
    name = arguments[0] if arguments else "help"
    if name in ("-h", "--help"):
        name = "help"
    if name not in TASKS:
        print(f"./dev: no task {name!r}; there are {', '.join(TASKS)}", file=sys.stderr)
        return 2
    try:
        return TASKS[name](arguments[1:])
    except packages.MissingError as error:
        print(f"./dev: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"./dev: {' '.join(map(str, error.cmd))} failed with status {error.returncode}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
