from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pyinit import completions, filters, options, verbs, view
from pyinit.errors import PyinitError
from pyinit.options import CHOICE, COMMAND, DURATION, FLAG, NAMES, NUMBER, SIGNAL, SIZE, TEXT, Option, Verb

ROOT = Path(__file__).resolve().parent.parent.parent
VERB = Verb(
    "try",
    "try it",
    (
        Option("a all", "all"),
        Option("b brief", "b"),
        Option("n number", "n", NUMBER, allowed=(-5, 5)),
        Option("m many", "m", TEXT, many=True),
        Option("t time timeout", "t", DURATION),
        Option("size", "s", SIZE),
        Option("signal", "s", SIGNAL),
        Option("mode", "m", CHOICE, allowed=("x", "y")),
    ),
    operands=NAMES,
)


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        (["-a"], "all", True),
        (["-ab"], "brief", True),
        (["--all"], "all", True),
        (["--all=false"], "all", False),
        (["-n3"], "number", 3),
        (["-abn", "-5"], "number", -5),
        (["--number", "-1"], "number", -1),
        (["--number=2"], "number", 2),
        (["-m", "1", "--many=2", "-m3"], "many", ["1", "2", "3"]),
        (["--many", ""], "many", [""]),
        (["--many", "--all"], "many", ["--all"]),
        (["-t", "500ms"], "time", 0.5),
        (["--timeout=2m"], "time", 120.0),
        (["--size", "1k"], "size", 1024),
        (["--signal", "sigterm"], "signal", 15),
        (["--mode", "y"], "mode", "y"),
        ([], "mode", None),
        ([], "many", []),
        ([], "all", False),
    ],
)
def test_a_value_is_found_however_it_is_written(words: list[str], key: str, value: object) -> None:
    """Letters, clusters, long names, joined or apart: the value is the same."""
    if "-a" in words or "-ab" in words or "--all" in words[:1] or "-abn" in words:
        assert options.parse(VERB, words)[key] == value
    else:
        assert options.parse(VERB, [*words, "name"])[key] == value


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--al"], "--al, did you mean --all?"),
        (["--zzz"], "try --help"),
        (["-z"], "-z"),
        (["-az"], "-z"),
        (["--all=maybe", "x"], "maybe"),
        (["-n"], "-n needs a value: a whole number from -5 to 5"),
        (["-n", "6", "x"], "'6' is not a whole number from -5 to 5"),
        (["-n", "x", "x"], "'x'"),
        (["--number=", "x"], "''"),
        (["-t", "soon", "x"], "-t: 'soon'"),
        (["--time=", "x"], "--time"),
        (["--size", "big", "x"], "--size: 'big'"),
        (["--signal", "FOO", "x"], "--signal: 'FOO'"),
        (["--mode", "z", "x"], "--mode: 'z' is not one of x, y"),
        ([], "--all"),
        (["--a", "x"], "--a"),
    ],
)
def test_an_error_is_one_line_that_names_the_option(words: list[str], named: str) -> None:
    """What is wrong and what is allowed are in the one line, and the exit code is 125."""
    with pytest.raises(PyinitError) as caught:
        options.parse(VERB, words)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 125


def test_operands_and_options_may_be_mixed_but_for_a_command() -> None:
    """Names may stand between options; after a command's first word nothing is an option any more."""
    assert options.parse(VERB, ["x", "-b", "y", "--", "-a"]).operands == ["x", "y", "-a"]
    verb = Verb("go", "go", (Option("a all", "all"),), operands=COMMAND)
    parsed = options.parse(verb, ["-a", "ls", "-l", "--", "--all"])
    assert parsed.operands == ["ls", "-l", "--", "--all"]
    assert options.parse(verb, ["--", "-x"]).operands == ["-x"]
    assert options.parse(verb, ["-"]).operands == ["-"]
    with pytest.raises(PyinitError, match="command"):
        options.parse(verb, ["--"])
    with pytest.raises(PyinitError, match="'x'"):
        options.parse(Verb("none", "none"), ["x"])


def test_help_wins_over_what_is_missing() -> None:
    """--help is answered though a name is missing."""
    assert options.parse(VERB, ["--help"])["help"]


@pytest.mark.parametrize("verb", verbs.VERBS, ids=lambda verb: verb.name)
def test_the_table_is_sound(verb: Verb) -> None:
    """No spelling occurs twice, each option has a key and fits its kind, and help shows them all."""
    names = [name for option in verb.options for name in option.names]
    assert len(set(names)) == len(names)
    text = options.help_text(verb)
    for option in verb.options:
        assert len(option.key) > 1
        assert bool(option.metavar) == (option.kind != FLAG)
        assert bool(option.allowed) == (option.kind in (CHOICE, NUMBER, options.FRACTION))
        assert options.option_line(option).strip() in text
    assert max(map(len, text.splitlines())) <= 120
    assert (ROOT / f"pyinit/commands/{verb.name}.py").exists()


def test_every_option_is_completed() -> None:
    """Each shell's completion has every option of every verb."""
    for verb in verbs.VERBS:
        for option in verb.options:
            assert all(word in completions.bash() for word in option.spellings)
            assert all(word in completions.zsh() for word in option.spellings)
            assert f" -l {option.key}" in completions.fish()


def test_the_filters_are_the_supervisor_s() -> None:
    """The client refuses no filter that the supervisor knows, and no other passes."""
    assert set(filters.SERVICE) == set(view.FILTERS)


def test_the_manual_and_the_completions_are_made_of_the_table() -> None:
    """The files in docs are what the table gives."""
    subprocess.run([sys.executable, str(ROOT / "tools/generate_ctl.py"), "--check"], check=True)
    page = (ROOT / "docs/pyinitctl.1").read_text()
    assert all(f".Ss {verb.name}\n" in page for verb in verbs.VERBS)


def test_the_manual_is_good_mdoc() -> None:
    """Mandoc finds nothing to say of the manual page, but what is not installed here."""
    done = subprocess.run(
        ["mandoc", "-Tlint", "-Wwarning", str(ROOT / "docs/pyinitctl.1")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")
