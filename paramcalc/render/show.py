"""A report as a table: one row for each step, the totals, and what is said below."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from paramcalc.algebra.expr import Size
from paramcalc.render.figures import column, notes, sizes, step_cells
from paramcalc.render.table import Column, Line, Note, Table, Value
from paramcalc.report.analysis import Report
from paramcalc.report.claims import Outcome, Verdict
from paramcalc.report.derivation import derivations
from paramcalc.report.fold import fold
from paramcalc.report.quantities import QUANTITIES, Use
from paramcalc.report.summary import Memory

SHOWN = [quantity for quantity in QUANTITIES if quantity.show_rank is not None]
COLUMNS = (
    Column("layer", "layer", numeric=False, elastic=True),
    Column("type", "type", numeric=False, rank=6),
    *(column(quantity, quantity.show_rank) for quantity in SHOWN),
    Column("claims", "claimed", numeric=False, rank=5),
)
"""The columns of `show`, and the order in which a narrow page drops them: the highest rank first."""


def show_table(
    report: Report,
    *,
    formulas: bool = False,
    verdicts: Sequence[Verdict] = (),
    depth: int | None = None,
    memory: Memory | None = None,
    columns: Sequence[str] = (),
) -> Table:
    """The table of a report; `formulas` puts each figure's derivation below its row.

    `depth` folds blocks to so many names of a path, `memory` adds bytes, `columns` chooses and orders columns.
    `verdicts` are the claims, each beside the figure it is about: in its row, or below the table.
    """
    claimed: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        claimed.setdefault(verdict.path, []).append(verdict)
    rows = report.layers if depth is None else fold(report, depth)
    lines = []
    for row in rows:
        claims = ", ".join(map(claim_text, claimed.pop(row.path, ())))
        cells = (row.path, row.type, *step_cells(SHOWN, row), claims)
        derived = formulas and row.path == row.node.path  # a folded row has no derivation of its own
        lines.append(Line(cells, [f"{name}: {text}" for name, text in derivations(row.node)] if derived else ()))
    left = [
        f"{one.claim.at}: {claim_text(one)}" if one.claim.at else claim_text(one) for one in chain(*claimed.values())
    ]
    sums = [getattr(report.totals, quantity.key) if Use.SUM in quantity.use else "" for quantity in SHOWN]
    total = Line(("total", "", *sums, ""))
    foot = [*below(report, memory), *notes(lines), *(Note((text,), "claimed") for text in left)]
    table = Table(report.name, list(COLUMNS), lines, total=total, head=above(report), foot=foot)
    if columns:
        return table.chosen(columns)
    idle = {"count": all(row.count == 1 for row in rows), "claims": not any(line.values[-1] for line in lines)}
    optional = [column.key for column in COLUMNS if column.optional]
    return table.without([*optional, *(key for key, unused in idle.items() if unused)])


def claim_text(verdict: Verdict) -> str:
    """A claim in a few words: `weights 35k ✓`, `params 110M ✗ disputed`."""
    mark = {Outcome.met: "✓", Outcome.disputed: "✗ disputed", Outcome.disputed_but_met: "✓ but disputed"}
    return f"{verdict.claim.quantity} {verdict.claim.text} {mark.get(verdict.outcome, '✗')}"


def above(report: Report) -> list[Note | str]:
    """What is said above the table: the source, and each input with how many of it there are."""
    parts: list[Value] = []
    for name, row in report.input.items():
        parts += [", " if parts else "", f"{name} ", sizes(row.shape)]
        parts += [] if row.count == 1 else [" · ", row.count, " of them"]
    return [*([report.source] if report.source else []), *([Note(tuple(parts))] if parts else [])]


def below(report: Report, memory: Memory | None) -> list[Note]:
    """What is said below the table: totals in words, bytes, conditions."""
    totals = report.totals
    frozen = totals.params - totals.trainable
    of_which: tuple[Value, ...] = (", of which frozen ", frozen) if frozen != 0 else ()
    params = (totals.params, " (weights ", totals.weights, ", biases ", totals.biases, ")", *of_which)
    lines = [Note(params, "parameters")]
    if totals.buffers != 0:
        lines.append(Note((totals.buffers,), "buffers"))
    lines.append(Note((totals.macs, " (FLOPs ", totals.flops, ")"), "MACs"))
    lines.append(Note((totals.activations, " elements (peak: ", peak(totals.peak_activations), ")"), "activations"))
    if memory is not None:
        activations = (memory.activations, " of activations (peak: ", peak(memory.peak), ")")
        lines.append(Note((memory.params, " bytes of parameters, ", *activations), memory.dtype))
    return lines + [Note((condition.text,), "condition") for condition in report.conditions]


def peak(size: Size | None) -> Value:
    """Peak activations, where symbols do not leave them open."""
    return "depends on the symbols" if size is None else size
