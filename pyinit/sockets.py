"""Sockets that a service is given to accept on (LISTEN_FDS, sd_listen_fds(3)); its shim keeps them across restarts."""

from __future__ import annotations

import os
from _socket import (
    AF_INET,
    AF_INET6,
    AF_UNIX,
    SO_REUSEADDR,
    SOCK_CLOEXEC,
    SOCK_DGRAM,
    SOCK_STREAM,
    SOL_SOCKET,
    socket,
)

from pyinit.errors import SpecError

BACKLOG = 4096


def _bad(address: str) -> SpecError:
    return SpecError(f"listen: {address!r} is no address: tcp:HOST:PORT, udp:HOST:PORT, unix:/PATH")


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 6 and int(text) < 1 << 16


def listen(address: str) -> int:
    """The descriptor of a socket bound to tcp:HOST:PORT, udp:HOST:PORT or unix:/PATH. SpecError; OSError."""
    kind, _, rest = address.partition(":")
    if kind == "unix" and rest.startswith("/"):
        return _bound(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rest, address)
    host, _, port = rest.rpartition(":")
    if kind not in ("tcp", "udp") or ":" not in rest or not _is_port(port):
        raise _bad(address)
    host = host.strip("[]")
    family = AF_INET6 if ":" in host else AF_INET
    sock = socket(family, (SOCK_STREAM if kind == "tcp" else SOCK_DGRAM) | SOCK_CLOEXEC, 0)
    sock.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    return _bound(sock, (host, int(port)), address)


def _is_socket(path: str) -> bool:
    try:
        return os.stat(path).st_mode & 0o170000 == 0o140000
    except OSError:
        return False


def _bound(sock: socket, where: object, address: str) -> int:
    try:
        if isinstance(where, str) and _is_socket(where):
            os.unlink(where)  # of an earlier life; who else listens there loses it, as with every daemon
        sock.bind(where)  # type: ignore[arg-type]
        if sock.type & SOCK_STREAM == SOCK_STREAM:
            sock.listen(BACKLOG)
    except (OSError, UnicodeError) as error:  # UnicodeError: of a host's name
        sock.close()
        reason = error.strerror if isinstance(error, OSError) else None  # none: an error of Python's own
        message = f"listen: {address!r}: {reason or error}"
        raise SpecError(message) from error
    return sock.detach()
