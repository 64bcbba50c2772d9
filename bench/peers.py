"""Find the programs that pyinit is compared with, and install those that are missing where we may."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench import programs
from bench.comparison import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

# Program → the Debian package that has it.
NEEDED = {
    "dumb-init": "dumb-init",
    "tini": "tini",
    "tini-static": "tini",
    "catatonit": "catatonit",
    "musl-gcc": "musl-tools",
    "readelf": "binutils",
    "unshare": "util-linux",
    "taskset": "util-linux",
}
PEERS = {"dumb-init": ("--",), "tini": ("-s", "--"), "tini-static": ("-s", "--"), "catatonit": ("--",)}


class MissingError(Exception):
    """Something that the benchmark needs is not there."""

    def __init__(self, command: list[str]) -> None:
        """Say how to get it."""
        super().__init__(f"the peers are missing; on Debian run: sudo {' '.join(command)}")


@dataclass(frozen=True, slots=True)
class Init:
    """A candidate: a program that is put in front of a command."""

    name: str
    kind: Kind
    program: Path
    options: tuple[str, ...]
    version: str

    def before(self, *command: str | Path) -> list[str]:
        """Return the whole command line."""
        return [str(self.program), *self.options, *map(str, command)]


def install(needed: Mapping[str, str] = NEEDED) -> None:
    """Make every program available that is needed."""
    packages = sorted({package for program, package in needed.items() if not shutil.which(program)})
    if not packages:
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise MissingError(command)
    subprocess.run(["apt-get", "-q", "update"], check=False)
    subprocess.run(command, check=True, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


def packaged_version(package: str) -> str:
    """Tell which version of a Debian package is installed."""
    asked = ["dpkg-query", "--showformat", "${Version}", "--show", package]
    try:
        return "Debian " + subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "version unknown"


def _copied(program: str | Path, directory: Path, name: str) -> Path:
    """Make a copy of our own: one that nobody else runs, so that none of its pages is shared with a stranger."""
    return Path(shutil.copy(program, directory / name))


def packaged(directory: Path) -> list[Init]:
    """Return the peers as the distribution ships them."""
    found = {name: shutil.which(name) for name in PEERS}
    return [
        Init(name, Kind.PEER, _copied(path, directory, name), PEERS[name], packaged_version(NEEDED[name]))
        for name, path in found.items()
        if path
    ]


def ours(shim: str, directory: Path) -> Init:
    """Return the shim that is judged."""
    told = subprocess.run([shim, "-V"], check=True, capture_output=True, text=True).stdout
    return Init(
        "pyinit", Kind.OURS, _copied(shim, directory, "pyinit"), ("--",), told.splitlines()[0].removeprefix("pyinit ")
    )


def rebuilt_dumb_init(directory: Path) -> Init | None:
    """Build dumb-init as pyinit is built: static, with musl. None where its source cannot be had."""
    with tempfile.TemporaryDirectory() as scratch:
        source = _dumb_init_source(Path(scratch))
        if source is None:
            return None
        # Its Makefile turns the file VERSION into this header.
        version = (source / "VERSION").read_bytes()
        numbers = ", ".join(f"0x{byte:02x}" for byte in version)
        (source / "VERSION.h").write_text(
            f"unsigned char VERSION[] = {{{numbers}}};\nunsigned int VERSION_len = {len(version)};\n"
        )
        programs.compile_small([source / "dumb-init.c"], directory / "dumb-init-musl")
        text = version.decode().strip()
    return Init("dumb-init, musl", Kind.ASIDE, directory / "dumb-init-musl", ("--",), f"{text}, rebuilt static")


def _dumb_init_source(scratch: Path) -> Path | None:
    """Fetch and unpack the upstream source, by apt, with a source list and a state of its own."""
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    suite = release.get("VERSION_CODENAME", "").strip('"')
    (scratch / "lists" / "partial").mkdir(parents=True)
    key = "/usr/share/keyrings/debian-archive-keyring.gpg"
    (scratch / "sources").write_text(f"deb-src [signed-by={key}] http://deb.debian.org/debian {suite} main\n")
    options = {
        "Dir::Etc::sourcelist": str(scratch / "sources"),
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": str(scratch / "lists"),
        "Dir::Cache::srcpkgcache": "",
        "Dir::Cache::pkgcache": "",
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-qq", *(f"-o{name}={value}" for name, value in options.items())]
    for step in (["update"], ["source", "--download-only", "--tar-only", "dumb-init"]):
        try:
            subprocess.run([*apt, *step], check=True, cwd=scratch, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return None
    archive = next(scratch.glob("dumb-init_*.tar.*"))
    shutil.unpack_archive(archive, scratch / "source", filter="data")
    return next((scratch / "source").iterdir())
