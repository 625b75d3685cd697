"""A report as a table: one row for each step, the totals, and what is said below."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import chain

from paramcalc.algebra.expr import Size
from paramcalc.render.table import Column, Line, Note, Sizes, Table, Value
from paramcalc.report.analysis import Report
from paramcalc.report.claims import Outcome, Verdict
from paramcalc.report.derivation import derivations
from paramcalc.report.fold import fold
from paramcalc.report.row import Row
from paramcalc.report.summary import Memory

WHOLE, MISALIGNED = "*", "~"
READS_ALL = Note((f"{WHOLE} reads the whole input",), column="receptive_field")

COLUMNS = (
    Column("layer", "layer", numeric=False, elastic=True),
    Column("type", "type", numeric=False, rank=6),
    Column("output", "output"),
    Column("count", "count", rank=3),
    Column("weights", "weights", rank=7),
    Column("biases", "biases", rank=7),
    Column("params", "params"),
    Column("macs", "MACs", rank=1),
    Column("receptive_field", "field", rank=2),
    Column("effective_stride", "stride", rank=4),
    Column("effective_padding", "padding", optional=True),
    Column("buffers", "buffers", optional=True),
    Column("activations", "activations", optional=True),
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

    `depth` folds what lies deeper in blocks, `memory` adds bytes, `columns` chooses and orders columns.

    `verdicts` are the claims, each beside the figure it is about: in its row, or below the table.
    """
    claimed: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        claimed.setdefault(verdict.path, []).append(verdict)
    rows = report.layers if depth is None else fold(report, depth)
    lines = [
        Line(
            (*row_values(row), ", ".join(map(claim_text, claimed.pop(row.path, ())))),
            derived(row) if formulas else (),
        )
        for row in rows
    ]
    left = [f"{one.step}: {claim_text(one)}" if one.step else claim_text(one) for one in chain(*claimed.values())]
    totals = report.totals
    sums = (totals.weights, totals.biases, totals.params, totals.macs)
    total = Line(("total", "", "", "", *sums, "", "", "", totals.buffers, totals.activations, ""))
    table = Table(
        title=report.name,
        columns=list(COLUMNS),
        lines=lines,
        total=total,
        head=above(report),
        foot=[*below(report, memory), *(Note((text,), "claimed") for text in left)],
    )
    if columns:
        return table.chosen(columns)
    idle = {"count": all(row.count == 1 for row in rows), "claims": not any(line.values[-1] for line in lines)}
    optional = [column.key for column in COLUMNS if column.optional]
    return table.without([*optional, *(key for key, unused in idle.items() if unused)])


def derived(row: Row) -> list[str]:
    """How the figures of a row come about; a folded row has no derivation of its own."""
    return [f"{name}: {text}" for name, text in derivations(row.node)] if row.path == row.node.path else []


def claim_text(verdict: Verdict) -> str:
    """A claim in a few words: `weights 35k ✓`, `params 110M ✗ disputed`."""
    mark = {Outcome.met: "✓", Outcome.disputed: "✗ disputed", Outcome.disputed_but_met: "✓ but disputed"}
    return f"{verdict.claim.quantity} {verdict.text} {mark.get(verdict.outcome, '✗')}"


def above(report: Report) -> list[Note | str]:
    """What is said above the table: the source, and each input with how many of it there are."""
    parts: list[Value] = []
    for name, row in report.input.items():
        parts += [", " if parts else "", f"{name} ", sizes(row.shape)]
        parts += [] if row.count == 1 else [" · ", row.count, " of them"]
    return [*([report.source] if report.source else []), *([Note(tuple(parts))] if parts else [])]


def row_values(row: Row) -> tuple[Value, ...]:
    """The cells of a row."""
    mark = (WHOLE if row.covers_input else "") + (MISALIGNED if row.misaligned else "")
    return (
        row.path,
        row.type,
        sizes(row.output),
        row.count,
        row.weights,
        row.biases,
        row.params,
        row.macs,
        sizes(row.receptive_field, mark),
        sizes(row.effective_stride),
        sizes(row.effective_padding),
        row.buffers,
        row.activations,
    )


def sizes(values: Sequence[Size | Fraction | None] | None, mark: str = "") -> Value:
    """A shape, or one value per axis; None where none is known."""
    if not values or all(value is None for value in values):
        return None
    return Sizes(tuple(values), mark)


def below(report: Report, memory: Memory | None) -> list[Note | str]:
    """What is said below the table: totals in words, conditions, the meaning of marks."""
    totals = report.totals
    frozen = totals.params - totals.trainable
    of_which: tuple[Value, ...] = (", of which frozen ", frozen) if frozen != 0 else ()
    params = (totals.params, " (weights ", totals.weights, ", biases ", totals.biases, ")", *of_which)
    lines: list[Note | str] = [Note(params, "parameters")]
    if totals.buffers != 0:
        lines.append(Note((totals.buffers,), "buffers"))
    lines.append(Note((totals.macs, " (FLOPs ", totals.flops, ")"), "MACs"))
    peak: Value = "depending on the symbols" if totals.peak_activations is None else totals.peak_activations
    lines.append(Note((totals.activations, " elements (alive at once: ", peak, ")"), "activations"))
    if memory is not None:
        most: Value = "depending on the symbols" if memory.peak is None else memory.peak
        activations = (memory.activations, " of activations (alive at once: ", most, ")")
        lines.append(Note((memory.params, " bytes of parameters, ", *activations), memory.dtype))
    lines += [Note((condition.text,), "condition") for condition in report.conditions]
    if any(row.covers_input for row in report.layers):
        lines.append(READS_ALL)
    if any(row.misaligned for row in report.layers):
        lines.append(Note((f"{MISALIGNED} paths of different effective strides meet",), column="receptive_field"))
    return lines
