"""What is remembered of a service, and what becomes of it when that is garbage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyinit import jsontext, records, spec, states
from pyinit.dirs import Dirs

SPEC = spec.check({"command": ["a", "\udcff"], "name": "n"})
ENDED = records.ended_without_record(3, 137, 10.0, 12.5)
RECORD = {
    "run": "3", "pid": "9", "status": "139", "code": "139", "signal": "SEGV", "core": "1", "oom": "1",
    "started": "1.5", "ended": "2.5", "duration": "1.0",
    "user": "0.25", "system": "0.5", "maxrss": "100", "killed": "2",
}  # fmt: skip
_garbage = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture
def dirs(tmp_path: Path) -> Dirs:
    """Give directories of a supervisor that does not run."""
    made = Dirs(f"{tmp_path}/r", f"{tmp_path}/s")
    made.make()
    return made


def _state() -> records.State:
    state = records.State(1.0)
    state.state, state.run, state.pid, state.ended = states.RUNNING, 4, 77, ENDED
    state.streak_starts, state.error, state.again = [1.0, 2.5], "x\udc80", True
    return state


def test_what_is_saved_is_loaded(dirs: Dirs) -> None:
    """Specification and state survive, each byte and number of them."""
    records.save_spec(dirs, "id", SPEC, 1.0)
    records.save_state(dirs, "id", _state())
    found = records.load(dirs, "id")
    assert found is not None
    assert found[0].values == SPEC.values
    assert found[1].values() == _state().values()


def test_every_attribute_is_saved(dirs: Dirs) -> None:
    """No attribute of a state is forgotten, whatever it is called."""
    assert set(_state().values()) == set(records.State.__slots__)
    records.save_spec(dirs, "id", SPEC, 5.0)
    records.save_state(dirs, "id", records.State(5.0))
    found = records.load(dirs, "id")
    assert found is not None
    assert found[1].values() == records.State(5.0).values()


def test_without_a_state_it_is_not_known(dirs: Dirs) -> None:
    """A lost state.json leaves the state open, for the shim to say; the specification is what counts."""
    records.save_spec(dirs, "id", SPEC, 7.0)
    found = records.load(dirs, "id")
    assert found is not None
    assert (found[1].state, found[1].created, found[1].run) == ("", 7.0, 0)


def test_without_a_specification_the_shims_copy_is_used(dirs: Dirs) -> None:
    """The state directory is lost: what the shim kept is as good. Without either there is no service."""
    kept = records.spec_text(SPEC, 9.0)
    assert records.load(dirs, "id") is None
    assert records.load(dirs, "id", b"garbage") is None
    found = records.load(dirs, "id", kept)
    assert found is not None
    assert found[0].values == SPEC.values
    assert found[1].created == 9.0


@pytest.mark.parametrize(
    "change",
    [{"state": "nonsense"}, {"state": None}, {"state": []}, {"pid": "77"}, {"pid": None}, {"run": 1.5}, {"stopped": 1},
     {"streak_starts": ["x"]}, {"streak_starts": {}}, {"error": None}, {"due": "soon"}, {"ended": {}}, {"ended": "x"},
     {"ended": {**ENDED.values(), "code": None}}, {"ended": [1]}, {"ended": {**ENDED.values(), "ended": "x"}}],
)  # fmt: skip
def test_a_state_that_is_wrong_in_one_place_is_not_taken_over(dirs: Dirs, change: dict[str, Any]) -> None:
    """Half of it neither: it is as if there was none."""
    records.save_spec(dirs, "id", SPEC, 1.0)
    values = {**_state().values(), **change}
    Path(dirs.service("id"), "state.json").write_text(jsontext.dumps(values), encoding="utf-8")
    found = records.load(dirs, "id")
    assert found is not None
    lost = records.State(1.0)
    lost.state = ""
    assert found[1].values() == lost.values()


def test_a_state_of_another_version_is_taken_over(dirs: Dirs) -> None:
    """What it has more is passed over, what it has less is as for a new service."""
    records.save_spec(dirs, "id", SPEC, 1.0)
    values = _state().values() | {"new": 1}
    del values["again"]
    Path(dirs.service("id"), "state.json").write_text(jsontext.dumps(values), encoding="utf-8")
    found = records.load(dirs, "id")
    assert found is not None
    assert (found[1].pid, found[1].again) == (77, False)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(which=st.sampled_from(["spec.json", "state.json", "exit"]), data=st.binary(max_size=40))
def test_garbage_files_raise_nothing(dirs: Dirs, which: str, data: bytes) -> None:
    """Whatever is in a file, loading says what can be known."""
    records.save_spec(dirs, "id", SPEC, 1.0)
    records.save_state(dirs, "id", _state())
    Path(dirs.service("id"), which).write_bytes(data)
    found = records.load(dirs, "id")
    assert (found is None) == (which == "spec.json")
    assert records.load_exit(dirs, "id") is None


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from(["", *records.State.__slots__]), value=_garbage)
def test_garbage_in_a_state_raises_nothing(dirs: Dirs, key: str, value: Any) -> None:
    """Any JSON in place of the state, or of one value of it, is taken over if it fits, and can be saved again."""
    records.save_spec(dirs, "id", SPEC, 1.0)
    values = {**_state().values(), key: value} if key else value
    Path(dirs.service("id"), "state.json").write_text(jsontext.dumps(values), encoding="utf-8")
    found = records.load(dirs, "id")
    assert found is not None
    assert found[1].state in {"", *states.STATES}
    jsontext.dumps(found[1].values())


@settings(deadline=None)
@given(_garbage)
def test_garbage_in_a_specification_is_none(value: Any) -> None:
    """Any JSON is a specification or None."""
    for said in (value, {"created": value, "spec": SPEC.values}, {"created": 1.0, "spec": value}):
        found = records.parse_spec(jsontext.dumps(said).encode())
        assert found is None or found[0].values == SPEC.values


def test_an_exit_record_is_read() -> None:
    """The shim's text, with memory in bytes and the wait status taken apart."""
    ended = records.ended_of_record(RECORD)
    assert ended.values() == {
        "run": 3, "code": 139, "signal": 11, "core": True, "oom": True, "started": 1.5, "ended": 2.5, "duration": 1.0,
        "user": 0.25, "system": 0.5, "peak": 102400, "killed": 2,
    }  # fmt: skip
    assert records.Ended(ended.values()).values() == ended.values()


@pytest.mark.parametrize("key", ["run", "status", "code", "started", "ended"])
def test_an_exit_record_without_a_needed_line_is_none(key: str) -> None:
    """Missing or no number: KeyError or ValueError, and load_exit says None."""
    with pytest.raises(KeyError):
        records.ended_of_record({name: value for name, value in RECORD.items() if name != key})
    with pytest.raises(ValueError, match="x"):
        records.ended_of_record({**RECORD, key: "x"})


def test_load_exit(dirs: Dirs) -> None:
    """The file as the shim writes it; None while there is none."""
    records.save_spec(dirs, "id", SPEC, 1.0)
    assert records.load_exit(dirs, "id") is None
    Path(dirs.service("id"), "exit").write_text("".join(f"{key} {value}\n" for key, value in RECORD.items()))
    found = records.load_exit(dirs, "id")
    assert found is not None
    assert found.values() == records.ended_of_record(RECORD).values()


def test_an_end_without_a_record() -> None:
    """The signal is that of the code, and no duration is negative, though the clock was set back."""
    ended = records.ended_without_record(1, 137, 100.0, 50.0)
    assert (ended.signal, ended.duration, ended.code) == (9, 0.0, 137)
    assert records.ended_without_record(1, 127, 1.0, 2.0).signal == 0
