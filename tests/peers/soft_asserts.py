"""Runs tini's run_inner_tests.py with each failed assert noted, instead of ending the run, under the last heading.

That script is one long function: its first failure would hide all others. Usage: soft_asserts.py SCRIPT RESULTS.json
The results are {heading: [what was wrong, …]}, written anew at each heading so that a hang loses nothing.
"""

import ast
import json
import sys
import traceback
from pathlib import Path

# Asserts that want one of these in the output are left out: they compare sentences, and pyinit's are its own.
# test_differential.py counts the lines of `-w` instead, and the warning of a tini that cannot reap is tini's habit.
SENTENCES = ("zombie reaping won't work", "Reaped zombie process with pid=")


def _compares_a_sentence(check: ast.expr) -> bool:
    """Whether check is `"one of SENTENCES" in …`; `not in` stays, as it holds of any other sentence."""
    return (
        isinstance(check, ast.Compare)
        and isinstance(check.ops[0], ast.In)
        and isinstance(check.left, ast.Constant)
        and check.left.value in SENTENCES
    )


class SoftAsserts(ast.NodeTransformer):
    """Turns `assert check, message` into `if not check: note_failure(message)`."""

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        """Give the statement that stands for this assert."""
        if _compares_a_sentence(node.test):
            return ast.copy_location(ast.Pass(), node)
        message = node.msg or ast.Constant(f"line {node.lineno}")
        note = ast.Expr(ast.Call(ast.Name("note_failure", ast.Load()), [message], []))
        return ast.copy_location(ast.If(ast.UnaryOp(ast.Not(), node.test), [note], []), node)


class Results:
    """The headings seen so far, each with what was wrong under it."""

    def __init__(self, file: Path) -> None:
        """Start with none; they go to that file."""
        self._file = file
        self._found: dict[str, list[str]] = {}
        self._heading = "before the first heading"

    def print(self, *words: object) -> None:
        """Stands in for print: a line that begins with "running" is a heading."""
        text = " ".join(map(str, words))
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
        if text.lower().startswith("running"):
            self._heading = text
            self._found[text] = []
            self._write()

    def note_failure(self, message: object) -> None:
        """Stands in for a failed assert."""
        self._found.setdefault(self._heading, []).append(str(message))
        self._write()

    def finish(self) -> None:
        """Note that the script came to its end."""
        self._found["end"] = []
        self._write()

    def _write(self) -> None:
        self._file.write_text(json.dumps(self._found))


def main() -> None:
    """Run the script, transformed."""
    script, results = Path(sys.argv[1]), Results(Path(sys.argv[2]))
    tree = ast.fix_missing_locations(SoftAsserts().visit(ast.parse(script.read_text())))
    names = {"__name__": "inner", "print": results.print, "note_failure": results.note_failure}
    exec(compile(tree, str(script), "exec"), names)  # noqa: S102 (that is what this file is for)
    try:
        names["main"]()  # type: ignore[operator]
    except Exception:  # noqa: BLE001 - whatever it is, it is a result
        results.note_failure(traceback.format_exc())
    else:
        results.finish()


if __name__ == "__main__":
    main()
