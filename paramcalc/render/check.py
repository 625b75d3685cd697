"""The result of a check as tables and plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from paramcalc.render.claims import MARKS, claims_object
from paramcalc.render.figures import computed, sizes
from paramcalc.render.json import plain_value
from paramcalc.render.table import Column, Line, Table, Value

if TYPE_CHECKING:
    from paramcalc.crosscheck.against import Against
    from paramcalc.crosscheck.check import CheckResult
    from paramcalc.crosscheck.fields import FieldCheck

YES, NO = "✓", "✗"

COLUMNS = (
    Column("at", "at", numeric=False, elastic=True),
    Column("quantity", "quantity", numeric=False, elastic=True),
    Column("computed", "computed", rank=1),
    Column("torch", "torch", rank=2),
    Column("mark", "", numeric=False),
)


def check_table(result: CheckResult, *, full: bool) -> Table:
    """The figures that differ, or all of them, and the verdict in a line below."""
    lines = [line for agrees, line in check_lines(result) if full or not agrees]
    return Table(result.name, list(COLUMNS), lines, foot=foot(result))


def check_lines(result: CheckResult) -> Iterator[tuple[bool, Line]]:
    """A row for each figure that was held against torch, and for each claim."""
    for item in result.comparisons:
        mark = YES if item.agrees else NO
        yield item.agrees, Line((item.path, item.quantity, cell(item.computed), cell(item.torch), mark))
    for found in result.fields:
        yield found.agrees, Line(field_row(found))
    for verdict in result.verdicts:
        claim = verdict.claim
        values = (claim.at or "all", f"{claim.quantity}, claimed {claim.text}", computed(verdict.computed), None)
        yield verdict.fine, Line((*values, MARKS[verdict.outcome]))


def cell(value: Any) -> Value:
    """A figure as a cell."""
    return sizes(value) if isinstance(value, (tuple, list)) else value


def field_row(found: FieldCheck) -> tuple[Value, ...]:
    """One unit: the interval that it should read, and what its gradient touches."""
    unit = f"unit {found.unit}" if found.unit >= 0 else "all units"
    beyond = ", as far as there are positions" if found.clipped else ""
    mark = YES if found.agrees else NO
    return (
        found.path,
        f"{found.axis} that {unit} reads{beyond}",
        interval(found.expected),
        interval(found.found),
        mark,
    )


def interval(span: tuple[int, int] | None) -> str:
    """An interval of positions."""
    return "nothing" if span is None else f"{span[0]} … {span[1]}"


def foot(result: CheckResult) -> list[str]:
    """What was not checked, and the verdict in one line."""
    lines = [f"not checked: {', '.join(paths)}: {reason}" for reason, paths in by_reason(result.unchecked).items()]
    wrong = sum(not agrees for agrees, _ in check_lines(result))
    checked = len(result.comparisons) + len(result.fields)
    seen = len({found.path for found in result.fields})
    some = f" of {seen:,} of {result.followed:,} steps" if seen < result.followed else ""
    fields = f", fields of {len(result.fields):,} units{some}" if result.fields else ""
    judged = len(result.verdicts)
    claims = f", {judged} {'claim' if judged == 1 else 'claims'}" if judged else ""
    what = f"{result.layers:,} layers: {len(result.comparisons):,} figures{fields}{claims}"
    if wrong:
        return [*lines, f"{NO} {wrong:,} of {checked + judged:,} differ ({what})"]
    return [*lines, f"{YES} torch agrees ({what})"]


def by_reason(unchecked: Mapping[str, str]) -> dict[str, list[str]]:
    """The paths of each reason."""
    found: dict[str, list[str]] = {}
    for path, reason in unchecked.items():
        found.setdefault(reason, []).append(path)
    return found


def check_object(name: str, result: CheckResult) -> dict[str, Any]:
    """The result as plain values."""
    return {
        "architecture": name,
        "agrees": result.agrees,
        "layers": result.layers,
        "figures": [
            {
                "path": item.path,
                "quantity": item.quantity,
                "computed": plain_value(item.computed),
                "torch": plain_value(item.torch),
                "agrees": item.agrees,
            }
            for item in result.comparisons
        ],
        "fields": [
            {
                "path": item.path,
                "axis": item.axis,
                "unit": item.unit if item.unit >= 0 else "all",
                "computed": item.expected,
                "torch": item.found,
                "clipped": item.clipped,
                "agrees": item.agrees,
            }
            for item in result.fields
        ],
        "not_checked": result.unchecked,
        "claims": claims_object([(name, verdict) for verdict in result.verdicts]),
    }


def against_table(result: Against, *, full: bool) -> Table:
    """Layers side by side: those that differ, or all, and the totals."""
    lines = []
    for left, right in result.pairs:
        same = left is not None and right is not None and left.shapes == right.shapes
        if full or not same:
            lines.append(Line((str(left or "–"), str(right or "–"), YES if same else NO)))
    columns = [
        Column("ours", result.name, numeric=False, elastic=True),
        Column("other", result.other, numeric=False, elastic=True),
        Column("mark", "", numeric=False),
    ]
    params, buffers = result.params, result.buffers
    verdict = f"{YES} the same layers" if result.agrees else f"{NO} the layers differ"
    return Table(
        "",
        columns,
        lines,
        foot=[
            f"params   {params[0]:,} against {params[1]:,}",
            f"buffers  {buffers[0]:,} against {buffers[1]:,}",
            f"{verdict} ({len(result.pairs):,} with parameters)",
        ],
    )


def against_object(result: Against) -> dict[str, Any]:
    """The comparison as plain values."""
    return {
        "name": result.name,
        "against": result.other,
        "agrees": result.agrees,
        "params": list(result.params),
        "buffers": list(result.buffers),
        "layers": [[str(side) if side else None for side in pair] for pair in result.pairs],
    }
