"""Durations, sizes and signals as people write them."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyinit import units
from pyinit.errors import SpecError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (0, 0.0), (1.5, 1.5), ("0", 0.0), ("10", 10.0), ("1.5", 1.5), ("500ms", 0.5), ("10s", 10.0), ("2m", 120.0),
        ("1h", 3600.0), ("1d", 86400.0), ("1h30m", 5400.0), ("1m0.5s", 60.5), (".5s", 0.5), ("2.s", 2.0),
    ],
)  # fmt: skip
def test_durations(text: object, seconds: float) -> None:
    """Numbers are seconds; units may be put together."""
    assert units.duration("delay", text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    ["", " ", "s", "-1", "1x", "1 s", "1s ", "10s5", "1..2s", ".", "1e3", "1e9d", "\u0663s", "10\n", -1, 1e9, True,
     None, [], {}, float("inf"), "9" * 5000],
)  # fmt: skip
def test_no_durations(text: object) -> None:
    """Anything else is refused, by one line that names what it is for and how to write it."""
    with pytest.raises(SpecError) as caught:
        units.duration("delay", text)
    assert str(caught.value).startswith("delay: ")
    assert "is not a duration: a number of seconds, or 500ms, 10s, 2m, 1h" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (0, 0), (77, 77), ("0", 0), ("512", 512), ("512b", 512), ("1k", 1024), ("1kb", 1024), ("1K", 1024),
        ("10m", 10 << 20), ("1.5g", 3 << 29), ("2TB", 2 << 40),
    ],
)  # fmt: skip
def test_sizes(text: object, count: int) -> None:
    """Powers of 1024, in either case, with or without a b."""
    assert units.size("memory", text) == count


@pytest.mark.parametrize(
    "text",
    ["", "b", "k", "-1", "1x", "1 k", "1..k", ".", "\u0663k", -1, True, None, 1.5, [], "1" * 5000, "9" * 400 + "t",
     1 << 63, "8388608t"],
)  # fmt: skip
def test_no_sizes(text: object) -> None:
    """Anything else is refused, also what no file or cgroup could have."""
    with pytest.raises(SpecError, match=r"^memory: .* is not a size: a number of bytes, or 512k, 10m, 1g"):
        units.size("memory", text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (1, 1), ("9", 9), ("TERM", 15), ("SIGTERM", 15), ("term", 15), ("sigHup", 1), ("RTMIN", 34), ("RTMIN+3", 37),
        ("SIGRTMAX-1", 63), ("rtmax", 64), ("CLD", 17), ("CHLD", 17), (64, 64),
    ],
)  # fmt: skip
def test_signals(text: object, number: int) -> None:
    """Numbers, names with and without SIG, real-time ones by their distance from an end."""
    assert units.signal("stop_signal", text) == number


@pytest.mark.parametrize(
    "text",
    ["", "SIG", "0", "65", "-1", 0, 65, -1, True, None, 1.5, [], "TERM ", "RTMIN-1", "RTMIN+31", "RTMAX+1", "RTMIN+",
     "\u0661\u0665", "1" * 5000, "RTMIN+" + "1" * 5000, "SIGSIGTERM"],
)  # fmt: skip
def test_no_signals(text: object) -> None:
    """Anything else is refused, never taken for a default."""
    with pytest.raises(SpecError, match=r"^stop_signal: .* is not a signal: 1 to 64, a name like TERM"):
        units.signal("stop_signal", text)


def test_names_are_the_interpreters() -> None:
    """Every name that Python has is known, and means the same."""
    for one in signal.Signals:
        if one.name not in {"SIGRTMIN", "SIGRTMAX"}:
            assert units.signal("x", one.name) == one.value
            assert units.NAMES[one.value]
    assert [units.signal_name(number) for number in (1, 15, 17, 29, 6)] == [
        "SIGHUP", "SIGTERM", "SIGCHLD", "SIGIO", "SIGABRT",
    ]  # fmt: skip


@settings(deadline=None)
@given(st.integers(1, 64))
def test_a_signals_name_is_read_again(number: int) -> None:
    """signal_name and signal are each other's inverse, for all but the two that are the C library's own."""
    if number in {32, 33}:
        assert units.signal_name(number) == f"SIG{number}"
    else:
        assert units.signal("x", units.signal_name(number)) == number


@settings(deadline=None)
@given(st.integers(0, 999), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_durations_add_up(hours: int, minutes: int, seconds: int, milliseconds: int) -> None:
    """A text of several units means their sum."""
    text = f"{hours}h{minutes}m{seconds}s{milliseconds}ms"
    assert units.duration("x", text) == pytest.approx(hours * 3600 + minutes * 60 + seconds + milliseconds / 1000)


@settings(deadline=None)
@given(st.one_of(st.text(max_size=12), st.text("0123456789.smhdkgtbSIGRTMAXIN+-", max_size=12), st.floats(), st.none()))
def test_garbage_is_refused_in_one_way_only(text: Any) -> None:
    """Whatever it is, it means something in bounds or raises SpecError."""
    for read, least, most in ((units.duration, 0, 1e9), (units.size, 0, 2**63 - 1), (units.signal, 1, 64)):
        try:
            assert least <= read("x", text) <= most
        except SpecError as error:
            assert str(error).isprintable()  # noqa: PT017 (either is right)
