"""What is compared with what: candidates, statistics, ratios, goals and the tables that show them."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Value = int | float | str | None


class Kind(Enum):
    """What a candidate is to us. Only OURS is judged, by the FLOOR and by the best PEER."""

    FLOOR = "floor"  # the least that could do it
    OURS = "ours"
    PEER = "peer"  # as packaged by the distribution
    ASIDE = "aside"  # shown, and never the measure of anything


class Against(Enum):
    """What a goal's limit is a multiple of."""

    ONE = "absolute"
    FLOOR = "times the floor"
    PEER = "times the best packaged peer"


@dataclass(frozen=True, slots=True)
class Column:
    """One number (or word) that a figure has for each candidate; less is better."""

    name: str
    digits: int = 0


@dataclass(frozen=True, slots=True)
class Goal:
    """OURS in this column is at most limit (a word: is it), where limit counts in what `against` says."""

    column: str
    limit: float | str
    against: Against = Against.ONE
    beside: str = ""  # the one peer that counts, instead of the best of them


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a goal; `ours` and `limit` are in the goal's own terms, so ratios where it is about one."""

    goal: Goal
    ours: float | str
    beside: str  # the peer that was best, or nothing
    met: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement of all candidates. The first column is the one that is shown as a ratio too."""

    title: str
    how: str
    columns: Sequence[Column]
    rows: Mapping[str, Sequence[Value]]
    kinds: Mapping[str, Kind]
    goals: Sequence[Goal] = field(default=())

    def value(self, name: str, column: str) -> Value:
        """Return what candidate `name` has in a column."""
        return self.rows[name][[each.name for each in self.columns].index(column)]

    def best(self, kind: Kind, column: str, alone: str = "") -> tuple[str, float] | None:
        """Return the candidate of a kind with the smallest number in a column, and that number; or of `alone`."""
        numbers = [
            (value, name)
            for name in self.rows
            if self.kinds[name] is kind
            and alone in {"", name}
            and isinstance(value := self.value(name, column), int | float)
        ]
        return (min(numbers)[1], float(min(numbers)[0])) if numbers else None


def median(values: Sequence[float]) -> float:
    """Return the middle one."""
    return statistics.median(values)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share (0 to 1) of all values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def differences(values: Sequence[float], base: Sequence[float]) -> list[float]:
    """Return each value less the base of the same round, so that what slowed down a whole round cancels out."""
    return [value - its_base for value, its_base in zip(values, base, strict=True)]


def ratio(value: float, base: float) -> float | None:
    """Return value / base, or None where base is 0 and there is no such ratio."""
    return value / base if base else None


def judge(figure: Figure) -> list[Verdict]:
    """Return one verdict for each goal that can be judged from what was measured."""
    return [verdict for goal in figure.goals if (verdict := _judge(figure, goal)) is not None]


def _judge(figure: Figure, goal: Goal) -> Verdict | None:
    ours = next((figure.value(name, goal.column) for name in figure.rows if figure.kinds[name] is Kind.OURS), None)
    if isinstance(goal.limit, str) or not isinstance(ours, int | float):
        return None if ours is None else Verdict(goal, str(ours), "", ours == goal.limit)
    if goal.against is Against.ONE:
        return Verdict(goal, ours, "", ours <= goal.limit)
    base = figure.best(Kind.FLOOR if goal.against is Against.FLOOR else Kind.PEER, goal.column, goal.beside)
    if base is None or (relative := ratio(ours, base[1])) is None:
        return None
    return Verdict(goal, relative, base[0], relative <= goal.limit)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format a Markdown table that is aligned for readers of the text as well: first column left, the others right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    forms = [f"{'>' if i else '<'}{width}" for i, width in enumerate(widths)]

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(format(cell, form) for cell, form in zip(cells, forms, strict=True)) + " |"

    rule = "|" + "|".join("-" * (width + 1) + (":" if i else "-") for i, width in enumerate(widths)) + "|"
    return "\n".join([line(head), rule, *map(line, rows)])


def shown(value: Value, digits: int = 0) -> str:
    """Format a value as a table has it."""
    if isinstance(value, int | float):
        return f"{value:,.{digits}f}"
    return "-" if value is None else value


def figure_table(figure: Figure) -> str:
    """Format the candidates of one figure, each with how many times its first number ours is."""
    first = figure.columns[0]
    ours = figure.best(Kind.OURS, first.name)
    head = ["", *(column.name for column in figure.columns)]
    rows = []
    for name, values in figure.rows.items():
        cells = [shown(value, column.digits) for value, column in zip(values, figure.columns, strict=True)]
        if ours:
            base = figure.value(name, first.name)
            cells.append(shown(ratio(ours[1], base) if isinstance(base, int | float) else None, 2))
        rows.append([f"**{name}**" if figure.kinds[name] is Kind.OURS else name, *cells])
    return table([*head, f"{ours[0]} ÷ it"] if ours else head, rows)


def goal_table(figures: Sequence[Figure]) -> str:
    """Format every goal of every figure, and whether it is met."""
    rows = []
    for figure in figures:
        for verdict in judge(figure):
            goal = verdict.goal
            word = isinstance(goal.limit, str)
            limit = str(goal.limit) if word else f"≤ {goal.limit:g}"
            ratio_of = "" if goal.against is Against.ONE else f" {goal.against.value}"
            beside = f" ({verdict.beside})" if goal.against is Against.PEER else ""
            if goal.beside:
                ratio_of, beside = f" times {goal.beside}", ""
            its = next(column.digits for column in figure.columns if column.name == goal.column)
            digits = its if goal.against is Against.ONE else 2
            rows.append(
                [
                    f"{figure.title}: {goal.column}",
                    f"{limit}{ratio_of}{beside}",
                    shown(verdict.ours, digits),
                    "met" if verdict.met else "MISSED",
                ]
            )
    return table(["goal", "limit", "measured", ""], rows)
