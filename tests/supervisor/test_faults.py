"""What goes wrong around a supervisor: it goes on, says what it cannot do, and heals."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from pyinit.errors import PyinitError
from tests.running import until
from tests.supervisor.books import Numbered
from tests.supervisor.world import is_gone, wait_gone

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.supervisor.world import World

WAITS = "echo ready >$T; exec sleep 1000"


def small(world: World, path: Path, size: str = "2m") -> None:
    """Mount a small file system over a directory of the world."""
    path.mkdir(parents=True, mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "pyinit-test", str(path)], check=True)
    world.finally_do(lambda: subprocess.run(["umount", "-l", str(path)], check=True))


def fill(folder: Path) -> Path:
    """Leave no room; the file that takes it."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return path


def test_a_full_disk_for_logs(world: World, probe: Callable[[str], str]) -> None:
    """While there is no room for the log, the application waits, inspect says why, and no line is lost in the end."""
    place = world.root / "logs"
    small(world, place)
    other = world.sh("while read x <$D/tick; do echo $x >$T; done", start=False)
    os.mkfifo(world.root / "tick")
    world.do("start", other)
    writer = Numbered(world, probe("numbered"), "writer", log_opts={"path": str(place / "log")})
    until(lambda: "log" in world.inspect("writer")["State"]["Error"], "the disk is full")
    assert world.await_event("trouble", writer.ident)["error"]
    (world.root / "tick").write_text("tock\n")
    assert world.told.line() == "tock"  # others go on
    until(lambda: _waits(writer), "the application waits")
    log = place / "log"
    kept = []
    for number in range(3):  # room again: as an administrator would make it
        kept.append(log.read_bytes())
        before = writer.read()[1][0].lines
        subprocess.run(["mount", "-o", f"remount,size={4 + 2 * number}m", str(place)], check=True)
        until(lambda before=before: writer.read()[1][0].lines > before, "it goes on")  # type: ignore[misc]
    world.kill_supervisor()
    subprocess.run(["mount", "-o", "remount,size=1g", str(place)], check=True)
    until(lambda: not world.inspect("writer")["State"]["Error"], "it is healed")
    world.stop(all=True)
    folder = world.state / "services" / writer.ident
    shutil.copy(log, folder / "log")
    writer.check_log()
    assert log.read_bytes().startswith(kept[0])


def _waits(writer: Numbered) -> bool:
    """Whether it is asleep in a write to its pipe."""
    stat = f"/proc/{writer.pid}/stat"
    with open(stat) as file:
        return file.read().rpartition(")")[2].split()[0] == "S"


def test_a_full_disk_for_everything(nowhere: World) -> None:
    """Without room for events and exit records, services are restarted, their states kept, and all is well later."""
    world = nowhere
    small(world, world.state)
    world.start()
    ident = world.sh("echo run >$T; read x <$D/go; exit 7", restart="on-failure", restart_delay=0, start=False)
    os.mkfifo(world.root / "go")
    world.do("start", ident)
    assert world.told.line() == "run"
    filler = fill(world.state)
    for _ in range(3):
        (world.root / "go").write_text("\n")
        assert world.told.line() == "run"
    assert world.inspect(ident)["RestartCount"] == 3
    with pytest.raises(PyinitError):
        world.sh(WAITS)
    for _ in range(40):  # more than there is room for in what the file has already
        world.do("pause", ident)
        world.do("unpause", ident)
    assert world.ask("status")["trouble"]
    filler.unlink()
    (world.root / "go").write_text("\n")
    assert world.told.line() == "run"
    until(lambda: not world.inspect(ident)["State"]["Error"], "it is healed")
    world.await_another(world.kill_supervisor())
    found = world.inspect(ident)
    assert (found["RestartCount"], found["State"]["ExitCode"]) == (4, 7)
    assert world.events("adopted", ident)  # each line of the events' file is whole, too


def test_a_full_disk_and_a_killed_supervisor(nowhere: World) -> None:
    """A supervisor that begins with a full disk adopts what lives, and keeps what it learns until there is room."""
    world = nowhere
    small(world, world.state)
    world.start()
    ident = world.sh("echo run >$T; read x <$D/go; exit 7", restart="on-failure", restart_delay=0, start=False)
    os.mkfifo(world.root / "go")
    world.do("start", ident)
    assert world.told.line() == "run"
    filler = fill(world.state)
    pid = world.pid
    os.kill(pid, signal.SIGSTOP)
    (world.root / "go").write_text("\n")
    until(lambda: not world.of(ident), "its end")
    os.kill(pid, signal.SIGKILL)
    world.await_another(pid)
    assert world.told.line() == "run"
    filler.unlink()
    until(lambda: not world.inspect(ident)["State"]["Error"], "it is healed")
    found = world.inspect(ident)
    assert (found["RestartCount"], found["State"]["ExitCode"]) == (1, 7)


def test_a_removed_state_directory(world: World) -> None:
    """When the state directory is removed, services live on, are logged and recorded anew, even across a kill."""
    ident = world.sh("trap 'echo more' USR1; echo ready >$T; while :; do sleep 1000 & wait $!; done", name="one")
    assert world.told.line() == "ready"
    main = world.main(ident)
    shutil.rmtree(world.state)
    world.do("kill", ident, signal="USR1")
    world.await_line(ident, "more")
    world.await_another(world.kill_supervisor())
    found = world.inspect("one")
    assert (found["Id"], found["State"]["Pid"], found["State"]["Status"]) == (ident, main, "running")
    world.stop("one")
    assert not world.of(ident)
    assert (world.state / "services" / ident / "spec.json").exists()


def test_a_removed_runtime_directory(world: World) -> None:
    """When the runtime directory is removed, shims and a supervisor make their sockets anew, and exactly one serves."""
    idents = [world.sh(WAITS) for _ in range(5)]
    assert [world.told.line() for _ in idents] == ["ready"] * 5
    mains, pid = [world.main(ident) for ident in idents], world.pid
    shutil.rmtree(world.runtime)
    os.kill(pid, signal.SIGKILL)
    wait_gone(pid)
    assert world.await_another(pid)
    until(lambda: len(world.events("adopted")) == 5, "all are adopted")
    assert [world.main(ident) for ident in idents] == mains
    assert len(world.supervisors()) == 1


def test_a_removed_runtime_directory_of_a_living_supervisor(world: World) -> None:
    """A supervisor that nobody can reach any more is relieved by the next command's."""
    idents = [world.sh(WAITS) for _ in range(5)]
    assert [world.told.line() for _ in idents] == ["ready"] * 5
    mains, pid = [world.main(ident) for ident in idents], world.pid
    shutil.rmtree(world.runtime)
    assert world.pid != pid
    until(lambda: len(world.events("adopted")) == 5, "all are adopted")
    assert [world.main(ident) for ident in idents] == mains
    assert len(world.supervisors()) == 1


def test_a_removed_log(world: World) -> None:
    """When the log or its folder is removed, logging goes on in a new one."""
    ident = world.sh("trap 'echo more' USR1; echo first; echo ready >$T; while :; do sleep 1000 & wait $!; done")
    assert world.told.line() == "ready"
    folder = world.state / "services" / ident
    world.await_line(ident, "first")
    (folder / "log").unlink()
    world.do("kill", ident, signal="USR1")
    world.await_line(ident, "more")
    shutil.rmtree(folder)
    world.do("kill", ident, signal="USR1")
    world.await_line(ident, "more")
    world.do("kill", ident, signal="TERM")
    world.await_status(ident, "exited")
    assert (folder / "state.json").exists()


def test_no_descriptors(nowhere: World) -> None:
    """Without descriptors to be had, services go on, new ones are refused with a reason, and later all works again."""
    world = nowhere
    world.start("prlimit", "--nofile=60:60")
    ident = world.sh("echo run >$T; read x <$D/go; exit 1", restart="always", restart_delay=0, restart_max_delay=0.05,
                     start=False)  # fmt: skip
    os.mkfifo(world.root / "go")
    world.do("start", ident)
    assert world.told.line() == "run"
    crowd = [world.connect() for _ in range(60)]  # those that it cannot accept wait in its queue
    (world.root / "go").write_text("\n")
    until(lambda: not world.of(ident) or len(world.of(ident)) > 0, "it goes on in some way")
    for one in crowd:
        one.socket.close()
    assert world.told.line() == "run"
    idents: list[str] = []
    refusals: list[str] = []
    while not refusals and len(idents) < 30:
        try:
            idents.append(world.sh("exec sleep 1000"))
        except PyinitError as error:
            refusals.append(str(error))
    assert "open files" in refusals[0]
    assert idents
    world.do("rm", *idents, force=True)
    assert world.sh(WAITS)
    assert world.told.line() == "ready"
    assert world.status(ident) == "running"


def test_no_processes(nowhere: World) -> None:
    """Where no process can be started, inspect says so, and the service is started when it can be."""
    world = nowhere
    uid = 54321
    (world.root / "told").chmod(0o666)
    world.start("prlimit", "--nproc=40:40", "setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", owner=uid)
    ident = world.sh("echo run >$T; read x <$D/go; exit 1", restart="always", restart_delay=0.1, restart_max_delay=0.1,
                     start=False)  # fmt: skip
    os.mkfifo(world.root / "go")
    os.chown(world.root / "go", uid, uid)
    world.do("start", ident)
    assert world.told.line() == "run"
    crowd = _crowd(uid)
    try:
        (world.root / "go").write_text("\n")
        until(lambda: bool(world.events("failed", ident)), "a start fails")
        assert "unavailable" in world.events("failed", ident)[0]["error"]
    finally:
        crowd.communicate()
    assert world.told.line() == "run"
    assert world.await_status(ident, "running")["State"]["Error"] == ""


def _crowd(uid: int) -> subprocess.Popen[bytes]:
    """As many processes of that user as it may have, in a namespace that ends with its first one."""
    script = "i=0; while [ $i -lt 45 ]; do sleep 1000 & i=$((i+1)); done; echo full; read x"
    command = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "sh", "-c", script]
    command = ["prlimit", "--nproc=100:100", "unshare", "--pid", "--fork", *command]
    crowd = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert crowd.stdout
    assert crowd.stdout.readline() == b"full\n"
    return crowd


def test_a_stopped_supervisor(world: World, probe: Callable[[str], str]) -> None:
    """While the supervisor is stopped, services live; when it goes on, it has missed nothing."""
    writer = Numbered(world, probe("numbered"), "writer", lines=100_000, restart="no")
    ident = world.sh("echo ready >$T; read x <$D/go; exit 9", start=False)
    os.mkfifo(world.root / "go")
    world.do("start", ident)
    assert world.told.line() == "ready"
    pid, main = world.pid, world.main(ident)
    os.kill(pid, signal.SIGSTOP)
    (world.root / "go").write_text("\n")
    wait_gone(main)
    assert world.supervisors() == [pid]
    os.kill(pid, signal.SIGCONT)
    assert world.await_status(ident, "exited")["State"]["ExitCode"] == 9
    world.await_status("writer", "exited")
    writer.check_log()
    assert is_gone(main)
