"""`./dev lint`: every check that reads the sources and runs none of them."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from csrc import build
from tools.packages import SEARCH
from tools.paths import ROOT, VENV_BIN

# Where C files are; fuzz and unit tests are compiled by their own tests, with the warnings of csrc/build.py.
C_FOLDERS = ("csrc", "tests", "bench")

ANALYSE = ["-std=gnu17", "-D_GNU_SOURCE", '-DPYINIT_VERSION="0"', "-O2", "-fanalyzer", "-Werror", "-c"]


def _c_files() -> list[str]:
    return sorted(
        str(path.relative_to(ROOT))
        for folder in C_FOLDERS
        for path in (ROOT / folder).rglob("*.[ch]")
        if path.is_file()
    )


def _tool(name: str) -> str:
    return shutil.which(name, path=SEARCH) or name


def checks(fix: Sequence[str], objects: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each check: what it is called, and its command."""
    ruff = str(VENV_BIN / "ruff")
    yield "ruff check", [ruff, "check", "--quiet", *fix]
    yield "ruff format", [ruff, "format", "--quiet", *([] if fix else ["--check", "--diff"])]
    yield "mypy", [str(VENV_BIN / "mypy"), "--no-error-summary"]
    yield "clang-format", [_tool("clang-format"), *(["-i"] if fix else ["--dry-run", "-Werror"]), *_c_files()]
    for source in sorted({source for program in build.PROGRAMS for source in build.sources(program)}):
        name = f"gcc -fanalyzer {source}"
        yield name, ["gcc", *build.WARNINGS, *ANALYSE, f"csrc/{source}", "-o", str(objects / "object.o")]
    for generator in ("tools/generate.py", "tools/generate_ctl.py"):
        yield generator, [str(VENV_BIN / "python"), generator, *([] if fix else ["--check"])]
    for page in sorted((ROOT / "docs").glob("*.1")):
        yield f"mandoc {page.name}", [_tool("mandoc"), "-Tlint", "-Wstyle", str(page.relative_to(ROOT))]


def main(arguments: Sequence[str]) -> int:
    """Run all checks, whichever fail, and name those that did."""
    if set(arguments) - {"--fix"}:
        print("usage: ./dev lint [--fix]", file=sys.stderr)
        return 2
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        for name, command in checks(arguments, Path(folder)):
            done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False)
            if done.returncode != 0:
                failed.append(name)
    print(f"./dev lint: {'failed: ' + ', '.join(failed) if failed else 'all is well'}")
    return 1 if failed else 0
