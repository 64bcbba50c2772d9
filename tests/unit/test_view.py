"""How a service looks from outside."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from pyinit import jsontext, records, spec, states, view

if TYPE_CHECKING:
    from pyinit.service import Service


def _service(state: str, *, spec_values: dict[str, Any] | None = None, **values: Any) -> Service:
    """What view looks at of a service."""
    made = records.State(1.0)
    made.state = state
    for key, value in values.items():
        setattr(made, key, value)
    checked = spec.check({"command": ["true"], "name": "web-1", **(spec_values or {})})
    return cast(
        "Service",
        SimpleNamespace(ident="abc123", spec=checked, state=made, trouble={}, shim_pid=7, log_path="/log"),
    )


def _ended(code: int, signal: int = 0) -> records.Ended:
    ended = records.ended_without_record(1, code, 10.0, 12.0)
    ended.signal = signal
    return ended


@pytest.mark.parametrize(
    ("state", "restarts", "paused", "status"),
    [
        (states.CREATED, 0, False, "created"), ("", 0, False, "created"), (states.STARTING, 0, False, "created"),
        (states.STARTING, 1, False, "restarting"), (states.CANCELLED, 0, False, "stopping"),
        (states.RUNNING, 0, False, "running"), (states.RUNNING, 0, True, "paused"),
        (states.ENDING, 0, False, "stopping"), (states.STOPPING, 0, False, "stopping"),
        (states.SWEEPING, 0, False, "stopping"), (states.SWEPT_STOP, 0, False, "stopping"),
        (states.WAITING, 2, False, "restarting"), (states.EXITED, 2, False, "exited"),
    ],
)  # fmt: skip
def test_status(state: str, restarts: int, paused: bool, status: str) -> None:
    """Every state has one of the words that podman has."""
    assert view.status(_service(state, restarts=restarts, paused=paused)) == status


@pytest.mark.parametrize("state", ["", *states.STATES])
def test_views_are_json(state: str) -> None:
    """A summary and an inspection can be made and said in every state, before and after the first end."""
    for ended in (None, _ended(1)):
        service = _service(state, ended=ended)
        for made in (view.summary(service), view.inspection(service)):
            assert jsontext.loads(jsontext.dumps(made)) == made


def test_inspection_has_the_keys_of_the_documentation() -> None:
    """Names and types that scripts rely on."""
    made = view.inspection(_service(states.EXITED, ended=_ended(139, 11), started=10.0, error="e"))
    assert list(made) == ["Id", "Name", "Created", "State", "RestartCount", "LogPath", "Config", "Labels"]
    assert made["State"] == {
        "Status": "exited", "Pid": 0, "ShimPid": 7, "ExitCode": 139, "Signal": "SIGSEGV", "OOMKilled": False,
        "CoreDumped": False, "StartedAt": 10.0, "FinishedAt": 12.0, "Error": "e", "NextStartAt": None,
    }  # fmt: skip


def test_a_running_service_has_not_finished() -> None:
    """The last run's end is not this one's; its exit code stays to be seen."""
    made = view.inspection(_service(states.RUNNING, pid=5, ended=_ended(1)))["State"]
    assert (made["Pid"], made["FinishedAt"], made["ExitCode"]) == (5, None, 1)


def test_trouble_is_part_of_the_error() -> None:
    """What cannot be done is said with what it concerns."""
    service = _service(states.RUNNING, error="e")
    service.trouble.update(log="cannot write", state="cannot be saved")
    assert view.inspection(service)["State"]["Error"] == "e; log: cannot write; state: cannot be saved"


def test_the_next_start_is_said_while_it_waits() -> None:
    """And at no other time."""
    assert view.inspection(_service(states.WAITING, due=99.0))["State"]["NextStartAt"] == 99.0
    assert view.inspection(_service(states.RUNNING, due=99.0))["State"]["NextStartAt"] is None


def test_exit_codes_are_mapped() -> None:
    """map_exit changes what is told."""
    service = _service(states.EXITED, spec_values={"map_exit": "143:0"}, ended=_ended(143))
    assert view.exit_code(service) == 0
    assert view.exit_code(_service(states.CREATED)) is None


@pytest.mark.parametrize(
    ("filters", "fits"),
    [
        ([], True),
        ([("name", "web")], True), ([("name", "db")], False), ([("name", "db"), ("name", "web")], True),
        ([("id", "abc")], True), ([("id", "bc")], False),
        ([("status", "exited")], True), ([("status", "running")], False),
        ([("name", "web"), ("status", "running")], False), ([("name", "web"), ("status", "exited")], True),
        ([("label", "a")], True), ([("label", "a=1")], True), ([("label", "a=2")], False), ([("label", "b")], False),
        ([("exited", "3")], True), ([("exited", "0")], False),
    ],
)  # fmt: skip
def test_filters(filters: list[tuple[str, str]], fits: bool) -> None:
    """Of one key one must fit, of different keys all."""
    service = _service(states.EXITED, spec_values={"labels": {"a": "1"}}, ended=_ended(3))
    assert view.matches(service, filters) is fits
