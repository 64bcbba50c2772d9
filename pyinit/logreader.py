"""Reads the logs of services, in the client: the files themselves, so that a reader costs the supervisor nothing.

A Reader is a chain of open files, the oldest first, the one that is being written last; files that are open cannot be
rotated away. read() says what is there; a follower waits on fileno() (inotify) and calls read() again.
"""

from __future__ import annotations

import os
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Final, Self

_BLOCK: Final = 256 << 10
_EVENTS: Final = 0x002 | 0x004 | 0x040 | 0x080 | 0x100 | 0x200 | 0x400 | 0x800  # MODIFY … MOVE_SELF of inotify(7)
_NONBLOCK_CLOEXEC: Final = os.O_NONBLOCK | os.O_CLOEXEC


class Record:
    """One record: a line, or (whole is False) a part of one that the stream's next record continues."""

    __slots__ = ("data", "stream", "time", "whole")

    def __init__(self, time: int, stream: str, data: bytes, whole: bool) -> None:
        self.time = time  # nanoseconds since the epoch; 0 in a raw log
        self.stream = stream
        self.data = data  # without the newline
        self.whole = whole

    @property
    def text(self) -> bytes:
        """The bytes as the application wrote them."""
        return self.data + b"\n" if self.whole else self.data


_seconds: dict[bytes, int] = {}


def parse_time(text: bytes) -> int:
    """RFC 3339 to nanoseconds since the epoch. ValueError if it is no such time."""
    head, rest = text[:19], text[19:]
    second = _seconds.get(head)
    if second is None:
        import calendar  # noqa: PLC0415 (raw logs have no times)

        shape = bytes(48 if 48 <= letter <= 57 else letter for letter in head)
        if shape != b"0000-00-00T00:00:00":
            message = f"not a time: {text!r}"
            raise ValueError(message)
        numbers = [int(head[at : at + 2]) for at in (5, 8, 11, 14, 17)]
        second = calendar.timegm((int(head[:4]), *numbers, 0, 0, 0))
        _seconds.clear()
        _seconds[head] = second
    end = len(rest) - 1 if rest.endswith(b"Z") else len(rest) - 6
    zone = rest[end:]
    if zone not in (b"Z", b"+00:00"):
        minutes = int(zone[1:3]) * 60 + int(zone[4:6])
        second += minutes * 60 if zone.startswith(b"-") else -minutes * 60
    return second * 1_000_000_000 + int(rest[1:end].ljust(9, b"0")[:9] or 0)


def parse_k8s(line: bytes) -> Record:
    """A line of a k8s-file; what is none is a line of stdout without a time."""
    fields = line.split(b" ", 3)
    if len(fields) == 4:
        with suppress(ValueError):
            return Record(parse_time(fields[0]), fields[1].decode("ascii", "replace"), fields[3], fields[2][:1] != b"P")
    return Record(0, "stdout", line, whole=True)


def parse_json(line: bytes) -> Record:
    """A line of a json-file."""
    from pyinit.jsontext import loads  # noqa: PLC0415

    with suppress(ValueError, KeyError, TypeError, AttributeError):
        value = loads(line.decode("utf-8", "surrogateescape"))
        data = value["log"].encode("utf-8", "surrogateescape")
        whole = data.endswith(b"\n")
        return Record(parse_time(value["time"].encode()), str(value["stream"]), data.removesuffix(b"\n"), whole)
    return Record(0, "stdout", line, whole=True)


def parse_raw(line: bytes) -> Record:
    """A line of a raw log."""
    return Record(0, "stdout", line, whole=True)


_PARSERS: Final[dict[str, Callable[[bytes], Record]]] = {
    "k8s-file": parse_k8s,
    "json-file": parse_json,
    "raw": parse_raw,
}


class _File:
    """An open log file. A compressed one is unpacked into a nameless file when it is first read."""

    def __init__(self, name: str) -> None:
        self.is_packed = name.endswith(".gz")
        self._fd = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
        self.offset = 0
        found = os.fstat(self._fd)
        self.identity = found.st_dev, found.st_ino

    def modified(self) -> int:
        return os.fstat(self._fd).st_mtime_ns

    @property
    def fd(self) -> int:
        if self.is_packed:
            self._unpack()
        return self._fd

    def size(self) -> int:
        return os.fstat(self.fd).st_size

    def _unpack(self) -> None:
        import gzip  # noqa: PLC0415 (compressed logs are rare)
        import shutil  # noqa: PLC0415
        import tempfile  # noqa: PLC0415

        found = os.fstat(self._fd)
        with os.fdopen(self._fd, "rb") as source, gzip.open(source) as packed, tempfile.TemporaryFile() as plain:
            shutil.copyfileobj(packed, plain)
            plain.flush()
            self._fd = os.dup(plain.fileno())
        os.utime(self._fd, ns=(found.st_atime_ns, found.st_mtime_ns))
        self.is_packed = False

    def lines(self) -> Iterator[bytes]:
        """The lines from the offset on, which then is behind the last whole one."""
        block = _BLOCK
        while data := os.pread(self.fd, block, self.offset):
            end = data.rfind(b"\n")
            if end < 0:
                if len(data) < block:
                    return
                block *= 2
                continue
            self.offset += end + 1
            yield from data[:end].split(b"\n")

    def backwards(self) -> Iterator[tuple[int, bytes]]:
        """The whole lines from the last one to the first, each with its offset."""
        at, rest = self.size(), b""
        is_last = True
        while at:
            start = max(0, at - _BLOCK)
            rest = os.pread(self.fd, at - start, start) + rest
            at = start
            if is_last:  # what has no newline is still being written
                if b"\n" not in rest:
                    continue
                rest = rest[: rest.rfind(b"\n")]
                is_last = False
            while (newline := rest.rfind(b"\n")) >= 0:
                yield at + newline + 1, rest[newline + 1 :]
                rest = rest[:newline]
        if not is_last:
            yield 0, rest

    def close(self) -> None:
        os.close(self._fd)


def generations(path: str) -> list[str]:
    """The names of the log's files, the oldest first."""
    folder, name = os.path.split(path)
    found: dict[int, str] = {}
    with suppress(FileNotFoundError):
        for entry in sorted(os.listdir(folder or "."), reverse=True):  # so that log.1 wins over log.1.gz
            number = entry.removeprefix(name + ".").removesuffix(".gz")
            if entry == name:
                found[0] = entry
            elif entry.startswith(name + ".") and number.isascii() and number.isdecimal():
                found[int(number)] = entry
    return [os.path.join(folder, found[number]) for number in sorted(found, reverse=True)]


def _snapshot(path: str) -> list[_File]:
    """All files of the log, open; none twice and none missed, though it may be rotated meanwhile."""
    for _ in range(100):
        files: list[_File] = []
        with suppress(FileNotFoundError):
            for name in generations(path):
                files.append(_File(name))  # noqa: PERF401 (those that are open must be known if the next one fails)
            again = [(found.st_dev, found.st_ino) for found in map(os.stat, generations(path))]
            if again == [file.identity for file in files]:
                return files
        for file in files:
            file.close()
    message = f"the log {path} is rotated too quickly to be read"
    raise OSError(message)


class Reader:
    """Reads one service's log.

    tail: only so many lines from the end. since, until: nanoseconds of the epoch. stream: stdout or stderr. With
    follow, read() can be called again whenever fileno() is readable; without, the log needs no inotify.
    """

    def __init__(
        self,
        path: str,
        driver: str = "k8s-file",
        *,
        tail: int | None = None,
        since: int | None = None,
        until: int | None = None,
        stream: str | None = None,
        follow: bool = False,
    ) -> None:
        self.path = path
        self._parse = _PARSERS[driver]
        self._is_raw = driver == "raw"
        self._since, self._until, self._stream = since, until, stream
        self._inotify = _Inotify(path) if follow else None
        self._files = _snapshot(path)
        self._last: _File | None = None
        if since is not None:
            self._skip_older(since)
        if tail is not None:
            self._skip_to(tail)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def fileno(self) -> int:
        """Readable when there may be more. Only with follow."""
        if self._inotify is None:
            message = "this reader does not follow"
            raise ValueError(message)
        return self._inotify.fd

    def close(self) -> None:
        """Close everything."""
        for file in self._files:
            file.close()
        self._files = []
        if self._inotify is not None:
            self._inotify.close()
            self._inotify = None

    def read(self) -> Iterator[Record]:
        """What is there now and was not read before."""
        if self._inotify is not None:
            self._inotify.drain()
        while True:
            yield from self._read_open()
            if self._inotify is None or not self._find_newer():
                return

    def _read_open(self) -> Iterator[Record]:
        while self._files:
            file = self._files[0]
            if self._inotify is not None and file.offset > file.size() == 0:
                file.offset = 0  # emptied by copytruncate. Only shortened means: cut back, the same bytes come again
            for line in file.lines():
                record = self._parse(line)
                if self._accepts(record):
                    yield record
            if self._is_raw and (rest := os.pread(file.fd, _BLOCK, file.offset)):
                file.offset += len(rest)
                yield Record(0, "stdout", rest, whole=False)
            if len(self._files) == 1:
                return
            self._files.pop(0).close()

    def _accepts(self, record: Record) -> bool:
        return (
            (self._stream is None or record.stream == self._stream or self._is_raw)
            and (self._since is None or record.time >= self._since)
            and (self._until is None or record.time <= self._until)
        )

    def _find_newer(self) -> bool:
        """Open the files that have come after the one that was read to its end."""
        if self._inotify is not None:
            self._inotify.watch()
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            return False
        if self._files and self._files[0].identity == (found.st_dev, found.st_ino):
            return False
        files = _snapshot(self.path)
        newer = _after(self._files[0], files) if self._files else files
        for file in files:
            if file not in newer:
                file.close()
        self._files += newer
        return bool(newer)

    def _skip_older(self, since: int) -> None:
        while len(self._files) > 1 and self._files[0].modified() < since:
            self._files.pop(0).close()

    def _skip_to(self, tail: int) -> None:
        """Leave the last lines only; a line in parts counts once."""
        count = 0
        open_streams: set[str] = set()
        start: tuple[int, int] | None = None
        for index in range(len(self._files) - 1, -1, -1):
            for offset, line in self._files[index].backwards():
                record = self._parse(line)
                if not self._accepts(record):
                    continue
                count += record.whole or record.stream not in open_streams
                open_streams.add(record.stream)
                if count > tail:
                    self._start_at(start)
                    return
                start = index, offset

    def _start_at(self, start: tuple[int, int] | None) -> None:
        index, offset = start or (len(self._files) - 1, self._end())
        for file in self._files[:index]:
            file.close()
        del self._files[:index]
        self._files[0].offset = offset

    def _end(self) -> int:
        last = self._files[-1]
        return next((offset + len(line) + 1 for offset, line in last.backwards()), 0)


def _after(current: _File, files: list[_File]) -> list[_File]:
    for index, file in enumerate(files):
        if file.identity == current.identity:
            return files[index + 1 :]
    modified = current.modified()
    for index, file in enumerate(files):
        if file.is_packed and file.modified() == modified:  # compressed meanwhile; the time was kept
            return files[index + 1 :]
    return [file for file in files if file.modified() >= modified]


class _Inotify:
    """A watch on the log's directory, or on the nearest one there is."""

    def __init__(self, path: str) -> None:
        import ctypes  # noqa: PLC0415 (followers only)

        self._libc = ctypes.CDLL(None, use_errno=True)
        self._errno = ctypes.get_errno
        self._folder = os.path.dirname(os.path.abspath(path))
        self.fd: int = self._libc.inotify_init1(_NONBLOCK_CLOEXEC)
        if self.fd < 0:
            raise OSError(self._errno(), f"cannot follow {path}: {os.strerror(self._errno())}")
        self.watch()

    def watch(self) -> None:
        """Watch the directory, which may be another one than before; the kernel knows what is watched already."""
        folder = self._folder
        while True:
            if self._libc.inotify_add_watch(self.fd, os.fsencode(folder), _EVENTS) >= 0:
                if folder == self._folder or not os.path.isdir(self._folder):
                    return
                folder = self._folder
            elif folder == "/":
                raise OSError(self._errno(), f"cannot follow {self._folder}: {os.strerror(self._errno())}")
            else:
                folder = os.path.dirname(folder)

    def drain(self) -> None:
        with suppress(BlockingIOError):
            while os.read(self.fd, 1 << 16):
                pass

    def close(self) -> None:
        os.close(self.fd)


def follow(reader: Reader, *others: int) -> Iterator[Record]:
    """Every record as it comes, until one of the other descriptors is readable; then what is there still."""
    import select  # noqa: PLC0415

    poll = select.poll()
    for fd in (reader.fileno(), *others):
        poll.register(fd, select.POLLIN)
    while True:
        yield from reader.read()
        if any(fd != reader.fileno() for fd, _ in poll.poll()):
            yield from reader.read()
            return
