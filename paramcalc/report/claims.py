"""Claims: the published figures that a file holds, each against the computed one."""

from __future__ import annotations

from enum import Enum
from fractions import Fraction
from typing import NamedTuple

from paramcalc.algebra.expr import Size, added
from paramcalc.errors import ParamcalcError, Problem, listing, suggestion
from paramcalc.network import Network
from paramcalc.published import Claim
from paramcalc.report.analysis import Report
from paramcalc.report.quantities import CLAIMED, Use
from paramcalc.report.summary import Summary


class Outcome(str, Enum):
    """How a claim compares with the computed value."""

    met = "met"
    missed = "missed"
    disputed = "disputed"
    disputed_but_met = "disputed, but met"
    open = "depends on symbols"


class Verdict(NamedTuple):
    """A claim, what is computed (one value, or one per axis), and the outcome.

    `path` is the row of the claim's step, empty for a block or the whole network.
    """

    claim: Claim
    path: str
    computed: tuple[Size | Fraction | None, ...]
    outcome: Outcome

    @property
    def fine(self) -> bool:
        """Whether nothing is wrong: a claim that is met, or one that is rightly disputed."""
        return self.outcome in (Outcome.met, Outcome.disputed)


def judge(network: Network, report: Report) -> list[Verdict]:
    """The verdict on each claim, in the file's order. Raises ParamcalcError for claims on steps that do not exist."""
    missing = [claim for claim in network.claims if claim.at and network.step(claim.at) is None]
    if missing:
        names = network.paths()
        notes = (f"steps: {listing(names)}",)
        messages = [f"no step is called '{claim.at}'{suggestion(claim.at, names)}" for claim in missing]
        raise ParamcalcError(*(Problem(text, claim.span, notes) for text, claim in zip(messages, missing, strict=True)))
    summary = Summary(report)
    return [verdict(claim, network, summary) for claim in network.claims]


def verdict(claim: Claim, network: Network, summary: Summary) -> Verdict:
    """One claim against what is computed: of the whole network, of a step, or of a block.

    Counts of a block are the sums over its steps, its output and its field those of the step that it ends in.
    """
    quantity = CLAIMED[claim.quantity]
    rows = summary.report.layers
    end = network.step(claim.at) if claim.at else None
    inside = [row for row in rows if row.path.startswith(f"{claim.at}.")] if end else []
    if end is None:
        found = quantity.of_whole(summary)
    elif inside and Use.SUM in quantity.use:
        found = added(quantity.of_step(row) for row in inside)
    else:
        found = quantity.of_step(rows[end.index]) if end.layer else None
    computed = tuple(found or ()) if quantity.per_axis else (found,)
    met = claim.met_by(computed)
    if met is None:
        outcome = Outcome.open
    elif claim.disputed:
        outcome = Outcome.disputed_but_met if met else Outcome.disputed
    else:
        outcome = Outcome.met if met else Outcome.missed
    return Verdict(claim, end.path if end and not inside else "", computed, outcome)
