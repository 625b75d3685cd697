"""What layers refuse, and in which words: every field with a value for each axis, every kind of map, every region."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from pydantic import ValidationError

from paramcalc.algebra.expr import Size
from paramcalc.errors import LayerError
from paramcalc.layers import layer_class
from paramcalc.layers.activation import Dropout
from paramcalc.network import Network
from tests.layers.examples import EXAMPLES, K

Shape = tuple[int, ...]
PER_AXIS: list[tuple[str, str, dict[str, Any]]] = [
    ("conv", "kernel", {"out": 4}),
    ("conv", "stride", {"out": 4, "kernel": 1}),
    ("conv", "dilation", {"out": 4, "kernel": 1}),
    ("conv", "padding", {"out": 4, "kernel": 1}),
    ("conv_transpose", "kernel", {"out": 4}),
    ("conv_transpose", "stride", {"out": 4, "kernel": 1}),
    ("conv_transpose", "dilation", {"out": 4, "kernel": 1}),
    ("conv_transpose", "padding", {"out": 4, "kernel": 1}),
    ("conv_transpose", "output_padding", {"out": 4, "kernel": 1, "stride": 3}),
    ("max_pool", "kernel", {"stride": 1}),
    ("max_pool", "stride", {"kernel": 1}),
    ("max_pool", "dilation", {"kernel": 1}),
    ("max_pool", "padding", {"kernel": 2}),
    ("avg_pool", "kernel", {"stride": 1}),
    ("avg_pool", "stride", {"kernel": 1}),
    ("avg_pool", "padding", {"kernel": 2}),
    ("adaptive_avg_pool", "output", {}),
    ("adaptive_max_pool", "output", {}),
    ("upsample", "scale", {}),
    ("upsample", "size", {}),
    ("pad", "padding", {}),
    ("crop", "size", {}),
    ("crop", "offset", {"size": 1}),
]


def refused(kind: str, fields: dict[str, Any], *shapes: Shape, counts: Sequence[Size] = ()) -> str:
    """The words in which a layer refuses inputs, of which there is one each or as many as said."""
    network = Network("one layer")
    each = zip(shapes, counts or [1] * len(shapes), strict=True)
    inputs = [network.add_input(f"x{place}", *shape_and_count) for place, shape_and_count in enumerate(each)]
    with pytest.raises(LayerError, match=r"\w") as caught:
        network.add(layer_class(kind)(**fields), inputs, "y")
    (problem,) = caught.value.problems
    return "\n".join([problem.message, *problem.notes])


@pytest.mark.parametrize(("kind", "field", "fields"), PER_AXIS)
def test_a_field_has_one_value_or_one_for_each_axis(kind: str, field: str, fields: dict[str, Any]) -> None:
    assert refused(kind, {**fields, field: [1, 1, 1]}, (3, 8, 8)) == f"{field} has 3 values for 2 axes"
    assert refused(kind, {**fields, field: [1, 1]}, (3, 8)) == f"{field} has 2 values for 1 axis"


@pytest.mark.parametrize("kind", ["conv", "conv_transpose", "max_pool", "avg_pool", "pad"])
def test_padding_has_a_pair_for_each_axis(kind: str) -> None:
    fields = {"kernel": 1} if kind != "pad" else {}
    fields |= {"out": 4} if kind.startswith("conv") else {}
    words = refused(kind, {**fields, "padding": [[0, 0], [0, 0], [0, 0]]}, (3, 8, 8))
    assert words == "padding has 3 pairs for 2 axes"
    assert refused(kind, {**fields, "padding": [[0, 0], [0, 0]]}, (3, 8)) == "padding has 2 pairs for 1 axis"


def test_padding_of_channels_has_two_values() -> None:
    assert refused("pad", {"padding": 0, "channels": [1, 2, 3]}, (3, 8, 8)) == "channels has 3 values for 2 axes"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("conv", {"out": 4, "kernel": 1}),
        ("conv_transpose", {"out": 4, "kernel": 1}),
        ("max_pool", {"kernel": 1}),
        ("avg_pool", {"kernel": 1}),
        ("adaptive_avg_pool", {"output": 1}),
        ("adaptive_max_pool", {"output": 1}),
        ("global_avg_pool", {}),
        ("global_max_pool", {}),
        ("spatial_pyramid_pool", {"levels": [1]}),
        ("upsample", {"scale": 2}),
        ("pad", {"padding": 1}),
        ("crop", {"size": 1}),
        ("channel_shuffle", {"groups": 1}),
        ("instance_norm", {}),
        ("local_response_norm", {"size": 5}),
    ],
)
@pytest.mark.parametrize("shape", [(7,), (2, 3, 4, 5, 6)])
def test_a_map_has_one_to_three_spatial_axes(kind: str, fields: dict[str, Any], shape: Shape) -> None:
    words = f"{kind} needs a map of shape [C, L], [C, H, W] or [C, D, H, W], got {list(shape)}"
    assert refused(kind, fields, shape) == words


@pytest.mark.parametrize(
    ("kind", "fields"),
    [("pixel_shuffle", {"factor": 1}), ("space_to_depth", {"block": 1}), ("roi_pool", {}), ("roi_align", {})],
)
@pytest.mark.parametrize("shape", [(7,), (3, 8), (3, 4, 5, 6)])
def test_an_image_has_height_and_width(kind: str, fields: dict[str, Any], shape: Shape) -> None:
    others: list[Shape] = []
    if kind.startswith("roi"):
        fields, others = {"output": 7, "rois": "rois"}, [(5,)]
    assert refused(kind, fields, shape, *others) == f"{kind} needs a map of shape [C, H, W], got {list(shape)}"


@pytest.mark.parametrize("kind", ["roi_pool", "roi_align"])
@pytest.mark.parametrize("rois", [(3,), (6,), (5, 5)])
def test_a_region_is_four_or_five_numbers(kind: str, rois: Shape) -> None:
    words = refused(kind, {"output": 7, "rois": "rois"}, (3, 8, 8), rois)
    assert words == f"{kind} needs regions of shape [5] or [4], got {list(rois)}"


@pytest.mark.parametrize(
    ("scores", "boxes", "words"),
    [
        ((18,), (36, 5, 6), "region_proposal needs maps of scores and boxes, got scores [18] and boxes [36, 5, 6]"),
        ((18, 5, 6), (36,), "region_proposal needs maps of scores and boxes, got scores [18, 5, 6] and boxes [36]"),
        (
            (18, 5, 6),
            (36, 5, 7),
            "region_proposal needs scores and boxes of one map size, got scores [18, 5, 6] and boxes [36, 5, 7]",
        ),
        (
            (18, 5, 6),
            (36, 4, 6),
            "region_proposal needs scores and boxes of one map size, got scores [18, 5, 6] and boxes [36, 4, 6]",
        ),
        (
            (12, 5, 6),
            (36, 5, 6),
            "region_proposal needs 4 box numbers and 1 or 2 scores an anchor, got 36 and 12 channels",
        ),
        (
            (18, 5, 6),
            (90, 5, 6),
            "region_proposal needs 4 box numbers and 1 or 2 scores an anchor, got 90 and 18 channels",
        ),
    ],
)
def test_proposals_need_scores_and_boxes_of_the_same_anchors(scores: Shape, boxes: Shape, words: str) -> None:
    fields = {"scores": "scores", "boxes": "boxes", "count": 300}
    assert refused("region_proposal", fields, (512, 5, 6), scores, boxes) == words


@pytest.mark.parametrize("scores", [9, 18])
def test_proposals_take_one_or_two_scores_an_anchor(scores: int) -> None:
    network = Network("one layer")
    inputs = [network.add_input(f"x{channels}", (channels, 5, 6)) for channels in (512, scores, 36)]
    fields = {"scores": "scores", "boxes": "boxes", "count": 300}
    node = network.add(layer_class("region_proposal")(**fields), inputs, "y")
    assert (node.output.shape, node.output.count) == ((5,), 300)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"padding": 8, "mode": "reflect"}, "pad with mode reflect cannot pad [3, 8, 8] by 8"),
        ({"padding": [[0, 8], [0, 0]], "mode": "reflect"}, "pad with mode reflect cannot pad [3, 8, 8] by 8"),
        ({"padding": [[9, 10], [0, 0]], "mode": "reflect"}, "pad with mode reflect cannot pad [3, 8, 8] by 9"),
        ({"padding": 9, "mode": "circular"}, "pad with mode circular cannot pad [3, 8, 8] by 9"),
    ],
)
def test_padding_that_is_taken_from_the_map_must_be_there(fields: dict[str, Any], words: str) -> None:
    assert refused("pad", fields, (3, 8, 8)) == words


def test_a_crop_lies_inside_its_map() -> None:
    words = "crop of 5 from 4 on does not fit the input [3, 8, 8]"
    assert refused("crop", {"size": 5, "offset": 4}, (3, 8, 8)) == words
    words = "crop of 9 from 0 on does not fit the input [3, 8, 8]\nlike: [2, 9, 8]"
    assert refused("crop", {"like": "x1"}, (3, 8, 8), (2, 9, 8)) == words
    words = "crop of [3, 8, 8] cannot be like [5]: other axes"
    assert refused("crop", {"like": "x1"}, (3, 8, 8), (5,)) == words


@pytest.mark.parametrize(("kind", "group"), [("conv", "input"), ("conv_transpose", "input")])
def test_groups_divide_channels(kind: str, group: str) -> None:
    assert re.fullmatch(
        rf"{kind} cannot split 3 {group} channels into 2 groups",
        refused(kind, {"out": 4, "kernel": 1, "groups": 2}, (3, 8, 8)),
    )
    words = f"{kind} cannot split 5 output channels into 2 groups"
    assert refused(kind, {"out": 5, "kernel": 1, "groups": 2}, (4, 8, 8)) == words


# -- joins ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["add", "multiply", "concat"])
def test_branches_have_the_same_axes_and_are_as_many(kind: str) -> None:
    words = f"the branches of {kind} differ in their number of axes"
    assert refused(kind, {}, (3, 8), (3, 8, 8)) == words
    assert refused(kind, {}, (3, 8, 8), (3, 8)) == words
    words = f"the branches of {kind} differ in how many tensors there are"
    assert refused(kind, {}, (3, 8), (3, 8), counts=(1, 2)) == words
    assert refused(kind, {}, (3, 8), (3, 8), (3, 8), counts=(K, 2, 3)) == words


@pytest.mark.parametrize("kind", ["add", "multiply"])
def test_branches_have_the_same_sizes(kind: str) -> None:
    words = f"the branches of {kind} differ in shape"
    assert refused(kind, {}, (3, 8), (3, 7)) == words
    assert refused(kind, {}, (2, 8), (1, 8), (3, 8)) == words


NO_AXIS = "the incoming tensor [3, 8] has no axis {}\nits axes: channels, length"


def test_branches_have_the_same_sizes_beside_the_axis_that_is_joined() -> None:
    assert refused("concat", {}, (3, 8), (3, 7)) == "the branches of concat differ in shape beside axis 0"
    assert refused("concat", {"axis": 1}, (3, 8), (1, 8)) == "the branches of concat differ in shape beside axis 1"
    assert refused("concat", {"axis": 2}, (3, 8), (3, 8)) == NO_AXIS.format(2)
    assert refused("concat", {"axis": K}, (3, 8), (3, 8)) == NO_AXIS.format("K")
    assert refused("concat", {"axis": "width"}, (3, 8), (3, 8)) == NO_AXIS.format("width")


# -- values ---------------------------------------------------------------------------------------


DO_NOT_FIT = [(name, *refusal) for name, example in EXAMPLES.items() for refusal in example.refused]


@pytest.mark.parametrize(("name", "fields", "shape", "words"), DO_NOT_FIT)
def test_inputs_that_do_not_fit_are_refused_with_their_sizes(
    name: str, fields: dict[str, Any], shape: Shape, words: str
) -> None:
    assert refused(name, fields, shape) == words


def test_a_pooling_of_regions_has_two_axes() -> None:
    words = "output has 3 values for 2 axes"
    assert refused("roi_pool", {"output": [7, 7, 7], "rois": "x1"}, (3, 8, 8), (5,)) == words


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        ("conv", {"out": False}, "must be a whole number, got false"),
        ("conv", {"out": True}, "must be a whole number, got true"),
        ("conv", {"out": None}, "must be a whole number, got nothing"),
        ("conv", {"out": "eight"}, "must be a whole number, got 'eight'"),
        ("conv", {"out": Fraction(1, 2)}, "must be a whole number, got 1/2"),
        ("conv", {"out": 0}, "must be at least 1, got 0"),
        ("conv", {"kernel": []}, "must be one number or one per axis, got []"),
        ("conv", {"kernel": [3, 0]}, "must be at least 1, got 0"),
        ("conv", {"bias": 1}, "must be true or false, got 1"),
        ("conv", {"padding": -1}, "must be at least 0, got -1"),
        ("conv", {"padding": [1, -1]}, "must be at least 0, got -1"),
        ("conv", {"padding": [[1, -1]]}, "must be at least 0, got -1"),
        ("conv", {"padding": [[-1, 1]]}, "must be at least 0, got -1"),
        ("conv", {"padding": [[1, 1], 2]}, "must give [lo, hi] for every axis, got [[1, 1], 2]"),
        ("conv", {"padding": [[1, 1, 1]]}, "must give [lo, hi] for every axis, got [[1, 1, 1]]"),
        ("conv", {"padding": "valid"}, "must be a number, one per axis, [[lo, hi], …] or 'same', got 'valid'"),
        ("pad", {"padding": "same"}, "must be a number, one per axis or [[lo, hi], …], got 'same'"),
        ("slice", {"start": -1}, "must be at least 0, got -1"),
        ("crop", {"size": 1, "offset": -1}, "must be at least 0, got -1"),
        ("crop", {"size": 1, "offset": [0, -1]}, "must be at least 0, got -1"),
        ("crop", {"like": 3}, "must be the name of a step, got 3"),
        ("crop", {"like": [K]}, "must be the name of a step, got [K]"),
        ("crop", {"like": "a", "size": 1}, "crop takes either 'like' or 'size'"),
        ("crop", {}, "crop takes either 'like' or 'size'"),
        ("upsample", {"scale": 2, "size": 1}, "upsample takes either 'scale' or 'size'"),
        ("upsample", {}, "upsample takes either 'scale' or 'size'"),
        ("permute", {"axes": []}, "must be a list of whole numbers, got []"),
        ("permute", {"axes": K}, "must be a list of whole numbers, got K"),
        ("permute", {"axes": [0, None]}, "must be a whole number, got nothing"),
        ("spatial_pyramid_pool", {"levels": []}, "must be a list of whole numbers, got []"),
        ("spatial_pyramid_pool", {"levels": 3}, "must be a list of whole numbers, got 3"),
        ("spatial_pyramid_pool", {"levels": [1, 0]}, "must be at least 1, got 0"),
        ("dropout", {"p": True}, "must be a number, got true"),
        ("dropout", {"p": Fraction(3, 2)}, "must lie between 0 and 1, got 1.5"),
        ("dropout", {"p": -1}, "must lie between 0 and 1, got -1"),
    ],
)
def test_values_that_a_field_cannot_have_are_refused_in_yaml_s_spelling(
    kind: str, fields: dict[str, Any], words: str
) -> None:
    required = {"out": 4, "kernel": 1} if kind == "conv" else {}
    with pytest.raises(ValidationError) as caught:
        layer_class(kind)(**required | fields)
    (problem,) = caught.value.errors()
    assert str(problem["ctx"]["error"]) == words


@pytest.mark.parametrize("p", [Fraction(0), Fraction(1), Fraction(1, 2)])
def test_a_share_may_be_nothing_or_all(p: Fraction) -> None:
    assert Dropout(p=p).p == p


@pytest.mark.parametrize(
    ("fields", "size"), [({"padding": 7, "mode": "reflect"}, 22), ({"padding": 8, "mode": "circular"}, 24)]
)
def test_padding_may_take_all_that_there_is(fields: dict[str, Any], size: int) -> None:
    network = Network("one layer")
    node = network.add(layer_class("pad")(**fields), [network.add_input("x", (3, 8, 8))], "y")
    assert node.output.shape == (3, size, size)
