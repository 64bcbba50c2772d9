"""Records of logs: whole lines, however the bytes came."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyinit import framing
from pyinit.logreader import Record, parse_json, parse_k8s, parse_time

LONGEST = 8
STAMP = b"2026-11-29T22:00:00.123456789"
outputs = st.lists(
    st.sampled_from([b"\n", b"a", b"bc\n", b"\\n", b"\xff\n", b"\xc3\xa9", b'"\0', b"12345678", b"x" * 20])
).map(b"".join)


def logged(chunks: list[bytes], frame: framing.Frame, longest: int, *, close: bool) -> bytes:
    """Frame reads as a supervisor does: what makes no record yet waits for the next read."""
    out, rest = b"", b""
    for chunk in chunks:
        rest += chunk
        end = framing.cut(rest, longest)
        out += b"".join(frame(rest, end, b"stdout", STAMP, longest, False))
        rest = rest[end:]
    return out + b"".join(frame(rest, len(rest), b"stdout", STAMP, longest, close))


def taken_apart(data: bytes, cuts: list[int]) -> list[bytes]:
    """Split data at the positions."""
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[start:stop] for start, stop in zip([0, *places], [*places, len(data)], strict=True)]


def expected(data: bytes, longest: int, *, close: bool) -> list[tuple[bytes, bool]]:
    """Say, one byte at a time, what the records are: (text, whether it ends a line)."""
    records, line = [], b""
    for value in data:
        if value == 10:
            records.append((line, True))
            line = b""
            continue
        if len(line) == longest:
            records.append((line, False))
            line = b""
        line += bytes([value])
    return [*records, (line, close)] if line else records


@pytest.mark.parametrize("name", ["k8s", "json"])
@given(data=outputs, cuts=st.lists(st.integers(0, 1000)), close=st.booleans())
def test_any_split_of_the_reads_gives_the_same_records(name: str, data: bytes, cuts: list[int], close: bool) -> None:
    """Where a read ended means nothing: the records are those of a reference that looks at single bytes."""
    frame, parse = {"k8s": (framing.k8s, parse_k8s), "json": (framing.json, parse_json)}[name]
    text = logged(taken_apart(data, cuts), frame, LONGEST, close=close)
    assert text.endswith(b"\n") or not text
    records: list[Record] = [parse(line) for line in text.split(b"\n")[:-1]]
    assert [(record.data, record.whole) for record in records] == expected(data, LONGEST, close=close)
    assert {record.stream for record in records} <= {"stdout"}


@given(data=outputs, cuts=st.lists(st.integers(0, 1000)))
def test_raw_is_what_was_written(data: bytes, cuts: list[int]) -> None:
    """The raw format adds nothing and takes nothing."""
    assert logged(taken_apart(data, cuts), framing.raw, LONGEST, close=True) == data


@given(data=outputs)
def test_records_alone_are_the_same_records(data: bytes) -> None:
    """split() yields what the formats write, and where each record ends."""
    end = framing.cut(data, LONGEST)
    found = list(framing.split(data, end, LONGEST))
    assert [(text, whole) for _, text, whole in found] == expected(data[:end], LONGEST, close=False)
    assert [stop for stop, _, _ in found][-1:] == ([end] if end else [])


@given(data=outputs, target=st.integers(0, 100))
def test_fit_is_the_last_boundary_before_the_target(data: bytes, target: int) -> None:
    """fit() yields a record's end: the last one that is not after the target, or else the first."""
    end = framing.cut(data, LONGEST)
    if not end:
        return
    ends = [stop for stop, _, _ in framing.split(data, end, LONGEST)]
    before = [stop for stop in ends if stop <= target]
    assert framing.fit(data, end, LONGEST, target) == (before[-1] if before else ends[0])


@given(data=st.binary(max_size=60))
def test_json_is_valid_for_any_bytes(data: bytes) -> None:
    """Every line is JSON by the json module's measure, and the bytes come back."""
    text = b"".join(framing.json(data, len(data), b"stderr", STAMP, 1000, False))
    values = [json.loads(line) for line in text.split(b"\n")[:-1]]
    assert "".join(value["log"] for value in values).encode("utf-8", "surrogateescape") == data
    assert {value["time"] for value in values} <= {STAMP.decode() + "Z"}


def test_a_k8s_line_looks_like_the_kubelets() -> None:
    """The format is fixed, byte by byte."""
    assert b"".join(
        framing.k8s(b"a\n\nb", 3, b"stderr", STAMP, 100)
    ) == b"%b+00:00 stderr F a\n%b+00:00 stderr F \n" % (STAMP, STAMP)
    assert b"".join(framing.k8s(b"b", 1, b"stdout", STAMP, 100)) == STAMP + b"+00:00 stdout P b\n"


@given(st.integers(0, 32503680000 * 10**9 - 1))
def test_stamps_are_the_calendars(nanoseconds: int) -> None:
    """Times agree with the datetime module, and the reader reads them back."""
    text = framing.stamp(nanoseconds)
    moment = dt.datetime.fromtimestamp(nanoseconds // 10**9, dt.UTC)
    assert text == moment.strftime("%Y-%m-%dT%H:%M:%S").encode() + b".%09d" % (nanoseconds % 10**9)
    assert parse_time(text + b"+00:00") == parse_time(text + b"Z") == nanoseconds
    assert parse_time(text + b"+01:30") == nanoseconds - 5400 * 10**9
