"""The witnesses of layers that slide a window, with every padding of the language.

Even padding is the module's own. Uneven padding, and `same`, become a border in front of it.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from paramcalc.crosscheck.linear import Average, Convolution, TransposedConvolution
from paramcalc.crosscheck.parts import Border, RoundedUp, SameBorder
from paramcalc.crosscheck.settings import Shape, Shapes, by_rank, of_image, pairs_of, per_axis
from paramcalc.crosscheck.witness import NOWHERE, LongInputs, NotFollowed, Witness
from paramcalc.layers import sliding
from paramcalc.layers.fields import PerAxis

CONV = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
CONV_TRANSPOSE = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
MAX_POOL = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
AVG_POOL = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)


def step_of(layer: sliding.Conv | sliding.Pool) -> PerAxis:
    """The stride, which of a pooling may be that of its kernel."""
    return layer.kernel if layer.stride is None else layer.stride


def padding_of(layer: Any, axes: int, value: float) -> tuple[Shape, Border | None]:
    """The padding that torch's module has, and a border of `value` in front of it for what it does not have."""
    own = (0,) * axes
    if layer.padding == "same":
        sizes = zip(per_axis(layer.kernel, axes), per_axis(getattr(layer, "dilation", 1), axes), strict=True)
        spans = [(kernel - 1) * dilation + 1 for kernel, dilation in sizes]
        return own, SameBorder(spans, per_axis(step_of(layer), axes), value)
    pairs = pairs_of(layer.padding, axes)
    if all(lo == hi for lo, hi in pairs):
        return tuple(lo for lo, _ in pairs), None
    return own, Border(pairs, value)


def conv(layer: sliding.Conv, shapes: Shapes) -> nn.Module:
    """`nn.Conv1d`, `2d`, `3d`."""
    x = shapes[0]
    kind: Any = by_rank(CONV, x)
    padding, border = padding_of(layer, len(x) - 1, 0.0)
    module: nn.Module = kind(
        *(x[0], layer.out, layer.kernel, layer.stride, padding, layer.dilation, layer.groups, layer.bias)
    )
    return module if border is None else nn.Sequential(border, module)


def conv_transpose(layer: sliding.ConvTranspose, shapes: Shapes) -> nn.Module:
    """`nn.ConvTranspose1d`, `2d`, `3d`; uneven padding is taken off its output."""
    x = shapes[0]
    kind: Any = by_rank(CONV_TRANSPOSE, x)
    padding, border = padding_of(layer, len(x) - 1, 0.0)
    module: nn.Module = kind(
        *(x[0], layer.out, layer.kernel, layer.stride, padding),
        *(layer.output_padding, layer.groups, layer.bias, layer.dilation),
    )
    return module if border is None else nn.Sequential(module, Border([(-lo, -hi) for lo, hi in border.pairs]))


def max_pool(layer: sliding.MaxPool, shapes: Shapes) -> nn.Module:
    """`nn.MaxPool1d`, `2d`, `3d`; a border is below every number."""
    return pool(layer, by_rank(MAX_POOL, shapes[0]), shapes[0], float("-inf"), dilation=layer.dilation)


def avg_pool(layer: sliding.AvgPool, shapes: Shapes) -> nn.Module:
    """`nn.AvgPool1d`, `2d`, `3d`, which have no dilation; padding is zeros, which count."""
    return pool(layer, by_rank(AVG_POOL, shapes[0]), shapes[0], 0.0)


def pool(layer: sliding.Pool, kind: Any, x: Shape, value: float, **dilation: PerAxis) -> nn.Module:
    """A pooling of this kind, with a border of `value`."""
    stride = step_of(layer)
    padding, border = padding_of(layer, len(x) - 1, value)
    rounded_up = layer.ceil and border is not None
    module: nn.Module = kind(layer.kernel, stride, padding, ceil_mode=layer.ceil and not rounded_up, **dilation)
    if border is None:
        return module
    return RoundedUp(border, module, per_axis(stride, len(x) - 1)) if rounded_up else nn.Sequential(border, module)


def averaged_blocks(layer: sliding.SpaceToDepth, inputs: LongInputs) -> nn.Module:
    """Pixels that go to the channels are averaged in the one channel."""
    if inputs.long == 0:
        raise NotFollowed("channels for positions in the place of channels cannot be followed with one channel")
    return nn.AvgPool2d((layer.block, 1) if inputs.long == 1 else (1, layer.block))  # type: ignore[arg-type]


def window_stride(layer: sliding.Conv | sliding.Pool, inputs: LongInputs) -> int:
    """The stride of a window along the long axis; no window slides along the channels."""
    return inputs.setting(step_of(layer)) if inputs.long else 1


CONVOLUTION = Witness(
    conv,
    linear=Convolution,
    fields=lambda *_: {"out": 1, "groups": 1},
    whole_axes=lambda *_: (0,),
    stride=window_stride,
    # positions in the place of the channels are read at once
    output_axis=lambda _, inputs: inputs.long or NOWHERE,
)

WITNESSES = {
    "conv": CONVOLUTION,
    "conv_transpose": CONVOLUTION._replace(module=conv_transpose, linear=TransposedConvolution, stride=lambda *_: 1),
    "max_pool": Witness(max_pool, linear=Average, stride=window_stride),
    "avg_pool": Witness(avg_pool, linear=Average, stride=window_stride),
    "space_to_depth": Witness(
        lambda layer, shapes: of_image(nn.PixelUnshuffle(layer.block), shapes[0]),
        one_channel=averaged_blocks,
        stride=lambda layer, _: layer.block,
    ),
}
