"""What tasks need from the system's package manager: probed first, installed as root only where missing.

A probe looks for the thing itself, not for a package, so that a tool from elsewhere counts, and a second run asks no
network. Where we are not root, MissingError names the one command to run.
"""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

# Debian keeps mandoc, iptables or runc where a plain user's PATH does not look.
SEARCH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])


class MissingError(Exception):
    """Something is missing that cannot be installed from here; the text is one command or one clear line."""


def _program(name: str) -> Callable[[], bool]:
    return lambda: shutil.which(name, path=SEARCH) is not None


def _file(*patterns: str) -> Callable[[], bool]:
    return lambda: any(next(Path("/").glob(pattern), None) for pattern in patterns)


def _venv() -> bool:
    """Whether this Python can make a virtual environment with pip in it (Debian's cannot as it comes)."""
    return importlib.util.find_spec("ensurepip") is not None and importlib.util.find_spec("venv") is not None


@dataclass(frozen=True, slots=True)
class Need:
    """One thing, how to see that it is there, and what brings it on either family."""

    present: Callable[[], bool]
    debian: tuple[str, ...]
    fedora: tuple[str, ...]


def _tool(name: str, debian: str | None = None, fedora: str | None = None) -> Need:
    return Need(_program(name), (debian or name,), (fedora or debian or name,))


COMPILER = (
    Need(_venv, ("python3-venv",), ("python3",)),
    Need(_program("gcc"), ("gcc", "libc6-dev"), ("gcc", "glibc-static")),
    Need(_program("musl-gcc"), ("musl-tools",), ("musl-gcc", "musl-libc-static")),
)
IMAGES = (
    _tool("podman"),
    _tool("runc"),
    _tool("conmon"),
    _tool("iptables", fedora="iptables-nft"),
    Need(_file("usr/lib/podman/netavark", "usr/libexec/podman/netavark"), ("netavark",), ("netavark",)),
    _tool("newuidmap", "uidmap", "shadow-utils"),
)
_CLANG = (
    _tool("clang"),
    Need(
        _file("usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.asan*.a", "usr/lib/clang/*/lib/*/libclang_rt.asan*.a"),
        ("libclang-rt-dev",),
        ("compiler-rt",),
    ),
)
TEST = (
    *IMAGES,
    *_CLANG,
    _tool("git"),
    _tool("catatonit"),
    _tool("dumb-init"),
    _tool("tini"),
    _tool("busybox", "busybox-static", "busybox"),
    _tool("debootstrap"),
    _tool("mandoc"),
    _tool("qemu-aarch64-static", "qemu-user-static"),
    _tool("valgrind"),
    _tool("strace"),
    _tool("ip", "iproute2", "iproute"),
    _tool("ps", "procps", "procps-ng"),
    _tool("unshare", "util-linux"),
)
LINT = (
    _tool("clang-format", fedora="clang-tools-extra"),
    _tool("mandoc"),
)
BENCH = (
    _tool("dumb-init"),
    _tool("tini"),
    _tool("tini-static", "tini", "tini-static"),
    _tool("catatonit"),
    _tool("strace"),
)


def missing(*groups: Iterable[Need]) -> list[Need]:
    """Return what is not there yet."""
    return [need for group in groups for need in group if not need.present()]


def _manager() -> str:
    for name in ("apt-get", "dnf"):
        if shutil.which(name, path=SEARCH):
            return name
    message = "this system has neither apt-get nor dnf"
    raise MissingError(message)


def _names(needs: Iterable[Need], manager: str) -> list[str]:
    """Return the packages, each once."""
    lists = (need.debian if manager == "apt-get" else need.fedora for need in needs)
    return list(dict.fromkeys(name for names in lists for name in names))


def _compiler_runtime() -> str:
    """Return the package of clang's sanitizers, whose name holds the version that `clang` stands for."""
    depends = subprocess.run(["apt-cache", "depends", "clang"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"clang-(\d+)", depends)
    if not found:
        message = "apt-cache does not say which version the package clang is"
        raise MissingError(message)
    return f"libclang-rt-{found[1]}-dev"


def _install(manager: str, names: list[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    options = ["--yes"] if manager == "dnf" else ["--yes", "--no-install-recommends"]
    if manager == "apt-get":
        subprocess.run(["apt-get", "update", "--quiet=2"], env=environment, stdin=subprocess.DEVNULL, check=True)
        names = [_compiler_runtime() if name == "libclang-rt-dev" else name for name in names]
    command = [manager, "install", "--quiet", *options, *names]
    subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=True)


def ensure(*groups: Iterable[Need]) -> None:
    """Install what is missing, or raise MissingError with the one command that would."""
    needs = missing(*groups)
    if not needs:
        return
    manager = _manager()
    names = _names(needs, manager)
    if os.geteuid() != 0:
        if manager == "apt-get":
            # $(…) since the name holds a version that only the package lists know.
            runtime = "libclang-rt-$(apt-cache depends clang | sed -n 's/.*clang-//p' | head -n1)-dev"
            names = [runtime if name == "libclang-rt-dev" else name for name in names]
            install = f"apt-get install --no-install-recommends {' '.join(names)}"
        else:
            install = f"dnf install {' '.join(names)}"
        message = f"some packages are missing, and that needs root; run this, then the same again:\nsudo {install}"
        raise MissingError(message)
    print(f"./dev: installing {' '.join(names)}", flush=True)
    _install(manager, names)
    left = _names(missing(*groups), manager)
    if left:
        message = f"installed all packages, but what these should bring is still not found: {' '.join(left)}"
        raise MissingError(message)
