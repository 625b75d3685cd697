"""Claims as a table: the published figure, the computed value, the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from paramcalc.render.figures import computed
from paramcalc.render.table import Column, Line, Table
from paramcalc.report.claims import Outcome, Verdict

COLUMNS = (
    Column("architecture", "architecture", numeric=False, rank=1),
    Column("at", "at", numeric=False, elastic=True),
    Column("quantity", "quantity", numeric=False, elastic=True),
    Column("claimed", "claimed", rank=2),
    Column("computed", "computed", rank=3),
    Column("verdict", "verdict", numeric=False, elastic=True),
    Column("source", "source", numeric=False, rank=4, elastic=True),
)
MARKS = {
    Outcome.met: "✓ met",
    Outcome.missed: "✗ missed",
    Outcome.disputed: "disputed",
    Outcome.disputed_but_met: "✗ disputed, but met",
    Outcome.open: "✗ depends on symbols",
}


def claims_table(verdicts: Sequence[tuple[str, Verdict]]) -> Table:
    """One row for each claim of each architecture, and a line that counts the outcomes."""
    lines = []
    for name, verdict in verdicts:
        claim = verdict.claim
        below = [f"disputed: {claim.disputed}"] if claim.disputed else []
        values = (name, claim.at or "all", claim.quantity, claim.text, computed(verdict.computed))
        lines.append(Line((*values, MARKS[verdict.outcome], claim.source), below))
    return Table("", list(COLUMNS), lines, foot=[summary([verdict for _, verdict in verdicts])])


def summary(verdicts: Sequence[Verdict]) -> str:
    """How many claims there are, and how they turn out."""
    if not verdicts:
        return "no claims"
    counts = {outcome: sum(verdict.outcome is outcome for verdict in verdicts) for outcome in Outcome}
    parts = [f"{count} {outcome.value}" for outcome, count in counts.items() if count]
    return f"{len(verdicts)} {'claim' if len(verdicts) == 1 else 'claims'}: {', '.join(parts)}"


def claims_object(verdicts: Sequence[tuple[str, Verdict]]) -> list[dict[str, Any]]:
    """The same for JSON."""
    return [
        {
            "architecture": name,
            "at": verdict.claim.at or None,
            "quantity": verdict.claim.quantity,
            "claimed": verdict.claim.text,
            "computed": verdict.computed[0] if len(verdict.computed) == 1 else verdict.computed,
            "verdict": verdict.outcome.value,
            "source": verdict.claim.source,
            "disputed": verdict.claim.disputed or None,
        }
        for name, verdict in verdicts
    ]
