"""Windows: sizes that papers publish, derivations, and padding by TensorFlow's rule."""

from __future__ import annotations

import pytest

from paramcalc.algebra.expr import Size, substitute, symbol
from paramcalc.algebra.window import UNIT, Window, factor, rounded_up, same_padding

H, K, S = symbol("H"), symbol("K"), symbol("S")


def test_two_3x3_are_one_5x5_and_three_are_one_7x7() -> None:
    # Simonyan, Zisserman, Very deep convolutional networks, 2015, section 2.3
    assert Window(3).then(Window(3)) == Window(5)
    assert Window(3).then(Window(3)).then(Window(3)) == Window(7)


def test_composition_by_hand() -> None:
    first, second = Window(3, 2, 1, 0), Window(5, 3, 2, 1)
    assert first.then(second) == Window(3 + 4 * 2, 6, 1 + 2 * 2, 0 + 1 * 2)


def test_dilation_counts_the_holes() -> None:
    assert Window(3, dilation=4).span == 9
    assert Window(3, dilation=4).size(9) == 1
    assert Window(3, dilation=2).then(Window(3, dilation=4)).span == 5 + 8


def test_the_unit_is_one_position() -> None:
    assert Window() == UNIT
    assert (UNIT.kernel, UNIT.stride, UNIT.lo, UNIT.hi, UNIT.dilation) == (1, 1, 0, 0, 1)


def test_the_maps_of_alexnet() -> None:
    # the maps of Krizhevsky, Sutskever, Hinton, 2012, with an input of 227
    sizes, n = [], 227
    for window in (Window(11, 4), Window(3, 2), Window(5, 1, 2, 2), Window(3, 2), Window(3, 1, 1, 1), Window(3, 2)):
        found = window.size(n)
        assert isinstance(found, int)
        sizes.append(found)
        n = found
    assert sizes == [55, 27, 27, 13, 13, 6]


def test_a_window_that_does_not_fit_has_no_output() -> None:
    assert Window(3).size(3) == 1
    assert Window(3).size(2) == 0
    assert Window(7, 2).size(2) == -2


def test_googlenet_rounds_up() -> None:
    # Szegedy et al., Going deeper with convolutions, 2015, table 1: 112 -> 56 -> 28 -> 14 -> 7
    pool, n = rounded_up(Window(3, 2)), 112
    for expected in (56, 28, 14, 7):
        assert pool.size(n) == expected
        n = expected
    assert Window(3, 2).size(112) == 55


@pytest.mark.parametrize(
    ("window", "n", "expected"),
    [
        # the last window would start at 4, beyond the input: dropped
        (Window(1, 2, 0, 0), 3, 2),
        (Window(1, 2, 0, 0), 4, 2),
        # windows start at -1, 1, 3 of 4; the next would start at 5
        (Window(2, 2, 1, 1), 4, 3),
        # windows start at -1 and 2 of 3; the next would start at 5
        (Window(2, 3, 1, 1), 3, 2),
        # windows start at 0 and 3 of 4
        (Window(3, 3, 0, 0), 4, 2),
    ],
)
def test_a_last_window_beyond_the_input_is_dropped(window: Window, n: int, expected: int) -> None:
    assert rounded_up(window).size(n) == expected


def test_rounding_up_needs_numbers() -> None:
    for window in (Window(K), Window(3, S), Window(3, 2, 0, K), Window(3, 2, dilation=K)):
        with pytest.raises(ValueError, match=r"^rounding up needs a kernel, stride and padding that are numbers$"):
            rounded_up(window)


# -- derivations ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("window", "n", "text"),
    [
        (Window(11, 4), 227, "(227 − 11)/4 + 1 = 55"),
        (Window(3, 1, 1, 1), 13, "13 + 2·1 − 3 + 1 = 13"),
        (Window(7, 2, 3, 3), 224, "⌊(224 + 2·3 − 7)/2⌋ + 1 = 112"),
        (Window(3, 2, 0, 1), 112, "(112 + 1 − 3)/2 + 1 = 56"),
        (Window(3, 3, 1, 0), 8, "(8 + 1 − 3)/3 + 1 = 3"),
        (Window(3, 3, 0, 1), 8, "(8 + 1 − 3)/3 + 1 = 3"),
        (Window(4, 1, 1, 2), 10, "10 + 1 + 2 − 4 + 1 = 10"),
        (Window(3, 1, 2, 2, 2), 28, "28 + 2·2 − 5 + 1 = 28"),
        (Window(1), 7, "7 − 1 + 1 = 7"),
        (Window(3, 2), 2048, "⌊(2,048 − 3)/2⌋ + 1 = 1,023"),
        (Window(3, 2, 1, 1), H, "⌊(H + 2·1 − 3)/2⌋ + 1 = ⌈H/2⌉"),
        (Window(2, 2), 2 * H, "(2·H − 2)/2 + 1 = H"),
        (Window(3), H - 2, "H − 2 − 3 + 1 = H − 4"),
        (Window(K, 1, K, K), H, "H + 2·K − K + 1 = H + K + 1"),
    ],
)
def test_a_size_is_derived_with_the_numbers_in(window: Window, n: Size, text: str) -> None:
    assert window.formula(n) == text


@pytest.mark.parametrize(
    ("window", "n", "text"),
    [
        # DCGAN's doubling of the map, U-Net's, and a last row of output padding (padding behind taken off)
        (Window(4, 2, 1, 1), 14, "(14 − 1)·2 − 2 + 4 = 28"),
        (Window(2, 2), 28, "(28 − 1)·2 + 2 = 56"),
        (Window(3, 2, 1, 0), 7, "(7 − 1)·2 − 1 + 3 = 14"),
        (Window(2, 2, 0, -1), 7, "(7 − 1)·2 − (−1) + 2 = 15"),
        (Window(3, 1, dilation=2), 7, "(7 − 1)·1 + 5 = 11"),
        (Window(2, S), H, "(H − 1)·S + 2 = H·S − S + 2"),
    ],
)
def test_a_transposed_size_is_derived_with_the_numbers_in(window: Window, n: Size, text: str) -> None:
    assert window.transposed_formula(n) == text


def test_a_sum_or_a_negative_number_is_one_factor_in_parentheses() -> None:
    assert factor(5) == "5"
    assert factor(-5) == "(−5)"
    assert factor(H) == "H"
    assert factor(H + 1) == "(H + 1)"
    assert factor(1000) == "1,000"
    assert factor(H // 2) == "⌊H/2⌋"


# -- padding 'same' -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "kernel", "stride", "dilation", "expected"),
    [
        # by TensorFlow's notes on padding: max((ceil(n/s) - 1)*s + k - n, 0), the odd one behind
        (13, 6, 5, 1, (1, 2)),
        (224, 7, 2, 1, (2, 3)),
        (224, 3, 1, 1, (1, 1)),
        (224, 3, 2, 1, (0, 1)),
        (225, 3, 2, 1, (1, 1)),
        (28, 3, 1, 2, (2, 2)),
        (9, 1, 2, 1, (0, 0)),
        (8, 2, 5, 1, (0, 0)),
        (6, 2, 5, 1, (0, 1)),
    ],
)
def test_padding_same(n: int, kernel: int, stride: int, dilation: int, expected: tuple[int, int]) -> None:
    assert same_padding(n, kernel, stride, dilation) == expected


def test_padding_same_with_symbols() -> None:
    assert same_padding(H, 3, 1, 1) == (1, 1)
    assert same_padding(H, 4, 1, 1) == (1, 2)
    assert same_padding(H, 1, 7, 1) == (0, 0)
    # a stride of the kernel: one behind where the size is odd
    before, behind = same_padding(H, 2, 2, 1)
    assert [substitute(before, {"H": n}) for n in (7, 8, 9)] == [0, 0, 0]
    assert [substitute(behind, {"H": n}) for n in (7, 8, 9)] == [1, 0, 1]


def test_padding_same_is_refused_where_symbols_leave_it_open() -> None:
    with pytest.raises(ValueError, match=r"^padding 'same' needs a stride that is a number$"):
        same_padding(H, 3, S, 1)
    with pytest.raises(
        ValueError, match=r"^padding 'same' with a stride above the kernel needs an input size that is a number$"
    ):
        same_padding(H, 2, 3, 1)
