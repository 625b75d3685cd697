"""The torch module of each layer: one table, from a layer's type to what builds its module.

A builder gets the layer and the shapes of its inputs, without the batch axis, and returns a module
whose forward takes the inputs with it. It reads the fields of the layer and what torch needs of the
incoming shapes (the channels, the normalised sizes, the number of axes), and leaves every size and
every count to torch. Parameters are allocated where `torch.device` says: under
`torch.device("meta")` a module of any size costs no memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from torch import nn

from paramcalc.algebra.expr import Size
from paramcalc.crosscheck import parts
from paramcalc.crosscheck.windows import (
    CONV,
    ByAxes,
    NoModule,
    Shapes,
    avg_pool,
    by_axes,
    conv,
    conv_transpose,
    each,
    max_pool,
    number,
    pairs_of,
)
from paramcalc.layers import activation, arrange, dense, join, norm, pooling, sliding
from paramcalc.layers.base import Layer

Builder: TypeAlias = Callable[..., nn.Module]
"""`(layer, shapes) -> module`; each builder names the class of layer that it takes."""

ADAPTIVE_MAX_POOL: ByAxes = (nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d)
ADAPTIVE_AVG_POOL: ByAxes = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d)
BATCH_NORM: ByAxes = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
INSTANCE_NORM: ByAxes = (nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d)
LINEAR_MODES = ("linear", "bilinear", "trilinear")
NEAREST_MODES = ("nearest", "nearest", "nearest")


class NotCheckable(NamedTuple):
    """The entry of a layer that torch cannot express, and why."""

    reason: str


def module_for(layer: Layer, shapes: Shapes) -> nn.Module:
    """The torch module that is this layer on inputs of these shapes.

    Raises NoModule where torch has none, and whatever torch raises when it refuses the fields.
    """
    entry = MODULES[layer.type]
    if isinstance(entry, NotCheckable):
        raise NoModule(f"{layer.type} cannot be checked: {entry.reason}")
    return entry(layer, shapes)


def axis_index(axis: Size | str | None) -> int:
    """The index of an axis without the batch; of a layer outside of a network, the channels come first."""
    return 0 if axis is None else number(axis)  # type: ignore[arg-type]


def plain(kind: Callable[[], nn.Module]) -> Builder:
    """The builder of a module without settings."""

    def build(layer: Layer, shapes: Shapes) -> nn.Module:
        return kind()

    return build


# -- pooling, dense ------------------------------------------------------------------------------


def adaptive_avg_pool(layer: pooling.AdaptiveAvgPool, shapes: Shapes) -> nn.Module:
    """`nn.AdaptiveAvgPool1d`, `2d`, `3d`."""
    x = shapes[0]
    return by_axes(ADAPTIVE_AVG_POOL, x)(each(layer.output, len(x) - 1))


def adaptive_max_pool(layer: pooling.AdaptiveMaxPool, shapes: Shapes) -> nn.Module:
    """`nn.AdaptiveMaxPool1d`, `2d`, `3d`."""
    x = shapes[0]
    return by_axes(ADAPTIVE_MAX_POOL, x)(each(layer.output, len(x) - 1))


def global_avg_pool(layer: pooling.GlobalAvgPool, shapes: Shapes) -> nn.Module:
    """Adaptive average pooling to one position."""
    return by_axes(ADAPTIVE_AVG_POOL, shapes[0])(1)


def global_max_pool(layer: pooling.GlobalMaxPool, shapes: Shapes) -> nn.Module:
    """Adaptive max pooling to one position."""
    return by_axes(ADAPTIVE_MAX_POOL, shapes[0])(1)


def spatial_pyramid_pool(layer: pooling.SpatialPyramidPool, shapes: Shapes) -> nn.Module:
    """Adaptive max poolings side by side."""
    kind = by_axes(ADAPTIVE_MAX_POOL, shapes[0])
    return parts.Pyramid([kind(number(level)) for level in layer.levels])


def linear(layer: dense.Linear, shapes: Shapes) -> nn.Module:
    """`nn.Linear`, on the last axis."""
    return nn.Linear(shapes[0][-1], number(layer.out), layer.bias)


# -- norms and activations -----------------------------------------------------------------------


def batch_norm(layer: norm.BatchNorm, shapes: Shapes) -> nn.Module:
    """`nn.BatchNorm1d` for vectors and one spatial axis, `2d`, `3d`."""
    x = shapes[0]
    kind = nn.BatchNorm1d if len(x) == 1 else by_axes(BATCH_NORM, x)
    return kind(x[0], affine=layer.affine)


def instance_norm(layer: norm.InstanceNorm, shapes: Shapes) -> nn.Module:
    """`nn.InstanceNorm1d`, `2d`, `3d`."""
    x = shapes[0]
    return by_axes(INSTANCE_NORM, x)(x[0], affine=layer.affine)


def group_norm(layer: norm.GroupNorm, shapes: Shapes) -> nn.Module:
    """`nn.GroupNorm`."""
    return nn.GroupNorm(number(layer.groups), shapes[0][0], affine=layer.affine)


def normalized(layer: norm.TrailingNorm, x: tuple[int, ...]) -> list[int]:
    """The last sizes of the input, as many as the layer normalises over: torch's `normalized_shape`."""
    axes = 1 if layer.axes is None else number(layer.axes)
    if axes > len(x):
        raise NoModule(f"{axes} axes to normalise over, of {len(x)}")
    return list(x[len(x) - axes :])


def layer_norm(layer: norm.LayerNorm, shapes: Shapes) -> nn.Module:
    """`nn.LayerNorm`."""
    return nn.LayerNorm(normalized(layer, shapes[0]), elementwise_affine=layer.affine, bias=layer.bias)


def rms_norm(layer: norm.RmsNorm, shapes: Shapes) -> nn.Module:
    """`nn.RMSNorm`."""
    return nn.RMSNorm(normalized(layer, shapes[0]), elementwise_affine=layer.affine)


def local_response_norm(layer: norm.LocalResponseNorm, shapes: Shapes) -> nn.Module:
    """`nn.LocalResponseNorm`."""
    return nn.LocalResponseNorm(number(layer.size))


def leaky_relu(layer: activation.LeakyRelu, shapes: Shapes) -> nn.Module:
    """`nn.LeakyReLU`."""
    return nn.LeakyReLU(float(layer.negative_slope))


def prelu(layer: activation.Prelu, shapes: Shapes) -> nn.Module:
    """`nn.PReLU`."""
    return nn.PReLU(number(layer.parameters))


def elu(layer: activation.Elu, shapes: Shapes) -> nn.Module:
    """`nn.ELU`."""
    return nn.ELU(float(layer.alpha))


def softmax(layer: activation.Softmax, shapes: Shapes) -> nn.Module:
    """`nn.Softmax`, its axis counted with the batch."""
    return nn.Softmax(axis_index(layer.axis) + 1)


def dropout(layer: activation.Dropout, shapes: Shapes) -> nn.Module:
    """`nn.Dropout`."""
    return nn.Dropout(float(layer.p))


# -- arrangement and joins -----------------------------------------------------------------------


def flatten(layer: arrange.Flatten, shapes: Shapes) -> nn.Module:
    """`nn.Flatten`, its axes counted with the batch."""
    end = number(layer.end)
    return nn.Flatten(number(layer.start) + 1, end + 1 if end >= 0 else end)


def reshape(layer: arrange.Reshape, shapes: Shapes) -> nn.Module:
    """`torch.Tensor.reshape`."""
    return parts.Reshape([number(size) for size in layer.shape])


def permute(layer: arrange.Permute, shapes: Shapes) -> nn.Module:
    """`torch.Tensor.permute`."""
    return parts.Permute([number(axis) for axis in layer.axes])


def upsample(layer: arrange.Upsample, shapes: Shapes) -> nn.Module:
    """`nn.Upsample` with corners not aligned."""
    x = shapes[0]
    mode = by_axes(LINEAR_MODES if layer.mode == "linear" else NEAREST_MODES, x)
    if layer.scale is None:
        assert layer.size is not None
        return nn.Upsample(size=each(layer.size, len(x) - 1), mode=mode)
    return nn.Upsample(scale_factor=tuple(float(scale) for scale in each(layer.scale, len(x) - 1)), mode=mode)


def need_image(x: tuple[int, ...]) -> None:
    """Raise NoModule unless a shape is [C, H, W]; torch would take other leading axes for batches."""
    if len(x) != 3:
        raise NoModule(f"pixels are shuffled in [C, H, W], not on {len(x)} axes")


def pixel_shuffle(layer: arrange.PixelShuffle, shapes: Shapes) -> nn.Module:
    """`nn.PixelShuffle`."""
    need_image(shapes[0])
    return nn.PixelShuffle(number(layer.factor))


def space_to_depth(layer: sliding.SpaceToDepth, shapes: Shapes) -> nn.Module:
    """`nn.PixelUnshuffle`."""
    need_image(shapes[0])
    return nn.PixelUnshuffle(number(layer.block))


def channel_shuffle(layer: arrange.ChannelShuffle, shapes: Shapes) -> nn.Module:
    """`nn.ChannelShuffle`."""
    return nn.ChannelShuffle(number(layer.groups))


def pad(layer: arrange.Pad, shapes: Shapes) -> nn.Module:
    """`torch.nn.functional.pad`."""
    x = shapes[0]
    by_axes(CONV, x)  # padding is for maps of one to three spatial axes
    mode = "constant" if layer.mode == "zeros" else layer.mode
    border = parts.Border(pairs_of(layer.padding, len(x) - 1), mode=mode)
    before, behind = each(layer.channels, 2)
    return nn.Sequential(border, parts.MoreChannels(before, behind)) if before or behind else border


def crop(layer: arrange.Crop, shapes: Shapes) -> nn.Module:
    """`torch.Tensor.narrow` on each spatial axis."""
    x = shapes[0]
    by_axes(CONV, x)
    if any(len(like) != len(x) for like in shapes[1:]):
        raise NoModule("a crop like a tensor of other axes")
    size = None if layer.size is None else each(layer.size, len(x) - 1)
    return parts.Crop(size, each(layer.offset, len(x) - 1))


def slice_(layer: arrange.Slice, shapes: Shapes) -> nn.Module:
    """`torch.Tensor.narrow` on one axis, and a step."""
    stop = None if layer.stop is None else number(layer.stop)
    return parts.Slice(axis_index(layer.axis), number(layer.start), stop, number(layer.step))


def concat(layer: join.Concat, shapes: Shapes) -> nn.Module:
    """`torch.cat`."""
    return parts.Concat(axis_index(layer.axis))


NO_REGIONS = "which positions it reads depends on the data, and torch has no such module"

MODULES: dict[str, Builder | NotCheckable] = {
    "conv": conv,
    "conv_transpose": conv_transpose,
    "linear": linear,
    "max_pool": max_pool,
    "avg_pool": avg_pool,
    "adaptive_avg_pool": adaptive_avg_pool,
    "adaptive_max_pool": adaptive_max_pool,
    "global_avg_pool": global_avg_pool,
    "global_max_pool": global_max_pool,
    "spatial_pyramid_pool": spatial_pyramid_pool,
    "roi_pool": NotCheckable(NO_REGIONS),
    "roi_align": NotCheckable(NO_REGIONS),
    "region_proposal": NotCheckable(NO_REGIONS),
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "group_norm": group_norm,
    "instance_norm": instance_norm,
    "local_response_norm": local_response_norm,
    "rms_norm": rms_norm,
    "relu": plain(nn.ReLU),
    "relu6": plain(nn.ReLU6),
    "leaky_relu": leaky_relu,
    "prelu": prelu,
    "elu": elu,
    "gelu": plain(nn.GELU),
    "silu": plain(nn.SiLU),
    "mish": plain(nn.Mish),
    "sigmoid": plain(nn.Sigmoid),
    "tanh": plain(nn.Tanh),
    "softmax": softmax,
    "hard_swish": plain(nn.Hardswish),
    "hard_sigmoid": plain(nn.Hardsigmoid),
    "dropout": dropout,
    "identity": plain(nn.Identity),
    "flatten": flatten,
    "reshape": reshape,
    "permute": permute,
    "upsample": upsample,
    "pixel_shuffle": pixel_shuffle,
    "space_to_depth": space_to_depth,
    "channel_shuffle": channel_shuffle,
    "pad": pad,
    "crop": crop,
    "slice": slice_,
    "add": plain(parts.Sum),
    "multiply": plain(parts.Product),
    "concat": concat,
}
"""For each layer type of the language the builder of its module, or why there is none."""
