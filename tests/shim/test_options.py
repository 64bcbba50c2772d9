"""The command line and the PYINIT_* variables: every option, what is wrong with its values, and which one wins."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
# Sends its parent, which is the init, signal argv[1], and prints which one it gets back.
MIRROR = """
import os, signal, sys
every = [signal for signal in range(1, 65) if signal not in (17, 32, 33)]
signal.pthread_sigmask(signal.SIG_BLOCK, every)
for number in sys.argv[1:]:
    os.kill(os.getppid(), int(number))
print(int(signal.sigwait(every)))
"""
DURATION = "is not a duration: 500ms, 10s, 2m, 1h, or plain seconds; up to 24 days"
REWRITE = "is not a rewrite: signals are 1 to 64, names like TERM, or RTMIN+3; 0 as the second drops it"
EXIT_MAP = "is not an exit map: FROM or FROM:TO, both 0 to 255"
DELAY = "is not a delay: SIG=DURATION, where SIG is 1 to 64 or a name, DURATION 500ms, 10s, 2m or seconds"
TARGET = "is not main, group or tree"
PARENT_DEATH = "is not a signal: 1 to 64, a name like TERM, RTMIN+3; or 0 for none"
BAD_VALUES = [
    *(("rewrite", value, REWRITE) for value in ("15:99", "15", "15:", ":3", "0:15", "15:3,", ",15:3", "15:3;2:3")),
    *(("rewrite", value, REWRITE) for value in ("FOO:3", "RTMIN+31:3", "RTMAX+1:3", "RTMIN-1:3", "65:3", "-1:3")),
    *(("rewrite", value, REWRITE) for value in ("15:3 ", " 15:3", "15:3:2", "15::3", "SIG15:3", "99999999999:3")),
    *(("map-exit", value, EXIT_MAP) for value in ("256", "-1", "143:256", "143:", ":0", "x", "143,", "4294967296")),
    *(("forward", value, TARGET) for value in ("all", "Main", "tree ", "0")),
    *(("subreaper", value, "is not auto, yes or no") for value in ("maybe", "2")),
    *(("parent-death-signal", value, PARENT_DEATH) for value in ("65", "FOO", "-9", "9,15")),
    *(("grace", value, DURATION) for value in ("1d", "-1", "ms", "1.5s", "10 s", "597h", "99999999999999999999", "s")),
    *(("kill-after", value, DURATION) for value in ("soon", "2147484", "2147483648ms")),
    *(("delay", value, DELAY) for value in ("TERM", "TERM=", "=1s", "TERM=1x", "TERM=1s,", "0=1s", "TERM:1s")),
]
NEEDS_VALUE = ["rewrite", "forward", "parent-death-signal", "map-exit", "grace", "kill-after", "delay", "user", "chdir"]
FLAGS = ["single-child", "group", "wait-all", "no-new-privs", "warn-on-reap", "pause", "quiet", "help", "version"]
SHORT = {"rewrite": "-r", "parent-death-signal": "-p", "map-exit": "-e"}


def variable(name: str) -> str:
    """Give the variable that stands for a long option."""
    return "PYINIT_" + name.upper().replace("-", "_")


def run(pyinit: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the init with these words, and with these variables as the only ones for it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYINIT_")}
    return subprocess.run(
        [pyinit, *words],
        env=environment | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def mirrored(pyinit: str, sent: str, *words: str, **variables: str) -> str:
    """Give the number of the signal that the application gets when the init is sent these."""
    done = run(pyinit, *words, sys.executable, "-c", MIRROR, *sent.split(), **variables)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    """Give tools/generate.py as a module."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "tools/generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["generate"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("name", "value", "allowed"), BAD_VALUES)
def test_a_bad_value_is_named_with_what_is_allowed(pyinit: str, name: str, value: str, allowed: str) -> None:
    """A bad value ends in 125 and one line with the option or variable as it was given, the value, and what may be."""
    spellings: list[tuple[tuple[str, ...], str, dict[str, str]]] = [((f"--{name}={value}", "true"), f"--{name}", {})]
    if name != "subreaper":
        spellings.append(((f"--{name}", value, "true"), f"--{name}", {}))
    if name in SHORT:
        spellings.append(((SHORT[name], value, "true"), SHORT[name], {}))
        spellings.append(((f"{SHORT[name]}{value}", "true"), SHORT[name], {}))
    spellings.append((("true",), variable(name), {variable(name): value}))
    for words, spelled, variables in spellings:
        done = run(pyinit, *words, **variables)
        assert (done.returncode, done.stdout) == (125, "")
        assert done.stderr == f'pyinit: {spelled}: "{value}" {allowed}\n'


@pytest.mark.parametrize("name", NEEDS_VALUE)
def test_a_missing_value_is_an_error(pyinit: str, name: str) -> None:
    """An option that needs a value, as the last word, ends in 125 and says which kind of value."""
    done = run(pyinit, f"--{name}")
    assert done.returncode == 125
    assert re.fullmatch(rf"pyinit: --{name} needs a value: \S+\n", done.stderr)


@pytest.mark.parametrize("name", FLAGS)
def test_a_flag_takes_no_value(pyinit: str, name: str) -> None:
    """A flag with a value is refused, even if the value is yes."""
    done = run(pyinit, f"--{name}=yes", "true")
    assert (done.returncode, done.stderr) == (125, f"pyinit: --{name} takes no value\n")


@pytest.mark.parametrize("name", [name for name in FLAGS if name not in ("help", "version")])
def test_a_flag_s_variable_is_yes_or_no(pyinit: str, name: str) -> None:
    """The variable of a flag is a boolean in any case; something else is an error that names the variable."""
    done = run(pyinit, "true", **{variable(name): "maybe"})
    assert (done.returncode, done.stderr) == (125, f'pyinit: {variable(name)}: "maybe" is not yes or no\n')
    for value in ("0", "no", "False", "OFF", ""):
        assert run(pyinit, "true", **{variable(name): value}).returncode == 0


@pytest.mark.parametrize(
    ("word", "spelled"),
    [("--foo", "--foo"), ("--foo=bar", "--foo"), ("--rew=15:3", "--rew"), ("-x", "-x"), ("-cx", "-x"), ("---", "---")],
)
def test_an_unknown_option_is_an_error(pyinit: str, word: str, spelled: str) -> None:
    """An unknown option, also a shortened one, ends in 125 and one line that says where to look."""
    done = run(pyinit, word, "true")
    assert (done.returncode, done.stderr) == (125, f"pyinit: unknown option {spelled}; pyinit --help lists them\n")


@pytest.mark.parametrize("words", [[], ["--"], ["-v"], ["-c", "--"]])
def test_no_command_is_an_error(pyinit: str, words: list[str]) -> None:
    """Without a command the init ends in 125, and says how to get help."""
    done = run(pyinit, *words)
    assert (done.returncode, done.stderr) == (125, "pyinit: no command given; pyinit --help tells how\n")


def test_options_end_at_the_command(pyinit: str) -> None:
    """What looks like an option after the command is the command's own, and so is everything after --."""
    assert run(pyinit, "printf", "%s ", "-h", "--version", "--").stdout == "-h --version -- "
    assert run(pyinit, "--", "printf", "%s ", "-V").stdout == "-V "
    assert run(pyinit, "--", "--", "x").returncode == 127


@pytest.mark.parametrize(
    "words", [["-e3:4"], ["-e", "3:4"], ["-ge3:4"], ["-gwe", "3:4"], ["--map-exit", "3:4"], ["--map-exit=3:4"]]
)
def test_every_way_to_write_a_value(pyinit: str, words: list[str]) -> None:
    """A value may be joined or the next word, for a letter also at the end of a cluster."""
    assert run(pyinit, *words, "sh", "-c", "exit 3").returncode == 4


@pytest.mark.parametrize(
    ("maps", "code", "result"),
    [("3", 3, 0), ("3:4", 3, 4), ("3:4,3:5", 3, 5), ("3:4,4:5", 3, 4), ("0:7", 0, 7), ("255:0", 255, 0), ("3", 4, 4)],
)
def test_exit_codes_are_mapped_once(pyinit: str, maps: str, code: int, result: int) -> None:
    """An exit map is applied once; without TO it means 0, and of two for one code the last counts."""
    assert run(pyinit, "-e", maps, "sh", "-c", f"exit {code}").returncode == result
    assert run(pyinit, "sh", "-c", f"exit {code}", PYINIT_MAP_EXIT=maps).returncode == result


def test_the_command_line_wins(pyinit: str) -> None:
    """An option on the command line replaces what its variable says, wholly where it is a list."""
    script = ("sh", "-c", 'exit "$0"')
    assert run(pyinit, *script, "3", PYINIT_MAP_EXIT="3:4,5:6").returncode == 4
    assert run(pyinit, "-e", "7:8", *script, "3", PYINIT_MAP_EXIT="3:4,5:6").returncode == 3
    assert run(pyinit, "-e", "7:8", "-e", "3:9", *script, "3", PYINIT_MAP_EXIT="3:4").returncode == 9
    assert run(pyinit, "--chdir", "/usr", "pwd", PYINIT_CHDIR="/etc").stdout == "/usr\n"


def test_a_variable_that_the_command_line_replaces_may_be_wrong(pyinit: str) -> None:
    """What counts no more is not looked at."""
    assert run(pyinit, "--grace", "1s", "true", PYINIT_GRACE="nonsense").returncode == 0


def test_variables_that_are_no_options_are_not_looked_at(pyinit: str) -> None:
    """Names that are none of ours, options that only print, and empty values change nothing."""
    others = {"PYINIT_RUNTIME_DIR": "/run/x", "PYINIT_VERSION": "1", "PYINIT_HELP": "1", "PYINIT_LICENSE": "x"}
    others |= {"PYINIT_": "1", "PYINIT_GRACES": "x", "PYINIT_GRAC": "x", "PYINIT_R": "1", "pyinit_grace": "x"}
    done = run(pyinit, "true", **others)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    empty = {variable(name): "" for name in [*NEEDS_VALUE, "subreaper", "report", "verbose"]}
    assert run(pyinit, "true", **empty).returncode == 0


def test_the_application_inherits_the_variables(pyinit: str) -> None:
    """A variable that the init took is still there for the application."""
    done = run(pyinit, "printenv", "PYINIT_GRACE", PYINIT_GRACE="2s")
    assert done.stdout == "2s\n"


@pytest.mark.parametrize(
    ("rewrites", "sent", "got"),
    [
        ("15:3", "15", "3"),
        ("TERM:QUIT", "15", "3"),
        ("sigterm:SigQuit", "15", "3"),
        ("1:2,15:3", "15", "3"),
        ("15:3,15:2", "15", "2"),
        ("15:3,3:2", "15", "3"),
        ("15:0", "15 12", "12"),
        ("TERM:RTMIN+3", "15", "37"),
        ("rtmax-1:usr1", "63", "10"),
        ("64:RTMIN", "64", "34"),
        ("POLL:HUP", "29", "1"),
    ],
)
def test_signals_are_rewritten(pyinit: str, rewrites: str, sent: str, got: str) -> None:
    """A rewrite takes numbers and names of all kinds, is applied once, and of two for one signal the last counts."""
    assert mirrored(pyinit, sent, "-r", rewrites) == got
    assert mirrored(pyinit, sent, PYINIT_REWRITE=rewrites) == got


def test_rewrites_add_up_on_the_command_line(pyinit: str) -> None:
    """Several --rewrite are as one with commas, and all of them replace the variable's."""
    assert mirrored(pyinit, "15", "-r", "1:2", "--rewrite", "15:3") == "3"
    assert mirrored(pyinit, "15", "-r", "1:2", PYINIT_REWRITE="15:3") == "15"


@pytest.mark.parametrize(
    "words", [["-c", "-g"], ["-gc"], ["--forward", "group", "--single-child"], ["-c", "--forward=tree", "-g"]]
)
def test_single_child_and_group_contradict_each_other(pyinit: str, words: list[str]) -> None:
    """The group of a single child would be the init's own, so asking for both is an error."""
    done = run(pyinit, *words, "true")
    expected = "pyinit: --single-child and --forward group contradict each other: the group would be pyinit's own\n"
    assert (done.returncode, done.stderr) == (125, expected)


def test_contradicting_variables(pyinit: str) -> None:
    """The same holds of the variables alone, whose names the message has; --forward beats --group among them."""
    done = run(pyinit, "true", PYINIT_SINGLE_CHILD="1", PYINIT_FORWARD="group")
    assert done.returncode == 125
    assert done.stderr.startswith("pyinit: PYINIT_SINGLE_CHILD and PYINIT_FORWARD=group contradict each other")
    assert run(pyinit, "true", PYINIT_SINGLE_CHILD="1", PYINIT_FORWARD="tree", PYINIT_GROUP="1").returncode == 0


def session_is_kept(pyinit: str, *words: str, **variables: str) -> bool:
    """Say whether the application runs in the session of the init, which is the test's own."""
    script = "import os; print(os.getsid(0))"
    done = run(pyinit, *words, sys.executable, "-c", script, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    return int(done.stdout) == os.getsid(0)


def test_which_options_keep_the_session(pyinit: str) -> None:
    """Only --single-child keeps the session; a group on the command line beats its variable, and vice versa."""
    assert not session_is_kept(pyinit)
    assert not session_is_kept(pyinit, "--forward", "main")
    assert session_is_kept(pyinit, "-c")
    assert session_is_kept(pyinit, "--single-child", "--forward", "tree")
    assert session_is_kept(pyinit, PYINIT_SINGLE_CHILD="yes")
    assert session_is_kept(pyinit, "--forward", "main", PYINIT_SINGLE_CHILD="yes")
    assert not session_is_kept(pyinit, "-g", PYINIT_SINGLE_CHILD="yes")
    assert session_is_kept(pyinit, "-c", PYINIT_GROUP="on")
    assert session_is_kept(pyinit, "-c", PYINIT_FORWARD="tree")


# Has the init warn of an orphan, note a signal that it holds, and trace one that it forwards. Real-time signals queue.
NOISE = """
import os, signal
if not os.fork():
    os.fork()
    os._exit(0)
os.wait()
signal.pthread_sigmask(signal.SIG_BLOCK, [34])
os.kill(os.getppid(), 34)
os.kill(os.getppid(), 34)
signal.sigwait([34])
"""


def verbosity(pyinit: str, *words: str, **variables: str) -> int:
    """Give how much the init says: -1 for nothing but errors, 0 with warnings, 1 with notes, 2 with each signal."""
    fixed = ("-w", "--delay=RTMIN=1h")
    done = run(pyinit, *fixed, *words, sys.executable, "-c", NOISE, **variables)
    assert done.returncode == 0
    levels = [word in done.stderr for word in ("pyinit: reaped orphan", "pyinit: holding", "pyinit: received")]
    assert levels == sorted(levels, reverse=True)
    return sum(levels) - 1


@pytest.mark.parametrize(
    ("words", "level"),
    [("", 0), ("-v", 1), ("-vv", 2), ("-v -v -v", 2), ("-q", -1), ("-vvq", -1), ("-qv", 1), ("--quiet", -1)],
)
def test_verbosity_by_options(pyinit: str, words: str, level: int) -> None:
    """-v adds up, -q is nothing but errors, the last of them counts, and the variables do not then."""
    assert verbosity(pyinit, *words.split()) == level
    if words:
        assert verbosity(pyinit, *words.split(), PYINIT_VERBOSE="1", PYINIT_QUIET="1") == level


@pytest.mark.parametrize(
    ("verbose", "quiet", "level"),
    [("1", "", 1), ("yes", "0", 1), ("2", "", 2), ("9", "", 2), ("0", "", 0), ("off", "", 0), ("2", "1", -1)],
)
def test_verbosity_by_variables(pyinit: str, verbose: str, quiet: str, level: int) -> None:
    """PYINIT_VERBOSE is a count or a boolean; PYINIT_QUIET wins, whatever their order."""
    assert verbosity(pyinit, PYINIT_VERBOSE=verbose, PYINIT_QUIET=quiet) == level
    assert verbosity(pyinit, PYINIT_QUIET=quiet, PYINIT_VERBOSE=verbose) == level


def test_a_count_is_bounded(pyinit: str) -> None:
    """PYINIT_VERBOSE is at most 9."""
    done = run(pyinit, "true", PYINIT_VERBOSE="10")
    assert (done.returncode, done.stderr) == (125, 'pyinit: PYINIT_VERBOSE: "10" is not a count: 0 to 9, yes or no\n')


@pytest.mark.parametrize(
    "words", [["-s"], ["--subreaper"], *([f"--subreaper={w}"] for w in ("yes", "no", "auto", "1"))]
)
def test_subreaper_takes_its_value_only_joined(pyinit: str, words: list[str]) -> None:
    """The word after -s and --subreaper is the command, never the value."""
    assert run(pyinit, *words, "printf", "x").stdout == "x"
    assert run(pyinit, "-sw", "printf", "x").stdout == "x"
    assert run(pyinit, "-s=no", "printf", "x").stdout == "x"


def orphan_is_adopted(pyinit: str, *words: str, **variables: str) -> bool:
    """Say whether a process whose parent ended becomes the init's child."""
    script = """
import os
init = os.getppid()
reading, writing = os.pipe()
if not (middle := os.fork()):
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
    done = run(pyinit, *words, sys.executable, "-c", script, **variables)
    assert done.stdout in ("adopted\n", "elsewhere\n")
    return done.stdout == "adopted\n"


def test_subreaper_is_obeyed(pyinit: str) -> None:
    """Orphans are adopted with auto, which is the default, and with yes, but not with no."""
    assert orphan_is_adopted(pyinit)
    assert orphan_is_adopted(pyinit, "-s")
    assert orphan_is_adopted(pyinit, PYINIT_SUBREAPER="auto")
    assert not orphan_is_adopted(pyinit, PYINIT_SUBREAPER="no")
    assert orphan_is_adopted(pyinit, "--subreaper", PYINIT_SUBREAPER="no")


def test_pause_and_a_command_contradict_each_other(pyinit: str) -> None:
    """--pause, by whatever name, takes no command."""
    for words, spelled, variables in (
        (["-P"], "-P", {}),
        (["--pause"], "--pause", {}),
        ([], "PYINIT_PAUSE", {"PYINIT_PAUSE": "1"}),
    ):
        done = run(pyinit, *words, "true", **variables)
        assert done.returncode == 125
        assert done.stderr == f'pyinit: {spelled} takes no command, but there is one: "true"\n'


def test_parent_death_signal_is_given_to_the_application(pyinit: str) -> None:
    """Every spelling of a parent death signal is taken, and 0 undoes the variable."""
    for value in ("KILL", "sigterm", "9", "RTMIN+1", "0"):
        assert run(pyinit, "-p", value, "true", PYINIT_PARENT_DEATH_SIGNAL="INT").returncode == 0


@pytest.mark.parametrize("value", ["0", "500ms", "10s", "2m", "1h", "10", "2147483647ms", "2147483", "596h", "0ms"])
def test_durations(pyinit: str, value: str) -> None:
    """Durations have the units that are documented, up to what fits."""
    assert run(pyinit, "--grace", value, "true").returncode == 0
    assert run(pyinit, "true", PYINIT_GRACE=value, PYINIT_DELAY=f"TERM={value},INT=1s").returncode == 0


def test_delay_holds_a_signal(pyinit: str) -> None:
    """A delayed signal comes later than one that was sent after it; a second one of the kind goes at once."""
    assert mirrored(pyinit, "15 12", "--delay", "TERM=1h") == "12"
    assert mirrored(pyinit, "15 12", PYINIT_DELAY="INT=1h,TERM=1h") == "12"
    assert mirrored(pyinit, "34 34", "--delay=RTMIN=1h") == "34"


def test_chdir(pyinit: str, tmp_path: Path) -> None:
    """The command runs in the directory; one that is not there is an error that names it."""
    assert run(pyinit, "--chdir", str(tmp_path), "pwd").stdout == f"{tmp_path}\n"
    assert run(pyinit, "pwd", PYINIT_CHDIR=str(tmp_path)).stdout == f"{tmp_path}\n"
    done = run(pyinit, "--chdir", f"{tmp_path}/none", "true")
    assert done.returncode == 125
    assert f"{tmp_path}/none" in done.stderr


def test_user(pyinit: str) -> None:
    """The user's name is looked up; one that is not there is an error that names it."""
    assert run(pyinit, "--user", f"{os.getuid()}:{os.getgid()}", "id", "-u").stdout == f"{os.getuid()}\n"
    done = run(pyinit, "true", PYINIT_USER="no-such-user")
    assert done.returncode == 125
    assert "no-such-user" in done.stderr


def test_no_new_privs(pyinit: str) -> None:
    """The application has the kernel's flag, by option and by variable."""
    for words, variables, flag in (
        ((), {}, "0"),
        (("--no-new-privs",), {}, "1"),
        ((), {"PYINIT_NO_NEW_PRIVS": "1"}, "1"),
    ):
        done = run(pyinit, *words, "grep", "NoNewPrivs", "/proc/self/status", **variables)
        assert done.stdout.split() == ["NoNewPrivs:", flag]


def test_report(pyinit: str, tmp_path: Path) -> None:
    """The report is one JSON object in the file; a file that cannot be opened is an error that names it."""
    path = tmp_path / "report"
    assert run(pyinit, "--report", str(path), "sh", "-c", "exit 3").returncode == 3
    assert json.loads(path.read_text())["exit_code"] == 3
    done = run(pyinit, "true", PYINIT_REPORT=f"{tmp_path}/none/x")
    assert done.returncode == 125
    assert f"{tmp_path}/none/x" in done.stderr


@pytest.mark.parametrize("words", [["-h"], ["--help"], ["-ch"], ["--grace=1s", "--help", "--nonsense"]])
def test_help_is_on_standard_output(pyinit: str, words: list[str]) -> None:
    """Help exits with 0 as soon as it is met, and is on standard output."""
    done = run(pyinit, *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: pyinit ")
    assert all(len(line) <= 100 for line in done.stdout.splitlines())


@pytest.mark.parametrize("word", ["-V", "--version"])
def test_version_tells_the_linkage(pyinit: str, word: str) -> None:
    """The version is the project's, and says how the program was linked."""
    version = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    done = run(pyinit, word)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(rf"pyinit {re.escape(version[1])} \((static|dynamic)\b.*\)\n", done.stdout)


@pytest.mark.parametrize("word", ["-l", "-L", "--license"])
def test_the_license_is_named(pyinit: str, word: str) -> None:
    """The license that is printed is the one of the repository, with the same copyright line."""
    done = run(pyinit, word)
    assert (done.returncode, done.stderr) == (0, "")
    title, _, copyright_line, *_ = (ROOT / "LICENSE").read_text().splitlines()
    assert title in done.stdout
    assert copyright_line in done.stdout


@pytest.mark.parametrize("word", ["--help", "--version", "--license"])
def test_text_that_cannot_be_written_is_an_error(pyinit: str, word: str) -> None:
    """A full device or a closed pipe under --help ends in 125 and a message."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([pyinit, word], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 125
    assert done.stderr.lower() == "pyinit: cannot write to standard output: no space left on device\n"
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([pyinit, word], stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert done.returncode == 125
    assert "cannot write to standard output" in done.stderr


def test_table_help_man_page_and_completions_agree(pyinit: str, generate: ModuleType) -> None:
    """Every option and variable of the table is in the help, the man page and each completion, and nothing else is."""
    options = generate.read_table()
    text = run(pyinit, "--help").stdout
    page = (ROOT / "docs/pyinit.1").read_text()
    completions = {path.name: path.read_text() for path in (ROOT / "docs/completions").iterdir()}
    for option in options:
        assert f"--{option.name}" in text
        assert option.help in text
        assert f"Fl -{option.name}" in page
        assert option.variable is None or f".It Ev {option.variable}\n" in page
        assert f"--{option.name}" in completions["pyinit.bash"]
        assert f"--{option.name}" in completions["_pyinit"]
        assert f" -l {option.name} " in completions["pyinit.fish"]
    listed = re.findall(r"^ +(?:-\w, )?--([a-z-]+)", text, re.MULTILINE)
    assert listed == [option.name for option in options]


def test_every_variable_of_the_table_is_read(pyinit: str, generate: ModuleType) -> None:
    """Each variable in the man page is one that the init looks at: a value that cannot be is an error naming it."""
    for option in generate.read_table():
        if option.variable and option.kind in ("FLAG", "COUNT", "MAYBE", "LIST"):
            done = run(pyinit, "true", **{option.variable: "?"})
            assert (done.returncode, option.variable in done.stderr) == (125, True)


def test_generated_files_are_up_to_date() -> None:
    """The man page and the completions on disk are what the table gives."""
    subprocess.run([sys.executable, str(ROOT / "tools/generate.py"), "--check"], check=True)


def test_the_man_page_is_clean() -> None:
    """Mandoc has nothing to say about the man page, but perhaps that its own index of pages is old."""
    done = subprocess.run(["mandoc", "-Tlint", "docs/pyinit.1"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert [line for line in done.stdout.splitlines() if "mandoc.db" not in line] == []


def test_a_signal_that_kills_the_command_is_128_more(pyinit: str) -> None:
    """A map is applied to the code that a signal gave."""
    script = ("sh", "-c", "kill -TERM $$")
    assert run(pyinit, *script).returncode == 128 + signal.SIGTERM
    assert run(pyinit, "-e", "143", *script).returncode == 0
