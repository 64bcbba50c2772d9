"""The way of a service's output, from its pipes to its log: out of the pipe, staged, framed, written, committed.

Whoever has the loop calls pump() when a pipe is readable, idle() at `deadline`, and, while `blocked`, pump() again
every second instead of listening to the pipe: the application waits for a full pipe until the log can be written.
"""

from __future__ import annotations

import select
import time

from pyinit import drivers, framing
from pyinit.logconfig import LogConfig, check_options
from pyinit.rotation import LogFile
from pyinit.staging import MID, READ, SKIP, Staging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Final

    from pyinit.framing import Buffer

__all__ = ["LogConfig", "LogPath", "check_options"]

QUIET: Final = 2.0  # seconds: what is no whole line is logged as a part when nothing more came for so long
_ROTATIONS: Final = 8  # at most at once
_SETTLE: Final = 64  # reads: more than any pipe holds


def _is_readable(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return any(events & select.POLLIN for _, events in poll.poll(0))


class _Stream:
    """One pipe and what was taken from it."""

    __slots__ = ("ahead", "behind", "blocked", "ended", "fd", "name", "number", "staging", "took", "touched")

    def __init__(self, number: int, fd: int, staging: int, sinks: int) -> None:
        self.number = number
        self.name = drivers.STREAMS[number]
        self.fd = fd
        self.staging = Staging(staging)
        self.ahead = [0] * sinks  # how many bytes behind staging.done each sink has already
        self.behind = self.staging.end > self.staging.done  # records are staged that could be logged
        self.blocked = False  # … but somebody makes us wait
        self.ended = False
        self.took = 0  # by the last read
        self.touched: float | None = None  # when it last said something, until it was idle


class LogPath:
    """The output of one service. The descriptors of pipes and staging files stay the caller's."""

    def __init__(
        self,
        out_fd: int,
        err_fd: int | None,
        staging_out: int,
        staging_err: int | None,
        config: LogConfig,
        directory: str,
        now: Callable[[], float] = time.monotonic,
        wall: Callable[[], int] = time.time_ns,
        fields: Mapping[str, str] | None = None,
    ) -> None:
        """No log is opened yet: that is recover()'s or the first pump()'s.

        err_fd is None where both come through one pipe. fields: for the journal, by name.
        """
        self.config = config
        self.drivers = config.drivers
        self.now, self.wall = now, wall
        self._tap: Callable[[int, bytes], None] | None = None
        self._troubles: dict[str, str] = {}
        self._sinks = _sinks(config, fields or {})
        self._streams = [_Stream(0, out_fd, staging_out, len(self._sinks))]
        if err_fd is not None and staging_err is not None:
            self._streams.append(_Stream(1, err_fd, staging_err, len(self._sinks)))
        latest = max((stream.staging.record for stream in self._streams), key=lambda record: record.sequence)
        self._sequence = latest.sequence
        self._said = latest.device, latest.inode, latest.length  # about the log file, by the last commit of all
        self._whole_lines = config.file is not None or "journald" in config.drivers
        self.path = ""
        self._file: LogFile | None = None
        self._is_cut_back = False
        if config.file:
            self.path = config.path or f"{directory}/log"
            self._frame = drivers.FILES[config.file]
            self._file = LogFile(self.path, config.max_size, config.max_file, config.rotate_every, config.compress)

    @property
    def trouble(self) -> str | None:
        """What keeps the output from being logged as it should, in one line."""
        return "; ".join(self._troubles.values()) or None

    @property
    def blocked(self) -> bool:
        """Whether what is staged cannot be logged now, so that pump() is to be called again in a second."""
        return any(stream.blocked for stream in self._streams)

    @property
    def waits(self) -> bool:
        """Whether the pipes are not to be read meanwhile, so that the application waits."""
        return self.blocked and (not self.config.non_blocking or "staging" in self._troubles)

    @property
    def deadline(self) -> float | None:
        """When idle() wants to be called, by the clock `now`; None: not before something is pumped."""
        times = [stream.touched for stream in self._streams if stream.touched is not None]
        return min(times) + QUIET if times else None

    def ended(self, number: int) -> bool:
        """Whether the pipe has no writer left."""
        return self._streams[number].ended

    def tap(self, callback: Callable[[int, bytes], None] | None) -> None:
        """Hand a copy of all bytes to callback(stream, bytes), as soon as they are safe: a prompt is no whole line."""
        self._tap = callback

    def recover(self) -> None:
        """Open the log, cut it back to the last commit, and do again what was not committed."""
        for stream in self._streams:
            self._work(stream)
            stream.touched = self.now()  # a line that was begun goes on waiting for its end

    def pump(self, number: int) -> bool:
        """Log what is in the pipe of a stream, 0 or 1, a bounded amount. Whether there is more to do at once."""
        stream = self._streams[number]
        if stream.behind:
            self._work(stream)
            stream.touched = self.now()
        if stream.behind and not self.config.non_blocking:
            stream.took = 0
            return not stream.blocked
        if stream.staging.record.lost_bytes and not stream.behind:
            self._say_what_was_lost(stream)
        self._take(stream)
        return stream.took == READ or (stream.behind and not stream.blocked)

    def _take(self, stream: _Stream) -> None:
        staging = stream.staging
        stream.took = 0
        try:
            if staging.is_worn(READ):
                staging.turn(self._sign(stream))
            stream.took = staging.take(stream.fd, READ)
        except BlockingIOError:
            return
        except OSError as error:  # no memory for the staging file
            self._troubles["staging"] = f"cannot stage the output: {error.strerror}"
            stream.blocked = True
            return
        self._troubles.pop("staging", None)
        stream.ended = stream.took == 0
        if not stream.took:
            return
        stream.touched = self.now()
        start = staging.end - stream.took
        if self._tap is not None:
            self._tap(stream.number, staging.read(start, staging.end))
        if self.config.non_blocking and (stream.behind or staging.record.lost_bytes):
            self._lose(stream, start)
        if not stream.behind:
            self._work(stream)

    def idle(self, now: float) -> None:
        """Log what is no whole line, but was not continued for a moment; give memory back."""
        for stream in self._streams:
            if stream.touched is not None and now >= stream.touched + QUIET:
                if _is_readable(stream.fd):  # it went on: it was we who had no time for it
                    stream.touched = now
                    continue
                stream.touched = None
                if not stream.behind:
                    self._work(stream, flush=True)
                stream.staging.trim()

    def settle(self) -> bool:
        """Log everything that is in the pipes, and end the last line: a run has ended. False: not possible yet."""
        settled = True
        for stream in self._streams:
            for _ in range(_SETTLE):
                if not self.pump(stream.number) and not stream.took:
                    break
            if not stream.behind:
                self._work(stream, flush=True, close=True)
                stream.staging.trim()
            settled = settled and stream.staging.done == stream.staging.end
        return settled

    def reopen(self) -> None:
        """Open the log anew: an external rotator has renamed it."""
        if self._file is not None and self._is_cut_back:
            try:
                self._file.open()
            except OSError as error:
                self._fail(error)
                return
            self._note(self._streams[0])

    def close(self) -> None:
        """Close the log, not the pipes."""
        if self._file is not None:
            self._file.close()
        for sink in self._sinks:
            sink.close()

    def _sign(self, stream: _Stream) -> int:
        """The number of the next commit. It may be about anything, but what it says of the log file is the latest."""
        record = stream.staging.record
        record.device, record.inode, record.length = self._said
        self._sequence += 1
        return self._sequence

    def _note(self, stream: _Stream, done: int = 0) -> None:
        """Commit: done more bytes of the stream are logged, and so long is the log now."""
        if self._file is not None:
            self._said = self._file.device, self._file.inode, self._file.length
        stream.staging.commit(stream.staging.done + done, self._sign(stream))
        for index, ahead in enumerate(stream.ahead):
            stream.ahead[index] = max(0, ahead - done)

    def _work(self, stream: _Stream, flush: bool = False, close: bool = False) -> None:
        """Log what is staged: whole lines, with flush all of it, with close as the end of a run."""
        stream.behind = stream.blocked = False
        ahead = sum(stream.ahead)
        data = stream.staging.pending()
        longest = self.config.max_line
        end = len(data) if flush or not self._whole_lines else framing.cut(data, longest)
        try:
            if not self._is_cut_back:
                self._open(stream)
            limit = self._push(stream, data, end, close) if self._sinks and end else end
            done = self._store(stream, data, limit, close and limit == end) if limit else 0
        except OSError as error:
            self._fail(error)
            stream.behind = stream.blocked = end > 0
            return
        self._troubles.pop("log", None)
        stream.behind = done < end
        stream.blocked = stream.behind and done == 0 and sum(stream.ahead) == ahead
        if close and not stream.behind:
            self._end_line(stream)

    def _fail(self, error: OSError) -> None:
        where = error.filename if error.filename in self.drivers else self.path
        self._troubles["log"] = f"cannot write the log {where}: {error.strerror}"

    def _open(self, stream: _Stream) -> None:
        """Open the log for the first time: it ends where the last commit of any stream says."""
        file = self._file
        if file is not None:
            file.open()
            if self._said[1]:
                file.cut_back(*self._said)
            if self.config.file != "raw":
                file.end_line()
            self._note(stream)
        self._is_cut_back = True

    def _push(self, stream: _Stream, data: bytes, end: int, close: bool) -> int:
        """Hand data to the sinks; how many bytes all of them have now."""
        longest = self.config.max_line
        for index, sink in enumerate(self._sinks):
            ahead = stream.ahead[index]
            if ahead < end:
                rest = data[ahead:] if ahead else data
                try:
                    stream.ahead[index] = ahead + sink.push(stream.number, rest, end - ahead, longest, close)
                except OSError as error:
                    error.filename = sink.name
                    raise
        limit = min(end, *stream.ahead)
        if limit < end and self._whole_lines:
            boundary = framing.fit(data, end, longest, limit)
            limit = boundary if boundary <= limit else 0
        return limit

    def _store(self, stream: _Stream, data: bytes, end: int, close: bool) -> int:
        """Write data[:end] into the file and commit it; less if that would be too many rotations at once."""
        file = self._file
        if file is None:
            self._note(stream, end)
            return end
        if not file.check():
            self._note(stream)
        now = self.wall()
        stamp = framing.stamp(now)
        at = rotations = 0
        while at < end:
            rest = data[at:] if at else data
            stop, buffers, length = self._portion(file, stream.name, rest, end - at, stamp, close)
            if file.is_due(now) or (file.length and file.length + length > file.max_size):
                if rotations == _ROTATIONS:
                    break
                rotations += 1
                if self._rotate(file, stream):
                    continue
            file.write(buffers, length)
            at += stop
            record = stream.staging.record
            is_part = rest[stop - 1] != 10 and not (close and at == end)
            record.flags = record.flags | MID if is_part else record.flags & ~MID
            self._note(stream, stop)
        return at

    def _portion(
        self, file: LogFile, name: bytes, data: bytes, end: int, stamp: bytes, close: bool
    ) -> tuple[int, list[Buffer], int]:
        """As much as the file has room for: (bytes of data, what to write, its length); at least one record."""
        longest = self.config.max_line
        buffers = self._frame(data, end, name, stamp, longest, close)
        length = sum(map(len, buffers))
        room = max(0, file.max_size - file.length)
        stop, target = end, end * room // max(1, length)
        while length > room:
            stop = framing.fit(data, end, longest, target)
            part = data[:stop]
            buffers = self._frame(part, stop, name, stamp, longest, close and stop == end)
            length = sum(map(len, buffers))
            if stop > target:
                break
            target = min(stop - 1, stop * room // length)
        return stop, buffers, length

    def _rotate(self, file: LogFile, stream: _Stream) -> bool:
        """Rotate, unless that fails: then the old file goes on, since too long a log is better than none."""
        try:
            file.rotate()
        except BlockingIOError:
            return False
        except OSError as error:
            self._troubles["rotation"] = f"cannot rotate the log {self.path}: {error.strerror}"
            return False
        self._note(stream)
        try:
            file.compress_rotated()
        except OSError as error:  # the next rotation does it
            self._troubles["rotation"] = f"cannot compress the log {self.path}: {error.strerror}"
        else:
            self._troubles.pop("rotation", None)
        return True

    def _write_line(self, stream: _Stream, line: bytes) -> None:
        if self._file is not None:
            if not self._file.check():
                self._note(stream)
            stamp = framing.stamp(self.wall())
            buffers = self._frame(line, len(line), stream.name, stamp, self.config.max_line, False)
            self._file.write(buffers, sum(map(len, buffers)))

    def _end_line(self, stream: _Stream) -> None:
        """End a line of which a part was logged and nothing more came: the next run's first line is another one."""
        record = stream.staging.record
        if record.lost_bytes:
            record.flags &= ~SKIP
            self._say_what_was_lost(stream)
        if not record.flags & MID:
            return
        try:
            if self.config.file != "raw":
                self._write_line(stream, b"\n")
        except OSError as error:
            self._fail(error)
            return
        record.flags &= ~MID
        self._note(stream)

    def _lose(self, stream: _Stream, start: int) -> None:
        """Forget what was taken from the position start on, if there is no room for it; whole lines only."""
        staging, record = stream.staging, stream.staging.record
        if not record.lost_bytes:
            if staging.end - staging.done <= self.config.max_buffer:
                return
            longest = self.config.max_line
            before = staging.read(max(staging.done, start - longest), start)
            start -= len(before) - (before.rfind(b"\n") + 1) if b"\n" in before else 0
        lost = staging.read(start, staging.end)
        if not stream.behind:  # it can be written again: from the next line on
            if not record.flags & SKIP:
                return
            start = staging.done
            lost = staging.read(start, staging.end)
            lost = lost[: lost.find(b"\n") + 1] or lost
        record.lost_lines += lost.count(b"\n")
        record.lost_bytes += len(lost)
        record.flags = record.flags & ~SKIP if lost.endswith(b"\n") else record.flags | SKIP
        if start + len(lost) == staging.end:
            staging.put_back(start)
            staging.commit(staging.done, self._sign(stream))
        else:
            staging.commit(start + len(lost), self._sign(stream))
        if not stream.behind:
            self._say_what_was_lost(stream)

    def _say_what_was_lost(self, stream: _Stream) -> None:
        record = stream.staging.record
        if record.flags & SKIP:
            return  # not before the end of the last line that is lost
        text = b"pyinit: lost %d lines (%d bytes) here, since the log could not be written in time\n"
        line = text % (record.lost_lines, record.lost_bytes)
        try:
            self._write_line(stream, line)
            for sink in self._sinks:
                sink.push(stream.number, line, len(line), self.config.max_line, False)
        except OSError as error:
            self._fail(error)
            return
        record.lost_lines = record.lost_bytes = 0
        self._note(stream)


def _sinks(config: LogConfig, fields: Mapping[str, str]) -> list[drivers.Sink]:
    sinks: list[drivers.Sink] = []
    if "passthrough" in config.drivers:
        sinks.append(drivers.Passthrough())
    if "journald" in config.drivers:
        from pyinit import journald  # noqa: PLC0415 (only for those who have it)

        tag = {"SYSLOG_IDENTIFIER": config.tag} if config.tag else {}
        sinks.append(journald.Journal({**fields, **tag, **config.labels}, journald.SOCKET))
    return sinks
