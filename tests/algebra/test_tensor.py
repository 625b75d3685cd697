"""Names of axes: by their number, as given, and of axes that are made of others."""

from __future__ import annotations

import pytest

from paramcalc.algebra.expr import symbol
from paramcalc.algebra.tensor import Axes, Shape, Tensor, merged, names_by_rank, reshaped, split

C, H, W = map(symbol, "CHW")
MAP = ("channels", "height", "width")


@pytest.mark.parametrize(
    ("rank", "names"),
    [
        (1, ("channels",)),
        (2, ("channels", "length")),
        (3, MAP),
        (4, ("channels", "depth", "height", "width")),
        (5, ("channels", "groups", "groups", "groups", "groups")),
    ],
)
def test_axes_without_names_are_those_of_a_map(rank: int, names: Axes) -> None:
    assert names_by_rank(rank) == names
    assert Tensor((2,) * rank).axes == names


def test_every_axis_but_the_channels_has_positions() -> None:
    assert Tensor((3, H, W)).positions == (1, 2)
    assert Tensor((3, H, W)).channels == 0
    tokens = Tensor((H, 4), axes=("tokens", "channels"))
    assert (tokens.channels, tokens.positions) == (1, (0,))
    ids = Tensor((H,), axes=("tokens",))
    assert (ids.channels, ids.positions) == (None, (0,))


def test_tensors_of_one_shape_with_other_names_are_not_equal() -> None:
    assert Tensor((3, 4)) == Tensor((3, 4), axes=("channels", "length"))
    assert Tensor((3, 4)) != Tensor((3, 4), axes=("tokens", "channels"))
    assert len({Tensor((3, 4)), Tensor((3, 4), axes=("tokens", "channels")), Tensor((3, 4), 2)}) == 3


def test_axes_that_become_one_are_tokens_unless_channels_are_among_them() -> None:
    assert merged(["height"]) == "height"
    assert merged(["height", "width"]) == "tokens"
    assert merged(["height", "channels"]) == "channels"


def test_of_a_split_axis_channels_stay_inside_and_positions_outside() -> None:
    assert split("channels", 1) == ("channels",)
    assert split("channels", 3) == ("groups", "groups", "channels")
    assert split("height", 2) == ("height", "groups")


@pytest.mark.parametrize(
    ("x", "axes", "y", "names"),
    [
        ((C, H, W), MAP, (C, H * W), ("channels", "tokens")),
        ((8, H, W), MAP, (2, 4, H, W), ("groups", *MAP)),
        ((2, 4, H, W), ("groups", *MAP), (8, H, W), MAP),
        ((C, H, W), MAP, (C * H * W,), ("channels",)),
        ((C, H, W), MAP, (1, C, H, W), ("groups", *MAP)),
        ((1, 16), ("channels", "length"), (16,), ("channels",)),
        ((3, 1, 1), MAP, (3,), ("channels",)),
        # as many axes in a run of one product as before: the scores of two anchors, one below the other
        ((18, H, W), MAP, (2, 9 * H, W), MAP),
        ((6, 4), ("tokens", "channels"), (2, 3, 4), ("tokens", "groups", "channels")),
        ((H, W, 9, 4), ("height", "width", "groups", "channels"), (9 * H * W, 4), ("tokens", "channels")),
        # a vector becomes a map
        ((1470,), ("channels",), (30, 7, 7), MAP),
        ((12,), ("tokens",), (3, 4), ("tokens", "groups")),
        # three become two, and neither is one of them
        ((2, 6, 5), MAP, (4, 15), ("channels", "groups")),
    ],
)
def test_a_reshape_names_axes_by_what_they_are_made_of(x: Shape, axes: Axes, y: Shape, names: Axes) -> None:
    assert reshaped(Tensor(x, axes=axes), y) == names
