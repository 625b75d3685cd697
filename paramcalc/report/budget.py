"""Budgets: the most or the least that a figure of a network may be, for use where a number decides.

What belongs to one feature map, such as the receptive field, is that of the network's first output, and every axis must
keep to the budget; see `Summary`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from paramcalc.algebra.expr import Size
from paramcalc.report.analysis import Report
from paramcalc.report.quantities import Use, quantities
from paramcalc.report.summary import Summary

BUDGETED = {quantity.key: quantity for quantity in quantities(Use.BUDGET)}


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
    summary = Summary(report)
    spent = []
    for item in budgets:
        quantity = BUDGETED[item.quantity]
        found = quantity.of_whole(summary)
        computed = () if found is None else tuple(found) if quantity.per_axis else (found,)
        kept = None
        if computed and all(isinstance(value, (int, Fraction)) for value in computed):
            kept = all(value <= item.bound if item.most else value >= item.bound for value in computed)
        spent.append(Spent(item, computed, kept))
    return spent
