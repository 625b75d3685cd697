"""Figures as columns and cells: what all tables of steps and networks have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from paramcalc.algebra.expr import Size
from paramcalc.render.table import Column, Line, Note, Sizes, Value
from paramcalc.report.quantities import ON_DEMAND, Quantity
from paramcalc.report.row import Row
from paramcalc.report.summary import Summary

MARKS = {
    "*": Note(("* reads the whole input",), column="receptive_field"),
    "~": Note(("~ paths of different effective strides meet",), column="receptive_field"),
}
"""What the marks of a receptive field say, in notes below the table."""


def column(quantity: Quantity, rank: int | None) -> Column:
    """The column of a quantity."""
    title = quantity.column or quantity.title
    return Column(quantity.key, title, rank=0 if rank == ON_DEMAND else rank or 0, optional=rank == ON_DEMAND)


def cell(quantity: Quantity, figure: Any, source: Row | Summary) -> Value:
    """A figure of a step or of a whole network, with marks where it is a receptive field."""
    if not quantity.per_axis:
        number: Value = figure
        return number
    marks = "*" * source.covers_input + "~" * source.misaligned
    return sizes(figure, marks if quantity.key == "receptive_field" else "")


def step_cells(shown: Iterable[Quantity], row: Row) -> list[Value]:
    """The figures of a step."""
    return [cell(quantity, getattr(row, quantity.key), row) for quantity in shown]


def whole_cell(quantity: Quantity, summary: Summary) -> Value:
    """A figure of a whole network."""
    return cell(quantity, quantity.of_whole(summary), summary)


def sizes(values: Sequence[Size | Fraction | None] | None, marks: str = "") -> Value:
    """A shape, or one value per axis; None where none is known."""
    if not values or all(value is None for value in values):
        return None
    return Sizes(tuple(values), marks)


def computed(values: Sequence[Size | Fraction | None]) -> Value:
    """What is computed for a claim or a budget: one number, or sizes."""
    return values[0] if len(values) == 1 else sizes(values)


def notes(lines: Iterable[Line]) -> list[Note]:
    """What the marks in a table say."""
    found = {mark for line in lines for value in line.values if isinstance(value, Sizes) for mark in value.mark}
    return [note for mark, note in MARKS.items() if mark in found]
