"""What is remembered of a service in its folder, and how it is read again by the next supervisor."""

from __future__ import annotations

import os

from pyinit import jsontext, states, system
from pyinit import spec as specs
from pyinit.errors import PyinitError

BLOCK = 1024  # bytes; state.json has a multiple of it

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyinit.dirs import Dirs


class Ended:
    """How a run ended: the shim's exit record, or what is known without one."""

    __slots__ = (
        "code",
        "core",
        "duration",
        "ended",
        "killed",
        "oom",
        "peak",
        "run",
        "signal",
        "started",
        "system",
        "user",
    )

    def __init__(self, values: dict[str, Any]) -> None:
        """KeyError, TypeError or ValueError if something is missing, or is no number."""
        self.run = int(values["run"])
        self.code = int(values["code"])
        self.signal = int(values["signal"])
        self.core = bool(values["core"])
        self.oom = bool(values["oom"])
        self.started = float(values["started"])
        self.ended = float(values["ended"])
        self.duration = float(values["duration"])
        self.user = float(values["user"])
        self.system = float(values["system"])
        self.peak = int(values["peak"])
        self.killed = int(values["killed"])

    def values(self) -> dict[str, Any]:
        """As JSON has it."""
        return {key: getattr(self, key) for key in self.__slots__}


def ended_of_record(record: dict[str, str]) -> Ended:
    """Of a shim's exit record. ValueError or KeyError if it is not one."""
    status = int(record["status"])
    return Ended(
        {
            "run": int(record["run"]),
            "code": int(record["code"]),
            "signal": status & 0x7F,
            "core": bool(status & 0x80),
            "oom": record.get("oom", "0") != "0",
            "started": float(record["started"]),
            "ended": float(record["ended"]),
            "duration": float(record.get("duration", "0")),
            "user": float(record.get("user", "0")),
            "system": float(record.get("system", "0")),
            "peak": int(record.get("maxrss", "0")) * 1024,
            "killed": int(record.get("killed", "0")),
        }
    )


def ended_without_record(run: int, code: int, started: float, now: float) -> Ended:
    """Of a run whose shim is gone, or that never came to be."""
    nothing = dict.fromkeys(("user", "system", "peak", "killed"), 0)
    nothing["signal"] = max(0, code - 128)
    flags = {"core": False, "oom": False}
    times = {"started": started, "ended": now, "duration": max(0.0, now - started)}
    return Ended({"run": run, "code": code, **nothing, **flags, **times})


class State:
    """What changes in a service's life. Saved at each change, so that the next supervisor goes on from there."""

    __slots__ = (
        "again",
        "boot",
        "created",
        "due",
        "ended",
        "error",
        "paused",
        "pid",
        "restarts",
        "run",
        "start_ticks",
        "started",
        "state",
        "stopped",
        "streak",
        "streak_starts",
    )

    def __init__(self, created: float) -> None:
        self.created = created
        self.state = states.CREATED
        self.run = 0
        self.restarts = 0
        self.pid = 0
        self.start_ticks = 0
        self.started = 0.0
        self.boot = ""  # the boot of the machine that it was started in
        self.ended: Ended | None = None
        self.error = ""
        self.stopped = False  # by a user: unless-stopped heeds it
        self.again = False  # start once it has ended
        self.paused = False
        self.streak = 0
        self.streak_starts: list[float] = []
        self.due = 0.0  # the time of day of the next start, in state waiting

    def values(self) -> dict[str, Any]:
        """As JSON has it."""
        values = {key: getattr(self, key) for key in self.__slots__}
        values["ended"] = self.ended.values() if self.ended else None
        return values

    def restore(self, values: dict[str, Any]) -> None:
        """Take over what was saved. ValueError, KeyError or TypeError if it was not by `values`."""
        if values["state"] not in states.STATES:
            message = f"no state is called {values['state']!r}"
            raise ValueError(message)
        for key in self.__slots__:
            if key in values and key != "ended":
                setattr(self, key, _like(getattr(self, key), key, values[key]))
        self.ended = Ended(values["ended"]) if values["ended"] is not None else None


def _like(example: object, key: str, value: object) -> object:
    """A value, if it is of the example's type; TypeError."""
    fits = isinstance(value, (int, float)) if isinstance(example, float) else isinstance(value, type(example))
    if not fits or (isinstance(value, list) and not all(isinstance(one, (int, float)) for one in value)):
        message = f"{key} is no {type(example).__name__}"
        raise TypeError(message)
    return value


def spec_text(spec: specs.Spec, created: float) -> bytes:
    """What is in spec.json."""
    return jsontext.dumps({"created": created, "spec": spec.values}).encode() + b"\n"


def save_spec(dirs: Dirs, ident: str, spec: specs.Spec, created: float) -> None:
    """Write spec.json; OSError."""
    os.makedirs(dirs.service(ident), 0o700, exist_ok=True)
    system.write_renamed(f"{dirs.service(ident)}/spec.json", spec_text(spec, created))


def state_text(state: State) -> bytes:
    """What is in state.json: padded, so that a shorter text leaves nothing of a longer one."""
    text = jsontext.dumps(state.values()).encode()
    return text.ljust((len(text) // BLOCK + 1) * BLOCK - 1) + b"\n"


def save_state(dirs: Dirs, ident: str, state: State, last: bytes = b"") -> bytes:
    """Write state.json in place; OSError. What is in it now; that is not written again if it is what was there last.

    It is written at each change, and a new file each time costs a file system ten times as much. One write within a
    page is not torn by a kill; what a power cut makes of it counts as lost.
    """
    text = state_text(state)
    if text == last:
        return text
    fd = os.open(f"{dirs.service(ident)}/state.json", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.pwrite(fd, text, 0)
    finally:
        os.close(fd)
    return text


def parse_spec(text: bytes | None) -> tuple[specs.Spec, float] | None:
    """The specification and its time of creation, of spec.json's text; None if that is no such thing."""
    if not text:
        return None
    try:
        values = jsontext.loads(text.decode())
        return specs.check(values["spec"]), float(values["created"])
    except (ValueError, KeyError, TypeError, OverflowError, PyinitError):
        return None


def load(dirs: Dirs, ident: str, kept: bytes | None = None) -> tuple[specs.Spec, State] | None:
    """A service as it was saved. kept is what the shim kept of spec.json; None if neither is there."""
    folder = dirs.service(ident)
    found = parse_spec(system.read_file(f"{folder}/spec.json")) or parse_spec(kept)
    if not found:
        return None
    spec, created = found
    state = State(created)
    try:
        state.restore(jsontext.loads((system.read_file(f"{folder}/state.json") or b"").decode()))
    except (ValueError, KeyError, TypeError, OverflowError):
        state = State(created)  # it was lost: the shim says how things stand
        state.state = ""
    return spec, state


def load_exit(dirs: Dirs, ident: str) -> Ended | None:
    """The last exit record that the shim wrote; None if there is none."""
    from pyinit import protocol  # noqa: PLC0415

    try:
        return ended_of_record(protocol.record(system.read_file(f"{dirs.service(ident)}/exit") or b""))
    except (KeyError, ValueError):
        return None
