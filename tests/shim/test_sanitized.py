"""The whole init under the sanitizers, and under valgrind: what it does, and nothing that it should not."""

from __future__ import annotations

import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from tests.running import ready

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.running import Running


@pytest.fixture(params=["sanitized", "valgrind"])
def watched(request: pytest.FixtureRequest) -> list[str]:
    """Give the beginning of a command line that runs the init so that its errors are seen."""
    if request.param == "sanitized":
        return [request.getfixturevalue("sanitized")]
    assert shutil.which("valgrind"), "valgrind is needed"
    # Only the init is looked at: what it starts is not.
    valgrind = ["valgrind", "--quiet", "--error-exitcode=99", "--trace-children=no", "--child-silent-after-fork=yes"]
    return [*valgrind, request.getfixturevalue("pyinit")]


def check(program: Running) -> None:
    """Check that nothing was found; valgrind, which does not know some newer calls and says so, has its exit code."""
    assert "Sanitizer" not in program.errors
    assert "runtime error" not in program.errors


@pytest.mark.parametrize(
    ("options", "code", "expected"),
    [
        (["--", "sh", "-c", "exit 7"], 7, ""),
        (["-e", "143:3", "--", "sh", "-c", "kill $$"], 3, ""),
        (["--user=65534:65534", "--chdir=/", "--no-new-privs", "--", "sh", "-c", "echo $(id -u)"], 0, "65534\n"),
        (["--help"], 0, None),
        (["--version"], 0, None),
        (["--license"], 0, None),
        (["--no-such-option"], 125, ""),
        (["--rewrite=TERM:FOO", "true"], 125, ""),
        (["--delay=TERM=1y", "true"], 125, ""),
    ],
)
def test_short_runs(
    run: Callable[..., tuple[int, str, str]], watched: list[str], options: list[str], code: int, expected: str | None
) -> None:
    """A run from the start to the end has no memory error and no undefined behaviour."""
    result, output, errors = run(*watched, *options)
    assert (result, errors.count("\n")) == (code, code == 125), errors
    assert expected in (None, output)


@pytest.mark.parametrize("options", [["-c"], ["-g"], ["--forward=tree"]])
def test_long_run(
    start: Callable[..., Running],
    watched: list[str],
    listen: Callable[..., list[str]],
    flood: Callable[[int, int, int], Callable[[], int]],
    tmp_path: Path,
    options: list[str],
) -> None:
    """Signals of all kinds, orphans, a grace period and a report have none either."""
    report = ["--report", str(tmp_path / "report"), "--grace=100ms", "-w", "-r", "USR1:USR2,HUP:0", "--delay=INT=1ms"]
    program = start(*watched, *options, *report, "--", *listen("gpsd"))
    ready(program.out, 5)
    # valgrind keeps some signals for itself: only those that are nothing special to it.
    every = set(range(1, 65)) - {9, 17, 19, 20, 21, 22}
    for number in every if len(watched) == 1 else {1, 2, 3, 10, 12, 15, 18, 28, 35}:
        program.send(number)
    program.out.until("^main 2 -$")
    assert flood(program.init, 40, 20)() == 0
    program.out.until("^main 40 19$")
    program.tell("exit 7")
    assert program.wait() == 7, program.errors
    check(program)
    assert (tmp_path / "report").read_text().startswith("{")


def test_orphans(start: Callable[..., Running], watched: list[str], probe: Callable[[str], str]) -> None:
    """Nor has the reaping of many orphans, with a line for each."""
    program = start(*watched, "-w", "-vv", probe("orphans"), "100")
    assert program.out.line() == "orphans dead 100"
    program.send(signal.SIGTERM)
    assert program.wait() == 128 + signal.SIGTERM
    check(program)


@pytest.mark.parametrize("persona", ["dumb-init", "tini", "catatonit"])
def test_personas(run: Callable[..., tuple[int, str, str]], sanitized: str, workshop: Path, persona: str) -> None:
    """Nor has it under another name."""
    link = workshop / "sanitized" / persona
    if not link.exists():
        link.symlink_to(sanitized)
    code, output, errors = run(str(link), "sh", "-c", "echo $((6 * 7)); exit 7")
    assert (code, output) == (7, "42\n")
    assert "Sanitizer" not in errors


def test_not_found(run: Callable[..., tuple[int, str, str]], sanitized: str) -> None:
    """Nor has the way back from a command that cannot be run."""
    code, output, errors = run(sanitized, "/no/such/command")
    assert (code, output, errors.count("\n")) == (127, "", 1), errors
