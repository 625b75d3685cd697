"""Rows folded to a level: what lies inside a block becomes one row, with the sums of what it holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from paramcalc.analysis import Report, Row
from paramcalc.expr import added

SUMMED = ("weights", "biases", "params", "buffers", "macs", "activations")


def fold(report: Report, depth: int) -> list[Row]:
    """One row for each path of up to `depth` names, and one for each run of equal blocks.

    Counts are the sums of the rows inside; the output, the receptive field and the stride are those
    of the last row. Repeated blocks with the same figures are one row with `×3` behind their names.
    """
    folded = []
    for path, inside in groupby(report.layers, lambda row: ".".join(row.path.split(".")[:depth])):
        rows = list(inside)
        if len(rows) == 1 and rows[0].path == path:
            folded.append(rows[0])
        else:
            folded.append(united(rows, path, report.blocks.get(path, rows[-1].type)))
    return [
        row for _, run in groupby(folded, lambda row: alike(row, report.blocks)) for row in repeated(list(run), report)
    ]


def united(rows: Sequence[Row], path: str, kind: str) -> Row:
    """Several rows as one."""
    sums = {name: added(getattr(row, name) for row in rows) for name in SUMMED}
    return replace(
        rows[-1],
        path=path,
        type=kind,
        inputs=rows[0].inputs,
        frozen=all(row.frozen for row in rows if row.params != 0) and any(row.frozen for row in rows),
        shared_with=rows[0].shared_with if all(row.shared_with for row in rows) else None,
        **sums,  # type: ignore[arg-type]
    )


def alike(row: Row, blocks: Iterable[str]) -> object:
    """What neighbouring blocks have in common when they are one block repeated; a layer is like no other."""
    if row.path not in blocks:
        return row.path
    parent = row.path.rpartition(".")[0]
    return (parent, row.type, row.output, row.count, *(getattr(row, name) for name in SUMMED))


def repeated(run: Sequence[Row], report: Report) -> list[Row]:
    """A run of equal blocks as one row."""
    if len(run) == 1:
        return list(run)
    first, last = run[0], run[-1]
    name = f"{first.path} … {last.path.rpartition('.')[2]} ×{len(run)}"
    return [united(run, name, report.blocks[first.path])]
