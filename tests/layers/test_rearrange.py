"""`rearrange` against einops: shapes, the order of elements, and what each unit reads of its input."""

from __future__ import annotations

from typing import Any

import einops
import pytest
import torch
from pydantic import ValidationError

from paramcalc.algebra.expr import symbol
from paramcalc.algebra.interval_map import hull
from paramcalc.algebra.receptive_field import Ordered
from paramcalc.algebra.tensor import Axes
from paramcalc.crosscheck.network import to_torch
from paramcalc.errors import LayerError
from paramcalc.layers import layer_class
from paramcalc.layers.activation import Relu
from paramcalc.layers.base import Layer
from paramcalc.layers.sliding import Conv
from paramcalc.network import Network, Node
from paramcalc.report.derivation import derivations

H, W = map(symbol, "HW")
PATCHES = "c (h p) (w q) -> (h w) (p q c)"
WINDOWS = "c (h m) (w n) -> (h w) (m n) c"


def rearrangement(**fields: Any) -> Layer:
    """The layer; mypy knows the names of its fields, but not those of a pattern's parts."""
    return layer_class("rearrange")(**fields)


def rearranged(shape: tuple[Any, ...], pattern: str, known: Axes | None = None, **sizes: Any) -> Node:
    network = Network("x")
    return network.add(rearrangement(pattern=pattern, **sizes), [network.add_input("input", shape, axes=known)], "y")


CASES: list[tuple[tuple[int, ...], str, dict[str, Any]]] = [
    ((3, 32, 48), PATCHES, {"p": 16, "q": 16}),
    ((3, 32, 48), WINDOWS, {"m": 8, "n": 12}),
    ((3, 8, 6), "c h w -> h w c", {}),
    ((12, 4, 5), "(p q c) h w -> c (h p) (w q)", {"p": 2, "q": 3}),
    ((7, 24), "t (k d) -> k t d", {"k": 4}),
    ((7, 24), "t (k d) -> k t d", {"k": 4, "d": 6}),
    ((2, 3, 4, 5), "c ... -> ... c", {}),
    ((2, 3, 4, 5), "c ... w -> w (...) c", {}),
    ((2, 3, 4, 5), "... w -> (... w)", {}),
    ((6, 4), "(g c) l -> (c g) l", {"g": 2}),
    ((1, 6), "1 l -> l 1 1", {}),
    ((6,), "c -> () c", {}),
]


@pytest.mark.parametrize(("shape", "pattern", "sizes"), CASES)
def test_sizes_and_elements_are_those_of_einops(shape: tuple[int, ...], pattern: str, sizes: dict[str, Any]) -> None:
    node = rearranged(shape, pattern, **sizes)
    x = torch.rand(1, *shape)
    theirs = einops.rearrange(x[0].numpy(), pattern, **sizes)
    assert node.output.shape == theirs.shape
    network = Network("x")
    node = network.add(rearrangement(pattern=pattern, **sizes), [network.add_input("input", shape)], "y")
    network.outputs["output"] = node
    assert (to_torch(network)(x)[0].numpy() == theirs).all()


@pytest.mark.parametrize(
    ("shape", "pattern", "axes", "names"),
    [
        ((3, 32, 48), PATCHES, None, ("tokens", "channels")),
        ((3, 32, 48), WINDOWS, None, ("tokens", "tokens", "channels")),
        ((3, 32, 48), "c (h p) w -> h w (p c)", None, ("height", "width", "channels")),
        ((3, 32, 48), "c (h p) w -> c h p w", None, ("channels", "height", "groups", "width")),
        ((7, 24), "t (k d) -> k t d", ("tokens", "channels"), ("groups", "tokens", "channels")),
        ((7, 24), "t c -> c t", ("frames", "channels"), ("channels", "frames")),
        ((7, 24), "t c -> t 1 c", ("frames", "channels"), ("frames", "groups", "channels")),
    ],
)
def test_axes_are_named_by_what_they_are_made_of(
    shape: tuple[int, ...], pattern: str, axes: Axes | None, names: Axes
) -> None:
    given = {name: size for name, size in {"p": 16, "q": 16, "m": 8, "n": 8, "k": 4}.items() if name in pattern}
    assert rearranged(shape, pattern, axes, **given).output.axes == names


def test_axes_of_the_output_may_be_named() -> None:
    assert rearranged((7, 24), "t c -> c t", ("tokens", "channels")).output.axes == ("channels", "tokens")
    network = Network("x")
    tokens = network.add_input("x", (7, 24), axes=("tokens", "channels"))
    node = network.add(rearrangement(pattern="t c -> c t", axes=("tokens", "channels")), [tokens], "y")
    assert (node.output.shape, node.output.axes) == ((24, 7), ("tokens", "channels"))
    with pytest.raises(LayerError, match=r"rearrange gives \[24, 7\], which needs 2 names of axes, got tokens"):
        network.add(rearrangement(pattern="t c -> c t", axes=("tokens",)), [tokens], "z")


def test_symbols_give_conditions() -> None:
    network = Network("x")
    image = network.add_input("image", (3, H, W))
    node = network.add(rearrangement(pattern=PATCHES, p=16, q=16), [image], "y")
    assert node.output.shape == (H // 16 * (W // 16), 768)
    assert [condition.text for condition in network.conditions] == ["H % 16 == 0", "W % 16 == 0"]
    with pytest.raises(LayerError, match="needs height to be 15, got"):
        network.add(rearrangement(pattern="c (h p) w -> (h p) c w", h=3, p=5), [image], "z")


def test_derivations_show_divisions_and_products() -> None:
    node = rearranged((3, 224, 112), PATCHES, p=16, q=16)
    assert derivations(node) == [("size", text) for text in ("224/16 = 14", "112/16 = 7", "14·7 = 98", "16·16·3 = 768")]


# -- receptive fields -----------------------------------------------------------------------------


def spans(node: Node, axis: int) -> list[object]:
    """What each unit reads of an axis of the input, where units have an order."""
    assert node.fields
    field = node.fields[axis]
    assert isinstance(field, Ordered)
    assert isinstance(field.units, int)
    return [hull(part.interval(unit) for part in field.maps) for unit in range(field.units)]


@pytest.mark.parametrize(
    ("shape", "pattern", "sizes", "axis"),
    [
        ((3, 32, 48), "c (h p) (w q) -> (p q c) h w", {"p": 4, "q": 16}, 0),
        ((3, 32, 48), "c (h p) (w q) -> (p q c) h w", {"p": 4, "q": 16}, 1),
        ((3, 12, 5), "c (p h) w -> (p c) h w", {"p": 4}, 0),
        ((3, 12, 5), "c (a h b) w -> (a b c) h w", {"a": 2, "b": 3}, 0),
        ((3, 12, 5), "c h w -> w h c", {}, 1),
        ((3, 12, 5), "c (h p) w -> c h (p w)", {"p": 1}, 0),
    ],
)
def test_units_read_the_positions_that_their_channels_hold(
    shape: tuple[int, ...], pattern: str, sizes: dict[str, Any], axis: int
) -> None:
    node = rearranged(shape, pattern, **sizes)
    assert node.fields
    along = node.fields[axis].along
    # each element holds its position on the axis of the input; a unit is all elements of one position behind it
    positions = torch.arange(shape[1 + axis]).reshape([-1 if index == 1 + axis else 1 for index in range(len(shape))])
    moved = einops.rearrange(positions.expand(shape).numpy(), pattern, **sizes)
    units = [moved.take(unit, axis=along) for unit in range(moved.shape[along])]
    assert spans(node, axis) == [(int(unit.min()), int(unit.max())) for unit in units]


def test_patches_have_the_field_of_a_convolution_with_their_size_as_stride() -> None:
    network = Network("x")
    image = network.add_input("image", (3, 32, 48))
    patches = network.add(rearrangement(pattern="c (h p) (w q) -> (p q c) h w", p=16, q=16), [image], "y")
    assert patches.fields == network.add(Conv(out=8, kernel=16, stride=16), [image], "z").fields
    joined = network.add(rearrangement(pattern="c h w -> (h w) c"), [patches], "tokens")
    assert joined.fields
    assert [getattr(field, "size", None) for field in joined.fields] == [16, 16]


def test_positions_on_two_axes_are_unknown() -> None:
    assert rearranged((3, 32, 48), WINDOWS, m=8, n=8).fields is None


def test_one_channel_a_group_keeps_what_lies_on_other_axes() -> None:
    network = Network("x")
    tokens = network.add_input("x", (7, 24), axes=("tokens", "channels"))
    heads = network.add(rearrangement(pattern="t (k d) -> k t d", k=4), [tokens], "y")
    assert spans(network.add(Relu(), [heads], "z"), 0) == [(unit, unit) for unit in range(7)]


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "sizes", "words"),
    [
        ("c h w", {}, "must be a pattern such as 'c (h p) w -> h w (p c)', got 'c h w'"),
        ("c h -> c -> h", {}, "must be a pattern such as"),
        ("c h w -> c h", {}, "'w' is on one side of the pattern only"),
        ("c h -> c h p", {}, "'p' is on one side of the pattern only"),
        ("c (h w -> c h w", {}, "the parentheses of 'c (h w' do not match"),
        ("c ((h) w) -> c h w", {}, "the parentheses of 'c ((h) w)' do not match"),
        ("c c -> c", {}, "'c' stands twice on one side of the pattern"),
        ("c h? -> c h", {}, "'?' has no place in a pattern"),
        ("c 2 -> c", {}, "'2' has no place in a pattern"),
        ("(...) c -> ... c", {}, "'...' stands alone on the left, not in parentheses"),
        ("c h -> h c", {"p": 2}, "the pattern has no part 'p'"),
        ("c (h p) -> h p c", {"p": 0}, "p must be at least 1, got 0"),
    ],
)
def test_a_wrong_pattern_is_refused(pattern: str, sizes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        rearrangement(pattern=pattern, **sizes)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("shape", "pattern", "sizes", "words"),
    [
        ((3, 8), "c h w -> h w c", {}, "rearrange of 'c h w -> h w c' needs 3 axes, got 2"),
        ((3,), "c h ... -> h c ...", {}, "rearrange of 'c h ... -> h c ...' needs at least 2 axes, got 1"),
        ((3, 8), "c (h p) -> h (p c)", {"p": 3}, "needs length to be a multiple of 3, got [3, 8]"),
        ((3, 8), "c (h p) -> h (p c)", {"p": 2, "h": 3}, "needs length to be 6, got [3, 8]"),
        ((3, 8), "c (h p) -> h (p c)", {}, "needs the sizes of all but one of h, p: 8 is their product"),
        ((3, 8), "1 h -> h", {}, "needs channels to be 1, got [3, 8]"),
    ],
)
def test_a_tensor_that_does_not_fit_is_refused(
    shape: tuple[int, ...], pattern: str, sizes: dict[str, Any], words: str
) -> None:
    with pytest.raises(LayerError) as caught:
        rearranged(shape, pattern, **sizes)
    assert words in caught.value.problems[0].message
