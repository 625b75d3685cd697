"""What a plot shows of a network, as plain numbers: parameters, MACs and receptive field by executed layer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from paramcalc.algebra.expr import Expr, Size
from paramcalc.errors import ParamcalcError, conjoined
from paramcalc.report.analysis import Report
from paramcalc.report.row import Row

MOST = 12
"""Networks in one figure; more could not be distinguished."""

NUMBERED = re.compile(r"(.*?)([0-9]+)")


class Point(NamedTuple):
    """A figure above 0 of one layer: its number in execution order, from 1, its family, and the figure."""

    layer: int
    family: str
    value: int


class Group(NamedTuple):
    """Neighbouring layers inside one step of the file, the first and the last by number."""

    name: str
    first: int
    last: int

    @property
    def length(self) -> int:
        """How many layers there are."""
        return self.last - self.first + 1


class Curves:
    """The figures of one network, from its report; `name` may be another than the report's.

    `paths` and `fields` have one entry for each executed layer; a field is that of the largest axis,
    in input positions, None where it is unknown or the layer has no spatial axis to look back on.
    `whole` are the numbers of the layers from which on the whole input is read. `unknown` are the
    runs of layers whose field depends on the data, by their first and last number.

    Raises ParamcalcError for sizes that are symbols.
    """

    def __init__(self, report: Report, name: str = "") -> None:
        need_numbers(report)
        rows = report.layers
        self.name = name or report.name
        self.shapes = [tuple(map(concrete, row.shape)) for row in report.input.values()]
        self.params, self.macs = concrete(report.totals.params), concrete(report.totals.macs)
        self.paths = [row.path for row in rows]
        self.layer_params = points(rows, [concrete(row.params) for row in rows])
        self.layer_macs = points(rows, [concrete(row.macs) for row in rows])
        self.fields = [largest_axis(row) for row in rows]
        self.whole = [first for first, _ in runs([row.covers_input for row in rows])]
        self.unknown = list(runs([row.receptive_field is None for row in rows]))

    @property
    def eventful(self) -> list[int]:
        """The numbers of layers that have parameters or MACs, or another field than the layer before."""
        before = (None, *self.fields)
        changed = {layer for layer, (a, b) in enumerate(zip(before, self.fields, strict=False), 1) if a != b}
        return sorted(changed.union(point.layer for point in (*self.layer_params, *self.layer_macs)))


def need_numbers(report: Report) -> None:
    """Raise ParamcalcError where a size of the report has a symbol in it."""
    sizes = [size for row in report.input.values() for size in (*row.shape, row.count)]
    for row in report.layers:
        sizes += [row.params, row.macs, *(size for size in row.receptive_field or () if size is not None)]
    found = sorted({name for size in sizes if isinstance(size, Expr) for name in size.symbols()})
    if found:
        raise ParamcalcError(
            f"a plot needs numbers, but {report.name} depends on {conjoined(found)}; "
            "give the symbols values with --input or --set"
        )


def concrete(size: Size) -> int:
    """A size without symbols."""
    assert isinstance(size, int)
    return size


def points(rows: Sequence[Row], values: Sequence[int]) -> list[Point]:
    """The values above 0, each with the number and the family of its layer."""
    numbered = enumerate(zip(rows, values, strict=True), 1)
    return [Point(layer, row.family, value) for layer, (row, value) in numbered if value > 0]


def largest_axis(row: Row) -> int | None:
    """The receptive field on the axis where it is largest; None where none is known."""
    return max((concrete(size) for size in row.receptive_field or () if size is not None), default=None)


def runs(marks: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """The first and the last number, from 1, of each run of neighbours that are marked."""
    for marked, run in groupby(enumerate(marks, 1), lambda pair: pair[1]):
        layers = [layer for layer, _ in run]
        if marked:
            yield layers[0], layers[-1]


def groups(paths: Sequence[str], most: int) -> list[Group]:
    """The layers by the steps of the file that they belong to.

    Where there are more than `most` of these, neighbours that are numbered on are one group:
    `block1`, `block2` and `block3` are `block1…3`.
    """
    found: list[Group] = []
    for name, run in groupby(enumerate(paths, 1), lambda pair: pair[1].partition(".")[0]):
        layers = [layer for layer, _ in run]
        found.append(Group(name, layers[0], layers[-1]))
    if len(found) <= most:
        return found
    merged: list[list[Group]] = []
    for group in found:
        if not merged or not follows(merged[-1][-1].name, group.name):
            merged.append([])
        merged[-1].append(group)
    return [Group(span_name(run[0].name, run[-1].name), run[0].first, run[-1].last) for run in merged]


def follows(before: str, name: str) -> bool:
    """Whether two names are the same but for numbers at their ends, the second one higher by 1."""
    left, right = NUMBERED.fullmatch(before), NUMBERED.fullmatch(name)
    return bool(left and right and left[1] == right[1] and int(right[2]) == int(left[2]) + 1)


def span_name(first: str, last: str) -> str:
    """`block1…3` for `block1` and `block3`."""
    numbered = NUMBERED.fullmatch(last)
    return first if first == last or numbered is None else f"{first}…{numbered[2]}"
