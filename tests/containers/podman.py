"""A podman of the test run's own: its settings, storage and state are in one directory, and it lives in namespaces.

Everything that podman starts is in a pid and a mount namespace whose PID 1 waits for the test run's end on a pipe. So
however the run ends, no container, no monitor and no mount outlives it. /run/runc and /dev/shm, where the runtime and
podman keep state whatever their settings say, are empty in there.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.running import Running, Terminal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Works as root in a container of its own as well: no rlimit is raised, no network is set up, and no systemd is asked.
SETTINGS = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
netns = "none"
log_driver = "k8s-file"
{init}
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
conmon_path = ["{conmon}"]
tmp_dir = "{here}/libpod"
static_dir = "{here}/root/libpod"
volume_path = "{here}/volumes"
[network]
network_backend = "netavark"
network_config_dir = "{here}/networks"
"""

STORAGE = """
[storage]
driver = "{driver}"
graphroot = "{here}/root"
runroot = "{here}/runroot"
"""

# SIGCHLD is ignored so that the kernel reaps the monitors that are left to this PID 1.
KEEPER = """
import os, signal, subprocess, sys
os.makedirs("/run/runc", exist_ok=True)
for place in ("/run/runc", "/dev/shm"):
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
sys.stdin.read()
"""


def _tool(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/lib/podman:/usr/libexec/podman")
    assert found, f"{name} is missing: these tests need podman, runc, conmon, netavark and catatonit"
    return found


class Podman:
    """Runs podman commands; a context manager that removes all it made."""

    def __init__(self, here: Path) -> None:
        """Start the namespaces and write the settings below that directory."""
        for needed in ("podman", "runc", "netavark", "catatonit", "nsenter"):
            _tool(needed)
        self.here = here
        self._numbers = itertools.count(1)
        keeper = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", sys.executable, "-c", KEEPER]
        self._keeper = Running(keeper)
        assert self._keeper.out.line() == "ready", self._keeper.errors
        self.settings(here / "containers.conf")
        self.env = {
            "CONTAINERS_CONF": str(here / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(here / "storage.conf"),
        }
        self.notice = ""  # what whoever runs the tests should know

    def __enter__(self) -> Self:
        """Choose the storage driver and give itself."""
        try:
            self.notice = self._choose_driver()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Remove everything."""
        self.close()

    def settings(self, path: Path, *, init: str = "") -> None:
        """Write settings to that file, with lines about the init that podman puts into containers and pods."""
        path.write_text(SETTINGS.format(here=self.here, conmon=_tool("conmon"), init=init))

    def _choose_driver(self) -> str:
        """Take overlay where the file system below allows it, else vfs, which copies every layer: then say so."""
        tried = self._try("overlay")
        if tried.returncode == 0:
            return ""
        notice = f"podman's storage is the slow vfs, as overlay does not work here: {tried.stderr}"
        for remembers in ("root", "libpod"):  # podman's database has the name of the first driver
            shutil.rmtree(self.here / remembers, ignore_errors=True)
        tried = self._try("vfs")
        assert tried.returncode == 0, f"podman does not work here: {tried.stderr}"
        return notice

    def _try(self, driver: str) -> subprocess.CompletedProcess[str]:
        (self.here / "storage.conf").write_text(STORAGE.format(here=self.here, driver=driver))
        return self.run("info", check=False)

    def argv(self, *arguments: str) -> list[str]:
        """Give the whole command line of a podman command."""
        return [*self.inside("podman"), *arguments]

    def inside(self, *command: str) -> list[str]:
        """Give the command line that runs another command where the containers are, such as one that looks at /proc."""
        proc = f"/proc/{self._keeper.pid}/ns"
        return ["nsenter", f"--mount={proc}/mnt", f"--pid={proc}/pid_for_children", "--", *command]

    def run(
        self, *arguments: str, check: bool = True, env: Mapping[str, str] | None = None, pass_fds: Sequence[int] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run a podman command to its end, with no standard input."""
        done = subprocess.run(
            self.argv(*arguments),
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **self.env, **(env or {})},
            pass_fds=pass_fds,
        )
        assert not check or done.returncode == 0, f"podman {' '.join(arguments)}: {done.returncode}: {done.stderr}"
        return done

    def run_inside(self, *command: str) -> str:
        """Run another command where the containers are and give its output."""
        return subprocess.run(self.inside(*command), check=True, capture_output=True, text=True).stdout

    def until_logged(self, container: str, line: str) -> None:
        """Wait for a line in the log of a container that nobody is attached to."""
        with Running(self.argv("logs", "--follow", container), env=self.env) as log:
            while (seen := log.out.line()) != line:
                assert seen, f"the log of {container} ended without {line!r}: {log.out.seen!r}"

    def name(self) -> str:
        """Give a name that no container has had."""
        return f"pyinit-{next(self._numbers)}"

    def once(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a container to its end, whatever that is, and remove it; arguments are as for podman run."""
        return self.run("run", "--rm", "--pull=never", *arguments, check=False)

    def start(self, *arguments: str, third: int | None = None) -> Container:
        """Start a container that a test then talks to; arguments are as for podman run.

        third is a descriptor that the container is to have as its 3, with podman's --preserve-fds=1.
        """
        return Container(self, *arguments, third=third)

    def build(self, context: Path, *options: str, tag: str) -> str:
        """Build an image and give its name."""
        image = f"localhost/{tag}"
        certificates = ["--volume=/etc/ssl/certs:/etc/ssl/certs:ro"] if Path("/etc/ssl/certs").is_dir() else []
        where = ["--network=host", *certificates, "--pull=never", "--format=docker"]
        self.run("build", *where, *options, f"--tag={image}", str(context))
        return image

    def close(self) -> None:
        """End every container, monitor and mount, and remove the files."""
        self.run("pod", "rm", "--all", "--force", "--time=0", check=False)
        self.run("rm", "--all", "--force", "--time=0", check=False)
        self._keeper.close()
        shutil.rmtree(self.here)


class Container(Running):
    """A container whose standard streams we hold through `podman run`; a context manager that leaves none behind."""

    def __init__(self, podman: Podman, *arguments: str, third: int | None = None) -> None:
        """Start it."""
        self._podman = podman
        self.name = podman.name()
        argv = podman.argv("run", "--rm", "--pull=never", "--interactive", f"--name={self.name}", *arguments)
        if third is None:
            super().__init__(argv, env=podman.env)
        else:
            argv = ["bash", "-c", f'exec "$@" 3<&{third}', "bash", *argv]
            super().__init__(argv, env=podman.env, pass_fds=[third])

    def expect(self, line: str) -> None:
        """Read the next line of the application's output, which must be this one."""
        seen = self.out.line()
        assert seen == line, f"{seen!r} instead of {line!r}; on standard error: {self.errors!r}"

    def ready(self) -> Self:
        """Wait until the application says that it is ready."""
        self.expect("ready")
        return self

    def kill(self, sent: str | int) -> None:
        """Send PID 1 of the container a signal."""
        self._podman.run("kill", f"--signal={sent}", self.name)

    def stop(self, seconds: int) -> None:
        """Stop it as a user does, with so many seconds until podman sends KILL."""
        self._podman.run("stop", f"--time={seconds}", self.name)

    def look(self, *command: str) -> str:
        """Give the output of another command in the container."""
        return self._podman.run("exec", self.name, *command).stdout

    def inspect(self, template: str) -> str:
        """Give what podman knows of it."""
        return self._podman.run("inspect", f"--format={template}", self.name).stdout.strip()

    def close(self) -> None:
        """Remove it, whether it runs or not."""
        self._podman.run("rm", "--force", "--time=0", "--ignore", self.name)
        super().close()


class TerminalContainer(Terminal):
    """A container that was started with `podman run -it` on a terminal at the other end of which we sit."""

    def __init__(self, podman: Podman, *arguments: str) -> None:
        """Start it."""
        self._podman = podman
        self.name = podman.name()
        super().__init__(
            podman.argv("run", "--rm", "--pull=never", "-it", f"--name={self.name}", *arguments), env=podman.env
        )

    def close(self) -> None:
        """Remove it, whether it runs or not."""
        self._podman.run("rm", "--force", "--time=0", "--ignore", self.name)
        super().close()
