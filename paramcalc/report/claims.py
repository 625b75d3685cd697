"""Claims: the published figures that a file holds, each against the computed one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from fractions import Fraction
from typing import NamedTuple

from paramcalc.algebra.expr import Size, added
from paramcalc.errors import ParamcalcError, Problem, listing, suggestion
from paramcalc.language.document import Claim
from paramcalc.language.source import Items, Scalar
from paramcalc.network import Network
from paramcalc.published import Figure, figure
from paramcalc.report.analysis import Report
from paramcalc.report.row import Row

COUNTED = ("weights", "biases", "params", "buffers", "macs", "activations")
"""Quantities that are summed over the rows of a block."""


class Outcome(str, Enum):
    """How a claim compares with the computed value."""

    met = "met"
    missed = "missed"
    disputed = "disputed"
    disputed_but_met = "disputed, but met"
    open = "depends on symbols"


class Verdict(NamedTuple):
    """A claim, the computed value beside it, and the outcome.

    `step` is what the claim calls its step, empty for the whole; `path` is that step's row, empty
    for a block or the whole.
    """

    claim: Claim
    step: str
    path: str
    figures: tuple[Figure, ...]
    computed: tuple[Size | Fraction | None, ...]
    outcome: Outcome

    @property
    def fine(self) -> bool:
        """Whether nothing is wrong: a claim that is met, or one that is rightly disputed."""
        return self.outcome in (Outcome.met, Outcome.disputed)

    @property
    def text(self) -> str:
        """The claimed figure for readers: `35k`, `34,848`, `7×7×30`."""
        return "×".join(map(str, self.figures))


def judge(network: Network, report: Report) -> list[Verdict]:
    """The verdict on every claim of the network's file, in its order.

    Raises ParamcalcError where a claim is about a step that does not exist.
    """
    rows = {row.path: row for row in report.layers}
    problems = [missing(claim, network) for claim in network.claims if claim.at and not network.step(claim.at.name)]
    if problems:
        raise ParamcalcError(*problems)
    return [verdict(claim, network, report, rows) for claim in network.claims]


def missing(claim: Claim, network: Network) -> Problem:
    """The problem of a claim about no step."""
    assert claim.at is not None
    names = network.paths()
    return Problem(
        f"no step is called '{claim.at.name}'{suggestion(claim.at.name, names)}",
        claim.at.span,
        (f"steps: {listing(names)}",),
    )


def verdict(claim: Claim, network: Network, report: Report, rows: dict[str, Row]) -> Verdict:
    """One claim against what is computed."""
    figures = tuple(figure(item.value) for item in scalars(claim.value))
    step = claim.at.name if claim.at else ""
    node = network.step(step)
    path = node.path if node and not inside(report.layers, step) else ""
    computed = value_of(claim, network, report, rows)
    met: bool | None = len(figures) in (1, len(computed)) and bool(computed)
    if met:
        wanted = figures * len(computed) if len(figures) == 1 else figures
        answers = [None if value is None else item.met_by(value) for item, value in zip(wanted, computed, strict=True)]
        met = False if False in answers else None if None in answers else True
    if met is None:
        outcome = Outcome.open
    elif claim.disputed:
        outcome = Outcome.disputed_but_met if met else Outcome.disputed
    else:
        outcome = Outcome.met if met else Outcome.missed
    return Verdict(claim, step, path, figures, computed, outcome)


def scalars(value: Scalar | Items) -> list[Scalar]:
    """The figures of a claim: one, or one per axis."""
    items: Sequence[object] = value.items if isinstance(value, Items) else [value]
    return [item for item in items if isinstance(item, Scalar)]


def value_of(
    claim: Claim, network: Network, report: Report, rows: dict[str, Row]
) -> tuple[Size | Fraction | None, ...]:
    """What is computed for the quantity of a claim: one value, or one per axis."""
    quantity = claim.quantity
    if claim.at is None and hasattr(report.totals, quantity):
        return (getattr(report.totals, quantity),)
    end = network.step(claim.at.name) if claim.at else next(reversed(network.nodes), None)
    if end is None or end.path not in rows:
        return ()
    row = rows[end.path]
    if quantity in COUNTED:
        parts = inside(report.layers, claim.at.name) if claim.at else []
        return (added(getattr(part, quantity) for part in parts or [row]),)
    return tuple(getattr(row, quantity, None) or ())


def inside(layers: Iterable[Row], path: str) -> list[Row]:
    """The rows of a block."""
    return [row for row in layers if row.path.startswith(f"{path}.")]
