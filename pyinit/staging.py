"""The staging file of a stream: where its bytes are between the pipe and the log, so that no death can lose them.

It is a memfd that the service's shim keeps, together with the pipe. Bytes go into it by splice(2) alone, which uses the
*file position*. That position belongs to the open file, which the shim and every supervisor share, and the kernel moves
it in the same system call that takes the bytes from the pipe: it always says exactly how far the taken bytes reach,
whenever a supervisor was killed. How far they are logged is in the commit record, in the file's first page.

Why not the file's size? Because then the file could only be used again by truncating it, and between the truncation
and the next commit a stale record looks like a valid one. Instead there are two halves:

    page 0: commit record | half A …                    | half B …

Once there is much behind us in one half, what is not logged yet (at most the beginning of a line) is copied to the
start of the other half, and then lseek(2) moves the position there. That one call is the switch: where the position and
the commit record are in different halves, all in the position's half, and nothing else, is not logged yet. Before
another switch a commit must be made in the new half. So the file stays small, and no step leaves two readings.
"""

from __future__ import annotations

import os
from struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

HEADER: Final = 4096
STRIDE: Final = 64 << 20  # between the halves; the file is sparse
READ: Final = 256 << 10  # at most this much is taken at once: half a millisecond of work
TURN: Final = 64 << 10  # past this the halves are switched
_RECORD: Final = Struct("=8s10Q")
_MAGIC: Final = b"pystage1"
_COPY: Final = 1 << 20

MID, SKIP = 1, 2  # flags: the last record was a part; what follows up to a newline belongs to a lost line


class Record:
    """What a commit says: how far the stream is logged, and how long which log file is then."""

    __slots__ = ("device", "done", "flags", "inode", "length", "lost_bytes", "lost_lines", "sequence")

    def __init__(self) -> None:
        self.sequence = 0  # of all commits of all streams of a log: the highest one tells the truth about the log file
        self.done = HEADER
        self.device = self.inode = self.length = 0
        self.flags = self.lost_lines = self.lost_bytes = 0


def create(name: str) -> int:
    """A new staging file's descriptor."""
    return os.memfd_create(name, os.MFD_CLOEXEC)


class Staging:
    """One staging file. Positions are offsets in the file: bytes from done to end are taken, but not logged."""

    __slots__ = ("_committed", "_start", "done", "end", "fd", "record")

    def __init__(self, fd: int) -> None:
        """Find out where the last supervisor stopped; fd stays the caller's."""
        self.fd = fd
        self.record = record = Record()
        fields = _unpack(os.pread(fd, _RECORD.size, 0))
        if fields is not None:
            record.sequence, record.done, record.device, record.inode, record.length = fields[:5]
            record.flags, record.lost_lines, record.lost_bytes = fields[5:8]
        self.end = os.lseek(fd, 0, os.SEEK_CUR)
        if self.end < HEADER:
            self.end = os.lseek(fd, HEADER, os.SEEK_SET)
        self._start = _half(self.end)
        self._committed = _half(record.done) == self._start
        self.done = record.done if self._committed else self._start

    def take(self, pipe: int, count: int) -> int:
        """Move at most count bytes out of the pipe, without waiting. 0: its end. BlockingIOError: there are none."""
        taken = os.splice(pipe, self.fd, count, flags=os.SPLICE_F_NONBLOCK)
        self.end += taken
        return taken

    def read(self, start: int, stop: int) -> bytes:
        """The staged bytes between two positions."""
        return os.pread(self.fd, stop - start, start)

    def pending(self) -> bytes:
        """What is taken, but not logged."""
        return os.pread(self.fd, self.end - self.done, self.done)

    def commit(self, done: int, sequence: int) -> None:
        """Say that everything before the position is logged; the other fields of record are said with it."""
        record = self.record
        record.sequence, record.done = sequence, done
        packed = _RECORD.pack(
            _MAGIC,
            sequence,
            done,
            record.device,
            record.inode,
            record.length,
            record.flags,
            record.lost_lines,
            record.lost_bytes,
            0,
            0,
        )
        os.pwrite(self.fd, packed, 0)
        self.done = done
        self._committed = True

    def is_worn(self, room: int = 0) -> bool:
        """Whether it is time to switch halves: much is behind us, or room more bytes would not fit."""
        behind = self.done - self._start
        return behind >= TURN and (behind >= self.end - self.done or self.end - self._start + room > STRIDE)

    def turn(self, sequence: int) -> None:
        """Go on in the other half, with what is not logged yet."""
        if not self._committed:
            self.commit(self.done, sequence)
        start = HEADER + STRIDE if self._start == HEADER else HEADER
        at = start
        for position in range(self.done, self.end, _COPY):
            at += _write_all(self.fd, os.pread(self.fd, min(_COPY, self.end - position), position), at)
        self.end = os.lseek(self.fd, at, os.SEEK_SET)
        self._start = self.done = start
        self._committed = False

    def put_back(self, position: int) -> None:
        """Forget what was taken from the position on (lost on purpose, mode=non-blocking)."""
        self.end = os.lseek(self.fd, position, os.SEEK_SET)

    def trim(self) -> None:
        """Give the memory back. Nothing must be pending, so that it does not matter when this is done."""
        if self.done == self.end:
            os.ftruncate(self.fd, HEADER)


def _half(position: int) -> int:
    return HEADER if position < HEADER + STRIDE else HEADER + STRIDE


def _unpack(header: bytes) -> tuple[int, ...] | None:
    if len(header) < _RECORD.size or not header.startswith(_MAGIC):
        return None
    return tuple(_RECORD.unpack(header)[1:])


def _write_all(fd: int, data: bytes, at: int) -> int:
    done = 0
    while done < len(data):
        done += os.pwrite(fd, data[done:], at + done)
    return done
