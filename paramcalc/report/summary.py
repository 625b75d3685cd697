"""A network in a few figures: what a comparison, a sweep and a budget look at."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from paramcalc.algebra.conditions import greatest
from paramcalc.algebra.expr import Expr, Size, added
from paramcalc.algebra.tensor import Shape
from paramcalc.errors import ParamcalcError, suggestion
from paramcalc.report.analysis import Report
from paramcalc.report.row import Row

CONVOLUTIONS = ("conv", "conv_transpose")
DTYPES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "int8": 1}
"""Bytes of one element."""


class Summary(NamedTuple):
    """The figures of a whole network.

    `conv_params` and `linear_params` are the parameters of convolutions (transposed ones too) and of
    linear layers; `weighted_layers` counts both, each set of weights once. `receptive_field` is that
    of the first output, `effective_stride` that of the last step on the way to it whose units have a
    position. `largest` is the first row of most parameters; None where symbols leave it open.
    """

    params: Size
    conv_params: Size
    linear_params: Size
    macs: Size
    flops: Size
    activations: Size
    peak_activations: Size | None
    weighted_layers: int
    receptive_field: tuple[Size | None, ...] | None
    covers_input: bool
    effective_stride: tuple[Size | Fraction | None, ...] | None
    outputs: dict[str, Shape]
    largest: Row | None


class Memory(NamedTuple):
    """Bytes at one element type; `peak` are the activations alive at once, None where symbols leave it open."""

    dtype: str
    params: Size
    activations: Size
    peak: Size | None


def summarize(report: Report) -> Summary:
    """The figures of a whole network, from its report."""
    totals = report.totals
    convolutions = [row for row in report.layers if row.type in CONVOLUTIONS]
    linears = [row for row in report.layers if row.type == "linear"]
    end = next(iter(report.ends.values()), None)
    return Summary(
        params=totals.params,
        conv_params=added(row.params for row in convolutions),
        linear_params=added(row.params for row in linears),
        macs=totals.macs,
        flops=totals.flops,
        activations=totals.activations,
        peak_activations=totals.peak_activations,
        weighted_layers=sum(row.shared_with is None for row in (*convolutions, *linears)),
        receptive_field=tuple(end.receptive_field) if end and end.receptive_field else None,
        covers_input=bool(end and end.covers_input),
        effective_stride=stride_before(end, report.layers),
        outputs=report.outputs,
        largest=largest(report.layers),
    )


def stride_before(row: Row | None, rows: list[Row]) -> tuple[Size | Fraction | None, ...] | None:
    """The effective stride of a row, or of the nearest one before it that has one, by first inputs."""
    while row is not None:
        strides = row.effective_stride
        if strides and any(stride is not None for stride in strides):
            return tuple(strides)
        source = row.node.inputs[0]
        row = rows[source.index] if source.layer else None
    return None


def largest(rows: Iterable[Row]) -> Row | None:
    """The first row of most parameters; None where symbols leave it open, or where no row has any."""
    holding = [row for row in rows if row.params != 0]
    most = greatest([row.params for row in holding]) if holding else None
    return next((row for row in holding if row.params == most), None)


def memory(report: Report, dtype: str) -> Memory:
    """Bytes of parameters and activations at an element type. Raises ParamcalcError for an unknown one."""
    size = DTYPES.get(dtype)
    if size is None:
        hint = suggestion(dtype, DTYPES) or f"; there are {', '.join(DTYPES)}"
        raise ParamcalcError(f"there is no element type '{dtype}'{hint}")
    totals = report.totals
    peak = totals.peak_activations
    return Memory(dtype, totals.params * size, totals.activations * size, None if peak is None else peak * size)


def ratio(left: Size | None, right: Size | None) -> Fraction | None:
    """How many times `right` is in `left`: with symbols where one is a multiple of the other, else None."""
    if left is None or right is None or right == 0:
        return None
    if isinstance(left, int) and isinstance(right, int):
        return Fraction(left, right)
    if not isinstance(left, Expr) or not isinstance(right, Expr):
        return None
    monomial, coefficient = next(iter(right.terms.items()))
    share = Fraction(left.terms.get(monomial, 0), coefficient)
    return share if left * share.denominator == right * share.numerator else None
