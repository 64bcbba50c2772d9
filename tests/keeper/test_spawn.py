from __future__ import annotations

import errno
import json
import os
import pty
import select
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pyinit import protocol
from tests.keeper.peer import PYTHON, WAIT

if TYPE_CHECKING:
    from tests.keeper.peer import Peer, Shim

OUT, ERR, IN = 1, 2, 0


def output(peer: Peer, argv: list[str], run: int = 1, **payload: Any) -> str:
    """Run a command to its end; what it wrote on standard output."""
    ours, its = os.pipe()
    peer.keep(OUT, its)
    os.close(its)
    got = peer.spawn(argv, run, **({"descriptors": {1: OUT, 2: OUT}} | payload))
    assert (got.slot, got.c) == (0, 0)
    assert peer.do(protocol.KEEP, slot=OUT) == 0
    with os.fdopen(ours) as file:
        text = file.read()
    peer.wait(protocol.EXITED)
    peer.wait(protocol.EMPTY)
    return text


def test_identity(shim: Shim) -> None:
    """SPAWNED tells the pid and the start time that /proc has."""
    peer = shim.ready()
    got = peer.spawn(["sleep", "1000"])
    fields = Path(f"/proc/{got.a}/stat").read_text().rpartition(")")[2].split()
    assert (got.slot, got.c, got.b) == (0, 0, int(fields[19]))
    assert int(fields[1]) == shim.pid


def test_environment_and_arguments(shim: Shim) -> None:
    """Arguments and variables arrive byte for byte, and nothing else does."""
    peer = shim.ready()
    script = "import sys, os; print(sys.argv[1:], sorted(os.environb.items()))"
    text = output(peer, [PYTHON, "-c", script, "", "a b", "\udcff\n"], env=["A=1", "B=", "LC_ALL=C"])
    assert text == "['', 'a b', '\\udcff\\n'] [(b'A', b'1'), (b'B', b''), (b'LC_ALL', b'C')]\n"


def test_listen_pid(shim: Shim) -> None:
    """LISTEN_PID=@ and WATCHDOG_PID=@ get the process's pid; another variable keeps its @."""
    peer = shim.ready()
    env = ["LISTEN_PID=@", "WATCHDOG_PID=@", "OTHER=@", "LISTEN_FDS=1"]
    text = output(peer, ["/bin/sh", "-c", "echo $LISTEN_PID $WATCHDOG_PID $OTHER $$"], env=env)
    listen, watchdog, other, pid = text.split()
    assert (listen, watchdog, other) == (pid, pid, "@")


def test_own_path(shim: Shim, folder: Path) -> None:
    """The command is searched for in the PATH of its own environment."""
    peer = shim.ready()
    tool = folder / "tool"
    tool.write_text("#!/bin/sh\necho found\n")
    tool.chmod(0o755)
    assert output(peer, ["tool"], env=[f"PATH={folder}"]) == "found\n"


def test_descriptors(shim: Shim) -> None:
    """Slots are at the numbers that were asked for, also when these cross, and no other descriptor is passed on."""
    peer = shim.ready()
    names = [Path(shim.folder, name) for name in ("a", "b", "c")]
    for slot, name in enumerate(names, 10):
        fd = os.open(name, os.O_RDWR | os.O_CREAT)
        peer.keep(slot, fd)
        os.close(fd)
    script = "import os, json; print(json.dumps({n: os.readlink(f'/dev/fd/{n}') for n in filter(is_open, range(64))}))"
    script = "def is_open(n):\n try: return os.fstat(n)\n except OSError: return False\n" + script
    table = {1: OUT, 3: 12, 4: 10, 5: 11, 9: 10, 60: 12, 7: protocol.SLOT_NULL}
    found = json.loads(output(peer, [PYTHON, "-c", script], descriptors=table))
    a, b, c = map(str, names)
    null = "/dev/null"
    assert found.pop("1").startswith("pipe:")
    assert found == {"0": null, "2": null, "3": c, "4": a, "5": b, "7": null, "9": a, "60": c}


def test_settings(shim: Shim, folder: Path) -> None:
    """Directory, umask, nice value, oom_score_adj, limits and no_new_privs are as the payload says."""
    peer = shim.ready()
    script = (
        "import os, resource; os.umask(m := os.umask(0)); "
        "print(os.getcwd(), oct(m), os.nice(0), open('/proc/self/oom_score_adj').read().strip(), "
        "*resource.getrlimit(resource.RLIMIT_NOFILE), *resource.getrlimit(resource.RLIMIT_CORE), "
        "open('/proc/self/status').read().split('NoNewPrivs:')[1].split()[0])"
    )
    text = output(
        peer,
        [PYTHON, "-c", script],
        cwd=os.fsencode(folder),
        umask=0o27,
        nice=5,
        oom_score_adj=321,
        limits=[(7, 200, 300), (4, 0, protocol.UNLIMITED)],
        flags=protocol.PAYLOAD_SESSION | protocol.PAYLOAD_NO_PRIVS,
    )
    assert text == f"{folder} 0o27 5 321 200 300 0 -1 1\n"


def test_signals_at_default(shim: Shim) -> None:
    """No signal is blocked or ignored in the process, though Python ignores PIPE and the shim blocks all."""
    peer = shim.ready()
    text = output(peer, ["grep", "^Sig[BI]", "/proc/self/status"])
    assert [line.split()[1] for line in text.splitlines()] == ["0" * 16] * 2


def test_session_or_group(shim: Shim) -> None:
    """The process leads a session, or without that flag a process group."""
    peer = shim.ready()
    script = "import os; print(os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid())"
    assert output(peer, [PYTHON, "-c", script]) == "True True\n"
    assert output(peer, [PYTHON, "-c", script], 2, flags=0) == "False True\n"


def test_umask_of_the_start(shim: Shim) -> None:
    """Without a umask the process has that of the shim's starter, not the shim's own."""
    peer = shim.ready()
    before = os.umask(0)
    os.umask(before)
    assert int(output(peer, ["/bin/sh", "-c", "umask"]), 8) == before


def test_terminal(shim: Shim) -> None:
    """Descriptor 0 becomes the controlling terminal."""
    peer = shim.ready()
    master, slave = pty.openpty()
    peer.keep(IN, slave)
    os.close(slave)
    script = "import os; print(os.ttyname(os.open('/dev/tty', os.O_RDWR)), os.tcgetpgrp(0) == os.getpgid(0))"
    flags = protocol.PAYLOAD_SESSION | protocol.PAYLOAD_TERMINAL
    got = peer.spawn([PYTHON, "-c", script], flags=flags, descriptors={0: IN, 1: IN, 2: IN})
    assert got.c == 0
    assert os.read(master, 100).split() == [b"/dev/tty", b"True"]
    os.close(master)


@pytest.mark.skipif(os.geteuid() != 0, reason="another user is root's to choose")
def test_user(shim: Shim) -> None:
    """User, group and supplementary groups are the payload's, and the process still dies with its shim."""
    peer = shim.ready()
    got = peer.spawn(["/bin/sleep", "1000"], uid=1234, gid=2345, groups=[7, 8])
    assert got.c == 0
    status = Path(f"/proc/{got.a}/status").read_text()
    assert "Uid:\t1234\t1234\t1234\t1234" in status
    assert "Gid:\t2345\t2345\t2345\t2345" in status
    assert "Groups:\t7 8" in status
    process = os.pidfd_open(got.a)
    os.kill(shim.pid, signal.SIGKILL)
    shim.wait()
    assert select.select([process], [], [], WAIT)[0]
    os.close(process)


@pytest.mark.parametrize(
    ("argv", "payload", "step", "error"),
    [
        (["nonesuch"], {}, protocol.STEP_EXECUTE, errno.ENOENT),
        (["/etc/passwd"], {}, protocol.STEP_EXECUTE, errno.EACCES),
        (["/etc"], {}, protocol.STEP_EXECUTE, errno.EACCES),
        (["true"], {"cwd": b"/nonesuch"}, protocol.STEP_DIRECTORY, errno.ENOENT),
        (["true"], {"descriptors": {1: 40}}, protocol.STEP_DESCRIPTOR, errno.EBADF),
        (["true"], {"cgroup": b"/nonesuch"}, protocol.STEP_CGROUP, errno.ENOENT),
        (["true"], {"oom_score_adj": 5000}, protocol.STEP_OOM, errno.EINVAL),
        (["true"], {"limits": [(7, 5, 4)]}, protocol.STEP_LIMIT, errno.EINVAL),
        (["true"], {"flags": 3}, protocol.STEP_TERMINAL, errno.ENOTTY),
    ],
)
def test_failures(shim: Shim, argv: list[str], payload: dict[str, Any], step: int, error: int) -> None:
    """What fails is told as step and errno, leaves nothing behind, and the next SPAWN works."""
    peer = shim.ready()
    got = peer.spawn(argv, **payload)
    assert (protocol.STEPS[got.slot], errno.errorcode[got.c]) == (protocol.STEPS[step], errno.errorcode[error])
    assert got.a == 0
    peer = shim.adopt()
    assert peer.spawn(["true"]).c == 0
    assert peer.wait(protocol.EXITED).c == 0


def test_missing_interpreter(shim: Shim, folder: Path) -> None:
    """A script whose interpreter is missing is told from a command that is."""
    peer = shim.ready()
    script = folder / "script"
    script.write_text("#!/nonesuch\n")
    script.chmod(0o755)
    got = peer.spawn([str(script)])
    assert (got.slot, got.c) == (protocol.STEP_EXECUTE, errno.ELIBBAD)


def test_only_one(shim: Shim) -> None:
    """While a main process lives there is no second one."""
    peer = shim.ready()
    peer.spawn(["sleep", "1000"])
    got = peer.spawn(["true"], 2)
    assert (got.slot, got.c) == (protocol.STEP_BUSY, errno.EBUSY)


def test_not_before_config(shim: Shim) -> None:
    """Before CONFIG there is no place for an exit record, so nothing is started."""
    shim.peer.hello()
    assert shim.peer.spawn(["true"]).slot == protocol.STEP_CONFIG


def test_large(shim: Shim) -> None:
    """A megabyte of environment arrives."""
    peer = shim.ready()
    env = [f"V{number}={'x' * 100_000}" for number in range(10)]
    assert output(peer, [PYTHON, "-c", "import os; print(len(os.environ['V9']))"], env=env) == "100000\n"


def test_too_large_for_the_kernel(shim: Shim) -> None:
    """What the kernel refuses is an error of execute."""
    peer = shim.ready()
    got = peer.spawn(["true", "x" * 200_000])
    assert (got.slot, got.c) == (protocol.STEP_EXECUTE, errno.E2BIG)


def test_garbage_payloads(shim: Shim) -> None:
    """A payload that is cut off or changed is refused by name, and the shim lives."""
    peer = shim.ready()
    good = protocol.payload([b"/bin/true"], [b"A=1"], descriptors={1: 3}, groups=None, limits=[(7, 10, 10)])
    bad = [good[:length] for length in range(len(good))] + [good + b"\0", b"\xff" * 48, b"PYS1" + b"\xff" * 44]
    bad += [good[:44] + number.to_bytes(4, "little") + good[48:] for number in (0, 2, 2**31, 2**32 - 1)]
    for packed in bad:
        got = peer.spawn_packed(packed)
        assert (got.slot, got.c) == (protocol.STEP_PAYLOAD, errno.EINVAL)
    assert peer.ask(protocol.SPAWN, a=1).slot == protocol.STEP_PAYLOAD
    ours, its = os.pipe()
    assert peer.ask(protocol.SPAWN, a=1, fds=[ours]).slot == protocol.STEP_PAYLOAD
    os.close(ours)
    os.close(its)
    assert peer.ask(protocol.SPAWN, a=0).slot == protocol.STEP_PAYLOAD
