"""Where the sockets and the records are.

Two supervisors with different directories never meet. Both directories are 0700: whoever can reach the sockets may do
what their owner may.
"""

from __future__ import annotations

import os

from pyinit.errors import PyinitError

LONGEST_SOCKET = 107  # bytes of sun_path in unix(7), without the NUL


class Dirs:
    """The runtime directory (sockets, locks; gone after a reboot) and the state directory (logs, records, history)."""

    __slots__ = ("runtime", "state")

    def __init__(self, runtime: str, state: str) -> None:
        self.runtime = runtime
        self.state = state

    @property
    def control(self) -> str:
        """The socket clients connect to."""
        return f"{self.runtime}/control"

    @property
    def lock(self) -> str:
        """Locked by the supervisor as long as it lives."""
        return f"{self.runtime}/supervisor.lock"

    @property
    def state_lock(self) -> str:
        """Locked by the one supervisor that uses this state directory."""
        return f"{self.state}/lock"

    @property
    def shims(self) -> str:
        """The folder of the shims' sockets, each named by its service's id."""
        return f"{self.runtime}/shims"

    @property
    def services(self) -> str:
        """The folder of the services' folders."""
        return f"{self.state}/services"

    @property
    def events(self) -> str:
        """All events, a JSON object a line."""
        return f"{self.state}/events.jsonl"

    def shim_socket(self, ident: str) -> str:
        """Where a service's shim listens."""
        return f"{self.shims}/{ident}"

    def service(self, ident: str) -> str:
        """A service's folder."""
        return f"{self.services}/{ident}"

    def make(self) -> None:
        """Make what is missing. PyinitError if that fails, or if somebody else may look in."""
        for path in (self.runtime, self.shims, self.state, self.services):
            make_private(path)


def make_private(path: str) -> None:
    """Make a directory (and its parents) that is its owner's alone; PyinitError if it cannot be."""
    try:
        os.makedirs(path, 0o700, exist_ok=True)
        found = os.stat(path)
        if found.st_uid != os.geteuid():
            message = f"{path} belongs to uid {found.st_uid}, not to us (uid {os.geteuid()})"
            raise PyinitError(message)
        if found.st_mode & 0o077:
            os.chmod(path, 0o700)
    except OSError as error:
        message = f"cannot use the directory {path}: {error.strerror}"
        raise PyinitError(message) from error


def find(environ: dict[str, str] | os._Environ[str], uid: int) -> Dirs:
    """The directories that the environment says, or the user's usual ones (XDG Base Directory Specification).

    PyinitError where there is no runtime directory to be had, or its path is too long for a socket's.
    """
    runtime = environ.get("PYINIT_RUNTIME_DIR")
    if not runtime and uid == 0:
        runtime = "/run/pyinit"
    if not runtime and environ.get("XDG_RUNTIME_DIR"):
        runtime = f"{environ['XDG_RUNTIME_DIR']}/pyinit"
    if not runtime:
        message = "no directory for sockets: set PYINIT_RUNTIME_DIR or XDG_RUNTIME_DIR"
        raise PyinitError(message)
    state = environ.get("PYINIT_STATE_DIR")
    if not state and uid == 0:
        state = "/var/lib/pyinit"
    if not state:
        home = environ.get("XDG_STATE_HOME") or f"{os.path.expanduser('~')}/.local/state"
        state = f"{home}/pyinit"
    dirs = Dirs(os.path.abspath(runtime), os.path.abspath(state))
    longest = len(os.fsencode(dirs.shim_socket("0" * 12)))
    if longest > LONGEST_SOCKET:
        message = f"PYINIT_RUNTIME_DIR {dirs.runtime} is too long: a socket's path has at most {LONGEST_SOCKET} bytes"
        raise PyinitError(message)
    return dirs
