"""The verbs, as far as they go without a shim; and that nobody's arguments do harm."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyinit import __version__, requests
from tests.unit.harness import Harness, answer, is_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_KINDS: dict[str, st.SearchStrategy[Any]] = {
    "text": st.sampled_from(["a", "b", "nobody", "", "\n", "\udc80"]),
    "flag": st.booleans(),
    "number": st.integers() | st.floats(allow_nan=False),
    "list of texts": st.lists(st.sampled_from(["a", "b", "none", "", "\x1b[2J"]), max_size=3),
    "list of pairs of texts": st.lists(
        st.tuples(st.sampled_from(["name", "label", "x\n"]), st.text(max_size=3)), max_size=2
    ),
    "pair of numbers": st.tuples(st.integers(-5, 70000), st.integers(-5, 70000) | st.floats(0, 9)),
    "signal": st.sampled_from(["TERM", 9, "x", 0, ""]),
    "object": st.dictionaries(st.sampled_from(["command", "name", "x"]), st.just(["true"]) | _values, max_size=3),
}  # fmt: skip
WAITING = ("wait", "events")  # these may be answered later, or never


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    """Give a supervisor in a thread, with the services a and b."""
    with Harness(tmp_path) as made:
        for name in "ab":
            assert made.ask("create", spec={"command": ["true"], "name": name, "labels": {"l": name}})["ok"]
        yield made


@st.composite
def _requests(draw: st.DrawFn) -> dict[str, Any]:
    verb = draw(st.sampled_from([verb for verb in requests.VERBS if verb not in WAITING]))
    allowed = requests.VERBS[verb][1]
    keys = draw(st.lists(st.sampled_from([*allowed, "nonsense"]), unique=True, max_size=4))
    made: dict[str, Any] = {key: draw(_KINDS[allowed[key]] | _values if key in allowed else _values) for key in keys}
    return {"verb": verb, **made}


@settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(made=_requests())
def test_any_arguments_get_one_answer(harness: Harness, made: dict[str, Any]) -> None:
    """Right, wrong or strange: one line, no bug of the supervisor's, and the next request is answered."""
    with harness.connect() as connection:
        connection.sendall(json.dumps(made).encode() + b"\n")
        found = answer(connection)
        assert found.get("ok") or is_one_line(found["error"]), found
        assert "a bug of the supervisor" not in found.get("error", "")
        for one in found.get("results", ()):
            assert is_one_line(one.get("error", "none"))
    assert harness.ask("ping")["ok"]


def test_every_verbs_kinds_are_known_here() -> None:
    """And every kind of argument is checked, none is taken for another one."""
    kinds = {kind for _, allowed in requests.VERBS.values() for kind in allowed.values()}
    assert kinds == set(_KINDS)
    examples: dict[str, Any] = {
        "text": "x", "flag": True, "number": 1.5, "list of texts": ["x"], "list of pairs of texts": [["a", "b"]],
        "pair of numbers": [24, 80], "signal": "TERM", "object": {},
    }  # fmt: skip
    fits = {(kind, other) for kind in kinds for other in kinds if requests._fits(examples[other], kind)}  # noqa: SLF001
    assert fits == {(kind, kind) for kind in kinds} | {("signal", "text"), ("text", "signal")}


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ([], "a request is an object with a verb"),
        ({}, "verb: None is none: "),
        ({"verb": "pnig"}, "verb: 'pnig' is none: attach, create, events"),
        ({"verb": ["ping"]}, "verb: ['ping'] is none: "),
        ({"verb": "ping", "x": 1}, "ping: x: there is no such argument: it has none"),
        ({"verb": "stop", "nmaes": []}, "stop: nmaes: there is no such argument: names, all, filters, timeout"),
        ({"verb": "stop", "names": "a"}, "stop: names: 'a' is no list of texts"),
        ({"verb": "stop", "timeout": True}, "stop: timeout: True is no number"),
        ({"verb": "inspect"}, "inspect: names: missing: a list of texts"),
        ({"verb": "inspect", "names": None}, "inspect: names: missing: a list of texts"),
        ({"verb": "inspect", "names": ["a", "zz"]}, "no service zz"),
        ({"verb": "list", "filters": [["x", "y"]]}, "filter x: there is no such key: name, id, status, label, exited"),
        (
            {"verb": "wait", "names": ["a"], "condition": "x"},
            "condition: 'x' is none: exited, stopped, running, removed",
        ),
        ({"verb": "kill", "names": ["a"], "signal": "X"}, "signal: 'X' is not a signal"),
        ({"verb": "rename", "name": "a", "new": "b"}, "the name b is in use by "),
        ({"verb": "rename", "name": "a", "new": "-"}, "name: '-' is not allowed"),
        ({"verb": "create", "spec": {"command": ["x"], "name": "a"}}, "the name a is in use by "),
        ({"verb": "create", "spec": {"command": ["x"], "user": "nobody-at-all"}}, "user: 'nobody-at-all': there is no"),
        ({"verb": "create", "spec": {"command": ["x"], "log_driver": "x"}}, "log driver 'x': there are "),
        ({"verb": "attach", "name": "a"}, "a is not running: its state is created"),
        ({"verb": "attach", "name": "a", "size": [1, 65536]}, "attach: size: [1, 65536] is no pair of numbers"),
        ({"verb": "create", "spec": {"comm\nand": 1}}, "comm\\nand: there is no such key"),
    ],
)  # fmt: skip
def test_errors_say_what_is_allowed(harness: Harness, request_: Any, error: str) -> None:
    """One line each, and nothing has changed."""
    before = harness.ask("list", all=True)
    with harness.connect() as connection:
        connection.sendall(json.dumps(request_).encode() + b"\n")
        found = answer(connection)
    assert found["error"].startswith(error)
    assert is_one_line(found["error"])
    assert harness.ask("list", all=True) == before


def test_ping_and_status(harness: Harness) -> None:
    """Who answers, and what of."""
    assert harness.ask("ping") == {"ok": True, "version": __version__, "pid": os.getpid()}
    status = harness.ask("status")
    assert (status["services"], status["running"], status["trouble"]) == (2, 0, None)
    assert status["state_dir"] == harness.dirs.state


def test_create_without_a_name_finds_one(harness: Harness) -> None:
    """An id of twelve hexadecimal digits and a name; the service is saved and found by all three."""
    made = harness.ask("create", spec={"command": ["true"]})
    assert len(made["id"]) == 12
    assert Path(harness.dirs.service(made["id"]), "spec.json").exists()
    for name in (made["id"], made["name"], made["id"][:9]):
        assert harness.ask("inspect", names=[name])["services"][0]["Name"] == made["name"]


def test_list_and_filters(harness: Harness) -> None:
    """Without all, only what runs; a filter by status looks at all."""
    assert harness.ask("list")["services"] == []
    assert [one["Name"] for one in harness.ask("list", all=True)["services"]] == ["a", "b"]
    found = harness.ask("list", all=True, filters=[["label", "l=b"]])["services"]
    assert [one["Name"] for one in found] == ["b"]
    assert len(harness.ask("list", filters=[["status", "created"]])["services"]) == 2


def test_a_start_that_fails_is_said(harness: Harness) -> None:
    """Without a shim program nothing starts: the error goes to whoever asked, and stands in `inspect`."""
    found = harness.ask("start", names=["a", "none"])["results"]
    assert [one["name"] for one in found] == ["a", "none"]
    assert found[0]["error"] == "cannot start a shim: No such file or directory"
    assert found[1]["error"] == "no service none"
    state = harness.ask("inspect", names=["a"])["services"][0]["State"]
    assert state["Error"] == found[0]["error"]
    assert state["Status"] == "exited"
    assert state["ExitCode"] == 125


def test_run_of_what_cannot_start_leaves_nothing(harness: Harness) -> None:
    """The error, and no service that nobody knows of; the connection is one for requests still."""
    with harness.connect() as connection:
        for verb in ("run", "create"):
            more = {"start": True} if verb == "create" else {"size": [24, 80]}
            said = {"verb": verb, "spec": {"command": ["x"], "name": "c"}, **more}
            connection.sendall(json.dumps(said).encode() + b"\n")
            assert answer(connection)["error"].startswith("cannot start a shim")
        connection.sendall(b'{"verb": "wait", "names": ["a"]}\n{"verb": "ping"}\n')
        assert answer(connection)["name"] == "a"
        assert answer(connection) == {"ok": True}
        assert answer(connection)["version"]
    names = [one["Name"] for one in harness.ask("list", all=True)["services"]]
    assert names == ["a", "b"]


def test_stop_and_rm_of_several(harness: Harness) -> None:
    """All, or by filter, or by name; a result for each; nothing is left of what is removed."""
    assert [one["name"] for one in harness.ask("stop", all=True)["results"]] == ["a", "b"]
    removed = harness.ask("rm", filters=[["name", "a"]])["results"]
    assert [one["name"] for one in removed] == ["a"]
    assert not Path(harness.dirs.service(removed[0]["id"])).exists()
    assert [one["Name"] for one in harness.ask("list", all=True)["services"]] == ["b"]
    assert harness.ask("rm", names=[])["results"] == []
    assert harness.ask("rm", names=["b", "b"])["results"][0]["name"] == "b"


def test_replace_takes_the_name(harness: Harness) -> None:
    """The one that had it is gone."""
    old = harness.ask("inspect", names=["a"])["services"][0]["Id"]
    new = harness.ask("create", spec={"command": ["new"], "name": "a"}, replace=True)
    assert new["id"] != old
    assert harness.ask("inspect", names=["a"])["services"][0]["Id"] == new["id"]
    assert harness.ask("inspect", names=[old])["error"] == f"no service {old}"


def test_rename(harness: Harness) -> None:
    """The new name is found, the old one is free, and it is so on the disk."""
    ident = harness.ask("inspect", names=["a"])["services"][0]["Id"]
    assert harness.ask("rename", name="a", new="c")["ok"]
    assert harness.ask("inspect", names=["c"])["services"][0]["Id"] == ident
    assert [one["Name"] for one in harness.ask("list", all=True)["services"]] == ["c", "b"]
    assert json.loads(Path(harness.dirs.service(ident), "spec.json").read_text())["spec"]["name"] == "c"


def test_wait_answers_as_it_happens(harness: Harness) -> None:
    """A line for each service, when the condition holds of it, then the last line."""
    with harness.connect() as connection:
        connection.sendall(b'{"verb": "wait", "names": ["a", "b"], "condition": "removed"}\n')
        harness.ask("rm", names=["b"])
        assert answer(connection)["name"] == "b"
        harness.ask("rm", names=["a"])
        assert answer(connection)["name"] == "a"
        assert answer(connection) == {"ok": True}
    assert harness.ask("wait", names=[]) == {"ok": True}


def test_events_are_told_and_written(harness: Harness) -> None:
    """A follower gets each as a line, the same that the file has; who leaves is forgotten."""
    with harness.connect() as connection:
        connection.sendall(b'{"verb": "events"}\n')
        assert answer(connection) == {"following": True}
        harness.ask("rename", name="a", new="c")
        event = answer(connection)["event"]
        assert (event["event"], event["name"]) == ("renamed", "c")
        last = Path(harness.dirs.events).read_text().splitlines()[-1]
        assert json.loads(last) == event
    harness.ask("rename", name="c", new="d")
    assert harness.call(lambda: harness.supervisor.followers) == []
    assert harness.ask("events", follow=False) == {"ok": True}


def test_whoever_leaves_while_waiting_is_forgotten(harness: Harness) -> None:
    """No watcher stays at a service."""
    for _ in range(3):
        with harness.connect() as connection, contextlib.closing(connection):
            connection.sendall(b'{"verb": "wait", "names": ["a"], "condition": "running"}\n{"verb": "ping"}\n')
    harness.ask("ping")
    while harness.call(lambda: len(harness.server.clients)):
        pass
    assert harness.call(lambda: harness.supervisor.find("a").watchers) == []


def test_the_supervisors_own_verbs(harness: Harness) -> None:
    """Each is answered before it is done, or when it is."""
    assert harness.ask("upgrade")["ok"]
    assert harness.ask("stop_supervisor", keep=True)["ok"]
    assert harness.ask("stop_supervisor")["ok"]
    harness.ask("ping")
    assert harness.left == ["upgrade", "leave", "stop", "end"]


def test_log_paths_and_reopen(harness: Harness) -> None:
    """Where the logs are, for a client that reads them itself; "" where there is no file."""
    harness.ask("create", spec={"command": ["x"], "name": "c", "log_driver": "none"})
    found = harness.ask("log_paths")["services"]
    assert [(one["name"], bool(one["path"]), one["driver"]) for one in found] == [
        ("a", True, "k8s-file"), ("b", True, "k8s-file"), ("c", False, "none"),
    ]  # fmt: skip
    assert [one["name"] for one in harness.ask("log_paths", names=["b"])["services"]] == ["b"]
    assert harness.ask("reopen_logs") == {"ok": True}
    assert harness.ask("reopen_logs", names=["none"])["error"] == "no service none"
