"""The benchmark: its statistics, its verdicts, and that a short run yields every figure."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bench import document, programs, supervision, supervisors
from bench.__main__ import ROOT, main
from bench.comparison import (
    Against,
    Column,
    Figure,
    Goal,
    Kind,
    differences,
    figure_table,
    goal_table,
    judge,
    quantile,
    ratio,
    table,
)

if TYPE_CHECKING:
    from pathlib import Path

KINDS = {"floor": Kind.FLOOR, "pyinit": Kind.OURS, "slow": Kind.PEER, "quick": Kind.PEER, "rebuilt": Kind.ASIDE}


def a_figure(*goals: Goal) -> Figure:
    """Return a figure in which ours is twice the floor and half the best peer."""
    rows = {"floor": (10, "static"), "pyinit": (20, "static"), "slow": (80, "dynamic"), "quick": (40, "dynamic")}
    return Figure("Cost", "How.", (Column("µs", 1), Column("linked")), {**rows, "rebuilt": (5, "static")}, KINDS, goals)


def test_quantile_is_a_value_that_was_measured() -> None:
    """A quantile is by nearest rank: the extremes are the smallest and the largest value."""
    values = list(range(100, 0, -1))
    assert [quantile(values, share) for share in (0, 0.5, 0.99, 1)] == [1, 50, 99, 100]
    assert quantile([7], 0.99) == 7


def test_differences_are_within_a_round() -> None:
    """What slows a whole round down does not show in the difference."""
    assert differences([15, 115], [10, 110]) == [5, 5]
    with pytest.raises(ValueError, match="zip"):
        differences([1], [])


def test_no_ratio_to_nothing() -> None:
    """There is no ratio to zero, and that is not an error."""
    assert ratio(3, 2) == 1.5
    assert ratio(0, 0) is None


@pytest.mark.parametrize(
    ("goal", "ours", "met"),
    [
        (Goal("µs", 20), 20, True),
        (Goal("µs", 19), 20, False),
        (Goal("µs", 2, Against.FLOOR), 2, True),
        (Goal("µs", 1.9, Against.FLOOR), 2, False),
        (Goal("µs", 0.5, Against.PEER), 0.5, True),
        (Goal("µs", 0.4, Against.PEER), 0.5, False),
        (Goal("linked", "static"), "static", True),
        (Goal("linked", "dynamic"), "static", False),
    ],
)
def test_verdicts(goal: Goal, ours: float | str, met: bool) -> None:
    """A goal is judged as a number, as a ratio to the floor or the best packaged peer, or as a word."""
    (verdict,) = judge(a_figure(goal))
    assert (verdict.ours, verdict.met) == (ours, met)
    assert verdict.beside == {Against.FLOOR: "floor", Against.PEER: "quick", Against.ONE: ""}[goal.against]


def test_goal_beside_one_peer() -> None:
    """A goal may be about one peer, whoever is the best of them."""
    figure = a_figure(Goal("µs", 0.25, Against.PEER, "slow"))
    assert judge(figure)[0].ours == 0.25
    assert "times slow" in goal_table([figure])


def test_parts_of_the_file() -> None:
    """A run that measures one subject leaves the other one's part of the file as it was."""
    both = document.merged(document.merged("", "supervisors", "# Supervisors\n\nb\n"), "inits", "# Inits\n\na\n")
    assert re.findall(r"^# .*", both, re.MULTILINE) == ["# Benchmarks", "# Inits", "# Supervisors"]
    again = document.merged(both, "supervisors", "# Supervisors\n\nc\n")
    assert again == both.replace("\nb\n", "\nc\n")


def test_lost_lines_are_counted(tmp_path: Path) -> None:
    """A file that ends within a line counts as cut, and a line that is whole nowhere as lost; one of parts is whole."""
    text = "x" * 69
    parts = f"T stdout P 0000000002{text[:9]}\nT stdout F {text[9:]}\n"
    (tmp_path / "a").write_text(f"T stdout F 0000000001{text}\n{parts}0000000003{text[:5]}")
    (tmp_path / "b").write_text(f"{text[5:]}\n0000000004{text}\n")
    assert supervision.cut([tmp_path / "a", tmp_path / "b"], 4) == (1, 1, 2)


def test_goal_without_base_is_not_judged() -> None:
    """Where there is nothing to compare with, nothing is claimed."""
    alone = Figure("Cost", "How.", (Column("µs"),), {"pyinit": (1,)}, KINDS, (Goal("µs", 1, Against.PEER),))
    assert judge(alone) == []


def test_tables() -> None:
    """Tables are Markdown, aligned, with ratios of the first column and with missed goals in capitals."""
    assert table(["a", "bb"], [["long", "1"]]) == "| a    | bb |\n|------|---:|\n| long |  1 |"
    lines = figure_table(a_figure()).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert re.search(r"\*\*pyinit\*\* +\| +20\.0 +\| +static +\| +1\.00", lines[3])
    assert re.search(r"quick +\| +40\.0 +\| +dynamic +\| +0\.50", lines[5])
    goals = goal_table([a_figure(Goal("µs", 0.4, Against.PEER), Goal("µs", 20))])
    assert "MISSED" in goals
    assert "(quick)" in goals
    assert goals.count(" met ") == 1


def test_quick_run(pyinit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quick run measures every candidate in every respect, and writes it down."""
    monkeypatch.setenv("PYINIT_SHIM", pyinit)
    assert main(["--quick", "--only", "inits", "-o", str(tmp_path / "figures.md")]) == 0
    parts = (tmp_path / "figures.md").read_text().split("\n## ")
    titles = [part.splitlines()[0] for part in parts[1:]]
    assert titles[:5] == ["Goals", "Start and end", "Memory", "File", "Idle"]
    assert titles[5:] == ["Forwarding a signal", "Reaping 500 orphans"]
    for part in parts[2:]:
        for name in ("**pyinit**", "dumb-init", "tini", "tini-static", "catatonit"):
            (row,) = [line for line in part.splitlines() if line.startswith(f"| {name} ")]
            assert re.search(r"\d", row.removeprefix(f"| {name}"))


def test_quick_run_of_a_supervisor(tmp_path: Path) -> None:
    """The steps of the supervisors work for ours: it starts, restarts and logs as it is measured."""
    shim = tmp_path / "pyinit-shim"
    build = [sys.executable, str(ROOT / "csrc/build.py"), "--program", "pyinit-shim", "-o", str(shim)]
    subprocess.run(build, check=True)
    programs.build(tmp_path, programs.SUPERVISED)
    tools = supervisors.Tools(tmp_path, sys.executable, "", str(shim))
    effort = supervision.Effort(1, (2,), 1, 1, 0.1, 1, 2, 1, 3)
    bench = supervision.Bench([supervisors.Ours], tools, effort)
    figures = list(supervision.measure(bench, ["start", "many", "restart", "logs", "rotation"]))
    values = {figure.title: figure.rows["pyinit"] for figure in figures}
    assert len(values) == 8
    assert values["Rotation"][:2] == (0, 0)
    assert all(row[0] is not None for title, row in values.items() if not title.startswith("Idle"))
