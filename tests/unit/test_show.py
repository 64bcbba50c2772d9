from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyinit import eventtext, moments, show
from pyinit.commands import foreground, inspect, top
from pyinit.commands import ps as ps_command
from pyinit.commands import stats as stats_command
from pyinit.errors import PyinitError

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
JSON = SCALARS | st.lists(SCALARS | st.dictionaries(st.text(), SCALARS)) | st.dictionaries(st.text(), st.lists(SCALARS))


@given(JSON)
def test_pretty_json_is_json(value: object) -> None:
    """What is printed is read again as the same value."""
    assert json.loads(show.pretty(value)) == value


def test_a_table_has_its_columns_under_each_other() -> None:
    """Columns are as wide as the widest cell, nothing trails, and no cell can break a line."""
    text = show.table(("A", "LONGER"), [("wide cell", 1), ("x", "a\nb\x1b[1m")])
    assert text == "A          LONGER\nwide cell  1\nx          a\\nb\\x1b[1m\n"
    assert show.table(("A",), [("x",)], heading=False) == "x\n"
    assert show.table(("A", "B"), []) == "A  B\n"
    assert show.record([("A", 1), ("Long", "x")]) == "A:    1\nLong: x\n"


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0B"), (1023, "1023B"), (1536, "1.5KiB"), (1 << 20, "1.0MiB"), (1 << 50, "1024.0TiB")]
)
def test_sizes_are_readable(number: int, text: str) -> None:
    """Bytes have the unit that fits."""
    assert show.size(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((-3, "0 seconds"), (0, "0 seconds"), (1.9, "1 second"), (59, "59 seconds"), (60, "1 minute")),
        *((119, "1 minute"), (120, "2 minutes"), (7199, "119 minutes"), (7200, "2 hours"), (172800, "2 days")),
    ],
)
def test_spans_are_readable(seconds: float, text: str) -> None:
    """Seconds are said in the unit that fits; a clock that was set back gives no negative ones."""
    assert moments.span(seconds) == text


def test_times_are_understood() -> None:
    """A duration ago, a date, RFC 3339 and a Unix time are times; anything else is refused by its option's name."""
    assert moments.parse("--since", "10m", 1000.0) == 400.0
    assert moments.parse("--since", "1700000000.5", 0.0) == 1700000000.5
    assert moments.parse("--since", "2026-01-31T12:00:00Z", 0.0) == 1769860800.0
    assert moments.parse("--since", moments.iso(1769860800.25), 0.0) == 1769860800.25
    assert moments.iso_nanoseconds(1769860800_000000001)[19:29] == ".000000001"
    assert moments.parse("--since", "2026-01-31", 0.0) > 1.7e9
    with pytest.raises(PyinitError, match="--since: 'then'"):
        moments.parse("--since", "then", 0.0)


def test_a_status_is_worded_as_podman_does() -> None:
    """Up, Exited and Restarting tell how long and the code."""
    view = {"Status": "running", "StartedAt": 100.0, "FinishedAt": None, "ExitCode": None}
    assert ps_command.status(view, 220.0) == "Up 2 minutes"
    assert ps_command.status({**view, "Status": "paused"}, 220.0) == "Up 2 minutes (Paused)"
    ended = {**view, "Status": "exited", "FinishedAt": 200.0, "ExitCode": 3}
    assert ps_command.status(ended, 220.0) == "Exited (3) 20 seconds ago"
    assert ps_command.status({**view, "Status": "created"}, 0.0) == "Created"


def test_an_event_is_one_line() -> None:
    """Details follow, in words; a zero is a detail, nothing is none."""
    event = {"time": 1.0, "event": "exited", "name": "web", "id": "ab", "exit_code": 0, "signal": None}
    line = eventtext.line({**event, "duration": 1.5, "peak_memory": 2048, "error": "a\nb"})
    assert line.endswith(' exited web ab exit_code=0 duration=1.500s peak_memory=2.0KiB error="a\\nb"')


def test_nested_values_are_flattened() -> None:
    """Each value has its way; lists, flags and nothing are JSON."""
    value = {"A": {"B": 1, "C": [1]}, "D": None, "E": "x"}
    assert list(inspect.flat(value)) == [("A.B", 1), ("A.C", "[1]"), ("D", "null"), ("E", "x")]


def test_processes_are_under_their_parents() -> None:
    """Children follow their parent, one deeper."""
    found = [{"Pid": pid, "PPid": parent} for pid, parent in ((1, 0), (2, 1), (3, 1), (4, 2), (9, 7))]
    assert [(line["Pid"], depth) for line, depth in top.nested(found)] == [(1, 0), (2, 1), (4, 2), (3, 1), (9, 0)]


def test_the_processor_s_share_is_between_two_measurements() -> None:
    """CPU is the percentage of one processor; what just began has none."""
    usage = dict.fromkeys(
        ("CPUTime", "Memory", "ReadBytes", "WrittenBytes", "Descriptors", "Threads", "Processes"), 2.0
    )
    after = {"Id": "i", "Name": "n", "At": 10.0, **usage}
    assert stats_command.compared(after, {**after, "At": 6.0, "CPUTime": 1.0})["CPU"] == 25.0
    assert stats_command.compared(after, None)["CPU"] == 0.0


def test_detach_keys_are_bytes() -> None:
    """Letters and control keys are what a terminal sends for them; anything else is refused."""
    assert foreground.detach_keys(None) == b"\x10\x11"
    assert foreground.detach_keys("a,ctrl-[,CTRL-A") == b"a\x1b\x01"
    assert foreground.detach_keys("") == b""
    for text in ("ctrl-", "ab", "ctrl-1", "a,"):
        with pytest.raises(PyinitError, match="--detach-keys"):
            foreground.detach_keys(text)


@given(st.lists(st.binary(max_size=4), max_size=6), st.binary(min_size=1, max_size=3))
def test_keys_are_found_however_they_arrive(parts: list[bytes], keys: bytes) -> None:
    """All that was typed before the keys is passed on, and the keys are found across any portions."""
    watch, passed, found = foreground.KeyWatch(keys), b"", False
    for part in [*parts, keys]:
        data, found = watch.feed(part)
        passed += data
        if found:
            break
    assert found
    typed = b"".join(parts) + keys
    assert passed == typed[: typed.index(keys)]
