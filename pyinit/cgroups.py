"""Limits of memory, CPU and processes, by a cgroup (v2) of the service's own.

Only where the supervisor's own cgroup has the controllers delegated to it (systemd's Delegate=yes, or root in a
container with a writable /sys/fs/cgroup); else the limit is refused, not ignored.
"""

from __future__ import annotations

import os

from pyinit import system
from pyinit.errors import PyinitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyinit.spec import Spec

MOUNT = "/sys/fs/cgroup"
PERIOD = 100000  # µs, the kernel's own default


def _wanted(spec: Spec) -> dict[str, tuple[str, str]]:
    """controller: (file, value)."""
    wanted = {}
    if spec.memory is not None:
        wanted["memory"] = "memory.max", str(spec.memory)
    if spec.cpus is not None:
        wanted["cpu"] = "cpu.max", f"{round(spec.cpus * PERIOD)} {PERIOD}"
    if spec.pids_limit is not None:
        wanted["pids"] = "pids.max", str(spec.pids_limit)
    return wanted


def _own(mount: str) -> str:
    """The supervisor's own cgroup. PyinitError where there is no cgroup v2."""
    if not os.path.exists(f"{mount}/cgroup.controllers"):
        message = f"memory, cpus and pids_limit need cgroup v2, which is not mounted at {mount}"
        raise PyinitError(message)
    for line in (system.read_file("/proc/self/cgroup") or b"").decode().splitlines():
        if line.startswith("0::"):
            path = mount + line[3:].rstrip("/")
            # A supervisor that was moved into a leaf of its own, so that its cgroup may have children.
            return path.removesuffix("/supervisor")
    message = "memory, cpus and pids_limit need cgroup v2, and /proc/self/cgroup names none"
    raise PyinitError(message)


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def enter(ident: str, spec: Spec, mount: str = MOUNT) -> str:
    """Make the service's cgroup and set its limits: the path of its cgroup.procs, "" if it needs none.

    PyinitError if a limit cannot be set.
    """
    wanted = _wanted(spec)
    if not wanted:
        return ""
    own = _own(mount)
    folder = f"{own}/pyinit-{ident}"
    try:
        enabled = (system.read_file(f"{own}/cgroup.subtree_control") or b"").decode().split()
        if missing := [word for word in wanted if word not in enabled]:
            if own != mount:  # no process may be in a cgroup that has controlled children
                os.makedirs(f"{own}/supervisor", exist_ok=True)
                _write(f"{own}/supervisor/cgroup.procs", str(os.getpid()))
            _write(f"{own}/cgroup.subtree_control", " ".join(f"+{word}" for word in missing))
        os.makedirs(folder, exist_ok=True)
        for name, value in wanted.values():
            _write(f"{folder}/{name}", value)
    except OSError as error:
        message = f"cannot limit {', '.join(wanted)}: {own} is not delegated to us: {os.strerror(error.errno or 0)}"
        raise PyinitError(message) from error
    return f"{folder}/cgroup.procs"


def remove(ident: str, mount: str = MOUNT) -> None:
    """Remove the service's cgroup, if it has one and nothing is in it."""
    try:
        os.rmdir(f"{_own(mount)}/pyinit-{ident}")
    except (OSError, PyinitError):
        pass  # it never had one
