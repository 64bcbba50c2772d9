"""System calls: files that are replaced whole, and processes that are signalled only if they are the right ones."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pyinit import system

ROOT = Path(__file__).resolve().parent.parent.parent


def _start() -> subprocess.Popen[bytes]:
    """A process that waits for its input to end."""
    return subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)


def test_write_renamed_replaces_whole_files(tmp_path: Path) -> None:
    """The new contents are there, private, and nothing else is."""
    path = tmp_path / "state"
    for data in (b"old", b"new" * 100000, b""):
        system.write_renamed(str(path), data)
        assert path.read_bytes() == data
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["state"]


def test_write_renamed_on_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    """ENOSPC in the middle of a write: the old file is whole, and the half one is gone."""
    code = f"""if 1:
        import errno, os, sys
        sys.path.insert(0, {str(ROOT)!r})
        from pyinit import system
        system.write_renamed("state", b"old")
        try:
            system.write_renamed("state", b"x" * 100000)
        except OSError as error:
            assert error.errno == errno.ENOSPC, error
        else:
            raise SystemExit("it fitted")
        assert open("state", "rb").read() == b"old"
        assert os.listdir(".") == ["state"]
        """
    script = f'mount -t tmpfs -o size=16k none "$1" && cd "$1" && exec "{sys.executable}" -I -S -c "$2"'
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    subprocess.run([*unshare, "sh", "-c", script, "sh", str(tmp_path), code], check=True)


def test_write_renamed_where_there_is_no_directory(tmp_path: Path) -> None:
    """The error is the system's, for the caller to tell."""
    with pytest.raises(FileNotFoundError):
        system.write_renamed(f"{tmp_path}/none/state", b"")


def test_write_renamed_over_a_directory_fails(tmp_path: Path) -> None:
    """The rename fails, and the directory stays."""
    (tmp_path / "state").mkdir()
    with pytest.raises(OSError, match="directory"):
        system.write_renamed(f"{tmp_path}/state", b"")
    assert (tmp_path / "state").is_dir()


def test_read_file(tmp_path: Path) -> None:
    """Contents up to the bound; None for what cannot be opened or read; a FIFO without a writer does not block."""
    path = tmp_path / "file"
    path.write_bytes(b"0123456789" * 20000)
    assert system.read_file(str(path)) == path.read_bytes()
    assert system.read_file(str(path), 5) == b"01234"
    assert system.read_file(str(path), 0) == b""
    assert system.read_file(f"{tmp_path}/none") is None
    assert system.read_file(str(tmp_path)) is None
    os.mkfifo(tmp_path / "fifo")
    assert system.read_file(f"{tmp_path}/fifo") == b""


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    """None while somebody has it; free once that descriptor is closed. It is not passed on to programs."""
    path = str(tmp_path / "lock")
    first = system.lock(path)
    assert first is not None
    assert not os.get_inheritable(first)
    assert system.lock(path) is None
    os.close(first)
    second = system.lock(path)
    assert second is not None
    os.close(second)


def test_start_time_is_of_one_life() -> None:
    """The same as long as it lives, 0 once it is a zombie or gone."""
    with _start() as child:
        started = system.start_time(child.pid)
        assert started > 0
        assert system.start_time(child.pid) == started
        child.communicate()
        assert system.start_time(child.pid) == 0
    assert system.start_time(1) <= system.start_time(os.getpid())


def test_a_zombie_has_no_start_time() -> None:
    """What is dead, though nobody has waited for it yet, cannot be signalled any more."""
    with _start() as child:
        started = system.start_time(child.pid)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        found = system.status_of_stat(child.pid)
        assert found is not None
        assert found[0] == b"Z"
        assert system.start_time(child.pid) == 0
        assert not system.signal_pid(child.pid, started, 9)


def test_status_of_stat_reads_past_any_name() -> None:
    """A process may call itself anything: the fields are counted from the last parenthesis."""
    code = "import ctypes, sys; ctypes.CDLL(None).prctl(15, b') Z 1 ('); print('ready', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stdout.readline() == b"ready\n"
        found = system.status_of_stat(child.pid)
        assert found is not None
        assert found[0] in b"SRD"
        assert found[1:] == (os.getpid(), os.getpgrp())
        assert system.start_time(child.pid) > 0
        child.communicate()
    assert system.status_of_stat(child.pid) is None


def test_signal_pid_signals_the_right_process() -> None:
    """With the right start time the signal arrives."""
    with _start() as child:
        assert system.signal_pid(child.pid, system.start_time(child.pid), 15)
        assert child.wait() == -15


def test_signal_pid_never_signals_another_process_with_the_same_pid() -> None:
    """With another start time (the pid was used again) nothing is sent, and that is said."""
    with _start() as child:
        started = system.start_time(child.pid)
        for wrong in (started - 1, started + 1, 0):
            assert not system.signal_pid(child.pid, wrong, 9)
        child.communicate()
        assert child.returncode == 0


def test_signal_pid_survives_a_pid_that_is_used_again_between_the_look_and_the_signal() -> None:
    """The pidfd was opened for the first process: when that ends in between, the second one gets nothing."""
    with _start() as first, _start() as second:
        started = system.start_time(first.pid)

        def open_then_die(pid: int) -> int:
            fd = os.pidfd_open(pid)
            first.communicate()
            return fd

        before = len(os.listdir("/proc/self/fd"))
        assert not system.signal_pid(first.pid, started, 9, open_then_die)
        assert not system.signal_pid(first.pid, started, 9)
        assert len(os.listdir("/proc/self/fd")) == before - 1  # first's input is closed; no pidfd is left
        second.communicate()
        assert second.returncode == 0


def test_signal_pid_tells_what_it_may_not_do() -> None:
    """Errors that are no end of the process go to the caller."""
    with pytest.raises(OSError) as caught:  # noqa: PT011 (the number is looked at)
        system.signal_pid(os.getpid(), system.start_time(os.getpid()), 999)
    assert caught.value.errno == errno.EINVAL
