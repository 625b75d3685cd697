"""A sweep as a table: one row for each combination."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from paramcalc.render.json import number, numbers
from paramcalc.render.show import READS_ALL, WHOLE, sizes
from paramcalc.render.table import Column, Line, Note, Table, Value
from paramcalc.report.summary import Summary
from paramcalc.report.sweep import Result

FIGURES = (
    Column("output", "output", rank=5),
    Column("params", "params"),
    Column("macs", "MACs"),
    Column("flops", "FLOPs", rank=6),
    Column("activations", "activations", rank=2),
    Column("peak_activations", "alive at once", rank=3),
    Column("receptive_field", "field", rank=4),
)
"""What is shown of a combination, and the order in which a narrow page drops it: the highest rank first."""


def sweep_table(name: str, results: Sequence[Result]) -> Table:
    """One row for each combination: the values that were chosen, and the figures."""
    swept = list(results[0].values) if results else []
    taken = [column.key for column in FIGURES]
    columns = [*(Column(f"set {key}" if key in taken else key, key) for key in swept), *FIGURES]
    lines = [
        Line(
            (*result.values.values(), *cells(result.summary)),
            [f"does not fit: {reason(result)}"] if result.error else (),
        )
        for result in results
    ]
    wrong = sum(bool(result.error) for result in results)
    foot: list[Note | str] = [f"{wrong:,} of {len(results):,} combinations do not fit"] if wrong else []
    if any(result.summary and result.summary.covers_input for result in results):
        foot.append(READS_ALL)
    return Table(name, columns, lines, foot=foot)


def reason(result: Result) -> str:
    """The first thing that is wrong with a combination."""
    return result.error.problems[0].message if result.error else ""


def cells(summary: Summary | None) -> tuple[Value, ...]:
    """The figures of one combination."""
    if summary is None:
        return (None,) * len(FIGURES)
    return (
        sizes(next(iter(summary.outputs.values()), None)),
        summary.params,
        summary.macs,
        summary.flops,
        summary.activations,
        summary.peak_activations,
        sizes(summary.receptive_field, WHOLE if summary.covers_input else ""),
    )


def sweep_object(name: str, results: Sequence[Result]) -> dict[str, Any]:
    """The same as plain values."""
    return {"name": name, "rows": [result_object(result) for result in results]}


def result_object(result: Result) -> dict[str, Any]:
    """One combination."""
    summary = result.summary
    values: dict[str, Any] = {"values": dict(result.values), "error": reason(result) or None}
    if summary is not None:
        values |= {
            "outputs": {name: numbers(shape) for name, shape in summary.outputs.items()},
            "params": number(summary.params),
            "macs": number(summary.macs),
            "flops": number(summary.flops),
            "activations": number(summary.activations),
            "peak_activations": number(summary.peak_activations),
            "receptive_field": numbers(summary.receptive_field),
        }
    return values
