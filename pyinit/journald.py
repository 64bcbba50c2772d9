"""systemd's journal, by its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): a datagram an entry.

What a killed supervisor had sent but not committed is sent again: the journal gets every line at least once.
"""

from __future__ import annotations

import errno
import os
from _socket import AF_UNIX, MSG_DONTWAIT, MSG_NOSIGNAL, SCM_RIGHTS, SOCK_CLOEXEC, SOCK_DGRAM, SOL_SOCKET, socket
from fcntl import fcntl
from struct import Struct

from pyinit import framing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

SOCKET: Final = "/run/systemd/journal/socket"
ENTRIES: Final = 512  # at most at once: some milliseconds
_INT: Final = Struct("i")
_PRIORITIES = (b"PRIORITY=6\n", b"PRIORITY=3\n")
_F_ADD_SEALS, _ALL_SEALS = 1033, 0x000F  # fcntl.h, which Python does not name in every build


class Journal:
    """A connection to the journal of one service."""

    name = "journald"
    __slots__ = ("_common", "_path", "_socket")

    def __init__(self, fields: Mapping[str, str], path: str = SOCKET) -> None:
        """fields: what every entry has besides MESSAGE and PRIORITY, by name."""
        self._common = b"".join(field(name, os.fsencode(value)) for name, value in fields.items())
        self._path = path
        self._socket: socket | None = None

    def push(self, stream: int, data: bytes, end: int, longest: int, close: bool) -> int:
        """Send a number of lines. OSError if the journal cannot be reached."""
        done = 0
        head = self._common + _PRIORITIES[stream]
        for count, (stop, text, whole) in enumerate(framing.split(data, end, longest, close)):
            part = b"" if whole else b"CONTAINER_PARTIAL_MESSAGE=true\n"
            if count == ENTRIES or not self._send(head + part + b"MESSAGE=" + text + b"\n"):
                break
            done = stop
        return done

    def _send(self, entry: bytes) -> bool:
        try:
            return self._send_datagram(entry)
        except OSError:
            self.close()  # the journal may have been restarted: then there is another socket now
        return self._send_datagram(entry)

    def _send_datagram(self, entry: bytes) -> bool:
        try:
            self._connected().sendmsg([entry], (), MSG_DONTWAIT | MSG_NOSIGNAL)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in (errno.EMSGSIZE, errno.ENOBUFS):
                raise
            return self._send_file(entry)
        return True

    def _send_file(self, entry: bytes) -> bool:
        """An entry that is too large for a datagram is sent as a sealed file."""
        fd = os.memfd_create("journal-entry", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            rest = memoryview(entry)
            while rest:
                rest = rest[os.write(fd, rest) :]
            fcntl(fd, _F_ADD_SEALS, _ALL_SEALS)
            rights = (SOL_SOCKET, SCM_RIGHTS, _INT.pack(fd))
            self._connected().sendmsg([], [rights], MSG_DONTWAIT | MSG_NOSIGNAL)
        except BlockingIOError:
            return False
        finally:
            os.close(fd)
        return True

    def _connected(self) -> socket:
        if self._socket is None:
            made = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC)
            try:
                made.connect(self._path)
            except OSError:
                made.close()
                raise
            self._socket = made
        return self._socket

    def close(self) -> None:
        """Disconnect; the next push connects again."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def field(name: str, value: bytes) -> bytes:
    """A field of an entry. A value of several lines is preceded by its length, as a little-endian number."""
    if b"\n" in value:
        return name.encode() + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"
    return name.encode() + b"=" + value + b"\n"


def is_field_name(name: str) -> bool:
    """Whether the journal accepts it from us: capital letters, digits and underscores, at most 64, a letter first."""
    return (
        0 < len(name) <= 64
        and "A" <= name[0] <= "Z"
        and all("A" <= letter <= "Z" or "0" <= letter <= "9" or letter == "_" for letter in name)
    )
