"""Build the small C programs of this directory, all with the same flags that make a small static program."""

from __future__ import annotations

import subprocess
from pathlib import Path

HERE = Path(__file__).parent
PROGRAMS = ("true", "floor", "hold", "echo", "spawn", "latency", "orphans")
SUPERVISED = ("service", "lines", "runtime")
COMPILER = "musl-gcc"
SMALL = (
    "-Os",
    "-std=gnu17",
    "-static",
    "-no-pie",
    "-s",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-asynchronous-unwind-tables",
    "-Wl,--gc-sections",
    "-Wl,-z,noseparate-code",
    "-Wl,--build-id=none",
)


def compile_small(sources: list[Path], result: Path, *extra: str) -> None:
    """Compile sources into the static program `result`."""
    subprocess.run([COMPILER, *SMALL, *extra, "-o", str(result), *map(str, sources)], check=True)


def build(directory: Path, names: tuple[str, ...] = PROGRAMS) -> None:
    """Put the programs into a directory."""
    for name in names:
        compile_small([HERE / f"{name}.c"], directory / name, "-Wall", "-Wextra", "-Werror")


def compiler_version() -> str:
    """Tell what built them."""
    told = subprocess.run([COMPILER, "--version"], check=True, capture_output=True, text=True).stdout
    return f"{COMPILER} ({told.splitlines()[0]})"
