"""Sizes: spelling, the known forms, and what is refused."""

from __future__ import annotations

import re
from fractions import Fraction
from unittest.mock import ANY

import pytest

from paramcalc import limits
from paramcalc.algebra.expr import (
    Expr,
    Floor,
    Size,
    Terms,
    added,
    ceil_divide,
    divide_exactly,
    plain,
    pretty,
    substitute,
    symbol,
)
from paramcalc.errors import ExpressionError

H, W, C = symbol("H"), symbol("W"), symbol("C")


def chained(n: Size, *windows: tuple[int, int, int]) -> Size:
    """The size after windows of kernel, stride and padding, by Dumoulin and Visin's formula."""
    for kernel, stride, padding in windows:
        n = (n + 2 * padding - kernel) // stride + 1
    return n


ALEXNET = ((11, 4, 0), (3, 2, 0), (5, 1, 2), (3, 2, 0), (3, 1, 1), (3, 1, 1), (3, 1, 1), (3, 2, 0))
RESNET = ((7, 2, 3), (3, 2, 1), (3, 1, 1), (3, 2, 1), (3, 1, 1), (3, 2, 1), (1, 1, 0), (3, 2, 1))


# -- known forms ----------------------------------------------------------------------------------


def test_whole_multiples_leave_the_floor() -> None:
    assert (32 * H + 5) // 32 == H
    assert (5 * H + 7) // 3 == H + 2 + (2 * H + 1) // 3


def test_common_factors_cancel() -> None:
    assert (4 * H + 6) // 8 == (2 * H + 3) // 4 == (H + 1) // 2
    assert 4 * H // 4 == H


def test_a_floor_of_a_floor_is_one_floor() -> None:
    assert ((H + 1) // 2 + 3) // 5 == (H + 7) // 10
    assert H // 2 // 3 // 5 == H // 30


def test_the_last_map_of_resnet_is_a_32nd_rounded_up() -> None:
    size = chained(H, *RESNET)
    assert size == ceil_divide(H, 32)
    assert plain(size) == "(H + 31)//32"
    assert pretty(size) == "⌈H/32⌉"
    assert substitute(size, {"H": 224}) == 7


def test_the_last_map_of_alexnet_has_three_numbers() -> None:
    size = chained(H, *ALEXNET)
    assert size == (H + 29) // 32 - 2
    assert plain(size) == "(H + 29)//32 - 2"
    assert pretty(size) == "⌊(H+29)/32⌋ − 2"
    assert substitute(size, {"H": 227}) == 6


def test_a_floor_has_the_smaller_of_two_equal_forms() -> None:
    # floor(p/m) = -floor((m - 1 - p)/m)
    assert plain(-H // 3) == "-((H + 2)//3)"
    assert -(-H // 3) == (H + 2) // 3
    assert 2 * H // 3 == H - (H + 2) // 3
    # 2*floor(H/2) = 3*floor(H/2) - floor(H/2), and -floor(H/2) = floor((1 - H)/2)
    assert (W + 2 * (H // 2)) // 3 == H // 2 + (2 * W + 1 - H) // 6


def test_a_product_of_floors_inside_a_floor_is_no_floor_of_a_floor() -> None:
    size = (H // 2) * (W // 2) // 3
    for h, w in ((5, 7), (8, 9), (11, 11)):
        assert substitute(size, {"H": h, "W": w}) == (h // 2) * (w // 2) // 3


def test_dividing_by_a_negative_number_rounds_down() -> None:
    assert H // -3 == -H // 3
    assert substitute(H // -3, {"H": 7}) == -3
    assert substitute(H % -3, {"H": 7}) == -2


# -- ints and symbols -----------------------------------------------------------------------------


def test_numbers_in_give_numbers_out() -> None:
    for size in (ceil_divide(7, 2), chained(227, *ALEXNET), added([2, 3])):
        assert type(size) is int
    assert (ceil_divide(7, 2), chained(227, *ALEXNET), added([2, 3])) == (4, 6, 5)


def test_a_size_without_a_symbol_is_a_number() -> None:
    for size in (H - H, H * 0, (H - H) // 3, (H + 5) % 1, H - (H + 3) + 3, H.substitute({"H": 9}) - 9):
        assert type(size) is int
        assert size == 0


def test_a_size_with_a_symbol_equals_no_number() -> None:
    assert H != 1
    assert H != "H"
    assert H != W
    assert (H + 1 == H, H + 1 == 1 + H) == (False, True)
    assert H == ANY  # which decides by itself what it equals


def test_equal_sizes_are_one_key() -> None:
    assert {H // 2 // 3: "a", (H + 5) // 6: "b"}[H // 6] == "a"
    assert (H // 2) * (W // 2) == (W // 2) * (H // 2)
    assert len({H * W, W * H, H + W, W + H, (2 * H + 1) // 2, H}) == 3


def test_floors_are_equal_by_what_they_divide() -> None:
    assert Floor(H, 2) == Floor(symbol("H"), 2)
    assert hash(Floor(H, 2)) == hash(Floor(symbol("H"), 2))
    assert Floor(H, 2) != Floor(H, 3)
    one = other = Floor(H, 2)
    assert one == other
    assert Floor(H, 2) != "(H)//2"
    assert repr(Floor(-H, 2)) == "(-H)//2"


def test_operators_refuse_what_is_no_size() -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        H + 1.5  # type: ignore[operator]
    with pytest.raises(TypeError, match="unsupported operand"):
        H - "x"  # type: ignore[operator]
    with pytest.raises(TypeError, match="unsupported operand"):
        H * 1.5  # type: ignore[operator]


def test_symbols_inside_floors_are_found() -> None:
    size = (H * W + (C + 1) // 2) // 5 + 1
    assert isinstance(size, Expr)
    assert size.symbols() == {"H", "W", "C"}


def test_substituting_leaves_other_symbols_and_takes_sizes() -> None:
    size = (H + W) // 2
    assert substitute(size, {"H": 5}) == (W + 5) // 2
    assert substitute(size, {"H": 2 * C, "W": 2 * C + 1}) == 2 * C
    assert substitute(size, {"H": W, "W": H}) == size
    assert substitute(size, {"depth": 7}) == size
    assert substitute(7, {"H": 5}) == 7


# -- division by symbols --------------------------------------------------------------------------


def test_a_symbol_divides_what_holds_it() -> None:
    assert H * W // W == H
    assert (H * H - W * W) // (H - W) == H + W
    assert 12 * H // (4 * H) == 3
    assert H * (W // 2) // (W // 2) == H
    assert H * W % W == 0
    assert 0 // H == 0
    assert 0 % H == 0


@pytest.mark.parametrize(
    ("dividend", "divisor", "told"),
    [
        (H, W, "cannot divide H by W: only numbers divide freely"),
        (H + 1, H, "cannot divide H + 1 by H: only numbers divide freely"),
        (3 * H, 2 * H, "cannot divide 3*H by 2*H: only numbers divide freely"),
        (5, H, "cannot divide 5 by H: only numbers divide freely"),
        (H, 0, "division by zero"),
    ],
)
def test_a_division_that_may_leave_a_rest_is_refused(dividend: Size, divisor: Size, told: str) -> None:
    with pytest.raises(ExpressionError, match=f"^error: {re.escape(told)}$"):
        dividend // divisor
    with pytest.raises(ExpressionError, match=f"^error: {re.escape(told)}$"):
        dividend % divisor


def test_exact_division_of_numbers() -> None:
    assert divide_exactly(12, 4) == 3
    assert divide_exactly(-12, 4) == -3
    assert divide_exactly(13, 4) is None
    assert divide_exactly(0, H) == 0
    assert divide_exactly(4 * H + 2, 2) == 2 * H + 1
    assert divide_exactly(4 * H + 2, 4) is None


# -- spelling -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "text", "for_readers"),
    [
        (7, "7", "7"),
        (-7, "-7", "−7"),
        (177209344, "177209344", "177,209,344"),
        (-1000, "-1000", "−1,000"),
        (Fraction(1, 2), "1/2", "1/2"),
        (Fraction(-3, 2), "-3/2", "−3/2"),
        (Fraction(1500, 7), "1500/7", "1,500/7"),
        (Fraction(4, 2), "2", "2"),
        (H, "H", "H"),
        (-H, "-H", "−H"),
        (2 * H - 3, "2*H - 3", "2·H − 3"),
        (1 - H, "-H + 1", "−H + 1"),
        (1000 * H + 2000, "1000*H + 2000", "1,000·H + 2,000"),
        (3 + W + H * W * 2, "2*H*W + W + 3", "2·H·W + W + 3"),
        (H * H, "H*H", "H·H"),
        (H // 2, "H//2", "⌊H/2⌋"),
        (3 * (H // 2), "3*(H//2)", "3·⌊H/2⌋"),
        (1 - (H // 2), "-(H//2) + 1", "−⌊H/2⌋ + 1"),
        (H * H - H // 2, "H*H - H//2", "H·H − ⌊H/2⌋"),
        (H * (W // 2), "H*(W//2)", "H·⌊W/2⌋"),
        ((H // 2) * (W // 2), "H//2*(W//2)", "⌊H/2⌋·⌊W/2⌋"),
        ((H + 1) // 2, "(H + 1)//2", "⌈H/2⌉"),
        ((H + W) // 3, "(H + W)//3", "⌊(H+W)/3⌋"),
        ((H + W + 2) // 3, "(H + W + 2)//3", "⌈(H+W)/3⌉"),
        ((2 * H + 1) // 5, "(2*H + 1)//5", "⌊(2·H+1)/5⌋"),
        (H * W // 7, "(H*W)//7", "⌊H·W/7⌋"),
        ((H + 1007) // 1024, "(H + 1007)//1024", "⌊(H+1,007)/1,024⌋"),
    ],
)
def test_spellings(size: Size | Fraction, text: str, for_readers: str) -> None:
    assert plain(size) == text
    assert pretty(size) == for_readers


def test_a_size_prints_as_its_plain_spelling() -> None:
    assert repr((H + 29) // 32 - 2) == str((H + 29) // 32 - 2) == "(H + 29)//32 - 2"


# -- limits ---------------------------------------------------------------------------------------


def many(name: str, count: int) -> Size:
    """The sum of `count` different symbols."""
    terms: Terms = {(f"{name}{place}",): 1 for place in range(count)}
    return Expr(terms)


def test_a_size_has_at_most_so_many_terms() -> None:
    most = many("s", limits.TERMS)
    assert (most - symbol("s0")) + symbol("s0") == most
    with pytest.raises(ExpressionError, match=r"^error: the expression grows beyond 2,000 terms$"):
        most + H


def test_a_product_has_at_most_so_many_terms() -> None:
    assert limits.TERMS == 2000
    fits = many("s", 40) * many("t", 50)
    assert isinstance(fits, Expr)
    assert len(fits.terms) == 2000
    for left, right in ((41, 49), (90, 90)):
        with pytest.raises(ExpressionError, match=r"^error: the expression grows beyond 2,000 terms$"):
            many("s", left) * many("t", right)


def test_so_many_terms_are_multiplied_with_one_another_and_no_more() -> None:
    def powers(high: int, wide: int) -> Size:
        return Expr({("H",) * one + ("W",) * other: 1 for one in range(high) for other in range(wide)})

    # (1 + H + …)(1 + W + …) has few terms when it is multiplied out: 80 by 100 make 19 by 17, of 8,000 products
    fits = powers(10, 8) * powers(10, 10)
    assert isinstance(fits, Expr)
    assert len(fits.terms) == 19 * 17
    with pytest.raises(ExpressionError, match=r"^error: the expression grows beyond 2,000 terms$"):
        powers(9, 9) * powers(10, 10)


def test_a_product_has_at_most_so_many_factors() -> None:
    assert limits.DEGREE == 64
    power: Size = 1
    for _ in range(64):
        power = power * H
    assert power == Expr({("H",) * 64: 1})
    for factor in (H, W, H // 2):
        with pytest.raises(ExpressionError, match=r"^error: the expression grows beyond products of 64 factors$"):
            power * factor


def test_so_many_divisions_lie_inside_one_another_and_no_more() -> None:
    assert limits.FLOOR_NESTING == 64
    size: Size = H
    for _ in range(64):
        size = 2 * size // 5
    assert substitute(size, {"H": 5**64}) == 2**64
    with pytest.raises(ExpressionError, match=r"^error: the expression grows beyond 64 divisions inside one another$"):
        2 * size // 5


def test_the_deepest_of_several_divisions_counts() -> None:
    size: Size = H
    for _ in range(63):
        size = 2 * size // 5
    # 63 divisions beside one, inside one more
    deepest = (2 * size + 2 * (W // 7)) // 5
    assert substitute(deepest, {"H": 5**63, "W": 7}) == (2 * 2**63 + 2) // 5
    with pytest.raises(ExpressionError, match=r"^error: the expression grows beyond 64 divisions inside one another$"):
        (2 * deepest + 2 * (W // 7)) // 5


def test_a_divisor_has_at_most_18_digits() -> None:
    assert substitute(H // (10**18 - 1), {"H": 10**18}) == 1
    for size, divisor in ((H, 10**18), (H // 10**9, 10**9)):
        with pytest.raises(ExpressionError, match=r"^error: the expression grows beyond divisors of 18 digits$"):
            size // divisor


def test_a_division_holds_at_most_so_many_terms_with_those_of_the_divisions_inside_it() -> None:
    assert limits.FLOOR_TERMS == 2000
    # the first division goes into the outer one, with the second beside it: 1,000 terms, that one, and its own
    outer = many("s", 1000) // 7
    assert (outer + many("t", 999) // 11) // 5 != 0
    with pytest.raises(ExpressionError, match=r"^error: the expression grows beyond 2,000 terms inside one division$"):
        (outer + many("t", 1000) // 11) // 5
