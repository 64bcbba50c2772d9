"""What imports what: the layers, what is pure, and what stays out of the supervisor."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).resolve().parent.parent.parent / "pyinit"

# From left to right: a module imports only from groups to the left of its own.
LAYERS = [
    ["errors", "_locate"],
    ["units", "restart", "states", "framing", "protocol", "jsontext", "filters"],
    ["spec", "options"],
    ["verbs"],
    # System calls.
    ["system", "loop", "dirs", "names", "sockets", "staging", "rotation", "journald"],
    ["drivers"],
    ["logconfig"],
    # Parts of a service.
    ["process", "launch", "logs", "records", "cgroups"],
    ["sweep", "output", "view"],
    ["attach"],
    ["service"],
    # The supervisor, and who asks it.
    ["requests"],
    ["control"],
    ["supervisor"],
    ["bootstrap"],
    # Commands and what they need.
    ["client", "show", "moments", "ondisk", "logreader", "history"],
    ["eventtext", "processes", "completions"],
    ["commands"],
    ["__main__"],
]
PURE = [
    "errors",
    "units",
    "restart",
    "states",
    "framing",
    "protocol",
    "jsontext",
    "filters",
    "spec",
    "options",
    "verbs",
]
IMPURE = {"os", "posix", "time", "signal", "socket", "_socket", "select", "subprocess", "random", "fcntl"}
HEAVY = {
    "asyncio", "json", "dataclasses", "enum", "re", "typing", "logging", "subprocess", "psutil", "sqlite3", "datetime",
    "signal", "socket", "selectors", "inspect", "contextlib", "functools", "pathlib", "threading", "argparse",
}  # fmt: skip
# Not needed by every supervisor: imported at the first use.
LAZY = ["attach", "requests", "names", "sockets", "journald"]


def _modules() -> dict[str, list[Path]]:
    """Module (or `commands`, as one) and its files."""
    found: dict[str, list[Path]] = {"commands": sorted((PACKAGE / "commands").glob("*.py"))}
    for path in PACKAGE.glob("*.py"):
        if path.stem != "__init__":
            found[path.stem] = [path]
    return found


def _imported(tree: ast.AST) -> Iterator[str]:
    """All that is imported at run time, at once or later: pyinit's own as `pyinit.x`."""
    todo = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            todo.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "pyinit":
            yield from (f"pyinit.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "relative imports hide what they are"
            yield node.module or ""
        todo.extend(ast.iter_child_nodes(node))


def _imports(module: str) -> set[str]:
    return {name for path in _modules()[module] for name in _imported(ast.parse(path.read_text(encoding="utf-8")))}


def _own(module: str) -> set[str]:
    """The modules of ours that a module imports."""
    names = {name.split(".")[1] for name in _imports(module) if name.startswith("pyinit.")}
    return names & set(_modules()) - {module}


def test_every_module_has_a_layer() -> None:
    """A new module is put where it belongs, and one that is gone is forgotten."""
    assert sorted(name for layer in LAYERS for name in layer) == sorted(_modules())


@pytest.mark.parametrize("module", sorted(_modules()))
def test_a_module_imports_only_to_its_left(module: str) -> None:
    """Also inside functions; what only type checkers see is no import."""
    rank = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    assert {name for name in _own(module) if rank[name] >= rank[module]} == set()


@pytest.mark.parametrize("module", PURE)
def test_pure_modules_call_no_system(module: str) -> None:
    """They import nothing that has the time, files, or processes; time is an argument. And only each other."""
    names = {name.partition(".")[0] for name in _imports(module)}
    assert not names & IMPURE
    assert _own(module) <= set(PURE)


def _loaded(code: str) -> set[str]:
    """The modules that an isolated interpreter without site has after code."""
    root = str(PACKAGE.parent)
    script = f"import sys; sys.path.insert(0, {root!r})\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", script], check=True, capture_output=True, text=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_the_supervisor_stays_small() -> None:
    """None of the packages that would cost it megabytes is loaded by what is resident."""
    assert not (_loaded("import pyinit.supervisor") - _loaded("")) & HEAVY


@pytest.mark.parametrize("module", LAZY)
def test_what_the_supervisor_loads_later_is_small_too(module: str) -> None:
    """The same for what is imported when a client or a service needs it; and it is not imported before."""
    before = subprocess.run(
        [sys.executable, "-I", "-S", "-c",
         f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r}); import pyinit.supervisor; print(*sys.modules)"],
        check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    assert f"pyinit.{module}" not in before
    loaded = _loaded(f"import pyinit.supervisor, pyinit.{module}")
    assert not (loaded - _loaded("")) & HEAVY
