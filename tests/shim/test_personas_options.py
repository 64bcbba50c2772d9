"""Called by the name of another init: that program's options, variables, streams and exit codes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Named = Callable[[str], str]

# Sends its parent, which is the init, the signals, and prints which one it gets back first.
MIRROR = """
import os, signal, sys
every = [number for number in range(1, 65) if number not in (17, 32, 33)]
signal.pthread_sigmask(signal.SIG_BLOCK, every)
for number in sys.argv[1:]:
    os.kill(os.getppid(), int(number))
print(int(signal.sigwait(every)))
"""
# The session and the group of the application, relative to those of the init's own parent.
PLACE = "import os; print(os.getsid(0) == int(os.environ['SID']), os.getpgrp() == os.getpid())"
NO_VARIABLES = re.compile("PYINIT_|DUMB_INIT_|TINI_|CATATONIT_")
TINI = ["tini", "tini-static", "docker-init"]
ALL = ["dumb-init", *TINI, "catatonit"]


def run(path: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program with these words, and with these as the only variables of any init."""
    environment = {name: value for name, value in os.environ.items() if not NO_VARIABLES.match(name)}
    return subprocess.run(
        [path, *words],
        env=environment | variables | {"SID": str(os.getsid(0))},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def mirrored(path: str, sent: str, *words: str, **variables: str) -> str:
    """Give the number of the signal that the application gets first when the init is sent these."""
    done = run(path, *words, sys.executable, "-c", MIRROR, *sent.split(), **variables)
    assert done.returncode == 0
    return done.stdout.strip()


def place(path: str, *words: str, **variables: str) -> str:
    """Say where the application runs: "session", "group" or "kept"."""
    done = run(path, *words, sys.executable, "-c", PLACE, **variables)
    return {"False True": "session", "True True": "group", "True False": "kept"}[done.stdout.strip()]


@pytest.mark.parametrize("name", ALL)
def test_no_command_is_a_usage_error(as_persona: Named, name: str) -> None:
    """Without a command each exits with 1, and says so under its own name."""
    done = run(as_persona(name))
    assert (done.returncode, done.stdout) == (1, "")
    own = "tini" if name in TINI else name
    assert re.fullmatch(rf"{own}: no command given; {own} -+\w+ tells how\n", done.stderr)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("word", ["-Z", "--grace=1s", "--nonsense"])
def test_an_option_that_the_program_lacks_is_an_error(as_persona: Named, name: str, word: str) -> None:
    """An unknown option exits with 1; those of pyinit are unknown here."""
    done = run(as_persona(name), word, "true")
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.parametrize("name", ALL)
def test_options_end_at_the_command(as_persona: Named, name: str) -> None:
    """The command's words are its own, even where the program that this one stands for takes them."""
    assert run(as_persona(name), "printf", "%s ", "-h", "-l", "-V").stdout == "-h -l -V "
    assert run(as_persona(name), "--", "printf", "%s ", "--", "-g").stdout == "-- -g "


@pytest.mark.parametrize("name", ALL)
def test_variables_of_pyinit_are_not_read(as_persona: Named, name: str) -> None:
    """A persona looks at its own variables alone."""
    assert run(as_persona(name), "true", PYINIT_GRACE="nonsense").returncode == 0


@pytest.mark.parametrize(
    ("name", "missing", "refused"),
    [("dumb-init", 2, 2), ("tini", 127, 126), ("docker-init", 127, 126), ("catatonit", 1, 1)],
)
def test_exec_errors(as_persona: Named, name: str, missing: int, refused: int) -> None:
    """A command that is not there, or may not be executed, has the exit code of the original."""
    assert run(as_persona(name), "/no/such/command").returncode == missing
    assert run(as_persona(name), "/etc/passwd").returncode == refused


@pytest.mark.parametrize("word", ["-h", "--help", "--hel", "-ch"])
def test_dumb_init_s_help(as_persona: Named, word: str) -> None:
    """dumb-init's help is on standard error, with 0."""
    done = run(as_persona("dumb-init"), word)
    assert (done.returncode, done.stdout) == (0, "")
    assert "--rewrite s:r" in done.stderr


@pytest.mark.parametrize("word", ["-V", "--version"])
def test_dumb_init_s_version(as_persona: Named, word: str) -> None:
    """dumb-init's version is on standard error, with 0, and begins as the original's."""
    done = run(as_persona("dumb-init"), word)
    assert (done.returncode, done.stdout) == (0, "")
    assert re.match(r"dumb-init v1\.2\.5 - pyinit \d", done.stderr)


@pytest.mark.parametrize(
    "value",
    ["", "herp", "herp:derp", "15", "15::12", "15:derp", "1:32", "32:1", "0:1", "TERM:QUIT", "15:3,2:3", "15:3x"],
)
def test_dumb_init_s_rewrites_are_numbers_up_to_31(as_persona: Named, value: str) -> None:
    """What is not two numbers of ordinary signals is a usage error that names the value."""
    done = run(as_persona("dumb-init"), "-r", "15:12", "-r", value, "true")
    expected = f'dumb-init: -r: "{value}" is not a rewrite s:r: the numbers of signals, 1 to 31; 0 for r drops s\n'
    assert (done.returncode, done.stdout, done.stderr) == (1, "", expected)


def test_dumb_init_rewrites(as_persona: Named) -> None:
    """dumb-init's --rewrite in each of its spellings, and a real-time signal that is forwarded as it is."""
    path = as_persona("dumb-init")
    for words in (
        ["-r", "15:3"],
        ["-r15:3"],
        ["--rewrite=15:3"],
        ["--rewrite", "15:3"],
        ["--rew=15:3"],
        ["-cr", "15:3"],
    ):
        assert mirrored(path, "15", *words) == "3"
    assert mirrored(path, "15 12", "-r", "15:0") == "12"
    assert mirrored(path, "15", "-r", "15:3", "-r", "15:2") == "2"
    assert mirrored(path, "40") == "40"


def test_dumb_init_s_session(as_persona: Named) -> None:
    """A session of its own, unless --single-child or DUMB_INIT_SETSID=0; no other value of it counts."""
    path = as_persona("dumb-init")
    assert place(path) == "session"
    assert place(path, "-c") == "kept"
    assert place(path, "--single-child") == "kept"
    assert place(path, DUMB_INIT_SETSID="0") == "kept"
    assert place(path, DUMB_INIT_SETSID="no") == "session"
    assert place(path, DUMB_INIT_SETSID="1") == "session"


def test_dumb_init_debugs(as_persona: Named) -> None:
    """-v, --verbose and DUMB_INIT_DEBUG=1 tell of each signal; another value of the variable does not."""
    path = as_persona("dumb-init")
    command = (sys.executable, "-c", MIRROR, "10")
    for done in (run(path, "-v", *command), run(path, "--verbose", *command), run(path, *command, DUMB_INIT_DEBUG="1")):
        assert "dumb-init: received SIGUSR1" in done.stderr
    for done in (run(path, *command), run(path, *command, DUMB_INIT_DEBUG="yes")):
        assert done.stderr == ""


@pytest.mark.parametrize("name", TINI)
def test_tini_s_version_is_what_docker_looks_for(as_persona: Named, name: str) -> None:
    """--version, alone, prints the three words that `docker info` parses, on standard output."""
    done = run(as_persona(name), "--version")
    assert (done.returncode, done.stderr) == (0, "")
    found = re.match(r"tini version (\S+) - pyinit \d", done.stdout)
    assert found
    assert found[1] == "0.19.0"
    assert run(as_persona(name), "--version", "true").returncode == 1


@pytest.mark.parametrize(("word", "text"), [("-h", "Usage: tini "), ("-l", "MIT License"), ("-vgl", "MIT License")])
def test_tini_prints_on_standard_output(as_persona: Named, word: str, text: str) -> None:
    """-h and -l print on standard output and exit with 0."""
    done = run(as_persona("tini"), word)
    assert (done.returncode, done.stderr) == (0, "")
    assert text in done.stdout


def test_tini_s_exit_codes(as_persona: Named) -> None:
    """-e makes a code 0, for as many codes as are given."""
    path = as_persona("tini")
    assert run(path, "-e", "3", "sh", "-c", "exit 3").returncode == 0
    assert run(path, "-e3", "-e4", "sh", "-c", "exit 4").returncode == 0
    assert run(path, "-e", "3", "sh", "-c", "exit 5").returncode == 5
    assert run(path, "-e", "143", "sh", "-c", "kill $$").returncode == 0


@pytest.mark.parametrize("value", ["256", "-1", "x", "", "3:4"])
def test_tini_s_bad_exit_code(as_persona: Named, value: str) -> None:
    """What is no exit code is a usage error."""
    done = run(as_persona("tini"), "-e", value, "true")
    assert (done.returncode, done.stderr) == (1, f'tini: -e: "{value}" is not an exit code: 0 to 255\n')


@pytest.mark.parametrize("value", ["TERM", "9", "SIGFOO", "", "SIG9"])
def test_tini_s_bad_signal(as_persona: Named, value: str) -> None:
    """-p takes names in full alone."""
    done = run(as_persona("tini"), "-p", value, "true")
    assert (done.returncode, done.stderr) == (1, f'tini: -p: "{value}" is not a signal\'s name, like SIGTERM\n')
    assert run(as_persona("tini"), "-p", "SIGKILL", "true").returncode == 0


@pytest.mark.parametrize("name", [*TINI, "catatonit"])
def test_a_group_of_its_own(as_persona: Named, name: str) -> None:
    """Both keep the session, and give the application a process group."""
    assert place(as_persona(name)) == "group"
    assert place(as_persona(name), "-g") == "group"


@pytest.mark.parametrize("name", ["tini", "catatonit"])
@pytest.mark.parametrize("kept", [4, 5, 6, 7, 8, 11, 21, 22, 31])
def test_signals_that_are_not_forwarded(as_persona: Named, name: str, kept: int) -> None:
    """What tini and catatonit keep to themselves does not reach the application; others do."""
    environment = {"TINI_SUBREAPER": "1"}
    assert mirrored(as_persona(name), f"{kept} 12", **environment) == "12"


def test_catatonit_swallows_tstp_too(as_persona: Named) -> None:
    """TSTP reaches the application from tini, and not from catatonit."""
    assert mirrored(as_persona("catatonit"), "20 12") == "12"
    assert mirrored(as_persona("tini"), "20", TINI_SUBREAPER="1") == "20"


# Has the init adopt an orphan, if it does that.
ORPHAN = """
import os
init = os.getppid()
reading, writing = os.pipe()
middle = os.fork()
if not middle:
    middle = os.getpid()
    if os.fork():
        os._exit(0)
    while os.getppid() == middle:
        os.sched_yield()
    os.write(writing, b"adopted" if os.getppid() == init else b"elsewhere")
    os._exit(0)
os.waitpid(middle, 0)
print(os.read(reading, 100).decode())
"""


def test_who_adopts_orphans(as_persona: Named) -> None:
    """dumb-init never, tini with -s or the presence of its variable, catatonit always."""
    command = (sys.executable, "-c", ORPHAN)
    assert run(as_persona("dumb-init"), *command).stdout == "elsewhere\n"
    assert run(as_persona("tini"), *command).stdout == "elsewhere\n"
    assert run(as_persona("tini"), "-s", *command).stdout == "adopted\n"
    assert run(as_persona("tini"), *command, TINI_SUBREAPER="").stdout == "adopted\n"
    assert run(as_persona("catatonit"), *command).stdout == "adopted\n"


def test_who_sends_to_the_group(as_persona: Named) -> None:
    """-g, and the presence of TINI_KILL_PROCESS_GROUP, send to the group; without it only the child gets a signal."""
    script = """
import os, signal, sys
reading, writing = os.pipe()
signal.pthread_sigmask(signal.SIG_BLOCK, [10, 12])
child = os.fork()
if not child:
    os.write(writing, str(int(signal.sigwait([10, 12]))).encode())
    os._exit(0)
os.kill(os.getppid(), 10)
signal.sigwait([10])
os.kill(child, 12)
os.waitpid(child, 0)
print(os.read(reading, 10).decode())
"""
    command = (sys.executable, "-c", script)
    for name in ("tini", "catatonit"):
        assert run(as_persona(name), *command).stdout == "12\n"
        assert run(as_persona(name), "-g", *command).stdout == "10\n"
    assert run(as_persona("tini"), *command, TINI_KILL_PROCESS_GROUP="").stdout == "10\n"
    assert run(as_persona("dumb-init"), *command).stdout == "10\n"
    assert run(as_persona("dumb-init"), "-c", *command).stdout == "12\n"


def test_tini_s_verbosity(as_persona: Named) -> None:
    """-v up to three times tells more; TINI_VERBOSITY beats it, and is 0 where it is no number."""
    path = as_persona("tini")
    command = (sys.executable, "-c", MIRROR, "10")
    assert "tini: received SIGUSR1" in run(path, "-svvv", *command).stderr
    assert "tini: received SIGUSR1" in run(path, "-s", *command, TINI_VERBOSITY="3").stderr
    for value in ("0", "1", "-1", "loud"):
        assert run(path, "-svvv", *command, TINI_VERBOSITY=value).stderr == ""


@pytest.mark.parametrize("word", ["-V", "--version", "--ver"])
def test_catatonit_s_version(as_persona: Named, word: str) -> None:
    """The version is on standard output, and looks like tini's, as the original's does."""
    done = run(as_persona("catatonit"), word)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(r"tini version \S+_catatonit - pyinit \d", done.stdout)


def test_catatonit_s_texts(as_persona: Named) -> None:
    """Help is on standard error and the license on standard output, both with 0."""
    done = run(as_persona("catatonit"), "-h")
    assert (done.returncode, done.stdout) == (0, "")
    assert "[-ghLPV]" in done.stderr
    done = run(as_persona("catatonit"), "-gL")
    assert (done.returncode, done.stderr) == (0, "")
    assert "MIT License" in done.stdout


def test_catatonit_s_variables(as_persona: Named) -> None:
    """CATATONIT_DEBUG tells of each signal by being there; CATATONIT_LOG must not be there."""
    path = as_persona("catatonit")
    command = (sys.executable, "-c", MIRROR, "10")
    assert "catatonit: received SIGUSR1" in run(path, *command, CATATONIT_DEBUG="").stderr
    assert run(path, *command).stderr == ""
    assert run(path, "true", CATATONIT_LOG="x").returncode == 1
