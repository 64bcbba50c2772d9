"""--report: what became of the application, as JSON."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FIELDS = [
    "pid",
    "exit_code",
    "signal",
    "core_dumped",
    "oom_kill",
    "pyinit_exit_code",
    "started_at",
    "finished_at",
    "duration_seconds",
    "user_seconds",
    "system_seconds",
    "peak_memory_bytes",
    "orphans_reaped",
    "killed",
]


@pytest.fixture
def reported(pyinit: str, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Give a function that runs a shell script under the init and gives its report, checked against the exit code."""

    def run(script: str, *options: str, prefix: tuple[str, ...] = ()) -> dict[str, Any]:
        file = tmp_path / "report"
        command = [*prefix, pyinit, "--report", str(file), *options, "--", "sh", "-c", script]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        text = file.read_text()
        assert text.endswith("}\n")
        report: dict[str, Any] = json.loads(text)
        assert list(report) == FIELDS
        assert report["pyinit_exit_code"] == done.returncode
        return report

    return run


def test_normal_end(reported: Callable[..., dict[str, Any]]) -> None:
    """An exit code is told, and nothing that did not happen."""
    report = reported("exit 3")
    assert (report["exit_code"], report["pyinit_exit_code"], report["signal"]) == (3, 3, None)
    assert (report["core_dumped"], report["oom_kill"]) == (False, False)
    assert (report["orphans_reaped"], report["killed"]) == (0, 0)
    assert report["peak_memory_bytes"] > 10_000


def test_pid(pyinit: str, tmp_path: Path) -> None:
    """The pid is the application's."""
    file = tmp_path / "report"
    command = [pyinit, "--report", str(file), "--", "sh", "-c", "echo $$"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(file.read_text())["pid"] == int(done.stdout)


def test_times(reported: Callable[..., dict[str, Any]]) -> None:
    """Start, end and duration agree with each other and with the clock; user_seconds is the application's own time."""
    before = dt.datetime.now(dt.UTC)
    report = reported("i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done")
    after = dt.datetime.now(dt.UTC)
    started = dt.datetime.fromisoformat(report["started_at"])
    finished = dt.datetime.fromisoformat(report["finished_at"])
    assert before <= started <= finished <= after
    assert report["user_seconds"] > 0
    assert report["system_seconds"] >= 0
    assert 0 < report["duration_seconds"] <= (after - before).total_seconds()


@pytest.mark.parametrize(("number", "name"), [(15, "SIGTERM"), (9, "SIGKILL"), (34, "SIGRTMIN"), (37, "SIGRTMIN+3")])
def test_signal(reported: Callable[..., dict[str, Any]], number: int, name: str) -> None:
    """A death by a signal has its name, and no exit code of the application's."""
    report = reported(f"kill -{number} $$")
    assert (report["exit_code"], report["signal"], report["pyinit_exit_code"]) == (None, name, 128 + number)
    assert report["core_dumped"] is False


def test_core(reported: Callable[..., dict[str, Any]]) -> None:
    """A core dump is told."""
    report = reported("ulimit -c unlimited; kill -SEGV $$")
    assert (report["signal"], report["core_dumped"]) == ("SIGSEGV", True)


def test_mapped(reported: Callable[..., dict[str, Any]]) -> None:
    """--map-exit changes pyinit's exit code, and not what is told of the application."""
    report = reported("exit 3", "--map-exit", "3:7")
    assert (report["exit_code"], report["pyinit_exit_code"]) == (3, 7)
    report = reported("kill $$", "--map-exit", "143")
    assert (report["exit_code"], report["signal"], report["pyinit_exit_code"]) == (None, "SIGTERM", 0)


def test_orphans(reported: Callable[..., dict[str, Any]]) -> None:
    """What remained and ended by TERM was reaped, and nothing had to be killed."""
    report = reported("sleep 1000 & sleep 1000 & exit 3")
    assert (report["orphans_reaped"], report["killed"], report["exit_code"]) == (2, 0, 3)


def test_killed(reported: Callable[..., dict[str, Any]]) -> None:
    """What remained and ignored TERM was killed in the end, and is counted."""
    report = reported('trap "" TERM; sleep 1000 & sleep 1000 & exit 0', "--grace", "50ms")
    assert (report["orphans_reaped"], report["killed"]) == (2, 2)


def test_replaces(pyinit: str, tmp_path: Path) -> None:
    """The whole content is replaced, in the file that is there: a bind mount, as /dev/termination-log is, stays one."""
    file = tmp_path / "report"
    file.write_text("x" * 5000)
    inode = file.stat().st_ino
    subprocess.run([pyinit, "--report", str(file), "true"], check=True)
    assert json.loads(file.read_text())["exit_code"] == 0
    assert file.stat().st_ino == inode


def test_untouched_until_the_end(pyinit: str, tmp_path: Path) -> None:
    """While the application runs, the file holds what it held."""
    file = tmp_path / "report"
    file.write_text("the last report")
    command = [pyinit, "--report", str(file), "cat", str(file)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "the last report"


def test_relative_path(pyinit: str, tmp_path: Path) -> None:
    """A relative path counts from where pyinit was started, whatever --chdir says."""
    subprocess.run([pyinit, "--report", "report", "--chdir", "/", "true"], cwd=tmp_path, check=True)
    assert json.loads((tmp_path / "report").read_text())["exit_code"] == 0


def test_not_inherited(pyinit: str, tmp_path: Path, probe: Callable[[str], str]) -> None:
    """The application does not get the file's descriptor, not even where 0 to 2 were closed."""
    shown = subprocess.run(
        ["sh", "-c", 'exec 0<&- 2>&-; exec "$@"', "sh", pyinit, "--report", str(tmp_path / "report"), probe("show")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert " fds=1 " in shown.stdout


def test_fifo(pyinit: str, tmp_path: Path) -> None:
    """A pipe that somebody reads gets the report."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        subprocess.run([pyinit, "--report", str(fifo), "true"], check=True)
        assert json.loads(os.read(reader, 65536))["exit_code"] == 0
    finally:
        os.close(reader)


def test_fifo_without_reader(pyinit: str, tmp_path: Path) -> None:
    """A pipe that nobody reads is an error at once, and nothing hangs."""
    os.mkfifo(tmp_path / "fifo")
    command = [pyinit, "--report", "fifo", "echo", "started"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    expected = (125, "", 'pyinit: --report "fifo": cannot write it: no such device or address\n')
    assert (done.returncode, done.stdout, done.stderr) == expected


def test_full_disk(pyinit: str) -> None:
    """Where the report cannot be written, that is a warning, and the exit code is the application's."""
    command = [pyinit, "--report", "/dev/full", "sh", "-c", "exit 3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, "pyinit: --report: cannot write it: no space left on device\n")


def test_no_directory(pyinit: str, tmp_path: Path) -> None:
    """Where the report could never be written, nothing is started."""
    command = [pyinit, "--report", "no/file", "echo", "started"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    expected = (125, "", 'pyinit: --report "no/file": cannot write it: no such file or directory\n')
    assert (done.returncode, done.stdout, done.stderr) == expected


def test_terminated(pyinit: str, tmp_path: Path) -> None:
    """A TERM from outside that ends the application is told as what it died of."""
    file = tmp_path / "report"
    command = [pyinit, "--report", str(file), "sh", "-c", "echo ready; exec sleep 1000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as init:
        assert init.stdout
        assert init.stdout.readline() == "ready\n"
        init.send_signal(signal.SIGTERM)
        assert init.wait() == 143
    assert json.loads(file.read_text())["signal"] == "SIGTERM"


MEGABYTE = 1 << 20
V1, V2 = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")


@pytest.fixture
def small_cgroup() -> Iterator[Path]:
    """Give a memory cgroup of 32 MB without swap, of whichever version is in use here."""
    v1 = V1.is_dir()
    # Below the root, not below our own: under v2 a cgroup that has processes gives its children no controllers.
    root = V1 if v1 else V2
    if not os.access(root, os.W_OK) or not (v1 or "memory" in (V2 / "cgroup.subtree_control").read_text().split()):
        pytest.skip("no memory cgroup can be made here")
    cgroup = root / f"pyinit-test-{os.getpid()}"
    cgroup.mkdir()
    limits = ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"] if v1 else ["memory.max"]
    for name in limits:
        if (cgroup / name).exists():
            (cgroup / name).write_text(str(32 * MEGABYTE))
    if not v1 and (cgroup / "memory.swap.max").exists():
        (cgroup / "memory.swap.max").write_text("0")
    yield cgroup
    cgroup.rmdir()


ENTER = 'echo $$ > "$0/cgroup.procs" && exec "$@"'
EAT = "exec python3 -c 'bytearray(200 << 20)'"


def test_oom_kill(reported: Callable[..., dict[str, Any]], small_cgroup: Path) -> None:
    """An application that the kernel kills for want of memory is told apart from one that somebody killed."""
    enter = ("sh", "-c", ENTER, str(small_cgroup))
    report = reported(EAT, prefix=enter)
    assert (report["signal"], report["oom_kill"]) == ("SIGKILL", True)
    report = reported("kill -KILL $$", prefix=enter)
    assert (report["signal"], report["oom_kill"]) == ("SIGKILL", False)


def test_oom_kill_of_another(reported: Callable[..., dict[str, Any]], small_cgroup: Path) -> None:
    """The kernel's choice of another process of the cgroup is told, too: it is why the application then gave up."""
    report = reported(f"exec 2>/dev/null; ({EAT}); exit 9", prefix=("sh", "-c", ENTER, str(small_cgroup)))
    assert (report["exit_code"], report["oom_kill"]) == (9, True)
