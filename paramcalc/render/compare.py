"""Comparisons as tables: quantities by architecture, and two networks step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import chain, groupby
from typing import Any

from paramcalc.algebra.expr import Size, added
from paramcalc.render.figures import column, notes, sizes, step_cells, whole_cell
from paramcalc.render.json import row_object
from paramcalc.render.layout import excess, widest
from paramcalc.render.table import Column, Line, Note, Table, Value
from paramcalc.render.text import spell
from paramcalc.report.comparison import Comparison, Kind, Pair, ratios
from paramcalc.report.quantities import COMPARED, ON_DEMAND, QUANTITIES, Use, quantities
from paramcalc.report.row import Row
from paramcalc.report.summary import Summary, ratio

MARKS = {Kind.removed: "−", Kind.added: "+", Kind.changed: "<>"}
"""A mark for each row of a pair: of a step that changed, its first form and its second."""
IN_FULL = 2
"""Neighbouring equal steps that have a row each; more are one row that says how many."""


def compare_table(comparison: Comparison) -> Table:
    """One row for each quantity, one column for each architecture, and its ratio to the first one's."""
    first, *others = numbered(comparison.names)
    columns = [Column("quantity", "", numeric=False), Column(first, comparison.names[0])]
    for key, name in zip(others, comparison.names[1:], strict=True):
        columns += [Column(key, name), Column(f"ratio {key}", "ratio", rank=1)]
    lines = list(rows(comparison))
    return Table("", columns, lines, foot=[*notes(lines), *below(comparison)])


def numbered(names: Sequence[str]) -> list[str]:
    """The names as keys: one that is there more than once carries its number."""
    return [name if names.count(name) == 1 else f"{name} {number}" for number, name in enumerate(names, 1)]


def times(share: Fraction | None) -> str | None:
    """A ratio: `×1.389`; `×1` is exact, one that rounds to it is `×1.000`."""
    if share is None:
        return None
    if share >= 1000:
        return f"×{float(share):,.0f}"
    text = f"{float(share):.4g}"
    return f"×{float(share):.3f}" if text == "1" != str(share) else f"×{text}"


def percent(part: Fraction) -> str:
    """A part of a whole: `94.1%`; `0.0%` and `100.0%` are exact."""
    text = f"{float(part):.1%}"
    if text == "0.0%" and part != 0:
        return "under 0.1%"
    return "over 99.9%" if text == "100.0%" and part != 1 else text


def rows(comparison: Comparison) -> Iterator[Line]:
    """One row for each quantity, and below parameters of a kind their share."""
    summaries = comparison.summaries
    for quantity in quantities(COMPARED):
        yield number_row(quantity.title, [quantity.of_whole(summary) for summary in summaries])
        if Use.PART in quantity.use:
            yield row("  of all", [share(quantity.of_whole(each), each.totals.params) for each in summaries])
    yield number_row("largest layer", [None if each.largest is None else each.largest.params for each in summaries])
    for quantity in quantities(Use.COMPARE):
        if quantity.per_axis:
            yield row(quantity.title, [whole_cell(quantity, summary) for summary in summaries])
        elif Use.RATIO not in quantity.use:
            yield number_row(quantity.title, [quantity.of_whole(summary) for summary in summaries])
    for name in dict.fromkeys(name for summary in summaries for name in summary.outputs):
        title = "output" if name == "output" else f"output {name}"
        yield row(title, [sizes(summary.outputs.get(name)) for summary in summaries])


def number_row(title: str, values: Sequence[Size | None]) -> Line:
    """A row of numbers, each with its ratio to the first."""
    return row(title, values, [times(share) for share in ratios(values)])


def row(title: str, values: Sequence[Value], beside: Sequence[Value] = ()) -> Line:
    """The title, the first value, then each value with what stands beside it."""
    pairs = zip(values[1:], beside[1:] or [""] * len(values), strict=False)
    return Line([title, values[0], *chain.from_iterable(pairs)])


def share(part: Size, whole: Size) -> str | None:
    """A part of the whole: `94.1%`."""
    value = ratio(part, whole) if part != 0 else Fraction(0)
    return None if value is None else percent(value)


def below(comparison: Comparison) -> Iterator[Note]:
    """The first architecture against each other one in words, and which layers are the largest."""
    first = comparison.summaries[0]
    for name, other in zip(comparison.names[1:], comparison.summaries[1:], strict=True):
        yield Note((f"{comparison.names[0]} against {name}: ", *in_words(first, other)))
    for name, summary in zip(comparison.names, comparison.summaries, strict=True):
        if summary.largest is not None:
            yield Note((f"largest layer of {name}: {summary.largest.path}, ", summary.largest.params, " params"))


def in_words(first: Summary, other: Summary) -> Iterator[Value]:
    """`same field 5×5; params 294,912 against 409,600, 28.0% fewer; …`."""
    ours, theirs = sizes(first.receptive_field), sizes(other.receptive_field)
    if ours is not None and theirs is not None:
        yield from ("same field ", ours, "; ") if ours == theirs else ("field ", ours, " against ", theirs, "; ")
    yield from difference("params", first.totals.params, other.totals.params)
    yield "; "
    yield from difference("MACs", first.totals.macs, other.totals.macs)


def difference(title: str, ours: Size, theirs: Size) -> Iterator[Value]:
    """One quantity of two architectures in words."""
    if ours == theirs:
        yield from (f"same {title} ", ours)
        return
    yield from (f"{title} ", ours, " against ", theirs)
    by = ratio(ours, theirs)
    if by is not None:
        yield f", {more_or_fewer(by)}"


def more_or_fewer(by: Fraction) -> str:
    """A ratio in words: `28.0% fewer`, `38.9% more`, `4.7 times as many`."""
    if by >= 2:
        return f"{float(by):,.1f} times as many"
    return f"{percent(abs(by - 1))} {'more' if by > 1 else 'fewer'}"


def compare_object(comparison: Comparison) -> list[dict[str, Any]]:
    """The comparison as plain values; ratios are to the first architecture."""
    shares = {quantity.key: comparison.ratios(quantity.key) for quantity in quantities(COMPARED)}
    return [
        {
            "architecture": name,
            **summary_object(summary),
            "outputs": summary.outputs,
            "largest": summary.largest and summary.largest.path,
            "ratios": {key: None if (by := found[index]) is None else float(by) for key, found in shares.items()},
        }
        for index, (name, summary) in enumerate(zip(comparison.names, comparison.summaries, strict=True))
    ]


def summary_object(summary: Summary) -> dict[str, Any]:
    """The figures of one network, and after its receptive field, whether that is the whole input."""
    found = {}
    for quantity in quantities(Use.COMPARE):
        found[quantity.key] = quantity.of_whole(summary)
        if quantity.key == "receptive_field":
            found["covers_input"] = summary.covers_input
    return found


# -- step by step -------------------------------------------------------------------------------

USUAL = [quantity for quantity in QUANTITIES if quantity.show_rank not in (None, ON_DEMAND)]
LINED_UP = [quantity for quantity in USUAL if Use.COMPARE in quantity.use or quantity.key == "output"]
STEP_COLUMNS = (
    Column("mark", "", numeric=False),
    Column("layer", "layer", numeric=False, elastic=True),
    Column("type", "type", numeric=False, rank=6),
    *(column(quantity, quantity.show_rank) for quantity in LINED_UP),
)


def steps_table(names: Sequence[str], pairs: Sequence[Pair], *, full: bool) -> Table:
    """Two networks lined up: what is only in the first, what only in the second, and both forms of what changed.

    Runs of equal steps are one row with their sums, unless `full` asks for all.
    """
    lines: list[Line] = []
    for same, run in groupby(pairs, lambda pair: pair.kind is Kind.same):
        found = list(run)
        if same and not full and len(found) > IN_FULL:
            lines.append(Line(equal_steps([pair.left for pair in found if pair.left])))
        else:
            lines += [line for pair in found for line in pair_lines(pair)]
    left, right = (f"{mark} {name}" for mark, name in zip("−+", names, strict=True))
    head = f"{left}   {right}   {' '.join(MARKS[Kind.changed])} a step that changed, in both forms"
    foot = ", ".join(counted(pairs)) or "no steps"
    return Table("", list(STEP_COLUMNS), lines, head=[head], foot=[foot, *notes(lines)])


def counted(pairs: Sequence[Pair]) -> Iterator[str]:
    """How many steps of each kind there are: `21 same`, `26 changed, 22 of them only in the field`."""
    for kind in Kind:
        count = sum(pair.kind is kind for pair in pairs)
        if count:
            yield f"{count:,} {kind.value}"
        if kind is Kind.changed and (field := sum(pair.only_field for pair in pairs)):
            yield f"{field:,} of them only in the field"


def equal_steps(rows: Sequence[Row]) -> list[Value]:
    """A run of equal steps as one row: the sums of their counts, the output and the field of the last."""
    last = step_cells(LINED_UP, rows[-1])
    cells = [
        added(quantity.of_step(row) for row in rows) if Use.SUM in quantity.use else value
        for quantity, value in zip(LINED_UP, last, strict=True)
    ]
    return ["", f"{len(rows):,} equal: {rows[0].path} … {rows[-1].path}", "", *cells]


def pair_lines(pair: Pair) -> Iterator[Line]:
    """The rows of a pair: one, or two of a step that changed."""
    rows = [row for row in (pair.left, pair.right) if row]
    if pair.kind is Kind.same:
        name = " = ".join(dict.fromkeys(row.path for row in rows))
        yield Line(["", name, rows[0].type, *step_cells(LINED_UP, rows[0])])
        return
    for mark, row in zip(MARKS[pair.kind], rows, strict=True):
        yield Line([mark, row.path, row.type, *step_cells(LINED_UP, row)], emphasis=pair.kind.value)


def steps_object(names: Sequence[str], pairs: Sequence[Pair]) -> dict[str, Any]:
    """The lined up steps as plain values."""
    steps = [
        {
            "kind": pair.kind.value,
            "left": pair.left and row_object(pair.left),
            "right": pair.right and row_object(pair.right),
        }
        for pair in pairs
    ]
    return {"architectures": names, "steps": steps}


def parted(table: Table, width: int | None) -> list[Table]:
    """A comparison that is wider than the page as several tables, each with the first architecture.

    Where no other has room beside it, the first is a table of its own.
    """
    if width is None:
        return [table]
    needed = widest(table.columns, [[spell(value) for value in line.values] for line in table.lines])
    pairs = [(i, i + 1) for i in range(2, len(table.columns), 2)]
    beside = all(excess(needed, (0, 1, *pair), width) <= 0 for pair in pairs)
    groups: list[list[int]] = [[0, 1]]
    for pair in pairs:
        if excess(needed, (*groups[-1], *pair), width) > 0:
            groups.append([0, 1] if beside else [0])
        groups[-1] += pair
    parts = [table.only(group) for group in groups]
    for part in parts[:-1]:
        part.foot = ()
    parts[-1].foot = table.foot
    return parts
