"""Commands that cannot be run: the kernel's own reason, in one line, and the shell's exit codes."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import TypeAlias

    Run: TypeAlias = Callable[..., tuple[int, str, str]]


def check(result: tuple[int, str, str], code: int, *words: str) -> None:
    """Check that it failed with the code and a line that has the words."""
    assert result[:2] == (code, "")
    assert result[2].startswith("pyinit: ")
    assert result[2].count("\n") == 1
    assert all(word in result[2] for word in words), result[2]


def write(path: Path, text: str, mode: int) -> str:
    """Make a file, and give its path."""
    path.write_text(text)
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize("name", ["no-such-command-anywhere", "/no/such/command", "./nothing", ""])
def test_not_found(run: Run, pyinit: str, name: str) -> None:
    """A command that is not there is 127."""
    check(run(pyinit, "--", name), 127, f'"{name}"', "no such file or directory")


def test_path_through_a_file(run: Run, pyinit: str) -> None:
    """A path that goes through a file is 127 too."""
    check(run(pyinit, "/etc/passwd/sh"), 127, "not a directory")


def test_not_executable(run: Run, pyinit: str, tmp_path: Path) -> None:
    """A file without the executable bit is 126."""
    check(run(pyinit, write(tmp_path / "file", "#!/bin/sh\n", 0o644)), 126, "permission denied")


def test_directory(run: Run, pyinit: str, tmp_path: Path) -> None:
    """A directory is 126."""
    check(run(pyinit, str(tmp_path)), 126, str(tmp_path), "permission denied")


def test_not_executable_on_the_path(run: Run, pyinit: str, tmp_path: Path) -> None:
    """A command that is found on PATH, but only where it is not executable, is 126."""
    write(tmp_path / "tool", "#!/bin/sh\n", 0o644)
    check(run(pyinit, "tool", env={"PATH": f"/nowhere:{tmp_path}"}), 126, "tool", "permission denied")


def test_executable_later_on_the_path(run: Run, pyinit: str, tmp_path: Path) -> None:
    """One that is not executable does not hide the one that is, further on in PATH."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    write(tmp_path / "one/tool", "#!/bin/sh\n", 0o644)
    write(tmp_path / "two/tool", "#!/bin/sh\necho two\n", 0o755)
    path = f"{tmp_path}/one:{tmp_path}/two:{os.environ['PATH']}"
    assert run(pyinit, "tool", env={"PATH": path}) == (0, "two\n", "")


def test_empty_entry_of_the_path(run: Run, pyinit: str, tmp_path: Path) -> None:
    """An empty entry of PATH is the current directory."""
    write(tmp_path / "tool", "#!/bin/sh\necho here\n", 0o755)
    result = run(pyinit, "tool", env={"PATH": f"/nowhere::{os.environ['PATH']}"}, cwd=str(tmp_path))
    assert result == (0, "here\n", "")


def test_without_path(run: Run, pyinit: str) -> None:
    """Without PATH the usual directories are searched, as a shell does."""
    assert run("env", "-u", "PATH", pyinit, "echo", "found") == (0, "found\n", "")


def test_missing_interpreter(run: Run, pyinit: str, tmp_path: Path) -> None:
    """A script whose interpreter is missing is there but cannot be run, and the line says what is missing."""
    script = write(tmp_path / "script", "#!/no/such/interpreter\n", 0o755)
    check(run(pyinit, script), 126, script, "interpreter")


def test_script_without_an_interpreter_line(run: Run, pyinit: str, tmp_path: Path) -> None:
    """A text file without #! is run by sh, as execvp and every shell do."""
    script = write(tmp_path / "script", 'echo "$0: $1 and $2"\nexit 3\n', 0o755)
    assert run(pyinit, script, "this", "that") == (3, f"{script}: this and that\n", "")


def test_name_too_long(run: Run, pyinit: str) -> None:
    """Any other reason is 126 as well, and given as the kernel gave it."""
    check(run(pyinit, "/" + "x" * 300), 126, "name too long")


def test_text_file_busy(run: Run, pyinit: str, tmp_path: Path, probe: Callable[[str], str]) -> None:
    """A program that somebody has open for writing is 126, and the kernel's reason."""
    program = tmp_path / "busy"
    shutil.copy(probe("show"), program)
    with program.open("ab"):
        check(run(pyinit, str(program)), 126, "text file busy")


def test_no_command(run: Run, pyinit: str) -> None:
    """Without a command it is 125, and nothing is run."""
    check(run(pyinit), 125)
    check(run(pyinit, "--"), 125)


def test_failure_to_run_is_not_mapped(run: Run, pyinit: str) -> None:
    """The exit code of a command that could not be run is not mapped: the application had none."""
    check(run(pyinit, "-e", "127:0", "/no/such/command"), 127)
