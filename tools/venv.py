"""The virtual environment .venv with the package installed editable, and kept up with the sources.

A marker per part holds a hash of what that part was made from, so a second run does nothing and asks no network, and a
change of the C code compiles it again without asking any.
"""

import hashlib
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tools.paths import ROOT, VENV, VENV_BIN

# What builds the package: installed here once, so that re-installing needs no isolated build environment.
BACKEND = ["editables>=0.5"]


def _project() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def requirements(group: str) -> list[str]:
    """Return the requirements of a dependency group (PEP 735), those of the groups it includes among them."""
    found: list[str] = []
    for item in _project()["dependency-groups"][group]:
        found += [item] if isinstance(item, str) else requirements(item["include-group"])
    return list(dict.fromkeys(found))


def _hash(texts: Iterable[bytes]) -> str:
    return hashlib.sha256(b"\0".join(texts)).hexdigest()


def source_hash() -> str:
    """Return a hash of everything that the installed package is made from, and of the compilers it may be made by."""
    files = [ROOT / "pyproject.toml", ROOT / "hatch_build.py", *sorted((ROOT / "csrc").rglob("*.[ch]"))]
    files.append(ROOT / "csrc" / "build.py")
    compilers = [os.environ.get("CC", ""), *(str(path) for path in [Path("/usr/bin/musl-gcc")] if path.exists())]
    return _hash([*(file.read_bytes() for file in files), *(name.encode() for name in compilers)])


def _pip(*arguments: str) -> None:
    command: list[str | Path] = [
        VENV_BIN / "python",
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--quiet",
        *arguments,
    ]
    subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=True)


def _make() -> None:
    """Make .venv, or make it anew where its Python is gone or another one."""
    # Not the whole version: installing python3-venv may bring a patch release while the older one runs this.
    wanted = f"{sys.version_info.major}.{sys.version_info.minor} {sys.base_prefix}"
    marker = VENV / ".dev-python"
    if (VENV_BIN / "python").exists() and marker.exists() and marker.read_text() == wanted:
        return
    print("./dev: making the virtual environment .venv", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
    marker.write_text(wanted)


def _once(name: str, made_from: str, *pip: str, saying: str) -> None:
    """Run pip install unless it was run with the same arguments for the same sources."""
    marker = VENV / f".dev-{name}"
    if marker.exists() and marker.read_text() == made_from:
        return
    print(f"./dev: {saying}", flush=True)
    marker.unlink(missing_ok=True)
    _pip(*pip)
    marker.write_text(made_from)


def ensure(*groups: str) -> None:
    """Bring .venv up to date with the sources and with the named dependency groups."""
    _make()
    project = _project()
    parts = {"build": [*project["build-system"]["requires"], *BACKEND, *project["project"]["dependencies"]]}
    parts |= {group: requirements(group) for group in groups}
    for name, wanted in parts.items():
        _once(name, "\n".join(wanted), *wanted, saying=f"installing the Python packages to {name}")
    _once(
        "package",
        source_hash(),
        "--no-build-isolation",
        "--no-deps",
        "--no-index",
        "--force-reinstall",
        "--editable",
        ".",
        saying="compiling pyinit and installing it in .venv",
    )
