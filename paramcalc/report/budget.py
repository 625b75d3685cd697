"""Budgets: the most or the least that a figure of a network may be, such as 5 million parameters on a device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from paramcalc.algebra.expr import Size
from paramcalc.report.analysis import Report
from paramcalc.report.summary import summarize

OF_TOTALS = (
    "params",
    "weights",
    "biases",
    "trainable",
    "buffers",
    "macs",
    "flops",
    "activations",
    "peak_activations",
    "layers",
)
SIZES = ("receptive_field", "effective_stride")
"""Quantities with a value for each axis; every axis must keep to the budget."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A bound on a quantity, as it was written and exactly."""

    quantity: str
    most: bool
    text: str
    bound: Fraction


@dataclass(frozen=True, slots=True)
class Spent:
    """A budget, what is computed, and whether it keeps to it; None where that depends on symbols or is unknown."""

    budget: Budget
    computed: tuple[Size | Fraction | None, ...]
    kept: bool | None


def spend(report: Report, budgets: Sequence[Budget]) -> list[Spent]:
    """Each budget against the report."""
    return [against(report, item) for item in budgets]


def against(report: Report, item: Budget) -> Spent:
    """One budget against the report."""
    computed = values(report, item.quantity)
    if not computed or not all(isinstance(value, (int, Fraction)) for value in computed):
        return Spent(item, computed, None)
    exact = [value for value in computed if isinstance(value, (int, Fraction))]
    kept = all(value <= item.bound if item.most else value >= item.bound for value in exact)
    return Spent(item, computed, kept)


def values(report: Report, quantity: str) -> tuple[Size | Fraction | None, ...]:
    """A quantity of the whole network: one value, or one per axis; empty when it is not known."""
    if quantity in OF_TOTALS:
        value: Size | None = getattr(report.totals, quantity)
        return () if value is None else (value,)
    return tuple(getattr(summarize(report), quantity) or ())
