"""Comparisons as tables: quantities by architecture, and two networks step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from typing import Any

from paramcalc.algebra.expr import Size, added
from paramcalc.render.json import number, numbers, row_object
from paramcalc.render.layout import GAP, widest
from paramcalc.render.show import READS_ALL, WHOLE, sizes
from paramcalc.render.table import Column, Line, Note, Sizes, Table, Value
from paramcalc.render.text import spell
from paramcalc.report.comparison import QUANTITIES, Comparison, Kind, Pair
from paramcalc.report.row import Row
from paramcalc.report.summary import Summary, ratio

TITLES = {
    "params": "params",
    "conv_params": "conv params",
    "linear_params": "linear params",
    "macs": "MACs",
    "flops": "FLOPs",
    "activations": "activations",
    "peak_activations": "alive at once",
}
MARKS = {Kind.same: "", Kind.removed: "−", Kind.added: "+"}
FIRST_FORM, SECOND_FORM = "<", ">"
SHOWN = 2
"""Equal steps that are shown in full; of more, one row says how many there are."""


def compare_table(comparison: Comparison) -> Table:
    """One row for each quantity, one column for each architecture, and its ratio to the first one's."""
    first, *others = numbered(comparison.names)
    columns = [Column("quantity", "", numeric=False), Column(first, comparison.names[0])]
    for key, name in zip(others, comparison.names[1:], strict=True):
        columns += [Column(key, name), Column(f"ratio {key}", "ratio", rank=1)]
    lines = [Line(with_ratios(title, values, ratios)) for title, values, ratios in rows(comparison)]
    return Table("", columns, lines, foot=list(below(comparison)))


def numbered(names: Sequence[str]) -> list[str]:
    """The names as keys: one that is there more than once carries its place."""
    return [name if names.count(name) == 1 else f"{name} {place}" for place, name in enumerate(names, 1)]


def with_ratios(title: str, values: Sequence[Value], ratios: Sequence[Fraction | None] | None) -> list[Value]:
    """The cells of a row: the title, the first value, then each value with its ratio."""
    cells: list[Value] = [title, values[0]]
    for place, value in enumerate(values[1:], 1):
        cells += [value, "" if ratios is None else times(ratios[place])]
    return cells


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


def rows(comparison: Comparison) -> Iterator[tuple[str, list[Value], list[Fraction | None] | None]]:
    """The quantities: title, values, and ratios where it has any."""
    summaries = comparison.summaries
    for quantity in QUANTITIES:
        values: list[Value] = [getattr(summary, quantity) for summary in summaries]
        yield TITLES[quantity], values, comparison.ratios(quantity)
        if quantity in ("conv_params", "linear_params"):
            yield "  of all", [share(getattr(each, quantity), each.params) for each in summaries], None
    largest = [None if summary.largest is None else summary.largest.params for summary in summaries]
    yield "largest layer", list(largest), [ratio(value, largest[0]) for value in largest]
    weighted = [summary.weighted_layers for summary in summaries]
    yield "weighted layers", list(weighted), [ratio(value, weighted[0]) for value in weighted]
    yield "receptive field", [field_cell(summary) for summary in summaries], None
    yield "effective stride", [sizes(summary.effective_stride) for summary in summaries], None
    for name in dict.fromkeys(name for summary in summaries for name in summary.outputs):
        title = "output" if name == "output" else f"output {name}"
        yield title, [sizes(summary.outputs.get(name)) for summary in summaries], None


def share(part: Size, whole: Size) -> str | None:
    """A part of the whole: `94.1%`."""
    value = ratio(part, whole) if part != 0 else Fraction(0)
    return None if value is None else percent(value)


def field_cell(summary: Summary) -> Value:
    """The receptive field, marked where it covers the input."""
    return sizes(summary.receptive_field, WHOLE if summary.covers_input else "")


def below(comparison: Comparison) -> Iterator[Note]:
    """The first architecture against each other one in words, and which layers are the largest."""
    if any(summary.covers_input for summary in comparison.summaries):
        yield READS_ALL
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
    yield from difference("params", first.params, other.params)
    yield "; "
    yield from difference("MACs", first.macs, other.macs)


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
    objects = []
    for place, (name, summary) in enumerate(zip(comparison.names, comparison.summaries, strict=True)):
        ratios = {quantity: comparison.ratios(quantity)[place] for quantity in QUANTITIES}
        objects.append(
            {
                "architecture": name,
                **{quantity: number(getattr(summary, quantity)) for quantity in QUANTITIES},
                "weighted_layers": summary.weighted_layers,
                "receptive_field": numbers(summary.receptive_field),
                "covers_input": summary.covers_input,
                "effective_stride": numbers(summary.effective_stride),
                "outputs": {output: numbers(shape) for output, shape in summary.outputs.items()},
                "largest": summary.largest and summary.largest.path,
                "ratios": {quantity: None if by is None else float(by) for quantity, by in ratios.items()},
            }
        )
    return objects


# -- step by step -------------------------------------------------------------------------------

STEP_COLUMNS = (
    Column("mark", "", numeric=False),
    Column("layer", "layer", numeric=False, elastic=True),
    Column("type", "type", numeric=False, rank=4),
    Column("output", "output"),
    Column("params", "params"),
    Column("macs", "MACs", rank=1),
    Column("receptive_field", "field", rank=2),
    Column("effective_stride", "stride", rank=3),
)


def steps_table(names: Sequence[str], pairs: Sequence[Pair], *, full: bool) -> Table:
    """Two networks lined up: what is only in the first, what only in the second, and both forms of what changed.

    Runs of equal steps are one row with their sums, unless `full` asks for all.
    """
    lines: list[Line] = []
    for same, run in groupby(pairs, lambda pair: pair.kind is Kind.same):
        found = list(run)
        if same and not full and len(found) > SHOWN:
            lines.append(Line(equal_steps([pair.left for pair in found if pair.left])))
        else:
            lines += [line for pair in found for line in pair_lines(pair)]
    marked = any(isinstance(value, Sizes) and value.mark for line in lines for value in line.values)
    left, right = (f"{mark} {name}" for mark, name in zip("−+", names, strict=True))
    return Table(
        "",
        list(STEP_COLUMNS),
        lines,
        head=[Note((f"{left}   {right}   {FIRST_FORM} {SECOND_FORM} a step that changed, in both forms",))],
        foot=[Note((", ".join(counted(pairs)) or "no steps",)), *([READS_ALL] if marked else [])],
    )


def counted(pairs: Sequence[Pair]) -> Iterator[str]:
    """How many steps of each kind there are: `21 same`, `26 changed, 22 of them only in the field`."""
    for kind in Kind:
        count = sum(pair.kind is kind for pair in pairs)
        if count:
            yield f"{count:,} {kind.value}"
        if kind is Kind.changed and (field := sum(pair.only_field for pair in pairs)):
            yield f"{field:,} of them only in the field"


def equal_steps(rows: Sequence[Row]) -> list[Value]:
    """A run of equal steps as one row."""
    name = f"{len(rows):,} equal: {rows[0].path} … {rows[-1].path}"
    last = rows[-1]
    params, macs = added(row.params for row in rows), added(row.macs for row in rows)
    return ["", name, "", sizes(last.output), params, macs, *field_cells(last)]


def pair_lines(pair: Pair) -> Iterator[Line]:
    """The rows of a pair: one, or two of a step that changed."""
    if pair.kind is Kind.changed:
        assert pair.left
        assert pair.right
        yield Line(step_cells(FIRST_FORM, pair.left, pair.left.path), emphasis="changed")
        yield Line(step_cells(SECOND_FORM, pair.right, pair.right.path), emphasis="changed")
        return
    row = pair.left or pair.right
    assert row
    both = pair.left and pair.right and pair.left.path != pair.right.path
    name = f"{row.path} = {pair.right.path}" if both and pair.right else row.path
    yield Line(step_cells(MARKS[pair.kind], row, name), emphasis="" if pair.kind is Kind.same else pair.kind.value)


def step_cells(mark: str, row: Row, name: str) -> list[Value]:
    """The cells of one step."""
    return [mark, name, row.type, sizes(row.output), row.params, row.macs, *field_cells(row)]


def field_cells(row: Row) -> tuple[Value, Value]:
    """The receptive field and the stride of a row."""
    return sizes(row.receptive_field, WHOLE if row.covers_input else ""), sizes(row.effective_stride)


def steps_object(names: Sequence[str], pairs: Sequence[Pair]) -> dict[str, Any]:
    """The lined up steps as plain values."""
    return {
        "architectures": list(names),
        "steps": [
            {
                "kind": pair.kind.value,
                "left": pair.left and row_object(pair.left),
                "right": pair.right and row_object(pair.right),
            }
            for pair in pairs
        ],
    }


def parted(table: Table, width: int | None) -> list[Table]:
    """A comparison that is wider than the page as several tables, each with the first architecture.

    Where no other has room beside it, the first is a table of its own.
    """
    if width is None:
        return [table]
    needed = widest(table.columns, [[spell(value) for value in line.values] for line in table.lines])

    def taken(columns: Sequence[int]) -> int:
        return sum(needed[column] + len(GAP) for column in columns) - len(GAP)

    pairs = [(place, place + 1) for place in range(2, len(table.columns), 2)]
    beside = all(taken((0, 1, *pair)) <= width for pair in pairs)
    groups: list[list[int]] = [[0, 1]]
    for pair in pairs:
        if taken((*groups[-1], *pair)) > width:
            groups.append([0, 1] if beside else [0])
        groups[-1] += pair
    parts = [
        Table(
            table.title,
            [table.columns[p] for p in group],
            [Line([line.values[p] for p in group]) for line in table.lines],
        )
        for group in groups
    ]
    parts[-1].foot = table.foot
    return parts
