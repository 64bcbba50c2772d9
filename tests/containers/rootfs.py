"""A Debian with Python, made with debootstrap once per machine: what the images of the tests are built on."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
PACKAGES = "ca-certificates,python3,python3-venv"


def cached(suite: str = SUITE) -> Path:
    """Give the path of the root file system as a tarball, which is made if it is not there; half a one never is."""
    cache = Path(os.environ.get("PYINIT_CACHE") or Path.home() / ".cache/pyinit")
    tarball = cache / "rootfs" / f"debian-{suite}-python.tar"
    if not tarball.exists():
        tarball.parent.mkdir(parents=True, exist_ok=True)
        # Two runs may do this at once: each has a directory of its own, and the last rename wins.
        with tempfile.TemporaryDirectory(prefix=".making-", dir=tarball.parent) as name:
            _make(Path(name), suite).replace(tarball)
    return tarball


def _make(place: Path, suite: str) -> Path:
    root = place / "root"
    # debootstrap mounts /proc in there. In namespaces of its own, as otherwise an end by force would leave it mounted,
    # for whoever then removes the directory to walk into.
    apart = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]
    made = subprocess.run(
        [*apart, "debootstrap", "--variant=minbase", f"--include={PACKAGES}", suite, str(root), MIRROR],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert made.returncode == 0, f"debootstrap failed: {made.stdout[-2000:]}"
    for unneeded in ("var/cache/apt/archives/*.deb", "var/lib/apt/lists/*_*", "usr/share/doc/*/*"):
        for path in root.glob(unneeded):
            if path.is_file() or path.is_symlink():
                path.unlink()
    tarball = place / "root.tar"
    subprocess.run(["tar", "-C", str(root), "--numeric-owner", "-cf", str(tarball), "."], check=True)
    return tarball
