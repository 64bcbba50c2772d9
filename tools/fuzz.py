#!/usr/bin/env python3
"""Fuzz what reads what others wrote (options, variables, passwd, cgroup files), and the report that is written.

Needs clang with its libFuzzer (Debian: clang and libclang-rt-14-dev; Fedora: clang and compiler-rt). An input that
breaks something is kept in build/fuzz/; `tools/fuzz.py TARGET FILE` runs that one again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FUZZ = ROOT / "tests" / "fuzz"
CSRC = ROOT / "csrc"

# Each is tests/fuzz/NAME.c, with what it shares with others.
TARGETS = {
    "accounts": ["fuzz"],
    "oom": ["fuzz"],
    "options": ["fuzz", "configure"],
    "parse": ["fuzz"],
    "payload": ["fuzz"],
    "personas": ["fuzz", "configure"],
    "report": ["fuzz"],
    "shim_message": ["fuzz"],
}
SHIM = ["payload", "record", "sequence", "settings"]  # what of pyinit-shim is pure
# What units print goes nowhere, and what ends the process comes back to the target: see tests/fuzz/fuzz.h.
REPLACED = ["-Dwrite=fuzz_write", "-D_exit=fuzz_exit", '-DPYINIT_VERSION="0"']
FLAGS = [
    "-std=gnu17",
    "-D_GNU_SOURCE",
    "-fdouble-square-bracket-attributes",  # clang knows [[…]] in C before C23 only if told
    "-O1",
    "-g",
    "-fno-omit-frame-pointer",
    "-fsanitize=fuzzer-no-link,address,undefined",
    "-fno-sanitize-recover=all",
    f"-I{CSRC}",
    f"-I{FUZZ}",
    *REPLACED,
]


def build_units(folder: Path) -> Path:
    """Compile all of the shim but its main() into an archive; CalledProcessError or FileNotFoundError if that fails."""
    objects = folder / "objects"
    objects.mkdir()
    sources = sorted(str(path) for path in CSRC.glob("*.c") if path.name != "main.c")
    sources += [str(CSRC / "shim" / f"{name}.c") for name in SHIM]
    subprocess.run(["clang", *FLAGS, "-c", *sources], cwd=objects, check=True)
    archive = folder / "units.a"
    subprocess.run(["ar", "rcs", str(archive), *map(str, sorted(objects.glob("*.o")))], check=True)
    return archive


def build(target: str, archive: Path) -> Path:
    """Compile the target's program, beside the archive."""
    program = archive.parent / target
    files = [str(FUZZ / f"{name}.c") for name in [target, *TARGETS[target]]]
    subprocess.run(["clang", *FLAGS, "-fsanitize=fuzzer", "-o", str(program), *files, str(archive)], check=True)
    return program


def fuzz(target: str, archive: Path, *limits: str) -> int:
    """Build and run the target until one of libFuzzer's limits; its exit code, which is 0 if nothing broke."""
    program = build(target, archive)
    kept = ROOT / "build" / "fuzz"
    kept.mkdir(parents=True, exist_ok=True)
    # New inputs go into the first corpus, so the one in the repository stays as it is.
    found = archive.parent / f"{target}.found"
    found.mkdir()
    corpora = [str(found), str(FUZZ / "corpus" / target)]
    options = ["-max_len=2048", "-timeout=10", f"-artifact_prefix={kept}/{target}-"]
    return subprocess.run([str(program), *options, *limits, *corpora], check=False).returncode


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Fuzz the parsers and the report writer under sanitizers.")
    parser.add_argument("target", nargs="?", choices=sorted(TARGETS), help="one of them (default: each in turn)")
    parser.add_argument("file", nargs="?", type=Path, help="run the target on this one input")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default: 60)")
    parser.add_argument("--runs", type=int, help="so many runs from a fixed seed instead")
    options = parser.parse_args()
    limits = [f"-runs={options.runs}", "-seed=1"] if options.runs else [f"-max_total_time={options.seconds}"]
    broken = []
    with tempfile.TemporaryDirectory(prefix="pyinit-fuzz-") as name:
        archive = build_units(Path(name))
        if options.file:
            return subprocess.run([str(build(options.target, archive)), str(options.file)], check=False).returncode
        for target in [options.target] if options.target else sorted(TARGETS):
            print(f"fuzzing {target}", flush=True)
            if fuzz(target, archive, *limits) != 0:
                broken.append(target)
    if broken:
        print(f"broken: {', '.join(broken)}; the inputs are in {ROOT / 'build' / 'fuzz'}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
