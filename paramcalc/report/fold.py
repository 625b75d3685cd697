"""Rows folded to a level: a block becomes one row, with the sums over its steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from paramcalc.algebra.expr import added
from paramcalc.report.analysis import Report
from paramcalc.report.quantities import Use, keys
from paramcalc.report.row import Row

SUMMED = keys(Use.SUM)


class Folded(Row):
    """Several rows as one: the sums of their counts, the output and the fields of the last."""

    __slots__ = ("frozen", "path", "reads", "shared_with", "type", *SUMMED)

    shared_with: str | None

    def __init__(self, rows: Sequence[Row], path: str, kind: str) -> None:
        super().__init__(rows[-1].node, rows[-1].field)
        self.path = path
        self.type = kind
        self.reads = rows[0].reads
        self.frozen = all(row.frozen for row in rows if row.params != 0) and any(row.frozen for row in rows)
        self.shared_with = rows[0].shared_with if all(row.shared_with for row in rows) else None
        for name in SUMMED:
            setattr(self, name, added(getattr(row, name) for row in rows))


def fold(report: Report, depth: int) -> list[Row]:
    """One row for each path of up to `depth` names, and one for each run of equal blocks.

    Counts are the sums of the rows inside; the output, the receptive field and the stride are those
    of the last row. Repeated blocks with the same figures are one row with `×3` after their names.
    """
    folded = []
    for path, rows in grouped(report.layers, depth):
        if len(rows) == 1 and rows[0].path == path:
            folded.append(rows[0])
        else:
            folded.append(Folded(rows, path, report.blocks.get(path, rows[-1].type)))
    return [
        row for _, run in groupby(folded, lambda row: alike(row, report.blocks)) for row in repeated(list(run), report)
    ]


def grouped(rows: Iterable[Row], depth: int) -> list[tuple[str, list[Row]]]:
    """Neighbouring rows whose paths begin with the same `depth` names, with that beginning.

    A join comes after its branches, so steps that follow one of exactly that path belong to a branch of the same name.
    """
    groups: list[tuple[str, list[Row]]] = []
    for row in rows:
        path = ".".join(row.path.split(".")[:depth])
        if groups and groups[-1][0] == path != groups[-1][1][-1].path:
            groups[-1][1].append(row)
        else:
            groups.append((path, [row]))
    return groups


def alike(row: Row, blocks: Iterable[str]) -> object:
    """What neighbouring blocks have in common when they are one block repeated; a layer is like no other."""
    if row.path not in blocks:
        return row.node
    parent = row.path.rpartition(".")[0]
    return (parent, row.type, row.output, row.count, row.frozen, *(getattr(row, name) for name in SUMMED))


def repeated(run: Sequence[Row], report: Report) -> list[Row]:
    """A run of equal blocks as one row."""
    if len(run) == 1:
        return list(run)
    first, last = run[0], run[-1]
    name = f"{first.path} … {last.path.rpartition('.')[2]} ×{len(run)}"
    return [Folded(run, name, report.blocks[first.path])]
