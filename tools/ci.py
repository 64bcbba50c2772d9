"""The parts of .ci/run that are not tasks of ./dev themselves."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tools import packages
from tools.paths import ROOT

SUITE = "bookworm"
# What a person has who follows the README: a shell, git and Python. No make, compiler, pip or venv module.
GIVEN = "ca-certificates,git,python3"


def install() -> int:
    """Install whatever any task needs."""
    packages.ensure(packages.COMPILER, packages.TEST, packages.LINT)
    return 0


def _bare_root(cache: Path) -> Path:
    """Return the archive of a bare Debian, made once."""
    archive = cache / f"bare-{SUITE}.tar"
    if not archive.exists():
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            root = Path(folder, "root")
            command: list[str | Path] = ["debootstrap", "--variant=minbase", f"--include={GIVEN}", SUITE, root]
            mirror = os.environ.get("PYINIT_DEBIAN_MIRROR")
            subprocess.run([*command, *([mirror] if mirror else [])], check=True)
            made = Path(folder, "made.tar")
            subprocess.run(["tar", "--create", "--file", made, "--directory", root, "."], check=True)
            made.replace(archive)
    return archive


# The machine's own way to the registries, where it has one.
PASSED = ("PIP_CERT", "PIP_INDEX_URL", "PIP_DEFAULT_TIMEOUT", "http_proxy", "https_proxy", "no_proxy")
COPIED = ("etc/resolv.conf", "etc/hosts", "etc/pip.conf", "etc/ssl/certs/ca-certificates.crt", "etc/apt")


def _equip(root: Path) -> None:
    """Give the bare root this machine's way to the package registries: a container has its host's network, too."""
    for name in COPIED:
        if Path("/", name).exists():
            target = root / name
            subprocess.run(["rm", "-rf", target], check=True)
            subprocess.run(["cp", "-aL", Path("/", name), target], check=True)


def bare_debian() -> int:
    """Run ./dev run twice in a bare Debian root, from a fresh clone; the second must reuse what the first set up."""
    cache = Path(os.environ.get("PYINIT_CACHE", tempfile.gettempdir()))
    archive = _bare_root(cache)
    with tempfile.TemporaryDirectory(prefix="pyinit-bare-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        subprocess.run(["tar", "--extract", "--file", archive, "--directory", root], check=True)
        _equip(root)
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, root / "src"], check=True)
        script = (
            "mount -t proc proc /proc && cd /src"
            " && for tool in cc gcc make pip3; do ! command -v $tool || exit 9; done"
            " && ! python3 -c 'import ensurepip' 2>/dev/null"
            " && ./dev run && ./dev run >/tmp/second && ! grep 'installing\\|compiling\\|making' /tmp/second"
        )
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}
        environment |= {name: os.environ[name] for name in PASSED if name in os.environ}
        # Its own mounts and processes, all of which end with it.
        isolated: list[str | Path] = [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "chroot",
            root,
            "/bin/sh",
            "-c",
            script,
        ]
        done = subprocess.run(isolated, env=environment, stdin=subprocess.DEVNULL, check=False)
        print("the second ./dev run reused everything" if done.returncode == 0 else "./dev run FAILED", flush=True)
        return done.returncode


if __name__ == "__main__":
    sys.exit({"packages": install, "bare-debian": bare_debian}[sys.argv[1]]())
