"""`./dev wheels`: a wheel for each architecture, cross-compiled by zig's C compiler, and the source distribution.

The shim is static, so one wheel serves glibc and musl systems, and carries the tags of both. The same source gives the
same bytes: nothing of the time or the place of a build is in a wheel.
"""

import argparse
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.paths import DIST, ROOT, VENV_BIN

EPOCH = "1577836800"  # for the times inside a wheel, unless SOURCE_DATE_EPOCH is set


@dataclass(frozen=True, slots=True)
class Architecture:
    """What a machine is called by Python's tags, by zig and by qemu, and the oldest glibc tag it has."""

    name: str
    target: str
    qemu: str
    glibc: tuple[str, ...] = ("manylinux2014", "manylinux_2_17")

    @property
    def tag(self) -> str:
        """The wheel's platform tags, joined as in its file name."""
        return ".".join(f"{system}_{self.name}" for system in (*self.glibc, "musllinux_1_2"))


ARCHITECTURES = [
    Architecture("x86_64", "x86_64-linux-musl", "qemu-x86_64-static"),
    Architecture("aarch64", "aarch64-linux-musl", "qemu-aarch64-static"),
    Architecture("armv7l", "arm-linux-musleabihf", "qemu-arm-static"),
    Architecture("riscv64", "riscv64-linux-musl", "qemu-riscv64-static", ("manylinux_2_31",)),
    Architecture("ppc64le", "powerpc64le-linux-musl", "qemu-ppc64le-static"),
    Architecture("s390x", "s390x-linux-musl", "qemu-s390x-static"),
    Architecture("i686", "x86-linux-musl", "qemu-i386-static"),
]


def _hatchling(kind: str, into: Path, **environment: str) -> None:
    command: list[str | Path] = [VENV_BIN / "python", "-m", "hatchling", "build", "--target", kind, "--directory", into]
    settings = {"SOURCE_DATE_EPOCH": EPOCH, **os.environ, **environment}
    subprocess.run(command, cwd=ROOT, env=settings, stdin=subprocess.DEVNULL, check=True)


def build_wheel(architecture: Architecture, into: Path) -> Path:
    """Build one wheel; its path."""
    _hatchling("wheel", into, PYINIT_WHEEL=f"{architecture.target}={architecture.tag}")
    [made] = into.glob(f"*-py3-none-{architecture.tag}.whl")
    return made


def main(arguments: Sequence[str]) -> int:
    """Build the named architectures, or all and the sdist."""
    names = [architecture.name for architecture in ARCHITECTURES]
    parser = argparse.ArgumentParser(prog="./dev wheels", description="Builds wheels, and without ARCH the sdist too.")
    parser.add_argument("arch", nargs="*", metavar="ARCH", help=f"of {', '.join(names)} (default: all)")
    parser.add_argument("-o", "--output", type=Path, default=DIST, help="the directory (default: dist)")
    options = parser.parse_args(arguments)
    unknown = set(options.arch) - set(names)
    if unknown:
        parser.error(f"no architecture {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    into = options.output.absolute()
    for architecture in ARCHITECTURES:
        if not options.arch or architecture.name in options.arch:
            print(f"{build_wheel(architecture, into)}")
    if not options.arch:
        _hatchling("sdist", into)
    return 0
