"""Tables that tests write in every format: real ones, and random ones full of characters that mean something."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

import paramcalc
from paramcalc.algebra.expr import Size, plain
from paramcalc.commands.show import Analyzed
from paramcalc.commands.sweep import combinations
from paramcalc.render.claims import claims_table
from paramcalc.render.compare import compare_table, steps_table
from paramcalc.render.explain import explain_tables
from paramcalc.render.sweep import sweep_table
from paramcalc.render.table import Column, Line, Note, Sizes, Table, Value
from paramcalc.report.claims import judge
from paramcalc.report.comparison import line_up
from paramcalc.report.sweep import result
from paramcalc.request import Request
from tests.strategies import size_of, trees

HOSTILE = str(Path(__file__).parent / "exports" / "hostile.yaml")


def show(name: str, *, symbolic: bool = False, formulas: bool = False) -> Table:
    return Analyzed(Request(name, symbolic=symbolic)).table(formulas=formulas)


def claims(*names: str) -> Table:
    networks = [(Path(name).stem, paramcalc.load(name)) for name in names]
    return claims_table(
        [(name, one) for name, network in networks for one in judge(network, paramcalc.analyze(network))]
    )


def compared(*names: str) -> Table:
    reports = [paramcalc.analyze(paramcalc.load(name)) for name in names]
    return compare_table(paramcalc.compare(*reports, names=names))


def steps(left: str, right: str) -> Table:
    pairs = line_up(*(paramcalc.analyze(paramcalc.load(name)) for name in (left, right)))
    return steps_table([left, right], pairs, full=False)


def explained(name: str) -> list[Table]:
    found = Analyzed(Request(name, symbolic=True))
    return explain_tables(found.network, found.report, list(found.network.nodes), whole=True)


def swept() -> Table:
    dense, found = Request("densenet_cifar"), combinations([], ["k=12,24", "L=40,41"])
    return sweep_table(
        "DenseNet", [result(each.written, dense.varied(each.inputs, each.settings).network) for each in found]
    )


REAL: dict[str, Callable[[], list[Table]]] = {
    "show": lambda: [show("alexnet")],
    "show of symbols": lambda: [show("alexnet_2012", symbolic=True, formulas=True)],
    "show of several inputs": lambda: [show("faster_rcnn")],
    "show of a hostile file": lambda: [show(HOSTILE, formulas=True)],
    "several": lambda: [show("stack_3x3"), show(HOSTILE), show("stack_5x5")],
    "claims": lambda: [claims("alexnet", "googlenet", HOSTILE)],
    "compare": lambda: [compared("resnet18", "resnet34", "vgg16")],
    "steps": lambda: [steps("alexnet", "alexnet_2012")],
    "explain": lambda: explained("alexnet"),
    "sweep": lambda: [swept()],
}


@cache
def real(name: str) -> list[Table]:
    """Tables as the commands make them."""
    return REAL[name]()


# -- random tables ------------------------------------------------------------------------------------


def readable(size: Size) -> bool:
    """Whether the language reads a size back: its numbers have at most 18 digits."""
    return all(len(digits) <= 18 for digits in re.findall("[0-9]+", plain(size)))


CHARACTERS = st.one_of(
    st.sampled_from("|\\`*_[]<>~&#$\"'=+-@%{}^()!.,:;/ \t\n\r\0\x1b\x7f\x85\xa0\u200b\u202e\u2028😀é中×·−⌊⌋✓✗–—…"),
    st.characters(exclude_categories=["Cs"]),
)
WORDS = ["<script>", "</td>", "<!--", "&amp;", "&#60;", "https://a.b", "www.a.b", "a@b.cc", "---", "***", "1. a", "''"]
TEXTS = st.lists(st.one_of(CHARACTERS, st.sampled_from(WORDS)), max_size=8).map("".join)
NUMBERS = st.one_of(
    st.integers(-(10**12), 10**12), st.fractions(max_denominator=9), trees(leaves=5).map(size_of).filter(readable)
)
SIZES = st.builds(
    Sizes,
    st.lists(st.one_of(st.none(), NUMBERS), min_size=1, max_size=3).map(tuple),
    st.sampled_from(["", "*", "~", "*~"]),
)
VALUES: st.SearchStrategy[Value] = st.one_of(st.none(), st.booleans(), TEXTS, NUMBERS, SIZES)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Any table of up to four columns and rows."""
    count = draw(st.integers(1, 4))
    columns = [
        Column(f"key{place}", draw(TEXTS), numeric=draw(st.booleans()), rank=draw(st.integers(0, 3)))
        for place in range(count)
    ]
    lines = st.builds(
        Line,
        st.lists(VALUES, min_size=count, max_size=count),
        st.lists(TEXTS, max_size=2),
        st.sampled_from(["", "changed"]),
    )
    notes = st.lists(st.one_of(TEXTS, st.builds(Note, st.lists(VALUES, max_size=3).map(tuple), TEXTS)), max_size=2)
    total = draw(st.one_of(st.none(), st.builds(Line, st.lists(VALUES, min_size=count, max_size=count))))
    return Table(draw(TEXTS), columns, draw(st.lists(lines, max_size=4)), total, draw(notes), draw(notes))


def whole(value: int | Fraction) -> str:
    """A number for readers."""
    if isinstance(value, Fraction) and value.denominator > 1:
        return f"{whole(value.numerator)}/{value.denominator:,}"
    return f"{int(value):,}".replace("-", "−")
