"""What pyinit does right by a peer's name where the peer hangs or loses a race: so there is nothing to compare."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.running import Running, Terminal, ready

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PEERS = ("dumb-init", "tini", "docker-init", "catatonit")
GROUPS = ("dumb-init", "tini -g", "docker-init -g", "catatonit -g")


@pytest.mark.parametrize("peer", PEERS)
def test_ignored_sigchld_is_no_trap(personas: Path, probe: Callable[[str], str], peer: str) -> None:
    """An inherited ignored SIGCHLD does not hide the main child's end (tini and catatonit wait for ever)."""
    with Running([probe("start"), "-i", "17", str(personas / peer), "--", "sh", "-c", "exit 7"]) as running:
        assert running.wait() == 7


@pytest.mark.parametrize("command", GROUPS)
def test_early_signal_reaches_the_group(personas: Path, probe: Callable[[str], str], command: str) -> None:
    """A signal that was there before the child had its own group arrives in it (all three peers may lose it)."""
    peer, *options = command.split()
    early = [probe("start"), "-b", "10,15", "sh", "-c", '(kill -10 $$); (kill -15 $$); exec "$@"', "sh"]
    with Running([*early, str(personas / peer), *options, "--", probe("listen")]) as running:
        ready(running.out)
        assert running.out.lines(2) == ["main 10 -", "main 15 -"]


def test_dumb_init_forwards_real_time_signals(personas: Path, probe: Callable[[str], str]) -> None:
    """As dumb-init, all real-time signals are forwarded (dumb-init reads behind its table for them)."""
    with Running([str(personas / "dumb-init"), "--", probe("listen")]) as running:
        ready(running.out)
        for number in (34, 35, 50, 64):
            running.send(number)
            assert running.out.line() == f"main {number} -"


@pytest.mark.parametrize("peer", PEERS)
def test_suspended_and_resumed_by_a_shell(personas: Path, peer: str) -> None:
    """In an interactive shell ^Z gives the prompt back and fg goes on (tini and catatonit hang the shell)."""
    with Terminal(["bash", "--norc", "--noprofile", "-i"]) as shell:
        shell.type(f"""{personas / peer} -- sh -c 'echo u""p; exec cat'\n""")
        shell.out.until("^up")
        shell.type("\x1a")
        shell.out.until("Stopped")
        shell.type("fg\n")
        shell.out.until("exec cat")
        shell.type('hel""lo\n')
        shell.out.until('hel""lo')
        shell.out.until('hel""lo')  # the second is cat's
        shell.type("\x04")
        shell.type("exit 5\n")
        assert shell.wait() == 5


@pytest.mark.parametrize("peer", PEERS)
def test_no_theft_from_the_background(personas: Path, peer: str) -> None:
    """Started in the background of an interactive shell it leaves the terminal to the shell (tini takes it)."""
    with Terminal(["bash", "--norc", "--noprofile", "-i"]) as shell:
        shell.type(f"""{personas / peer} -- sh -c 'echo u""p; exec sleep 1000' &\n""")
        shell.out.until("up$")  # it may come behind the prompt
        assert shell.foreground() == shell.pid
        shell.type("kill -9 -- -$!; kill -9 $!; exit 6\n")
        shell.out.until("exit 6")
        assert shell.wait() == 6


@pytest.mark.parametrize("peer", ["tini", "docker-init", "catatonit"])
def test_version_is_what_container_engines_read(personas: Path, peer: str) -> None:
    """`docker info` reads a first line `tini version NUMBER` from its init; catatonit says the same."""
    done = subprocess.run([personas / peer, "--version"], text=True, capture_output=True, check=True)
    assert re.match(r"tini version \d", done.stdout)


@pytest.mark.parametrize(("name", "code"), [("dumb-init", 2), ("tini", 127), ("docker-init", 127), ("catatonit", 1)])
def test_a_copy_is_as_good_as_a_link(personas: Path, tmp_path: Path, name: str, code: int) -> None:
    """The name decides, not the kind of file, and neither the directory that it is in."""
    shutil.copy(personas / name, tmp_path / name)
    for program in (str(tmp_path / name), f"./{name}", str(personas / name)):
        done = subprocess.run([program, "no-such-command"], cwd=tmp_path, stderr=subprocess.DEVNULL, check=False)
        assert done.returncode == code


def test_tini_takes_any_number_of_mapped_codes(personas: Path) -> None:
    """As tini, -e can be given for all 256 codes at once."""
    options = [word for code in range(256) for word in ("-e", str(code))]
    assert subprocess.run([personas / "tini", *options, "--", "sh", "-c", "kill -9 $$"], check=False).returncode == 0


def test_dumb_init_stops_at_the_31st_signal(personas: Path) -> None:
    """As dumb-init, --rewrite knows signals 1 to 31 alone, whatever pyinit itself knows."""
    for rule in ("32:1", "1:34", "TERM:INT", "RTMIN:1"):
        done = subprocess.run([personas / "dumb-init", "-r", rule, "true"], stderr=subprocess.PIPE, check=False)
        assert done.returncode == 1, rule
        assert done.stderr.count(b"\n") == 1, "one line"
