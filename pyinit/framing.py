"""How bytes become records of a log. Pure: no system call, no clock.

A line is whole: where a read ended means nothing. It is split into partial records only past the longest line that is
allowed, or (flush) when nothing more came for a moment. Every function takes the staged bytes and how many of them
(`end`, from cut()) are to be framed; `close` says that the run has ended, so an unterminated line is a whole one.

The work is done by bytes.replace and bytes.rfind: a run of lines, however many, costs a handful of calls.
"""

from __future__ import annotations

from _json import encode_basestring_ascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Buffer = bytes | memoryview
    Frame = Callable[[bytes, int, bytes, bytes, int, bool], list[Buffer]]

LINES, PART, LAST = 0, 1, 2  # kinds of pieces: lines with their ends, a part of a line, a line without its end
LONGEST = 16 * 1024  # as CRI has it


def cut(data: bytes, longest: int) -> int:
    """How many bytes of data make records now: whole lines, and what is too long a line already."""
    end = data.rfind(b"\n") + 1
    rest = len(data) - end
    if rest > longest:  # at least a byte is left: the end of the line may follow, and is no line of its own
        end += (rest - 1) // longest * longest
    return end


def pieces(data: bytes, end: int, longest: int, close: bool = False) -> Iterator[tuple[int, int, int]]:
    """Take data[:end] apart as (start, stop, kind): LINES are as many lines as follow each other, none too long."""
    start = at = 0
    while at < end:
        # Where the last newline in a window of that size is, no line before it can be longer than the window.
        newline = data.rfind(b"\n", at, min(at + longest + 1, end))
        if newline >= 0:
            at = newline + 1
            continue
        if at > start:
            yield start, at, LINES
        stop = min(at + longest, end)
        yield at, stop, LAST if close and stop == end else PART
        start = at = stop
    if at > start:
        yield start, at, LINES


def fit(data: bytes, end: int, longest: int, target: int) -> int:
    """The last boundary of a record that is not after target, or else the first one there is."""
    best = 0
    for start, stop, kind in pieces(data, end, longest):
        if stop <= target:
            best = stop
            continue
        if kind == LINES:
            newline = data.rfind(b"\n", start, max(target, start)) + 1
            if newline > start:
                best = newline
            elif best == 0:
                best = data.find(b"\n", start, stop) + 1
        elif best == 0:
            best = stop
        break
    return best


def split(data: bytes, end: int, longest: int, close: bool = False) -> Iterator[tuple[int, bytes, bool]]:
    """Each record alone: (where it ends in data, its text without newline, whether it ends a line)."""
    for start, stop, kind in pieces(data, end, longest, close):
        if kind != LINES:
            yield stop, data[start:stop], kind == LAST
            continue
        at = start
        for line in data[start : stop - 1].split(b"\n"):
            at += len(line) + 1
            yield at, line, True


def k8s(data: bytes, end: int, stream: bytes, stamp: bytes, longest: int, close: bool = False) -> list[Buffer]:
    """The kubelet's and podman's format: `2026-11-29T22:00:00.123456789+00:00 stdout F line`; P marks a part."""
    full = b"%b+00:00 %b F " % (stamp, stream)
    out: list[Buffer] = []
    for start, stop, kind in pieces(data, end, longest, close):
        if kind == LINES:
            run = data if start == 0 and data.find(b"\n", stop) < 0 else data[start:stop]
            framed = run.replace(b"\n", b"\n" + full)
            # Behind the last newline is one head too many, and perhaps what is no record yet.
            out += (full, memoryview(framed)[: len(framed) - len(full) - (len(run) - (stop - start))])
        elif kind == PART:
            out += (b"%b+00:00 %b P " % (stamp, stream), data[start:stop], b"\n")
        else:
            out += (full, data[start:stop], b"\n")
    return out


def json(data: bytes, end: int, stream: bytes, stamp: bytes, longest: int, close: bool = False) -> list[Buffer]:
    r"""Docker's format: `{"log":"line\n","stream":"stdout","time":"…Z"}`; a part has no newline.

    Bytes that are no UTF-8 become lone surrogates, \udc80 to \udcff, as in Python: valid JSON, and nothing is lost.
    """
    head, tail = b'{"log":"', b'","stream":"%b","time":"%bZ"}\n' % (stream, stamp)
    out: list[Buffer] = []
    for start, stop, kind in pieces(data, end, longest, close):
        text = _escaped(data[start:stop])
        if kind == LINES:
            framed = text.replace(b"\n", b"\\n" + tail + head)
            out += (head, memoryview(framed)[: -len(head)])
        else:
            out += (head, text, b"\\n" if kind == LAST else b"", tail)
    return out


_NO_CONTROL = bytes({*range(256)} - {*range(32)} | {10})


def _escaped(data: bytes) -> bytes:
    """The bytes inside of a JSON text, but newlines stay. A scan for each escape is far quicker than one for all."""
    try:
        data.decode()
    except UnicodeDecodeError:
        lines = data.decode("utf-8", "surrogateescape").split("\n")
        return b"\n".join([encode_basestring_ascii(line)[1:-1].encode() for line in lines])
    data = data.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    for control in {*data.translate(None, _NO_CONTROL)}:
        data = data.replace(bytes((control,)), b"\\u%04x" % control)
    return data


def raw(data: bytes, end: int, stream: bytes, stamp: bytes, longest: int, close: bool = False) -> list[Buffer]:
    """The bytes themselves."""
    del stream, stamp, longest, close
    return [memoryview(data)[:end]]


_day: dict[int, bytes] = {}  # the last second that was asked for, and its text


def stamp(nanoseconds: int) -> bytes:
    """A time since the epoch as RFC 3339 has it, in UTC, without the zone: `2026-11-29T22:00:00.123456789`."""
    second, fraction = divmod(nanoseconds, 1_000_000_000)
    text = _day.get(second)
    if text is None:
        _day.clear()
        _day[second] = text = _civil(second)
    return b"%b.%09d" % (text, fraction)


def _civil(second: int) -> bytes:
    """The proleptic Gregorian calendar, in eras of 400 years that begin in March."""
    days, rest = divmod(second, 86400)
    era, day = divmod(days + 719468, 146097)
    year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5
    month = month + 3 if month < 10 else month - 9
    year += era * 400 + (month <= 2)
    return b"%04d-%02d-%02dT%02d:%02d:%02d" % (year, month, day + 1, rest // 3600, rest // 60 % 60, rest % 60)
