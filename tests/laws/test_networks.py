"""Laws of the language: a document means what its steps mean, one after another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import paramcalc
from paramcalc import ParamcalcError, Report, Row, Size, Totals, substitute
from paramcalc.algebra.receptive_field import Ordered
from paramcalc.language.expression import parse
from tests.documents import Document, Figures, Interpreter, documents, extended, fits, joins
from tests.documents import Step as Written

COUNTED = ("weights", "biases", "params", "buffers", "macs", "activations")
FIELDS = ("receptive_field", "effective_stride", "effective_padding")


def figures(report: Report) -> list[tuple[Any, ...]]:
    """All that is computed of each row, whatever the row is called."""
    return [
        (row.type, row.output, row.covers_input, row.misaligned, *(getattr(row, name) for name in (*COUNTED, *FIELDS)))
        for row in report.layers
    ]


def analysis(document: Document) -> Report:
    return document.load()[1]


# -- one document, read twice -------------------------------------------------------------------


@given(documents())
def test_a_document_means_what_a_second_reading_says(document: Document) -> None:
    report = analysis(document)
    expected = Interpreter(document).run()
    assert [row.type for row in report.layers] == [row.type for row in expected]
    for row, figure in zip(report.layers, expected, strict=True):
        assert row.output == figure.output.shape
        counted = (row.weights, row.biases, row.buffers, row.macs, row.activations)
        assert counted == (figure.weights, figure.biases, figure.buffers, figure.macs, figure.written)
        assert row.receptive_field == figure.field
        assert row.effective_padding == figure.padding
        if not row.misaligned:
            assert row.effective_stride == strides(figure)
    totals = report.totals
    assert totals.params == sum(row.weights + row.biases for row in expected)
    assert totals.flops == 2 * sum(row.macs for row in expected)
    assert totals.activations == sum(row.written for row in expected)


def strides(figure: Figures) -> list[Fraction]:
    """How far apart the intervals of neighbouring units begin, over many of them."""
    return [Fraction(spans(64)[0] - spans(0)[0], 64) for spans, _ in figure.axes]


# -- repeats, blocks, sequences -----------------------------------------------------------------


def without_repeat(layers: Sequence[Written]) -> list[Written]:
    """The steps with every copy written out."""
    written: list[Written] = []
    for step in layers:
        once = step if isinstance(step, str) else {key: value for key, value in step.items() if key != "repeat"}
        written += [once] * (1 if isinstance(step, str) else step.get("repeat", 1))
    return written


def last_name(row: Row) -> str:
    """What a step is called in its list, without its number."""
    return row.path.rpartition(".")[2].rstrip("0123456789")


@given(documents())
def test_a_repeat_is_so_many_copies(document: Document) -> None:
    repeated, written = analysis(document), analysis(document._replace(layers=without_repeat(document.layers)))
    assert figures(repeated) == figures(written)
    assert list(map(last_name, repeated.layers)) == list(map(last_name, written.layers))
    assert repeated.totals == written.totals


@given(documents(), st.data())
def test_a_block_is_its_body(document: Document, data: st.DataObject) -> None:
    inner = sorted(data.draw(st.lists(st.integers(0, len(document.layers)), min_size=2, max_size=2)))
    front, body, back = (
        document.layers[: inner[0]],
        document.layers[inner[0] : inner[1]],
        document.layers[inner[1] :],
    )
    blocks = {**document.blocks, "part": ([], body)}
    assert figures(analysis(Document(document.input, [*front, "part", *back], blocks))) == figures(analysis(document))


@given(st.integers(1, 2).flatmap(lambda axes: st.tuples(*[documents(most=2, axes=axes)] * 3)))
def test_a_sequence_is_associative(documents: tuple[Document, Document, Document]) -> None:
    first = documents[0]
    blocks: dict[str, tuple[Sequence[Any], Sequence[Written]]] = {}
    for name, document in zip("abc", documents, strict=True):
        # blocks are called by name: each document's get a name of their own
        renamed = renaming(document, name)
        blocks |= renamed.blocks
        blocks[name] = ([], renamed.layers)
    blocks |= {"ab": ([], ["a", "b"]), "bc": ([], ["b", "c"])}
    ways: list[list[Written]] = [
        ["ab", "c"],
        ["a", "bc"],
        ["a", "b", "c"],
        [step for name in "abc" for step in blocks[name][1]],
    ]
    loaded = [Document(first.input, way, blocks) for way in ways]
    if fits(loaded[0]):
        left, *others = [figures(analysis(document)) for document in loaded]
        assert all(other == left for other in others)
    else:
        assert not any(loads(document) for document in loaded)


def renaming(document: Document, prefix: str) -> Document:
    """The same document with other names for its blocks."""

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                (f"{prefix}_{key}" if key in document.blocks else key): renamed(item) for key, item in value.items()
            }
        if isinstance(value, list):
            return [renamed(item) for item in value]
        return f"{prefix}_{value}" if value in document.blocks else value

    blocks = {f"{prefix}_{name}": (args, renamed(layers)) for name, (args, layers) in document.blocks.items()}
    return Document(document.input, renamed(document.layers), blocks)


def loads(document: Document) -> bool:
    try:
        document.load()
    except ParamcalcError:
        return False
    return True


@given(documents(), st.data())
def test_an_empty_sequence_is_the_unit(document: Document, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(document.layers)))
    blocks = {**document.blocks, "nothing": ([], [])}
    layers = [*document.layers[:place], "nothing", *document.layers[place:]]
    assert figures(analysis(Document(document.input, layers, blocks))) == figures(analysis(document))


@given(documents(), st.data())
def test_identity_changes_no_figure(document: Document, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(document.layers)))
    layers: list[Written] = [*document.layers[:place], "identity", *document.layers[place:]]
    plain, more = analysis(document), analysis(document._replace(layers=layers))
    assert more.totals.layers == plain.totals.layers + 1
    for name in Totals._fields:
        if name != "layers":
            assert getattr(more.totals, name) == getattr(plain.totals, name), name
    assert more.outputs == plain.outputs
    assert [row for row in figures(more) if row[0] != "identity"] == [
        row for row in figures(plain) if row[0] != "identity"
    ]


@given(documents(), st.data())
def test_costs_add_over_a_sequence(document: Document, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(document.layers)))
    front = document._replace(layers=document.layers[:place])
    middle = analysis(front).outputs["output"]
    back = document._replace(input=middle, layers=document.layers[place:])
    whole, parts = analysis(document), (analysis(front), analysis(back))
    for name in ("layers", "weights", "biases", "params", "trainable", "buffers", "macs", "flops", "activations"):
        assert getattr(whole.totals, name) == sum(getattr(part.totals, name) for part in parts), name
    assert whole.outputs == parts[1].outputs


# -- joins --------------------------------------------------------------------------------------


@given(documents(most=3), st.data())
def test_a_join_reads_what_every_path_reads(document: Document, data: st.DataObject) -> None:
    join = data.draw(joins())
    joined = document._replace(layers=[*document.layers, join])
    if not fits(joined):
        return
    assert isinstance(join, dict)
    (branches,) = join.values()
    hull = intervals(analysis(joined).layers[-1])
    for steps in branches.values():
        rows = analysis(document._replace(layers=[*document.layers, *steps])).layers
        if not rows or hull is None or (path := intervals(rows[-1])) is None:
            continue
        for (lo, hi), (first, last) in zip(hull, path, strict=True):
            assert lo <= first
            assert last <= hi


def intervals(row: Row) -> list[tuple[int, int]] | None:
    """What the first unit reads, from the reported figures; None where these are not of the first unit."""
    assert row.receptive_field
    assert row.effective_padding
    assert row.effective_stride
    found = []
    for size, padding, stride in zip(row.receptive_field, row.effective_padding, row.effective_stride, strict=True):
        if not isinstance(size, int) or not isinstance(padding, int) or not isinstance(stride, int):
            return None
        found.append((-padding, -padding + size - 1))
    return found


# -- symbols ------------------------------------------------------------------------------------

RESIDUES = re.compile(r"(\w+) % (\d+) in \((\d+(?:, \d+)*)\)")


def said(text: str, names: Mapping[str, int]) -> bool:
    """Whether the text of a condition is true."""
    residues = RESIDUES.fullmatch(text)
    if residues:
        return names[residues[1]] % int(residues[2]) in {int(r) for r in residues[3].split(", ")}
    value = parse(text).evaluate(dict(names))
    assert isinstance(value, bool)
    return value


def put_in(values: Iterable[Size | Fraction | None] | None, names: Mapping[str, int]) -> list[Size | Fraction | None]:
    """Sizes with numbers in place of symbols."""
    return [
        value if value is None or isinstance(value, Fraction) else substitute(value, names) for value in values or ()
    ]


def has_fewer_units_than_a_period(row: Row) -> bool:
    """Whether a node may lack the unit that reads most, which with symbols is taken to be there."""
    axes = [axis for axis in row.node.fields or () if isinstance(axis, Ordered)]
    periods = [max(len(part.intervals) for part in axis.maps) for axis in axes]
    return any(axis.units in range(period) for axis, period in zip(axes, periods, strict=True))


def same_with_numbers(symbolic: Report, concrete: Report, names: Mapping[str, int]) -> None:
    """Hold every figure of a report with symbols, with numbers put in, against the report with numbers."""
    for row, other in zip(symbolic.layers, concrete.layers, strict=True):
        assert (row.path, row.type, row.inputs) == (other.path, other.type, other.inputs)
        assert put_in(row.output, names) == list(other.output)
        for name in COUNTED:
            assert put_in([getattr(row, name)], names) == [getattr(other, name)], (row.path, name)
        for name in FIELDS if row.receptive_field else ():  # which unit reads most may depend on a symbol
            values, expected = put_in(getattr(row, name), names), getattr(other, name) or []
            if name == "receptive_field" and has_fewer_units_than_a_period(other):
                pairs = zip(values, expected, strict=True)
                assert all(value == there or int(str(value)) >= int(str(there or 0)) for value, there in pairs), (
                    row.path
                )
            else:
                assert values == expected, (row.path, name)
    for name in Totals._fields:
        value = getattr(symbolic.totals, name)
        if value is not None:
            assert substitute(value, names) == getattr(concrete.totals, name), name
    assert {name: tuple(put_in(shape, names)) for name, shape in symbolic.outputs.items()} == concrete.outputs


@st.composite
def symbolic_documents(draw: st.DrawFn) -> Document:
    """A document that loads with some numbers, now with symbols; sometimes all of its positions are pooled at last."""
    document = extended(draw, draw(documents(most=5)), 1)
    names = ("H", "W")[: len(document.input) - 1]
    tail: list[Written] = ["global_avg_pool"] if draw(st.booleans()) else []
    return document._replace(input=(document.input[0], *names), layers=[*document.layers, *tail])


@given(symbolic_documents(), st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=4, max_size=4))
def test_symbols_then_numbers_is_numbers(document: Document, sizes: list[tuple[int, int]]) -> None:
    symbolic = analysis(document)
    for size in sizes:
        names = dict(zip(("H", "W"), size, strict=True))
        concrete = document._replace(input=(document.input[0], *size[: len(document.input) - 1]))
        holds = all(said(condition.text, names) for condition in symbolic.conditions)
        assert holds == fits(concrete) == loads(concrete), f"{names}: {[c.text for c in symbolic.conditions]}"
        if holds:
            same_with_numbers(symbolic, analysis(concrete), names)


@given(documents(most=4), st.integers(1, 6), st.integers(1, 6))
def test_an_argument_may_stay_a_symbol(document: Document, width: int, classes: int) -> None:
    layers = [*document.layers, {"conv": {"out": "width", "kernel": 1}}, "batch_norm"]
    layers.append({"conv": {"out": "2*classes", "kernel": 1, "bias": False}})
    text = document._replace(layers=layers).text.replace('{"name"', '{"args": ["width", "classes"], "name"', 1)
    names = {"width": width, "classes": classes}
    symbolic = paramcalc.analyze(paramcalc.loads(text))
    concrete = paramcalc.analyze(paramcalc.loads(text, settings=names))
    same_with_numbers(symbolic, concrete, names)
    channels = document.load()[1].outputs["output"][0]
    assert substitute(symbolic.totals.params, names) == document.load()[1].totals.params + (
        channels * width + width + 2 * width + width * 2 * classes
    )
