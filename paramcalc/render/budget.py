"""Budgets as a table: the bound, what is computed, the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from paramcalc.render.figures import computed
from paramcalc.render.table import Column, Line, Table
from paramcalc.report.budget import Spent

COLUMNS = (
    Column("architecture", "architecture", numeric=False, elastic=True),
    Column("quantity", "quantity", numeric=False, elastic=True),
    Column("bound", "budget", rank=2),
    Column("computed", "computed", rank=1),
    Column("verdict", "verdict", numeric=False),
)
MARKS = {True: "✓ kept", False: "✗ exceeded", None: "✗ not known"}


def budget_table(found: Sequence[tuple[str, Spent]]) -> Table:
    """One row for each budget of each architecture."""
    lines = []
    for name, spent in found:
        bound = f"{'≤' if spent.budget.most else '≥'} {spent.budget.text}"
        lines.append(Line((name, spent.budget.quantity, bound, computed(spent.computed), mark(spent))))
    return Table("", list(COLUMNS), lines)


def mark(spent: Spent) -> str:
    """The verdict; a least that is not reached is no excess."""
    return "✗ below" if spent.kept is False and not spent.budget.most else MARKS[spent.kept]


def budget_object(found: Sequence[tuple[str, Spent]]) -> list[dict[str, Any]]:
    """The same for JSON."""
    return [
        {
            "architecture": name,
            "quantity": spent.budget.quantity,
            "bound": "max" if spent.budget.most else "min",
            "budget": int(bound) if (bound := spent.budget.bound).denominator == 1 else bound,
            "computed": spent.computed,
            "kept": spent.kept,
        }
        for name, spent in found
    ]
