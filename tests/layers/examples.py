"""Examples of every layer: one row each, from which all tests that run over the layers take theirs.

A new layer needs a row in EXAMPLES and nothing else here: `Example()` for one whose units read
themselves, such as an activation without fields. The tests then hold its shape, parameters and MACs,
and what it refuses, against its torch module (`test_against_torch`), its receptive field against
gradients in random networks (`test_fields_against_gradients`, `tests.crosscheck.test_random_networks`),
and see that every wrong rule of it is found (`tests.crosscheck.test_wrong_rules`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from hypothesis import strategies as st

from paramcalc.algebra.expr import Size, symbol
from tests.layers import random_fields as draws
from tests.layers.random_fields import Draw, Fields, Shape, Shapes

Step = str | dict[str, Any]

K = symbol("K")

MAPS, IMAGES, ANYWHERE = (1, 2, 3), (2,), (0, 1, 2, 3)
"""Numbers of spatial axes; tokens have one."""

BEFORE: list[Step] = [{"conv": {"out": 8, "kernel": 3, "stride": 2, "padding": 1}, "name": "before"}]
VECTOR: list[Step] = [*BEFORE, {"global_avg_pool": None, "name": "pooled"}, {"flatten": None, "name": "vector"}]
REGIONS: list[Step] = [
    *BEFORE,
    {"conv": {"out": 2, "kernel": 1}, "name": "scores"},
    {"conv": {"out": 4, "kernel": 1}, "name": "boxes", "from": "before"},
]


@dataclass(frozen=True)
class Example:
    """The examples of a layer.

    - `fields`: with them each of its figures shows behind `before`, which gives 8 channels of 16×16 for an
      image [3, 32, 32]. A join has its branches here.
    - `random(draw, x)`: random fields on an input of shape `x`; some of them should not fit.
    - `case(draw, x)`: where it needs more than one input, or an input of certain sizes: fields, and all inputs.
    - `spatial_axes`: on how many spatial axes it mostly works.
    - `channels_last`: it works on the last axis where that is the channels.
    - `positions`: what it does with the positions of a map. Each unit reads its own; they stay on their
      axes; they move to others, or their whole axis is read; they may lose their order; or it cannot stand
      in a chain of layers with one input.
    - `derived`, worked out by hand: fields, the shape of the input, and how each size of the output comes about.
    - `refused`, written by hand: fields, a shape that does not fit, and the message.
    """

    fields: Fields = field(default_factory=dict)
    random: Callable[[Draw, Shape], Fields] = draws.nothing
    case: Callable[[Draw, Shape], tuple[Fields, Shapes]] | None = None
    before: Sequence[Step] = tuple(BEFORE)
    spatial_axes: tuple[int, ...] = ANYWHERE
    channels_last: bool = False
    derived: Sequence[tuple[Fields, Shape, list[str]]] = ()
    refused: Sequence[tuple[Fields, tuple[Size, ...], str]] = ()
    positions: Literal["own", "stay", "move", "lose order", "no chain"] = "own"


# -- the table -----------------------------------------------------------------------------------

NO_AXIS = "the incoming tensor [3, 8] has no axis {}\nits axes: channels, length"
LAST_AXIS = (
    "works on the last axis, which is width: flatten or permute first\n"
    "the axes of [3, 8, 8] are channels, height, width; 'axes' of an input, flatten, reshape or rearrange names them"
)
DECIMALS = st.fractions(min_value=0, max_value=2, max_denominator=100)
ROI = {"output": 2, "rois": "rois"}


def wide_and(out: int) -> Fields:
    """Two branches of a join, one of them with a wider field."""
    return {"left": [], "right": [{"conv": {"out": out, "kernel": 5, "padding": 2}}]}


EXAMPLES: dict[str, Example] = {
    "conv": Example(
        {"out": 6, "kernel": 3, "stride": 2, "padding": 1, "groups": 2},
        draws.conv,
        spatial_axes=MAPS,
        positions="stay",
        refused=[
            ({"out": 4, "kernel": 9}, (3, 8), "the window of conv spans 9, but the input [3, 8] has only 8"),
            (
                {"out": 4, "kernel": 5, "dilation": 3, "padding": [[1, 2]]},
                (3, 8),
                "the window of conv spans 13, but the input [3, 8] has only 8 (11 with padding)",
            ),
            (
                {"out": 4, "kernel": 3, "stride": K, "padding": "same"},
                (3, 8),
                "padding 'same' needs a stride that is a number",
            ),
        ],
    ),
    "conv_transpose": Example(
        {"out": 6, "kernel": 4, "stride": 2, "padding": 1},
        draws.conv_transpose,
        spatial_axes=MAPS,
        positions="stay",
        derived=[
            ({"out": 4, "kernel": 3, "stride": 2}, (3, 5), ["(5 − 1)·2 + 3 = 11"]),
            ({"out": 4, "kernel": 3, "stride": 2, "padding": 1}, (3, 5), ["(5 − 1)·2 − 2 + 3 = 9"]),
            ({"out": 4, "kernel": 3, "padding": [[1, 0]]}, (3, 5), ["(5 − 1)·1 − 1 + 3 = 6"]),
            ({"out": 4, "kernel": 3, "stride": 2, "output_padding": 1}, (3, 5), ["(5 − 1)·2 − (−1) + 3 = 12"]),
        ],
        refused=[
            (
                {"out": 4, "kernel": 3, "stride": 2, "output_padding": 2},
                (3, 8),
                "output_padding must be below the stride or the dilation, got 2 with stride 2 and dilation 1",
            ),
            (
                {"out": 4, "kernel": 1, "padding": 4},
                (3, 8),
                "conv_transpose on [3, 8] would give [4, 0]: every size must be at least 1",
            ),
        ],
    ),
    "max_pool": Example(
        {"kernel": 3, "stride": 2, "ceil": True},
        draws.max_pool,
        spatial_axes=MAPS,
        positions="stay",
        refused=[
            (
                {"kernel": 3, "padding": 2},
                (3, 8),
                "padding of max_pool must be at most half the kernel: got 2 with a kernel of 3",
            ),
            (
                {"kernel": K, "stride": 2, "ceil": True},
                (3, 8),
                "rounding up needs a kernel, stride and padding that are numbers",
            ),
        ],
    ),
    "avg_pool": Example({"kernel": 3, "stride": 2, "padding": 1}, draws.avg_pool, spatial_axes=MAPS, positions="stay"),
    "space_to_depth": Example(
        {"block": 2},
        draws.block,
        draws.whole_blocks,
        spatial_axes=IMAGES,
        positions="stay",
        refused=[({"block": 3}, (6, 9, 8), "space_to_depth needs multiples of 3, got [6, 9, 8]")],
    ),
    "adaptive_avg_pool": Example({"output": 6}, draws.adaptive, spatial_axes=MAPS, positions="stay"),
    "adaptive_max_pool": Example({"output": 6}, draws.adaptive, spatial_axes=MAPS, positions="stay"),
    "global_avg_pool": Example(spatial_axes=MAPS, positions="move"),
    "global_max_pool": Example(spatial_axes=MAPS, positions="move"),
    "spatial_pyramid_pool": Example(
        {"levels": [1, 2]},
        draws.pyramid,
        spatial_axes=MAPS,
        positions="lose order",
        derived=[
            ({"levels": [1, 2, 4]}, (256, 13, 13), ["256·(1·1 + 2·2 + 4·4) = 5,376"]),
            ({"levels": [1, 4]}, (256, 13), ["256·(1 + 4) = 1,280"]),
        ],
    ),
    "linear": Example(
        {"out": 5},
        draws.linear,
        before=VECTOR,
        channels_last=True,
        positions="move",
        refused=[({"out": 4}, (3, 8, 8), f"linear {LAST_AXIS}")],
    ),
    "batch_norm": Example(random=draws.any_of(affine=st.booleans())),
    "layer_norm": Example(
        {"axes": 2},
        draws.layer_norm,
        channels_last=True,
        refused=[
            ({"axes": 3}, (3, 8), "layer_norm over 3 axes does not fit [3, 8]"),
            ({"axes": K}, (3, 8), "layer_norm over K axes does not fit [3, 8]"),
        ],
    ),
    "group_norm": Example(
        {"groups": 2},
        draws.group_norm,
        refused=[({"groups": 2}, (3, 8), "group_norm cannot split 3 channels into 2 groups")],
    ),
    "instance_norm": Example({"affine": True}, draws.any_of(affine=st.booleans()), spatial_axes=MAPS),
    "local_response_norm": Example({"size": 3}, lambda draw, _x: {"size": draw(st.integers(1, 9))}, spatial_axes=MAPS),
    "rms_norm": Example(
        {"axes": 2},
        draws.trailing_norm,
        channels_last=True,
        refused=[({}, (3, 8, 8), f"rms_norm {LAST_AXIS}")],
    ),
    "relu": Example(),
    "relu6": Example(),
    "leaky_relu": Example(random=draws.any_of(negative_slope=DECIMALS)),
    "prelu": Example(
        {"parameters": 8},
        draws.prelu,
        refused=[({"parameters": 2}, (3, 8), "prelu has 1 parameter or 3, one a channel; got 2")],
    ),
    "elu": Example(random=draws.any_of(alpha=DECIMALS)),
    "gelu": Example(),
    "silu": Example(),
    "mish": Example(),
    "sigmoid": Example(),
    "tanh": Example(),
    "softmax": Example(
        random=draws.softmax,
        positions="move",
        refused=[
            ({"axis": 2}, (3, 8), NO_AXIS.format(2)),
            ({"axis": K}, (3, 8), NO_AXIS.format("K")),
            ({"axis": "tokens"}, (3, 8), NO_AXIS.format("tokens")),
        ],
    ),
    "hard_swish": Example(),
    "hard_sigmoid": Example(),
    "hard_tanh": Example(random=draws.any_of(min_val=st.just(-2), max_val=DECIMALS)),
    "glu": Example(
        random=draws.softmax,
        positions="move",
        derived=[({}, (8, 3), ["8/2 = 4"]), ({"axis": 1}, (8, 6), ["6/2 = 3"])],
        refused=[({}, (3, 8), "glu cannot halve 3 channels"), ({"axis": 1}, (8, 3), "glu cannot halve 3 length")],
    ),
    "dropout": Example(random=draws.any_of(p=st.one_of(DECIMALS, st.just(Fraction(-1, 10))))),
    "identity": Example(),
    "flatten": Example(
        random=draws.flatten,
        positions="lose order",
        derived=[({"start": 0, "end": 1}, (2, 3, 4), ["2·3 = 6"]), ({"start": 1}, (2, 3, 4), ["3·4 = 12"])],
        refused=[
            ({"start": 1, "end": 0}, (3, 8), "flatten from axis 1 to 0 does not fit [3, 8]"),
            ({"end": 2}, (3, 8), "flatten from axis 0 to 2 does not fit [3, 8]"),
            ({"end": -3}, (3, 8), "flatten from axis 0 to −3 does not fit [3, 8]"),
            ({"start": K}, (3, 8), "flatten from axis K to −1 does not fit [3, 8]"),
            ({"end": K}, (3, 8), "flatten from axis 0 to K does not fit [3, 8]"),
        ],
    ),
    "reshape": Example(
        {"shape": [8, 1, 1]},
        draws.reshape,
        before=VECTOR,
        positions="lose order",
        refused=[
            ({"shape": [0, 24]}, (3, 8), "reshape takes sizes of at least 1, and -1 at most once, got [0, 24]"),
            ({"shape": [-2, -12]}, (3, 8), "reshape takes sizes of at least 1, and -1 at most once, got [-2, -12]"),
            ({"shape": [-1, -1]}, (3, 8), "reshape takes sizes of at least 1, and -1 at most once, got [-1, -1]"),
            ({"shape": [-1, 7]}, (3, 8), "reshape to [-1, 7] does not divide the elements of [3, 8]"),
            ({"shape": [5, 5]}, (3, 8), "reshape to [5, 5] needs 25 elements, but [3, 8] has 24"),
        ],
    ),
    "permute": Example(
        {"axes": [0, 2, 1]},
        draws.permute,
        positions="move",
        refused=[
            ({"axes": [0, 2]}, (3, 8), "permute needs each axis of [3, 8] once, from 0, got [0, 2]"),
            ({"axes": [0, 1, K]}, (3, 8, 8), "permute needs each axis of [3, 8, 8] once, from 0, got [0, 1, K]"),
        ],
    ),
    "rearrange": Example({"pattern": "c h w -> w c h"}, draws.rearrange, positions="lose order"),
    "upsample": Example(
        {"scale": 3},
        draws.upsample,
        spatial_axes=MAPS,
        positions="stay",
        derived=[
            ({"scale": 2}, (3, 13, 13), ["13·2 = 26"]),
            ({"scale": [2, 3]}, (3, 13, 5), ["13·2 = 26", "5·3 = 15"]),
            ({"size": 7}, (3, 13, 13), []),
        ],
    ),
    "pixel_shuffle": Example(
        {"factor": 2},
        draws.factor,
        draws.channels_for_pixels,
        spatial_axes=IMAGES,
        positions="stay",
        derived=[({"factor": 2}, (64, 13, 5), ["64/2² = 16", "13·2 = 26", "5·2 = 10"])],
        refused=[({"factor": 2}, (6, 8, 8), "pixel_shuffle needs channels in multiples of 4, got [6, 8, 8]")],
    ),
    "channel_shuffle": Example(
        {"groups": 2},
        draws.channel_shuffle,
        positions="lose order",
        refused=[({"groups": 2}, (3, 8), "channel_shuffle cannot split 3 channels into 2 groups")],
    ),
    "pad": Example(
        {"padding": [[1, 2], [0, 1]], "channels": 1},
        draws.pad,
        spatial_axes=MAPS,
        positions="stay",
        derived=[
            ({"padding": 1}, (3, 8, 8), ["8 + 1 + 1 = 10"]),
            ({"padding": [[1, 2], [0, 0]]}, (3, 8, 9), ["8 + 1 + 2 = 11"]),
            ({"padding": 0, "channels": [1, 2]}, (3, 8, 8), ["3 + 1 + 2 = 6"]),
        ],
    ),
    "crop": Example({"size": 5, "offset": 2}, draws.crop, draws.crop_like, spatial_axes=MAPS, positions="stay"),
    "slice": Example(
        {"axis": 1, "start": 1, "step": 2},
        draws.slice_,
        positions="move",
        derived=[
            ({"axis": 1, "start": 2, "step": 3}, (3, 13), ["⌈(13 − 2)/3⌉ = 4"]),
            ({"axis": 1, "start": 2, "stop": 9}, (3, 13), ["⌈(9 − 2)/1⌉ = 7"]),
        ],
        refused=[
            ({"axis": 2}, (3, 8), NO_AXIS.format(2)),
            ({"axis": K}, (3, 8), NO_AXIS.format("K")),
            ({"step": K}, (3, 8), "slice needs a step that is a number, got K"),
            ({"axis": 1, "stop": 9}, (3, 8), "slice up to 9 does not fit axis 1 of [3, 8]"),
            ({"start": 3}, (3, 8), "slice on [3, 8] would give [0, 8]: every size must be at least 1"),
        ],
    ),
    "roi_pool": Example(ROI, positions="no chain"),
    "roi_align": Example(ROI, positions="no chain"),
    "region_proposal": Example(
        {"scores": "scores", "boxes": "boxes", "count": 7}, before=REGIONS, positions="no chain"
    ),
    "add": Example(wide_and(8), case=draws.branches, positions="no chain"),
    "multiply": Example(wide_and(8), case=draws.branches, positions="no chain"),
    "concat": Example(wide_and(3), case=draws.behind_one_another, positions="no chain"),
}
"""A row for every layer of the language."""

LARGER = {"conv_transpose", "upsample", "pixel_shuffle"}
"""Layers that make a map larger, which random networks do not repeat without end."""


# -- applications of one layer -------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A layer with its fields, the shapes of its inputs without the batch axis, and how many tensors there are."""

    type: str
    fields: Fields
    shapes: Shapes
    count: int = 1

    @property
    def axes(self) -> tuple[tuple[str, ...] | None, ...]:
        """The names of the axes of each input; None where their number gives them."""
        if not EXAMPLES[self.type].channels_last:
            return (None,) * len(self.shapes)
        return tuple((*[f"positions{axis}" for axis in range(len(shape) - 1)], "channels") for shape in self.shapes)


LARGEST = {0: 1, 1: 40, 2: 24, 3: 14}
"""The largest spatial size, by the number of spatial axes."""


@st.composite
def cases(draw: Draw, name: str, spatial_axes: Sequence[int] = ANYWHERE) -> Case:
    """A layer on random shapes with random fields; most fit, some do not, so that refusals are compared too."""
    example, axes = EXAMPLES[name], draw(st.sampled_from(spatial_axes))
    x = (draw(st.integers(1, 12)), *(draw(st.integers(1, LARGEST[axes])) for _ in range(axes)))
    chosen, shapes = example.case(draw, x) if example.case else (example.random(draw, x), (x,))
    return Case(name, chosen, shapes, draw(st.sampled_from([1, 2, 3])))


def chained(spatial_axes: int) -> dict[str, Example]:
    """Layers that a chain may have on a tensor of so many spatial axes."""
    return {
        name: example
        for name, example in EXAMPLES.items()
        if spatial_axes in example.spatial_axes and example.positions != "no chain"
    }
