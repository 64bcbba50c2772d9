"""The log file: written, cut back, rotated, opened again.

log is the one that is written, log.1 the one before, and so on; with compress=gzip they are log.1.gz … in time. Every
step of a rotation is one rename, from the oldest file down, and a kill between any two leaves a gap in the numbers: the
next rotation fills the gap and so loses nothing. A new file is committed (see staging.py) before it is written to.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyinit.framing import Buffer

UNLIMITED = 1 << 62
_MODE = 0o640
_VECTORS = 512  # writev(2) takes 1024 buffers


class LogFile:
    """One log file. Nothing here retries: an OSError is a reason to wait, and the same call may be made again."""

    __slots__ = (
        "compress",
        "device",
        "fd",
        "inode",
        "length",
        "max_file",
        "max_size",
        "path",
        "period",
        "rotate_every",
        "torn",
    )

    def __init__(self, path: str, max_size: int, max_file: int, rotate_every: float, compress: bool) -> None:
        self.path = path
        self.max_size = max_size or UNLIMITED
        self.max_file = max_file
        self.rotate_every = round(rotate_every * 1e9)  # nanoseconds; 0: never
        self.compress = compress
        self.fd = -1
        self.device = self.inode = self.length = self.period = 0
        self.torn = False  # a failed write may have left a part of a record behind length

    def open(self) -> None:
        """Open the file, or make it and its directory; only then let go of the one that was open."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
        try:
            fd = os.open(self.path, flags, _MODE)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(self.path), 0o700, exist_ok=True)
            fd = os.open(self.path, flags, _MODE)
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            os.close(fd)
            raise OSError(errno.EINVAL, "it is not a regular file", self.path)
        old, self.fd = self.fd, fd  # while the old one is open, no new file gets its inode's number
        if old >= 0:
            os.close(old)
        self.device, self.inode, self.length = found.st_dev, found.st_ino, found.st_size
        self.period = found.st_mtime_ns // self.rotate_every if self.rotate_every and found.st_size else 0
        self.torn = False

    def close(self) -> None:
        """Close the file, if it is open."""
        if self.fd >= 0:
            fd, self.fd = self.fd, -1
            os.close(fd)

    def cut_back(self, device: int, inode: int, length: int) -> None:
        """Drop what was written after the last commit, wherever that file is now."""
        if (self.device, self.inode) == (device, inode):
            if self.length > length:
                os.ftruncate(self.fd, length)
                self.length = length
            return
        # It was rotated by somebody else, who did not say so; what the dead supervisor had open was the old file.
        folder, name = os.path.split(self.path)
        with os.scandir(folder) as entries:
            found = [entry.path for entry in entries if entry.name.startswith(name) and entry.inode() == inode]
        for path in found:
            fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                status = os.fstat(fd)
                if (status.st_dev, status.st_ino) == (device, inode) and status.st_size > length:
                    os.ftruncate(fd, length)
            finally:
                os.close(fd)

    def end_line(self) -> None:
        """Cut off a record that was left without its end: half of one is none, and ours is not to be glued to it.

        That is only there where the commit was lost as well: the machine has crashed, or both supervisor and shim died.
        """
        at = self.length
        while at > 0:
            start = max(0, at - (1 << 16))
            newline = os.pread(self.fd, at - start, start).rfind(b"\n")
            if newline >= 0:
                at = start + newline + 1
                break
            at = start
        if at < self.length:
            os.ftruncate(self.fd, at)
            self.length = at

    def check(self) -> bool:
        """Whether the file is what it was: False if it was removed or somebody else changed its length."""
        found = os.fstat(self.fd)
        if found.st_nlink == 0:
            self.open()
            return False
        if self.torn:
            os.ftruncate(self.fd, self.length)
            self.torn = False
            return True
        if found.st_size != self.length:
            self.length = found.st_size
            return False
        return True

    def is_due(self, now: int) -> bool:
        """Whether another period of rotate-every has begun since the last record. now: nanoseconds of the epoch."""
        if not self.rotate_every:
            return False
        period, self.period = self.period, now // self.rotate_every
        return period != self.period and self.length > 0 and period > 0

    def write(self, buffers: Sequence[Buffer], size: int) -> None:
        """Append it all or nothing; OSError when it does not go in."""
        self.torn = True
        written = 0
        for start in range(0, len(buffers), _VECTORS):
            written += os.writev(self.fd, buffers[start : start + _VECTORS])
        if written != size:
            self._take_back()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.path)
        self.torn = False
        self.length += size

    def _take_back(self) -> None:
        try:
            os.ftruncate(self.fd, self.length)
        except OSError:
            return  # then before the next write
        self.torn = False

    def rotate(self) -> None:
        """Put the file aside and open a new one. After an OSError the old one is still written to."""
        lock = os.open(os.path.dirname(self.path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            # A compressor that exchanges log.1 for log.1.gz holds this lock for two system calls.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shift(self.path, self.max_file)
        finally:
            os.close(lock)
        self.open()
        self.period = 0

    def compress_rotated(self) -> None:
        """Have the rotated files compressed, if that is wanted; OSError if there can be no process for it now."""
        if self.compress:
            compress(self.path, self.max_file)


def shift(path: str, max_file: int) -> None:
    """Rename path.N to path.N+1 … path to path.1, as far as the first gap; of max_file files the oldest goes."""
    if not os.path.lexists(path):
        return  # an earlier rotation came this far, and could not make the new file
    last = 1
    while last < max_file and _forms(path, last):
        last += 1
    # Here last is a gap, or else it is the number past the oldest that may be kept.
    if last == max_file:
        last -= 1
        for name in _forms(path, last) if last else [path]:
            os.unlink(name)
    for number in range(last - 1, 0, -1):
        for name in _forms(path, number):
            os.rename(name, f"{path}.{number + 1}{name.removeprefix(f'{path}.{number}')}")
    if last:
        os.rename(path, f"{path}.1")


def _forms(path: str, number: int) -> list[str]:
    plain, packed = f"{path}.{number}", f"{path}.{number}.gz"
    names = [name for name in (plain, packed) if os.path.lexists(name)]
    if len(names) > 1:  # a compressor was killed just before it could remove the plain one
        os.unlink(packed)
    return names[:1]


def compress(path: str, max_file: int) -> None:
    """Let a process of its own, which nobody need wait for, compress the rotated files."""
    child = os.fork()
    if child:
        try:
            os.waitpid(child, 0)
        except ChildProcessError:
            pass  # whoever reaps all children was quicker
        return
    try:
        # First of all: no lock and no socket of the supervisor's may live on in here.
        os.closerange(3, 1 << 20)
        if os.fork() == 0:
            pack_all(path, max_file)
    finally:
        os._exit(0)


def pack_all(path: str, max_file: int) -> None:
    """Compress the rotated files, the oldest first, unless another process does so already."""
    os.nice(19)
    temporary = f"{path}.gz.tmp"
    out = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
    try:
        fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return  # another one is at it, and looks again when it is done
    for _ in range(2 * max_file):
        plain = [number for number in range(1, max_file) if os.path.lexists(f"{path}.{number}")]
        if not plain or not os.path.lexists(path):  # without a new file, log.1 is still being written
            break
        number = plain[-1]
        source = os.open(f"{path}.{number}", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        os.ftruncate(out, 0)
        os.lseek(out, 0, os.SEEK_SET)
        _gzip(source, out)
        _exchange(path, max_file, os.fstat(source), temporary)
        os.close(source)
        os.close(out)
        out = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.unlink(temporary)


def _gzip(source: int, out: int) -> None:
    import zlib  # noqa: PLC0415 (only here)

    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    while data := os.read(source, 1 << 18):
        _write_all(out, packer.compress(data))
    _write_all(out, packer.flush())
    found = os.fstat(source)
    os.utime(out, ns=(found.st_atime_ns, found.st_mtime_ns))  # a follower finds its place again by it
    os.fsync(out)


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def _exchange(path: str, max_file: int, source: os.stat_result, temporary: str) -> None:
    """Put the compressed file in the place of the plain one, whose number may have become another meanwhile."""
    lock = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    fcntl.flock(lock, fcntl.LOCK_EX)
    for number in range(1, max_file):
        name = f"{path}.{number}"
        try:
            found = os.lstat(name)
        except FileNotFoundError:
            continue
        if (found.st_dev, found.st_ino) == (source.st_dev, source.st_ino):
            os.rename(temporary, f"{name}.gz")
            os.unlink(name)
            break
    os.close(lock)
