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


def column(quantity: Quantity, rank: int) -> Column:
    """The column of a quantity."""
    return Column(quantity.key, quantity.column or quantity.title, rank=max(rank, 0), optional=rank == ON_DEMAND)


def step_cell(quantity: Quantity, row: Row) -> Value:
    """The figure of a step."""
    return cell(quantity, quantity.of_step(row), row)


def whole_cell(quantity: Quantity, summary: Summary) -> Value:
    """The figure of a whole network."""
    return cell(quantity, quantity.of_whole(summary), summary)


def cell(quantity: Quantity, figure: Any, source: Row | Summary) -> Value:
    """A figure, with marks where it is a receptive field."""
    if not quantity.per_axis:
        number: Value = figure
        return number
    marked = quantity.key == "receptive_field"
    return sizes(figure, "*" * (marked and source.covers_input) + "~" * (marked and source.misaligned))


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
