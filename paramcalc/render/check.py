"""The result of a check as tables and plain values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from paramcalc.render.claims import MARKS, claims_object
from paramcalc.render.figures import computed, sizes
from paramcalc.render.table import Column, Line, Table

if TYPE_CHECKING:
    from paramcalc.crosscheck.against import Against
    from paramcalc.crosscheck.check import CheckResult

YES, NO = "✓", "✗"
MARK = {True: YES, False: NO}
"""Whether both sides agree."""

COLUMNS = (
    Column("at", "at", numeric=False, elastic=True),
    Column("quantity", "quantity", numeric=False, elastic=True),
    Column("computed", "computed", rank=1),
    Column("torch", "torch", rank=2),
    Column("mark", "", numeric=False),
)


def check_table(result: CheckResult, *, full: bool) -> Table:
    """The figures that differ, or all of them, and the verdict in a line below."""
    found = list(check_lines(result))
    lines = [line for agrees, line in found if full or not agrees]
    return Table(result.name, list(COLUMNS), lines, foot=foot(result, sum(not agrees for agrees, _ in found)))


def check_lines(result: CheckResult) -> Iterator[tuple[bool, Line]]:
    """A row for each figure and each interval of units that torch has too, and for each claim."""
    for item in result.comparisons:
        both = [sizes(value) if isinstance(value, (tuple, list)) else value for value in (item.computed, item.torch)]
        yield item.agrees, Line((item.path, item.quantity, *both, MARK[item.agrees]))
    for found in result.fields:
        unit = f"unit {found.unit}" if found.unit >= 0 else "all units"
        clipped = ", as far as there are positions" if found.clipped else ""
        what = f"{found.axis} that {unit} reads{clipped}"
        reads = (interval(found.expected), interval(found.found))
        yield found.agrees, Line((found.path, what, *reads, MARK[found.agrees]))
    for verdict in result.verdicts:
        claim = verdict.claim
        values = (claim.at or "all", f"{claim.quantity}, claimed {claim.text}", computed(verdict.computed), None)
        yield verdict.fine, Line((*values, MARKS[verdict.outcome]))


def interval(span: tuple[int, int] | None) -> str:
    """An interval of positions."""
    return "nothing" if span is None else f"{span[0]} … {span[1]}"


def foot(result: CheckResult, wrong: int) -> list[str]:
    """What was not checked, and the verdict in one line."""
    paths: dict[str, list[str]] = {}
    for path, reason in result.unchecked.items():
        paths.setdefault(reason, []).append(path)
    checked, judged = len(result.comparisons) + len(result.fields), len(result.verdicts)
    steps = len({found.path for found in result.fields})
    some = f" of {steps:,} of {result.followed:,} steps" if steps < result.followed else ""
    fields = f", fields of {len(result.fields):,} units{some}" if result.fields else ""
    claims = f", {judged} {'claim' if judged == 1 else 'claims'}" if judged else ""
    what = f"({result.layers:,} layers: {len(result.comparisons):,} figures{fields}{claims})"
    verdict = f"{NO} {wrong:,} of {checked + judged:,} differ {what}" if wrong else f"{YES} torch agrees {what}"
    return [*(f"not checked: {', '.join(each)}: {reason}" for reason, each in paths.items()), verdict]


def check_object(name: str, result: CheckResult) -> dict[str, Any]:
    """The result for JSON."""
    figures = [
        {"path": one.path, "quantity": one.quantity, "computed": one.computed, "torch": one.torch, "agrees": one.agrees}
        for one in result.comparisons
    ]
    fields = [
        {
            "path": one.path,
            "axis": one.axis,
            "unit": one.unit if one.unit >= 0 else "all",
            "computed": one.expected,
            "torch": one.found,
            "clipped": one.clipped,
            "agrees": one.agrees,
        }
        for one in result.fields
    ]
    return {
        "architecture": name,
        "agrees": result.agrees,
        "layers": result.layers,
        "figures": figures,
        "fields": fields,
        "not_checked": result.unchecked,
        "claims": claims_object([(name, verdict) for verdict in result.verdicts]),
    }


def against_table(result: Against, *, full: bool) -> Table:
    """Layers side by side: those that differ, or all, and the totals."""
    lines = []
    for left, right in result.pairs:
        same = left is not None and right is not None and left.shapes == right.shapes
        if full or not same:
            lines.append(Line((str(left or "–"), str(right or "–"), MARK[same])))
    columns = [
        Column("ours", result.name, numeric=False, elastic=True),
        Column("other", result.other, numeric=False, elastic=True),
        Column("mark", "", numeric=False),
    ]
    totals = {"params  ": result.params, "buffers ": result.buffers}
    verdict = f"{YES} the same layers" if result.agrees else f"{NO} the layers differ"
    foot = [f"{title} {ours:,} against {theirs:,}" for title, (ours, theirs) in totals.items()]
    return Table("", columns, lines, foot=[*foot, f"{verdict} ({len(result.pairs):,} with parameters)"])


def against_object(result: Against) -> dict[str, Any]:
    """The comparison for JSON."""
    return {
        "name": result.name,
        "against": result.other,
        "agrees": result.agrees,
        "params": result.params,
        "buffers": result.buffers,
        "layers": [[str(side) if side else None for side in pair] for pair in result.pairs],
    }
