"""Sockets that services are given."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from pyinit import sockets
from pyinit.errors import SpecError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("address", "family", "kind"),
    [
        ("tcp:127.0.0.1:0", socket.AF_INET, socket.SOCK_STREAM),
        ("udp:127.0.0.1:0", socket.AF_INET, socket.SOCK_DGRAM),
        ("tcp::0", socket.AF_INET, socket.SOCK_STREAM),
        ("tcp:[::1]:0", socket.AF_INET6, socket.SOCK_STREAM),
        ("udp:::1:0", socket.AF_INET6, socket.SOCK_DGRAM),
    ],
)
def test_internet_addresses(address: str, family: int, kind: int) -> None:
    """Bound, and a stream listens; the descriptor is not inherited by anybody it was not given to."""
    with socket.socket(fileno=sockets.listen(address)) as found:
        assert (found.family, found.type) == (family, kind)
        assert not os.get_inheritable(found.fileno())
        assert found.getsockname()[1] > 0
        if kind == socket.SOCK_STREAM:
            assert found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1


def test_a_unix_socket_is_made_anew(tmp_path: Path) -> None:
    """One that an earlier life has left is replaced, and can be connected to."""
    path = str(tmp_path / "s")
    os.close(sockets.listen(f"unix:{path}"))
    with socket.socket(fileno=sockets.listen(f"unix:{path}")) as found, socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        assert found.getsockname() == path


@pytest.mark.parametrize(
    "address",
    ["", "tcp", "tcp:", "tcp:80", "tcp:h:", "tcp:h:x", "tcp:h:65536", "tcp:h:-1", "tcp:h:" + "9" * 5000, "sctp:h:1",
     "unix:relative", "unix:", "tcp:h:\u0661"],
)  # fmt: skip
def test_no_addresses(address: str) -> None:
    """Each is refused with what an address looks like."""
    with pytest.raises(SpecError, match=r"^listen: .* is no address: tcp:HOST:PORT, udp:HOST:PORT, unix:/PATH$"):
        sockets.listen(address)


def test_what_cannot_be_bound_is_one_line(tmp_path: Path) -> None:
    """A port in use, a folder that is not there, a path or a host that is too long; none leaks."""
    before = os.listdir("/proc/self/fd")
    with socket.socket(fileno=sockets.listen("tcp:127.0.0.1:0")) as found:
        taken = f"tcp:127.0.0.1:{found.getsockname()[1]}"
        for address, reason in (
            (taken, "Address already in use"),
            (f"unix:{tmp_path}/none/s", "No such file or directory"),
            (f"unix:{tmp_path}/{'x' * 200}", "too long"),
            (f"unix:{tmp_path}", "Address already in use"),
            ("tcp:" + "x" * 300 + ":0", "(?i)name|idna|label"),
        ):
            with pytest.raises(SpecError, match=reason) as caught:
                sockets.listen(address)
            assert str(caught.value).isprintable()
            assert str(caught.value).startswith(f"listen: {address!r}: ")
    assert os.listdir("/proc/self/fd") == before


def test_a_file_that_is_no_socket_stays(tmp_path: Path) -> None:
    """A mistyped path costs nobody a file."""
    path = tmp_path / "precious"
    path.write_text("data")
    with pytest.raises(SpecError, match="Address already in use"):
        sockets.listen(f"unix:{path}")
    assert path.read_text() == "data"
