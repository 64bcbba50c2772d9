"""Where the sockets and the records are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyinit import dirs
from pyinit.errors import PyinitError


@pytest.mark.parametrize(
    ("environ", "uid", "runtime", "state"),
    [
        ({}, 0, "/run/pyinit", "/var/lib/pyinit"),
        ({"XDG_RUNTIME_DIR": "/run/user/5"}, 5, "/run/user/5/pyinit", "~/.local/state/pyinit"),
        ({"XDG_RUNTIME_DIR": "/r", "XDG_STATE_HOME": "/s"}, 5, "/r/pyinit", "/s/pyinit"),
        ({"PYINIT_RUNTIME_DIR": "/a", "PYINIT_STATE_DIR": "/b", "XDG_RUNTIME_DIR": "/r"}, 5, "/a", "/b"),
        ({"PYINIT_RUNTIME_DIR": "/a", "PYINIT_STATE_DIR": "/b"}, 0, "/a", "/b"),
        ({"PYINIT_RUNTIME_DIR": "", "PYINIT_STATE_DIR": ""}, 0, "/run/pyinit", "/var/lib/pyinit"),
        ({"PYINIT_RUNTIME_DIR": "/a/../b/", "PYINIT_STATE_DIR": "/x//y"}, 5, "/b", "/x/y"),
    ],
)
def test_find(environ: dict[str, str], uid: int, runtime: str, state: str) -> None:
    """Our own variables go first, then XDG's, then root's usual places; empty is not set."""
    found = dirs.find(environ, uid)
    assert (found.runtime, found.state) == (runtime, os.path.expanduser(state))


def test_relative_directories_are_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The supervisor's own working directory is /, so nothing may depend on the client's."""
    monkeypatch.chdir(tmp_path)
    found = dirs.find({"PYINIT_RUNTIME_DIR": "r", "PYINIT_STATE_DIR": "s"}, 5)
    assert (found.runtime, found.state) == (f"{tmp_path}/r", f"{tmp_path}/s")


def test_no_runtime_directory_is_an_error_that_says_what_to_set() -> None:
    """A user without any is not given a place in /tmp."""
    with pytest.raises(PyinitError, match="set PYINIT_RUNTIME_DIR or XDG_RUNTIME_DIR"):
        dirs.find({}, 5)


def test_a_path_that_no_socket_can_have_is_refused() -> None:
    """As many bytes as sun_path has, and not one more; bytes, not characters."""
    longest = 107 - len("/shims/" + "0" * 12)
    found = dirs.find({"PYINIT_RUNTIME_DIR": "/" + "a" * (longest - 1), "PYINIT_STATE_DIR": "/s"}, 0)
    assert len(found.shim_socket("0" * 12)) == 107
    for name in ("a" * longest, "ä" * (longest // 2 + 1)):
        with pytest.raises(PyinitError, match="is too long: a socket's path has at most 107 bytes"):
            dirs.find({"PYINIT_RUNTIME_DIR": f"/{name}", "PYINIT_STATE_DIR": "/s"}, 0)


def test_all_paths_are_in_the_two_directories() -> None:
    """Two supervisors with different directories never meet."""
    found = dirs.Dirs("/r", "/s")
    runtime = (found.control, found.lock, found.shims, found.shim_socket("x"))
    state = (found.state_lock, found.services, found.service("x"), found.events)
    assert all(path.startswith("/r/") for path in runtime)
    assert all(path.startswith("/s/") for path in state)
    assert len({*runtime, *state}) == len(runtime) + len(state)


def test_make_makes_them_private(tmp_path: Path) -> None:
    """All are 0700 whatever the umask; one that others could enter is closed to them; twice is no error."""
    found = dirs.Dirs(str(tmp_path / "a" / "r"), str(tmp_path / "b" / "s"))
    (tmp_path / "b" / "s").mkdir(parents=True, mode=0o755)
    old = os.umask(0)
    try:
        found.make()
        found.make()
    finally:
        os.umask(old)
    for path in (found.runtime, found.shims, found.state, found.services):
        assert Path(path).stat().st_mode & 0o777 == 0o700


def test_a_file_in_the_way_is_one_line(tmp_path: Path) -> None:
    """What cannot be made is named, with the system's reason."""
    (tmp_path / "r").write_text("")
    with pytest.raises(PyinitError, match=f"^cannot use the directory {tmp_path}/r: File exists$"):
        dirs.make_private(f"{tmp_path}/r")


def test_a_strangers_directory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else could put a socket of their own there."""
    uid = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
    with pytest.raises(PyinitError, match=rf"belongs to uid {uid}, not to us \(uid {uid + 1}\)"):
        dirs.make_private(str(tmp_path))
