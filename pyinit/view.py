"""How a service looks from outside: the objects of list and inspect, whose keys docs/api.md documents."""

from __future__ import annotations

from pyinit import launch, states, units

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyinit.service import Service

_STATUS = {
    "": "created",
    states.CREATED: "created",
    states.CANCELLED: "stopping",
    states.RUNNING: "running",
    states.ENDING: "stopping",
    states.STOPPING: "stopping",
    states.SWEEPING: "stopping",
    states.SWEPT_STOP: "stopping",
    states.WAITING: "restarting",
    states.EXITED: "exited",
}


def status(service: Service) -> str:
    """created, running, paused, restarting, stopping or exited, as podman has them."""
    if service.state.state == states.STARTING:
        return "restarting" if service.state.restarts else "created"
    return "paused" if service.state.paused else _STATUS[service.state.state]


def exit_code(service: Service) -> int | None:
    """Of the last run that ended, as map_exit has it; None before the first."""
    ended = service.state.ended
    return launch.mapped(service.spec, ended.code) if ended else None


def summary(service: Service) -> dict[str, Any]:
    """A line of `ps`."""
    state, spec = service.state, service.spec
    running = state.pid != 0
    return {
        "Id": service.ident,
        "Name": spec.name,
        "Command": spec.command,
        "Created": state.created,
        "Status": status(service),
        "Pid": state.pid,
        "ExitCode": exit_code(service),
        "StartedAt": state.started or None,
        "FinishedAt": state.ended.ended if state.ended and not running else None,
        "RestartCount": state.restarts,
        "Labels": spec.labels,
    }


def inspection(service: Service) -> dict[str, Any]:
    """An object of `inspect`."""
    state, spec, ended = service.state, service.spec, service.state.ended
    trouble = "; ".join(f"{what}: {text}" for what, text in service.trouble.items())
    return {
        "Id": service.ident,
        "Name": spec.name,
        "Created": state.created,
        "State": {
            "Status": status(service),
            "Pid": state.pid,
            "ShimPid": service.shim_pid,
            "ExitCode": exit_code(service),
            "Signal": units.signal_name(ended.signal) if ended and ended.signal else None,
            "OOMKilled": bool(ended and ended.oom),
            "CoreDumped": bool(ended and ended.core),
            "StartedAt": state.started or None,
            "FinishedAt": ended.ended if ended and not state.pid else None,
            "Error": "; ".join(text for text in (state.error, trouble) if text),
            "NextStartAt": state.due if state.state == states.WAITING else None,
        },
        "RestartCount": state.restarts,
        "LogPath": service.log_path,
        "Config": spec.values,
        "Labels": spec.labels,
    }


def matches(service: Service, filters: list[tuple[str, str]]) -> bool:
    """Whether a service fits: of filters of one key one must fit, of different keys all (as podman has it)."""
    keys: dict[str, bool] = {}
    for key, value in filters:
        keys[key] = keys.get(key, False) or FILTERS[key](service, value)
    return all(keys.values())


def _label(service: Service, value: str) -> bool:
    key, equals, text = value.partition("=")
    return key in service.spec.labels and (not equals or service.spec.labels[key] == text)


FILTERS: dict[str, Callable[[Service, str], bool]] = {
    "name": lambda service, value: value in service.spec.name,
    "id": lambda service, value: service.ident.startswith(value),
    "status": lambda service, value: status(service) == value,
    "label": _label,
    "exited": lambda service, value: status(service) == "exited" and str(exit_code(service)) == value,
}
