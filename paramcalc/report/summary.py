"""A network in a few figures: what claims, budgets, comparisons and sweeps look at."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple, TypeAlias

from paramcalc.algebra.expr import Expr, Size, added
from paramcalc.algebra.solve import greatest
from paramcalc.algebra.tensor import Shape
from paramcalc.errors import ParamcalcError, suggestion
from paramcalc.report.analysis import Report
from paramcalc.report.row import FieldSummary, Row, attribute

Values: TypeAlias = Sequence[Size | Fraction | None]
DTYPES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "int8": 1}
"""Bytes of one element."""


class Summary:
    """The figures of a whole network: its totals, and what is worked out here when it is asked for.

    Output and receptive field are those of the network's first output, in the order of the file. Effective stride
    and padding are those of the last step on the way to it, by first inputs, whose units have a position: behind a
    global pooling or a flattened map they have none.
    """

    def __init__(self, report: Report) -> None:
        self.report = report
        self.totals = report.totals
        self.outputs = report.outputs
        first = next(iter(report.outputs), "")
        self.output: Shape | None = report.outputs.get(first)
        self.end: Row | None = report.ends.get(first)
        self.field = self.end.field if self.end else FieldSummary()

    @property
    def conv_params(self) -> Size:
        """Parameters of convolutions, transposed ones too."""
        return added(row.params for row in self.report.layers if row.family == "convolution")

    @property
    def linear_params(self) -> Size:
        """Parameters of linear layers."""
        return added(row.params for row in self.report.layers if row.family == "linear")

    @property
    def weighted_layers(self) -> int:
        """How many convolutions and linear layers there are, each set of weights once."""
        return sum(row.family in ("convolution", "linear") and not row.shared_with for row in self.report.layers)

    @property
    def receptive_field(self) -> Values | None:
        """The receptive field of the first output."""
        return self.field.receptive_field or None

    covers_input: bool = attribute("field.covers_input", "Whether each unit of the first output reads the whole input.")
    misaligned: bool = attribute("field.misaligned", "Whether paths of different strides meet before the first output.")
    effective_stride: Values | None = attribute(
        "positioned.effective_stride", "Input positions between neighbouring units, on the last map with positions."
    )
    effective_padding: Values | None = attribute(
        "positioned.effective_padding", "Input positions by which its first unit's field begins before the input."
    )

    @cached_property
    def positioned(self) -> FieldSummary:
        """The field of the last step on the way to the first output whose units have a position."""
        row = self.end
        while row and all(stride is None for stride in row.effective_stride or ()):
            source = row.node.inputs[0]
            row = self.report.layers[source.index] if source.layer else None
        return row.field if row else FieldSummary()

    @cached_property
    def largest(self) -> Row | None:
        """The first row of most parameters; None where symbols leave it open, or where no row has any."""
        rows = [row for row in self.report.layers if row.params != 0]
        most = greatest([row.params for row in rows]) if rows else None
        return next((row for row in rows if row.params == most), None)


class Memory(NamedTuple):
    """Bytes at one element type; `peak` are the peak activations, None where symbols leave them open."""

    dtype: str
    params: Size
    activations: Size
    peak: Size | None


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
