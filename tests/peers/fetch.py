"""The peers' source and binary packages, fetched through apt and kept in a cache: nothing of theirs is in this project.

The index of source packages is made in a directory of our own, from the mirror that the machine's own apt uses, so that
neither /etc nor the machine's package lists change, and no root is needed.
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

BINARIES = {"dumb-init": "dumb-init", "tini": "tini", "tini-static": "tini", "catatonit": "catatonit"}


class CannotFetchError(Exception):
    """One line that names what could not be fetched, and why."""

    def __init__(self, what: str, why: object) -> None:
        """Join the two."""
        super().__init__(f"{what} could not be fetched: {why}")


def cache() -> Path:
    """Give the directory that fetched packages stay in: ${PYINIT_CACHE:-~/.cache/pyinit}/peers."""
    base = os.environ.get("PYINIT_CACHE") or Path.home() / ".cache" / "pyinit"
    return Path(base) / "peers"


def _run(what: str, command: list[str], folder: Path) -> str:
    """Give the output of command, run in folder; CannotFetchError with its last words if it fails."""
    try:
        done = subprocess.run(
            command, cwd=folder, text=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False
        )
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        raise CannotFetchError(what, error) from error
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.startswith("E:")] or done.stderr.splitlines()
        raise CannotFetchError(what, f"{command[0]} says {said[0] if said else 'nothing'}")
    return done.stdout


def _mirror() -> str:
    """Give the address of the archive that the machine's apt uses for Debian's main section, and the release's name."""
    form = "$(ORIGIN)|$(COMPONENT)|$(CODENAME)|$(REPO_URI)"
    targets = _run("apt's list of archives", ["apt-get", "indextargets", "--format", form], Path("/"))
    for line in targets.splitlines():
        found = re.fullmatch(r"(?:Debian|Raspbian|Ubuntu)\|(?:main|universe)\|([a-z]+)\|(\S+)", line)
        if found:
            return f"{found[2]} {found[1]} main"
    what, why = "the list of source packages", "apt knows no archive yet: apt-get update"
    raise CannotFetchError(what, why)


def _unpack_source(name: str, folder: Path) -> None:
    """Download the upstream tarball of the source package into folder and unpacks it there, as folder/name."""
    lists = folder / "apt"
    for part in ("lists/partial", "cache/archives/partial"):
        (lists / part).mkdir(parents=True)
    (lists / "sources.list").write_text(f"deb-src {_mirror()}\n")
    places = {
        "Etc::sourcelist": "sources.list",
        "Etc::sourceparts": "none",
        "State::lists": "lists",
        "Cache": "cache",
    }
    options = [word for key, file in places.items() for word in ("-o", f"Dir::{key}={lists / file}")]
    options += ["-o", "APT::Update::Error-Mode=any", "-o", "Acquire::Retries=3"]
    what = f"the source package {name}"
    _run(what, ["apt-get", *options, "update"], folder)
    _run(what, ["apt-get", *options, "source", "--download-only", "--tar-only", name], folder)
    shutil.rmtree(lists)
    tarball = next(folder.glob("*.orig.tar.*"), None)
    if tarball is None:
        raise CannotFetchError(what, "it has no .orig.tar")
    (folder / name).mkdir()
    _run(what, ["tar", "-xf", str(tarball), "-C", name, "--strip-components=1"], folder)


def source(name: str) -> Path:
    """Give the unpacked upstream source of a peer; do not write into it, it is the cache's."""
    kept = cache() / "source" / name
    if not kept.is_dir():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as work:
            _unpack_source(name, Path(work))
            _keep(Path(work) / name, kept)
    return kept


def _keep(made: Path, kept: Path) -> None:
    """Move what was made to its place, unless another test run was faster."""
    try:
        made.rename(kept)
    except OSError:
        if not kept.is_dir():
            raise


def binary(name: str) -> Path:
    """Give the real peer: Debian's, as installed, or else out of its package without installing it."""
    installed = Path("/usr/bin") / name
    if installed.is_file():
        return installed
    package = BINARIES[name]
    kept = cache() / "binary" / package
    if not kept.is_dir():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as work:
            what = f"the package {package}"
            _run(what, ["apt-get", "download", package], Path(work))
            [file] = Path(work).glob("*.deb")
            _run(what, ["dpkg-deb", "-x", str(file), package], Path(work))
            _keep(Path(work) / package, kept)
    return kept / "usr" / "bin" / name
