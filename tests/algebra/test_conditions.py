"""Conditions: the ones that are known, their words, and what is refused."""

from __future__ import annotations

import pytest

from paramcalc import limits
from paramcalc.algebra.conditions import Condition, Conditions
from paramcalc.algebra.expr import Size, symbol
from paramcalc.algebra.solve import Solution, lower_bound, never_negative, smaller
from paramcalc.algebra.window import Window

H, W = symbol("H"), symbol("W")


def texts(conditions: Conditions) -> list[str]:
    """What is told, in order."""
    return [condition.text for condition in conditions]


def asked(*statements: tuple[str, Size, Size]) -> list[str]:
    """What is told after asking for statements that can all hold."""
    conditions = Conditions()
    for kind, left, right in statements:
        assert getattr(conditions, kind)(left, right)
    return texts(conditions)


# -- known networks -------------------------------------------------------------------------------


def test_alexnet_needs_67_rows() -> None:
    # backwards: the last pool needs 3, the second 7, the first 15, the first convolution 14*4 + 11
    conditions, size = Conditions(), H
    windows = (
        Window(11, 4),
        Window(3, 2),
        Window(5, 1, 2, 2),
        Window(3, 2),
        Window(3, 1, 1, 1),
        Window(3, 1, 1, 1),
        Window(3, 1, 1, 1),
        Window(3, 2),
    )
    n: Size = size
    for place, window in enumerate(windows):
        n = window.size(n)
        conditions.required_by = f"layer{place}"
        assert conditions.at_least(n, 1)
    assert list(conditions) == [Condition("H >= 67", "layer7")]
    assert conditions.holds({"H": 67})
    assert not conditions.holds({"H": 66})


def test_four_poolings_with_skips_need_multiples_of_16() -> None:
    # U-Net with padded convolutions: what is upsampled must be as large as what was pooled
    conditions = Conditions()
    sizes: list[Size] = [H]
    for _ in range(4):
        sizes.append(sizes[-1] // 2)
    for below, above in zip(sizes[:0:-1], sizes[-2::-1], strict=True):
        assert conditions.equal(2 * below, above)
    assert texts(conditions) == ["H % 16 == 0"]


# -- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "left", "right", "told"),
    [
        ("at_least", H, 13, ["H >= 13"]),
        ("at_least", H // 2, 13, ["H >= 26"]),
        ("at_least", 9, H, ["H <= 9"]),
        ("at_least", 4, H // 2, ["H <= 9"]),
        ("at_least", H, 1, []),
        ("at_least", H - 1, 0, []),
        ("equal", H, 13, ["H == 13"]),
        ("equal", 3 * H, 39, ["H == 13"]),
        ("equal", H, H, []),
        ("equal", (H + 1) // 2 + H // 2, H, []),
        ("equal", 2 * (H // 2), H, ["H % 2 == 0"]),
        ("equal", 2 * (H // 2) + 1, H, ["H % 2 == 1"]),
        ("equal", 8 * (H // 8), H, ["H % 8 == 0"]),
        ("divisible", H, 6, ["H % 6 == 0"]),
        ("divisible", 2 * H, 6, ["H % 3 == 0"]),
        ("divisible", 2 * H + 1, 5, ["H % 5 == 2"]),
        ("divisible", 6 * H, 3, []),
        ("equal", H * W, 6, ["H*W == 6"]),
        ("at_least", H, W + 3, ["H >= W + 3"]),
        ("equal", H // 2, W, ["H//2 == W"]),
        ("equal", W, H // 2, ["W == H//2"]),
        ("at_least", 2 * (H // 2) - W, 3, ["2*(H//2) >= W + 3"]),
        ("divisible", H * W, 4, ["H*W == 4*((H*W)//4)"]),
        # 2 and 3: two roots are no one value
        ("equal", H // 2, 1, ["H//2 == 1"]),
    ],
)
def test_one_statement_in_words(kind: str, left: Size, right: Size, told: list[str]) -> None:
    assert asked((kind, left, right)) == told


def test_several_statements_are_told_as_strongly_as_they_can_be() -> None:
    assert asked(("at_least", H, 5), ("at_least", H, 9), ("at_least", H, 7)) == ["H >= 9"]
    assert asked(("at_least", 9, H), ("at_least", 7, H)) == ["H <= 7"]
    assert asked(("divisible", H, 4), ("divisible", H, 6)) == ["H % 12 == 0"]
    assert asked(("divisible", H, 4), ("at_least", H, 30), ("at_least", 90, H)) == ["H >= 30", "H <= 90", "H % 4 == 0"]
    assert asked(("at_least", H, 5), ("at_least", 5, H)) == ["H == 5"]
    assert asked(("at_least", W, 5), ("at_least", H, 3), ("at_least", H, W)) == ["H >= 3", "W >= 5", "H >= W"]


def test_residues_that_are_no_congruence_are_listed() -> None:
    # (2*H + 1)//3 + 1 is 1, 2, 2, 3, 4, 4, 5, … for 0, 1, 2, …: even but for the multiples of 3
    assert asked(("divisible", (2 * H + 1) // 3 + 1, 2)) == ["H % 3 in (1, 2)"]
    # (H // 2) is even for 0, 1, 4, 5, …
    assert asked(("divisible", H // 2, 2)) == ["H % 4 in (0, 1)"]


# -- what cannot hold -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statements",
    [
        [("at_least", 3, 4)],
        [("equal", 3, 4)],
        [("divisible", 7, 2)],
        [("at_least", 0, H)],
        [("at_least", -H * W, 0)],
        [("equal", H, 0)],
        [("equal", H + W, 1)],
        [("equal", 2 * H, 5)],
        [("equal", H, H + 1)],
        [("equal", H % 4, 5)],
        [("divisible", 2 * H + 1, 2)],
        [("at_least", H % 4, 4)],
        [("at_least", H, 10), ("at_least", 9, H)],
        [("equal", H, 10), ("equal", H, 11)],
        [("divisible", H, 2), ("equal", H % 4, 1)],
    ],
)
def test_what_cannot_hold_is_refused(statements: list[tuple[str, Size, Size]]) -> None:
    conditions = Conditions()
    answers = [getattr(conditions, kind)(left, right) for kind, left, right in statements]
    assert answers == [True] * (len(statements) - 1) + [False]


def test_a_value_outside_the_residues_is_refused() -> None:
    conditions = Conditions()
    assert conditions.equal(H, 13)
    assert not conditions.divisible(H, 2)
    assert texts(conditions) == ["H == 13"]


def test_a_range_without_a_multiple_is_refused() -> None:
    conditions = Conditions()
    assert conditions.at_least(H, 5)
    assert conditions.at_least(7, H)
    assert not conditions.divisible(H, 4)
    assert conditions.divisible(H, 3)


def test_what_was_refused_is_forgotten() -> None:
    conditions = Conditions()
    assert conditions.at_least(H, 10)
    assert not conditions.at_least(9, H)
    assert texts(conditions) == ["H >= 10"]
    assert conditions.holds({"H": 10})


# -- who asks -------------------------------------------------------------------------------------


def test_each_condition_names_the_step_that_asks_for_it() -> None:
    conditions = Conditions()
    for asker, kind, left, right in (
        ("pool1", "at_least", H, 2),
        ("pool2", "at_least", H, 4),
        ("pool3", "at_least", H // 2, 2),
        ("add", "divisible", H, 4),
        ("add2", "divisible", H, 2),
        ("crop", "at_least", H, W),
    ):
        conditions.required_by = asker
        assert getattr(conditions, kind)(left, right)
    assert list(conditions) == [
        # which says H >= 4 as well
        Condition("H % 4 == 0", "add"),
        Condition("H >= W", "crop"),
    ]


def test_a_bound_is_not_blamed_on_a_step_that_asks_for_multiples() -> None:
    conditions = Conditions()
    for asker, kind, left, right in (
        ("add", "divisible", H, 4),
        ("pool", "at_least", H, 30),
        ("crop", "at_least", 50, H),
    ):
        conditions.required_by = asker
        assert getattr(conditions, kind)(left, right)
    assert list(conditions) == [
        Condition("H >= 30", "pool"),
        Condition("H <= 50", "crop"),
        Condition("H % 4 == 0", "add"),
    ]


# -- values ---------------------------------------------------------------------------------------


def test_conditions_hold_for_values_of_all_symbols() -> None:
    conditions = Conditions()
    conditions.at_least(H, W)
    conditions.divisible(H, 2)
    assert conditions.holds({"H": 4, "W": 3})
    assert not conditions.holds({"H": 4, "W": 5})
    assert not conditions.holds({"H": 5, "W": 3})
    assert Conditions().holds({})


def test_a_period_beyond_the_limit_is_kept_as_a_statement() -> None:
    assert limits.PERIOD == 1024
    assert asked(("divisible", H, 1024)) == ["H % 1024 == 0"]
    assert asked(("divisible", H, 1025)) == ["H == 1025*(H//1025)"]
    # 32 * 31 lies within, 32 * 33 beyond
    assert asked(("divisible", H, 32), ("divisible", H, 31)) == ["H % 992 == 0"]
    assert asked(("divisible", H, 32), ("divisible", H, 33)) == ["H % 32 == 0", "H == 33*(H//33)"]


def test_a_bound_needs_no_period() -> None:
    assert asked(("at_least", H // 10000, 3)) == ["H >= 30000"]


# -- signs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (3, True),
        (-3, False),
        (H, True),
        (H - 1, True),
        (H - 2, None),
        (-H, False),
        (1 - H, None),
        (H * W - 1, True),
        (H * W - 2, None),
        (H - W, None),
        (-H * W, False),
        (H % 4 - 4, False),
        (3 - H % 4, True),
        (H - H // 2, True),
        (H // 2 - H, False),
        (H // 2 - H - 1, False),
        ((H + 31) // 32 - 1, True),
    ],
)
def test_the_sign_of_a_size(size: Size, expected: bool | None) -> None:
    assert never_negative(size) is expected


def test_the_smaller_of_two_sizes() -> None:
    assert smaller(3, 4) == 3
    assert smaller(4, 3) == 3
    assert smaller(H, H + 1) == H
    assert smaller(H + 1, H) == H
    assert smaller(H, 1) == 1
    assert smaller(H, 2) is None
    assert smaller(H, W) is None


def test_lower_bounds() -> None:
    assert lower_bound(5) == 5
    assert lower_bound(H) == 1
    assert lower_bound(2 * H + 3 * W - 1) == 4
    assert lower_bound(H * W) == 1
    assert lower_bound((H + 31) // 32) == 1
    assert lower_bound(-H) is None
    assert lower_bound(H - W) is None


def test_solutions_meet() -> None:
    left = Solution(3, 20, 4, frozenset((0, 2)))
    right = Solution(5, None, 6, frozenset((0, 1)))
    both = left.intersect(right)
    assert (both.low, both.high, both.period) == (5, 20, 12)
    assert both.residues == {r for r in range(12) if r % 4 in (0, 2) and r % 6 in (0, 1)}
