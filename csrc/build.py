#!/usr/bin/env python3
"""Compile the init (csrc/*.c) or the shim (csrc/shim/*.c): small and static, with a C compiler and Python alone.

musl-gcc is preferred (30 kB), then any compiler that can link statically (glibc: 700 kB), then a dynamic program, which
says so: a dynamic init needs a libc in the image and does not work FROM scratch. With --target, the cross compiler is
zig's (PyPI: ziglang).
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import struct
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).resolve().parent
ROOT = SOURCES.parent

# Bytes. The budget of the musl build; a static glibc brings 700 kB of its own, so there it would say nothing. Elsewhere
# than on x86 and RISC-V, instructions all have one width or pages have 64 kB, and the same program is larger.
SIZE_LIMIT = 40_000
SIZE_LIMIT_ELSEWHERE = 80_000
COMPACT = ("x86", "i386", "i686", "riscv64")

WARNINGS = [
    "-Wall",
    "-Wextra",
    "-Wshadow",
    "-Wstrict-prototypes",
    "-Wmissing-prototypes",
    "-Wswitch-enum",
    "-Wformat=2",
]
# What distributions switch on by default differs, so each is set here: the same source gives the same program.
SMALL = [
    "-Os",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-asynchronous-unwind-tables",
    "-fno-unwind-tables",
    "-fno-stack-protector",
    "-fno-pie",
    "-fno-ident",
]
LINK = ["-no-pie", "-s", "-Wl,--gc-sections", "-Wl,-z,noexecstack", "-Wl,--build-id=none"]
# What GNU ld must be told; zig's linker does it anyway, and refuses the word.
LINK_NATIVE = ["-Wl,-z,noseparate-code"]
# What gcc does for speed at the cost of size even with -Os, and what libc.a brings that nobody reads.
SMALL_MUSL = [
    "-fno-inline-functions-called-once",
    "-fno-ipa-cp",
    "-fno-jump-tables",
    "-falign-functions=1",
]
# Data begins where the text ends in the file, even where that is another page of memory.
LINK_MUSL = ["-Wl,-z,norelro", "-Wl,-z,common-page-size=64", "-Wl,-T,small.ld"]
# The same for zig's compiler, a clang, which inlines even with -Oz.
SMALL_CROSS = ["-Os", "-flto", "-fomit-frame-pointer", "-fno-inline-functions", "-fno-jump-tables"]
# musl's own CMSG_NXTHDR(3) compares so where a long has 32 bits.
WARNINGS_CROSS = ["-Wno-sign-compare"]
# clang before 16 knows [[…]] in C17 only if told.
CLANG = ["-fdouble-square-bracket-attributes"]
SANITIZE = ["-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]

# Each program and what it is made of, relative to csrc/.
SHARED = [
    "clock",
    "descriptors",
    "errors",
    "execute",
    "span",
    "mask",
    "memory",
    "numbers",
    "oom",
    "processes",
    "say",
    "signals",
]
PROGRAMS = {
    "pyinit": ["*.c"],
    "pyinit-shim": ["shim/*.c", *(f"{name}.c" for name in SHARED)],
}
# What runs after start-up. The rest is dropped from memory then (small.ld, memory.c).
HOT = {
    "pyinit": [
        "clock.c",
        "descriptors.c",
        "ending.c",
        "forward.c",
        "loop.c",
        "main.c",
        "mask.c",
        "memory.c",
        "parent.c",
        "processes.c",
        "reap.c",
        "receive.c",
        "settle.c",
        "terminal.c",
    ],
    # It waits most of its life, and what an event needs comes back with it.
    "pyinit-shim": ["clock.c", "memory.c", "shim/loop.c", "shim/main.c", "shim/sequence.c"],
}


class BuildError(Exception):
    """The program cannot be built, or was built and is not fit to be an init; the text says why."""


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A compiler and how programs made by it are linked."""

    command: list[str]
    linkage: str  # "static, musl", "static, glibc", "dynamic", "dynamic, sanitized"
    cross: bool = False
    clang: bool = False
    machine: str = platform.machine()  # as Python or zig calls it

    @property
    def static(self) -> bool:
        """Whether the program needs nothing from the image it runs in."""
        return self.linkage.startswith("static")

    @property
    def flags(self) -> list[str]:
        """The options that decide linkage and size."""
        dialect = CLANG if self.clang else []
        if self.linkage == "dynamic, sanitized":
            return [*dialect, *SANITIZE]
        if self.cross:
            return [*SMALL, *SMALL_CROSS, *WARNINGS_CROSS]
        native = SMALL_MUSL if self.sorted else []
        whole = [] if self.clang else ["-flto"]
        return [*dialect, *SMALL, *whole, *native]

    @property
    def link(self) -> list[str]:
        """The options that matter to the linker alone."""
        if self.linkage == "dynamic, sanitized":
            return []
        native = [] if self.cross else LINK_NATIVE
        return [*LINK, *native, *(LINK_MUSL if self.sorted else []), *(["-static"] if self.static else [])]

    @property
    def limit(self) -> int | None:
        """How many bytes the program may have."""
        if self.linkage != "static, musl":
            return None
        return SIZE_LIMIT if self.machine.startswith(COMPACT) else SIZE_LIMIT_ELSEWHERE

    @property
    def sorted(self) -> bool:
        """Whether what start-up alone needs is put apart: with gcc, GNU ld and musl."""
        return self.linkage == "static, musl" and not self.clang and not self.cross


def version() -> str:
    """The distribution's version, which pyproject.toml holds."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def _links_statically(command: list[str]) -> bool:
    """Whether the compiler finds a static libc (Fedora and others keep it in a package of its own)."""
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder, "probe.c")
        probe.write_text("int main(void) { return 0; }\n")
        link = [*command, "-static", "-o", str(Path(folder, "probe")), str(probe)]
        return subprocess.run(link, capture_output=True, check=False).returncode == 0


def _is_clang(command: list[str]) -> bool:
    """Whether the compiler is clang, whatever its name."""
    said = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False).stdout
    return "clang" in said


def _is_musl(command: list[str]) -> bool:
    """Whether the compiler's libc is musl: by its name (musl-gcc), or by what it compiles for (Alpine's gcc)."""
    if "musl" in Path(command[0]).name:
        return True
    machine = subprocess.run([*command, "-dumpmachine"], capture_output=True, text=True, check=False).stdout
    return "musl" in machine


def choose(cc: str | None = None, target: str | None = None, *, sanitize: bool = False) -> Toolchain:
    """The best compiler there is: cc if given, else $CC, musl-gcc, cc, gcc, clang. BuildError if there is none."""
    if target:
        zig = [sys.executable, "-m", "ziglang", "cc", "-target", target]
        return Toolchain(zig, "static, musl", cross=True, machine=target)
    wanted = cc or os.environ.get("CC")
    if sanitize:
        command = (wanted or "clang").split()
        if not shutil.which(command[0]):
            message = f"no {command[0]} to build with sanitizers; it is in the package clang"
            raise BuildError(message)
        return Toolchain(command, "dynamic, sanitized", clang=_is_clang(command))
    names = [wanted] if wanted else ["musl-gcc", "cc", "gcc", "clang"]
    compilers = [name.split() for name in names if shutil.which(name.split()[0])]
    if not compilers:
        message = (
            f"no C compiler: looked for {', '.join(names)}; Debian has musl-gcc in the packages musl-tools and gcc"
        )
        raise BuildError(message)
    for command in compilers:
        if _links_statically(command):
            libc = "musl" if _is_musl(command) else "glibc"
            return Toolchain(command, f"static, {libc}", clang=_is_clang(command))
    return Toolchain(compilers[0], "dynamic", clang=_is_clang(compilers[0]))


def sources(program: str) -> list[str]:
    """The program's C files relative to csrc/, in one order everywhere."""
    return sorted(str(path.relative_to(SOURCES)) for pattern in PROGRAMS[program] for path in SOURCES.glob(pattern))


def _run(command: list[str]) -> None:
    done = subprocess.run(command, cwd=SOURCES, stderr=subprocess.PIPE, text=True, check=False)
    sys.stderr.write(done.stderr)
    if done.returncode != 0:
        message = f"{command[0]} failed with status {done.returncode}:\n{done.stderr}"
        raise BuildError(message)


def _merge(name: str, files: list[str], compile_: list[str], folder: Path) -> str:
    """One object file of several sources, optimised as a whole; its name is what small.ld knows it by."""
    objects = []
    for file in files:
        objects.append(str(folder / (file.replace("/", "-")[:-2] + ".o")))
        _run([*compile_, "-c", file, "-o", objects[-1]])
    merged = str(folder / name)
    _run([*compile_, "-r", "-nostdlib", "-flinker-output=nolto-rel", *objects, "-o", merged])
    return merged


def build(output: Path, toolchain: Toolchain, program: str = "pyinit", *, strict: bool = False) -> None:
    """Compile the program to output, replacing it in one step, and check what came out."""
    output = output.resolve()
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".build-") as folder:
        made = Path(folder, output.name)
        compile_ = [
            *toolchain.command,
            "-std=gnu17",
            "-D_GNU_SOURCE",
            *WARNINGS,
            *(["-Werror"] if strict else []),
            *toolchain.flags,
            f"-ffile-prefix-map={SOURCES}=.",
            f'-DPYINIT_VERSION="{version()}"',
            f'-DPYINIT_LINKAGE="{toolchain.linkage}"',
        ]
        files = sources(program)
        if toolchain.sorted:
            cold = [file for file in files if file not in HOT[program]]
            files = [
                _merge("cold.o", cold, compile_, Path(folder)),
                _merge("hot.o", HOT[program], compile_, Path(folder)),
            ]
        _run([*compile_, *files, *toolchain.link, "-o", str(made)])
        if toolchain.linkage != "dynamic, sanitized":
            check(made, static=toolchain.static, limit=toolchain.limit)
        made.replace(output)


PT_DYNAMIC, PT_INTERP, PT_GNU_STACK = 2, 3, 0x6474E551
PF_X, PF_W = 1, 2
SHF_WRITE, SHF_EXEC = 1, 4


@dataclass(frozen=True, slots=True)
class Elf:
    """What of an ELF file decides whether it is fit: (type, flags) of its segments, flags of its sections."""

    segments: list[tuple[int, int]]
    sections: list[int]


def read_elf(data: bytes) -> Elf:
    """Parse the headers of an ELF file of either width and byte order."""
    if data[:4] != b"\x7fELF":
        message = "not an ELF file"
        raise BuildError(message)
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"
    header = struct.unpack_from(order + ("16sHHIQQQIHHHHHH" if wide else "16sHHIIIIIHHHHHH"), data)
    segments_at, sections_at = header[5], header[6]
    segment_size, segment_count, section_size, section_count = header[9:13]
    segments = []
    for at in range(segments_at, segments_at + segment_size * segment_count, segment_size or 1):
        kind, second = struct.unpack_from(order + "II", data, at)
        segments.append((kind, second if wide else struct.unpack_from(order + "I", data, at + 24)[0]))
    sections = [
        struct.unpack_from(order + ("Q" if wide else "I"), data, at + 8)[0]
        for at in range(sections_at, sections_at + section_size * section_count, section_size or 1)
    ]
    return Elf(segments, sections)


def faults(data: bytes, *, static: bool = True, limit: int | None = SIZE_LIMIT) -> list[str]:
    """What keeps the program from being a fit init, one sentence each; empty where all is well."""
    elf = read_elf(data)
    found = []
    if static and any(kind in (PT_INTERP, PT_DYNAMIC) for kind, _ in elf.segments):
        found.append("it is dynamic: it would not start in an image without its libc")
    stack = [flags for kind, flags in elf.segments if kind == PT_GNU_STACK]
    if not stack:
        found.append("it has no PT_GNU_STACK, so the kernel would make its stack executable")
    elif any(flags & PF_X for flags in stack):
        found.append("it asks for an executable stack")
    if any(flags & PF_X and flags & PF_W for kind, flags in elf.segments if kind != PT_GNU_STACK):
        found.append("a segment is both writable and executable")
    if any(flags & SHF_EXEC and flags & SHF_WRITE for flags in elf.sections):
        found.append("a section is both writable and executable")
    if limit is not None and len(data) > limit:
        found.append(f"it has {len(data)} bytes, over its budget of {limit}")
    return found


def check(path: Path, *, static: bool = True, limit: int | None = SIZE_LIMIT) -> None:
    """Raise BuildError with all that is wrong with the program."""
    found = faults(path.read_bytes(), static=static, limit=limit)
    if found:
        message = f"{path.name} is not fit to be an init: " + "; ".join(found)
        raise BuildError(message)


def announce(output: Path, toolchain: Toolchain) -> str:
    """The line that tells what was built, and loudly so where it is not static."""
    line = f"{output}: {output.stat().st_size} bytes, {toolchain.linkage}, by {toolchain.command[0]}"
    if toolchain.linkage == "dynamic":
        line += (
            "\nWARNING: no static C library was found, so this pyinit is DYNAMIC: it does not start in an image without"
            " this system's libc. Install musl-tools (Debian), musl-gcc (Fedora) or glibc-static, and build again."
        )
    return line


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Compile pyinit, or check a program with --check.")
    parser.add_argument("-o", "--output", type=Path, help="where to put it (default: build/PROGRAM)")
    parser.add_argument("--program", choices=sorted(PROGRAMS), default="pyinit", help="which one to build")
    parser.add_argument("--cc", help="the C compiler, with its options (default: $CC, musl-gcc, cc, gcc, clang)")
    parser.add_argument("--target", help="cross-compile with zig for this target, such as aarch64-linux-musl")
    parser.add_argument("--sanitize", action="store_true", help="with ASan and UBSan, by clang unless --cc says else")
    parser.add_argument("--strict", action="store_true", help="a compiler's warning fails the build")
    parser.add_argument("--check", type=Path, metavar="FILE", help="build nothing; check this program as a static one")
    options = parser.parse_args()
    output = options.output or ROOT / "build" / options.program
    try:
        if options.check:
            check(options.check)
            return 0
        toolchain = choose(options.cc, options.target, sanitize=options.sanitize)
        build(output, toolchain, options.program, strict=options.strict)
    except BuildError as error:
        sys.stderr.write(f"build.py: {error}\n")
        return 1
    sys.stderr.write(announce(output, toolchain) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
