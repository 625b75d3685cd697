"""Random applications of every layer: its fields, and the shapes of its inputs.

Most of them fit; some do not, so that refusals are compared too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

Shape = tuple[int, ...]
Fields = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A layer with its fields, the shapes of its inputs without the batch axis, and how many tensors there are."""

    type: str
    fields: Fields
    shapes: tuple[Shape, ...]
    count: int = 1

    @property
    def axes(self) -> tuple[tuple[str, ...] | None, ...]:
        """The names of the axes of each input; None where their number gives them."""
        if self.type not in CHANNELS_LAST:
            return (None,) * len(self.shapes)
        return tuple((*[f"positions{axis}" for axis in range(len(shape) - 1)], "channels") for shape in self.shapes)


CHANNELS_LAST = ("linear", "layer_norm", "rms_norm")
"""Layers that work on the last axis where that is the channels."""

MOST = {0: 0, 1: 40, 2: 24, 3: 14}
"""The largest spatial size, by the number of spatial axes."""

COUNTS = st.sampled_from([1, 2, 3])
CHANNELS = st.integers(1, 12)
RANKS = st.integers(1, 3)


def maps(axes: int, channels: st.SearchStrategy[int] = CHANNELS) -> st.SearchStrategy[Shape]:
    """Shapes with so many spatial axes."""
    return st.tuples(channels, *[st.integers(1, MOST[axes])] * axes)


def any_rank(least: int = 0, most: int = 3) -> st.SearchStrategy[Shape]:
    """Shapes of `least` to `most` spatial axes."""
    return st.integers(least, most).flatmap(maps)


def per_axis(values: st.SearchStrategy[int], axes: int) -> st.SearchStrategy[int | list[int]]:
    """One value, or one for each axis."""
    return st.one_of(values, st.lists(values, min_size=axes, max_size=axes))


def pairs(values: st.SearchStrategy[int], axes: int) -> st.SearchStrategy[list[list[int]]]:
    """`[lo, hi]` for each axis."""
    return st.lists(st.lists(values, min_size=2, max_size=2), min_size=axes, max_size=axes)


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Fields]:
    """Fields, each of which may be left out."""
    return st.fixed_dictionaries({}, optional=fields)


@st.composite
def divided(draw: st.DrawFn) -> tuple[int, int, int]:
    """Groups, and channels in and out that they mostly divide."""
    groups = draw(st.sampled_from([1, 1, 2, 3, 4]))
    if draw(st.integers(0, 9)) == 0:
        return groups, draw(CHANNELS), draw(CHANNELS)
    return groups, groups * draw(st.integers(1, 4)), groups * draw(st.integers(1, 4))


@st.composite
def convolutions(draw: st.DrawFn, axes: int) -> Case:
    """Convolutions with every kind of padding."""
    groups, into, out = draw(divided())
    values = st.integers(0, 4)
    fields = draw(
        optional(
            stride=per_axis(st.integers(1, 4), axes),
            padding=st.one_of(st.just("same"), per_axis(values, axes), pairs(values, axes)),
            dilation=per_axis(st.integers(1, 3), axes),
            bias=st.booleans(),
        )
    )
    fields |= {"out": out, "groups": groups, "kernel": draw(per_axis(st.integers(1, 6), axes))}
    return Case("conv", fields, (draw(maps(axes, st.just(into))),), draw(COUNTS))


@st.composite
def transposed_convolutions(draw: st.DrawFn, axes: int) -> Case:
    """Transposed convolutions, also with a stride above the kernel."""
    groups, into, out = draw(divided())
    values = st.integers(0, 3)
    fields = draw(
        optional(
            stride=per_axis(st.integers(1, 4), axes),
            padding=st.one_of(per_axis(values, axes), pairs(values, axes)),
            dilation=per_axis(st.integers(1, 3), axes),
            output_padding=per_axis(st.integers(0, 3), axes),
            bias=st.booleans(),
        )
    )
    fields |= {"out": out, "groups": groups, "kernel": draw(per_axis(st.integers(1, 6), axes))}
    return Case("conv_transpose", fields, (draw(maps(axes, st.just(into))),), draw(COUNTS))


@st.composite
def poolings(draw: st.DrawFn, type: str, axes: int) -> Case:
    """Poolings, also where the last window would start behind the map."""
    values = st.integers(0, 3)
    more: dict[str, st.SearchStrategy[Any]] = {}
    if type == "max_pool":
        more["dilation"] = per_axis(st.integers(1, 3), axes)
    fields = draw(
        optional(
            stride=per_axis(st.integers(1, 5), axes),
            padding=st.one_of(st.just("same"), per_axis(values, axes), pairs(values, axes)),
            ceil=st.booleans(),
            **more,
        )
    )
    fields["kernel"] = draw(per_axis(st.integers(1, 6), axes))
    return Case(type, fields, (draw(maps(axes)),), draw(COUNTS))


@st.composite
def on_maps(draw: st.DrawFn, type: str, fields: Callable[[int], st.SearchStrategy[Fields]]) -> Case:
    """A layer on maps, whose fields depend on the number of spatial axes."""
    axes = draw(RANKS)
    return Case(type, draw(fields(axes)), (draw(maps(axes)),), draw(COUNTS))


@st.composite
def anywhere(draw: st.DrawFn, type: str, fields: st.SearchStrategy[Fields] | None = None, least: int = 0) -> Case:
    """A layer on any shape of at least so many spatial axes."""
    return Case(type, {} if fields is None else draw(fields), (draw(any_rank(least)),), draw(COUNTS))


def adaptive(axes: int) -> st.SearchStrategy[Fields]:
    """Fields of adaptive poolings."""
    return st.fixed_dictionaries({"output": per_axis(st.integers(1, 9), axes)})


def upsampling(axes: int) -> st.SearchStrategy[Fields]:
    """Fields of upsample, also to a smaller size; sometimes both scale and size, or neither."""
    mode = {"mode": st.sampled_from(["nearest", "linear"])}
    scale, size = per_axis(st.integers(1, 5), axes), per_axis(st.integers(1, 50), axes)
    return st.one_of(
        st.fixed_dictionaries({"scale": scale}, optional=mode), st.fixed_dictionaries({"size": size}, optional=mode)
    )


def padding(axes: int) -> st.SearchStrategy[Fields]:
    """Fields of pad; a few reach as far as the map itself."""
    values = st.integers(0, 9)
    return st.fixed_dictionaries(
        {"padding": st.one_of(per_axis(values, axes), pairs(values, axes))},
        optional={"mode": st.sampled_from(["zeros", "reflect", "replicate", "circular"])},
    )


@st.composite
def channel_groups(draw: st.DrawFn, type: str, least: int) -> Case:
    """Layers with groups of channels."""
    groups, channels, _ = draw(divided())
    fields: Fields = {"groups": groups}
    if type == "group_norm":
        fields |= draw(optional(affine=st.booleans()))
    axes = draw(st.integers(least, 3))
    return Case(type, fields, (draw(maps(axes, st.just(channels))),), draw(COUNTS))


@st.composite
def prelus(draw: st.DrawFn) -> Case:
    """One slope, one a channel, or a number that does not fit."""
    x = draw(any_rank())
    parameters = draw(st.sampled_from([1, x[0], x[0] + 1]))
    return Case("prelu", draw(optional(parameters=st.just(parameters))), (x,), draw(COUNTS))


def trailing_norms(type: str) -> st.SearchStrategy[Case]:
    """Normalisations over the last axes."""
    fields: dict[str, st.SearchStrategy[Any]] = {"axes": st.integers(1, 4), "affine": st.booleans()}
    if type == "layer_norm":
        fields["bias"] = st.booleans()
    return anywhere(type, optional(**fields))


@st.composite
def reshapings(draw: st.DrawFn) -> Case:
    """Other orders and groupings of the factors of a shape, with -1 for one of them; some do not fit."""
    x = draw(any_rank())
    factors = [part for size in x for part in ((2, size // 2) if size % 2 == 0 else (size,))]
    order = draw(st.permutations(factors))
    cuts = draw(st.lists(st.integers(1, len(order)), max_size=2))
    y = list(order)
    for cut in cuts:
        if 1 <= cut < len(y):
            y[cut - 1 : cut + 1] = [y[cut - 1] * y[cut]]
    for _ in range(draw(st.sampled_from([0, 1, 1, 2]))):
        y[draw(st.integers(0, len(y) - 1))] = -1
    if draw(st.integers(0, 5)) == 0:
        y[draw(st.integers(0, len(y) - 1))] = draw(st.integers(-2, 6))
    return Case("reshape", {"shape": y}, (x,), draw(COUNTS))


@st.composite
def permutations(draw: st.DrawFn) -> Case:
    """Axes in any order; sometimes one is wrong."""
    x = draw(any_rank())
    axes = list(draw(st.permutations(range(len(x)))))
    if draw(st.integers(0, 4)) == 0:
        axes[0] = draw(st.integers(-3, 4))
    return Case("permute", {"axes": axes}, (x,), draw(COUNTS))


@st.composite
def shuffles(draw: st.DrawFn, type: str) -> Case:
    """Blocks of positions to channels and back, mostly of sizes that fit."""
    factor = draw(st.integers(1, 4))
    times = factor if draw(st.integers(0, 4)) else 1
    axes = draw(st.sampled_from([2, 2, 2, 2, 1, 3]))
    x = draw(maps(axes))
    if type == "pixel_shuffle":
        return Case(type, {"factor": factor}, ((x[0] * times * times, *x[1:]),), draw(COUNTS))
    return Case(type, {"block": factor}, ((x[0], *(n * times for n in x[1:])),), draw(COUNTS))


@st.composite
def crops(draw: st.DrawFn) -> Case:
    """A part of a given size, or like a second map; some reach beyond the map."""
    axes = draw(RANKS)
    x = draw(maps(axes))
    fields = draw(optional(offset=per_axis(st.integers(0, 6), axes)))
    largest = max(1, min(x[1:]) - draw(st.integers(0, 6)))
    sizes = draw(per_axis(st.integers(1, largest), axes))
    if draw(st.booleans()):
        return Case("crop", fields | {"size": sizes}, (x,), draw(COUNTS))
    like = tuple(sizes) if isinstance(sizes, list) else (sizes,) * axes
    if draw(st.integers(0, 9)) == 0:
        like = (*like, 1)
    return Case("crop", fields | {"like": "other"}, (x, (draw(CHANNELS), *like)), draw(COUNTS))


@st.composite
def slices(draw: st.DrawFn) -> Case:
    """Parts of one axis; some are empty or reach beyond it."""
    x = draw(any_rank())
    fields = draw(
        optional(
            axis=st.sampled_from([*range(len(x)), *range(len(x)), len(x)]),
            start=st.integers(0, 6),
            stop=st.integers(1, 14),
            step=st.integers(1, 4),
        )
    )
    return Case("slice", fields, (x,), draw(COUNTS))


@st.composite
def elementwise(draw: st.DrawFn, type: str) -> Case:
    """One to four branches; some have sizes of 1, some a size or a number of axes that does not fit."""
    x = draw(any_rank())
    branches = []
    for _ in range(draw(st.integers(1, 4))):
        branch = [draw(st.sampled_from([n, n, n, 1])) for n in x]
        if draw(st.integers(0, 14)) == 0:
            branch[draw(st.integers(0, len(x) - 1))] += 1
        if draw(st.integers(0, 14)) == 0:
            branch.append(draw(st.integers(1, 3)))
        branches.append(tuple(branch))
    return Case(type, {}, tuple(branches), draw(COUNTS))


@st.composite
def concats(draw: st.DrawFn) -> Case:
    """One to four branches that differ along the axis; sometimes elsewhere too."""
    x = draw(any_rank())
    fields = draw(optional(axis=st.sampled_from([*range(len(x)), *range(len(x)), len(x)])))
    axis = fields.get("axis", 0)
    branches = []
    for _ in range(draw(st.integers(1, 4))):
        branch = [draw(st.integers(1, 9)) if place == axis else n for place, n in enumerate(x)]
        if draw(st.integers(0, 14)) == 0:
            branch[draw(st.integers(0, len(x) - 1))] += 1
        if draw(st.integers(0, 14)) == 0:
            branch.append(1)
        branches.append(tuple(branch))
    return Case("concat", fields, tuple(branches), draw(COUNTS))


DECIMALS = st.fractions(min_value=0, max_value=2, max_denominator=100)
PLAIN = (
    *("relu", "relu6", "gelu", "silu", "mish", "sigmoid", "tanh", "hard_swish", "hard_sigmoid"),
    "identity",
)
LINEAR = st.fixed_dictionaries({"out": st.integers(1, 30)}, optional={"bias": st.booleans()})

CASES: dict[str, st.SearchStrategy[Case]] = {
    **{f"conv {axes}": convolutions(axes) for axes in (1, 2, 3)},
    **{f"conv_transpose {axes}": transposed_convolutions(axes) for axes in (1, 2, 3)},
    **{f"max_pool {axes}": poolings("max_pool", axes) for axes in (1, 2, 3)},
    **{f"avg_pool {axes}": poolings("avg_pool", axes) for axes in (1, 2, 3)},
    **{name: anywhere(name) for name in PLAIN},
    "linear": anywhere("linear", LINEAR),
    "adaptive_avg_pool": on_maps("adaptive_avg_pool", adaptive),
    "adaptive_max_pool": on_maps("adaptive_max_pool", adaptive),
    "global_avg_pool": anywhere("global_avg_pool"),
    "global_max_pool": anywhere("global_max_pool"),
    "spatial_pyramid_pool": anywhere(
        "spatial_pyramid_pool",
        st.fixed_dictionaries({"levels": st.lists(st.integers(1, 6), min_size=1, max_size=4)}),
    ),
    "batch_norm": anywhere("batch_norm", optional(affine=st.booleans())),
    "instance_norm": anywhere("instance_norm", optional(affine=st.booleans())),
    "group_norm": channel_groups("group_norm", 0),
    "layer_norm": trailing_norms("layer_norm"),
    "rms_norm": trailing_norms("rms_norm"),
    "local_response_norm": anywhere("local_response_norm", st.fixed_dictionaries({"size": st.integers(1, 9)})),
    "leaky_relu": anywhere("leaky_relu", optional(negative_slope=DECIMALS)),
    "elu": anywhere("elu", optional(alpha=DECIMALS)),
    "prelu": prelus(),
    "softmax": anywhere("softmax", optional(axis=st.integers(0, 4))),
    "dropout": anywhere("dropout", optional(p=st.one_of(DECIMALS, st.just(Fraction(-1, 10))))),
    "flatten": anywhere("flatten", optional(start=st.integers(0, 3), end=st.integers(-5, 4))),
    "reshape": reshapings(),
    "permute": permutations(),
    "upsample": on_maps("upsample", upsampling),
    "pixel_shuffle": shuffles("pixel_shuffle"),
    "space_to_depth": shuffles("space_to_depth"),
    "channel_shuffle": channel_groups("channel_shuffle", 0),
    "pad": on_maps("pad", padding),
    "crop": crops(),
    "slice": slices(),
    "add": elementwise("add"),
    "multiply": elementwise("multiply"),
    "concat": concats(),
}
"""Random applications by layer type, those with windows by number of spatial axes too."""
