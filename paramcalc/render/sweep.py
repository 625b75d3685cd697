"""A sweep as a table: one row for each combination."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from paramcalc.render.figures import column, notes, whole_cell
from paramcalc.render.table import Column, Line, Table
from paramcalc.report.quantities import QUANTITIES
from paramcalc.report.sweep import Result

SWEPT = [quantity for quantity in QUANTITIES if quantity.sweep_rank is not None]
FIGURES = [column(quantity, quantity.sweep_rank) for quantity in SWEPT]


def sweep_table(name: str, results: Sequence[Result]) -> Table:
    """One row for each combination: the values that were chosen, and the figures of the whole network."""
    chosen = list(results[0].values) if results else []
    taken = [column.key for column in FIGURES]
    columns = [*(Column(f"set {key}" if key in taken else key, key) for key in chosen), *FIGURES]
    lines = []
    for result in results:
        summary = result.summary
        figures = [None if summary is None else whole_cell(quantity, summary) for quantity in SWEPT]
        below = [f"does not fit: {reason(result)}"] if result.error else ()
        lines.append(Line((*result.values.values(), *figures), below))
    wrong = sum(bool(result.error) for result in results)
    fitting = [f"{wrong:,} of {len(results):,} combinations do not fit"] if wrong else []
    return Table(name, columns, lines, foot=[*fitting, *notes(lines)])


def reason(result: Result) -> str:
    """The first thing that is wrong with a combination."""
    return result.error.problems[0].message if result.error else ""


def sweep_object(name: str, results: Sequence[Result]) -> dict[str, Any]:
    """The same for JSON."""
    return {"name": name, "rows": [result_object(result) for result in results]}


def result_object(result: Result) -> dict[str, Any]:
    """One combination; of its outputs, all."""
    summary = result.summary
    found = {"values": dict(result.values), "error": reason(result) or None}
    if summary is None:
        return found
    figures = {quantity.key: quantity.of_whole(summary) for quantity in SWEPT if quantity.key != "output"}
    return {**found, "outputs": summary.outputs, **figures}
