"""Sizes in LaTeX's mathematics: they can be set, and say the same size."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import pytest
from hypothesis import given
from matplotlib.mathtext import MathTextParser, VectorParse

from paramcalc.algebra.expr import Size, ceil_divide, latex, symbol
from paramcalc.render.mathematics import mathematics
from paramcalc.render.table import Sizes
from tests.render.reading import of_mathematics, read_mathematics
from tests.render.tables import readable
from tests.strategies import Tree, size_of, trees

H, W, CLASSES = symbol("H"), symbol("W"), symbol("num_classes")


@cache
def parser() -> MathTextParser[VectorParse]:
    return MathTextParser("path")


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0"),
        (-7, "-7"),
        (177_209_344, "177{,}209{,}344"),
        (Fraction(1, 2), "1/2"),
        (Fraction(-1500, 7), "-1{,}500/7"),
        (Fraction(4, 2), "2"),
        (H, "H"),
        (2 * H - 3000, r"2 \cdot H - 3{,}000"),
        ((H + 29) // 32 - 2, r"\lfloor (H+29)/32 \rfloor - 2"),
        (ceil_divide(H, 32), r"\lceil H/32 \rceil"),
        (H * W // 7, r"\lfloor H \cdot W/7 \rfloor"),
        ((H + 2 * (H // 2)) // 5, r"\lfloor (H+2 \cdot \lfloor H/2 \rfloor)/5 \rfloor"),
        (CLASSES * 4, r"4 \cdot \mathit{num\_classes}"),
        (symbol("_"), r"\mathit{\_}"),
        (symbol("H2"), r"\mathit{H2}"),
    ],
)
def test_spellings(size: Size | Fraction, text: str) -> None:
    assert latex(size) == text
    parser().parse(f"${text}$")


@given(trees())
def test_a_size_can_be_set_and_says_the_same(tree: Tree) -> None:
    size = size_of(tree)
    parser().parse(f"${latex(size)}$")
    if readable(size):
        assert of_mathematics(latex(size)) == size


def test_what_cannot_be_set_is_refused() -> None:
    with pytest.raises(ValueError, match="lfloorH"):
        parser().parse(r"$\lfloorH/2 \rfloor$")


def test_several_sizes_are_a_list_with_a_mark() -> None:
    text = mathematics(Sizes((96, H // 2, None), "*~"))
    assert text == r"[96, \lfloor H/2 \rfloor, \mbox{–}]^{\ast \sim}"
    assert read_mathematics(text) == [96, H // 2, None]
