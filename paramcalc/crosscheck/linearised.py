"""Modules made linear and positive, so that a gradient is not zero exactly where a unit reads.

Weights become positive and equal, biases and norms and activations go, a maximum becomes an
average: what is left is linear, has no cancellation, and has the same receptive field. In float64
the smallest gradient of a deep network is still far from zero.

What lies beyond a map is a number, `beyond`: 0 for gradients; with NaN there and ones in the map,
exactly those units are NaN that read beyond the border of any map on their way. It may be one number
for each spatial axis, to tell the borders of one axis from those of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from paramcalc.crosscheck import parts
from paramcalc.crosscheck.parts import Border, Pairs, RoundedUp, SameBorder, padded

Beyond: TypeAlias = float | Sequence[float]
"""What lies beyond a map, in all directions or on each axis."""

CONVOLVE: tuple[Callable[..., Tensor], ...] = (functional.conv1d, functional.conv2d, functional.conv3d)
TRANSPOSE: tuple[Callable[..., Tensor], ...] = (
    functional.conv_transpose1d,
    functional.conv_transpose2d,
    functional.conv_transpose3d,
)

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
POOLINGS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
ADAPTIVE: tuple[tuple[type[nn.Module], Callable[..., nn.Module]], ...] = (
    (nn.AdaptiveMaxPool1d, nn.AdaptiveAvgPool1d),
    (nn.AdaptiveMaxPool2d, nn.AdaptiveAvgPool2d),
    (nn.AdaptiveMaxPool3d, nn.AdaptiveAvgPool3d),
    (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool1d),
    (nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool2d),
    (nn.AdaptiveAvgPool3d, nn.AdaptiveAvgPool3d),
)
BY_POSITION = (
    *(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d),
    *(nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, nn.LocalResponseNorm),
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Mish, nn.Sigmoid, nn.Tanh),
    *(nn.Hardswish, nn.Hardsigmoid, nn.Dropout, nn.Identity),
)
"""Each position reads itself; the statistics of a norm are not followed, as at inference."""

LINEAR_ALREADY = (
    *(nn.Flatten, nn.PixelShuffle, nn.PixelUnshuffle, nn.ChannelShuffle),
    *(parts.Reshape, parts.Permute, parts.Crop, parts.Slice, parts.Concat, parts.Sum, parts.MoreChannels),
)


def linearised(module: nn.Module, beyond: Beyond = 0.0) -> nn.Module:
    """A linear module for float64 with the receptive field of `module`, which `module_for` has built.

    The parameters of `module` are not used, so that they may lie on the meta device. Raises
    TypeError for a module of another kind.
    """
    if isinstance(module, nn.Sequential):
        return nn.Sequential(*(linearised(part, beyond) for part in module))
    if isinstance(module, parts.Pyramid):
        return parts.Pyramid([linearised(pool, beyond) for pool in module.pools])
    if isinstance(module, Border):
        return border_with(module, beyond)
    if isinstance(module, parts.Product):
        return parts.Sum()
    if isinstance(module, BY_POSITION):
        return nn.Identity()
    if isinstance(module, LINEAR_ALREADY):
        return module
    for kind, average in ADAPTIVE:
        if isinstance(module, kind):
            return average(module.output_size)
    for kinds, linear in REPLACED:
        if isinstance(module, kinds):
            return linear(module, beyond)
    raise TypeError(f"{type(module).__name__} has no linear counterpart")


def border_with(border: Border, beyond: Beyond) -> Border:
    """The border with another value, in any mode."""
    if isinstance(border, SameBorder):
        return SameBorder(border.spans, border.stride, beyond)
    return Border(border.pairs, beyond)


def tuple_of(value: int | Sequence[int], axes: int) -> tuple[int, ...]:
    """A setting of a torch module for each axis."""
    return (value,) * axes if isinstance(value, int) else tuple(value)


def sizes_after(module: nn.Module, x: Tensor) -> torch.Size:
    """The spatial sizes that a module without parameters gives."""
    y: Tensor = module(torch.empty(x.shape, device="meta"))
    return y.shape[2:]


def cut(x: Tensor, starts: Sequence[int], sizes: Sequence[int]) -> Tensor:
    """The part of a map from `starts` on."""
    for axis, (start, size) in enumerate(zip(starts, sizes, strict=True), 2):
        x = x.narrow(axis, start, size)
    return x


class Convolution(nn.Module):
    """A convolution whose units are averages of what they read."""

    def __init__(self, module: Any, beyond: Beyond) -> None:
        super().__init__()
        self.module = module
        self.border = [(pad, pad) for pad in module.padding]
        self.beyond = beyond

    def forward(self, x: Tensor) -> Tensor:
        """The averages."""
        conv, axes = self.module, x.dim() - 2
        shape = (conv.out_channels, conv.in_channels // conv.groups, *conv.kernel_size)
        weight = torch.full(shape, 1 / prod(shape[1:]), dtype=torch.float64)
        return CONVOLVE[axes - 1](
            padded(x, self.border, self.beyond),
            weight,
            stride=conv.stride,
            dilation=conv.dilation,
            groups=conv.groups,
        )


class Transposed(nn.Module):
    """A transposed convolution with equal weights, of a map that does not end at its border."""

    def __init__(self, module: Any, beyond: Beyond) -> None:
        super().__init__()
        self.module = module
        self.beyond = beyond

    def forward(self, x: Tensor) -> Tensor:
        """The map; positions beyond the border have given to the units that they reach."""
        conv, axes = self.module, x.dim() - 2
        transpose = TRANSPOSE[axes - 1]
        shape = (conv.in_channels, conv.out_channels // conv.groups, *conv.kernel_size)
        like: dict[str, Any] = {"stride": conv.stride, "groups": conv.groups, "dilation": conv.dilation}
        sizes = transpose(
            torch.empty(x.shape, device="meta"),
            torch.empty(shape, device="meta"),
            padding=conv.padding,
            output_padding=conv.output_padding,
            **like,
        ).shape[2:]
        settings = zip(conv.kernel_size, conv.dilation, conv.output_padding, strict=True)
        more = [k * d + extra for k, d, extra in settings]
        weight = torch.full(shape, 1 / (prod(shape[2:]) * shape[0]), dtype=torch.float64)
        y = transpose(padded(x, [(extra, extra) for extra in more], self.beyond), weight, **like)
        starts = [extra * s + pad for extra, s, pad in zip(more, conv.stride, conv.padding, strict=True)]
        return cut(y, starts, sizes)


class Average(nn.Module):
    """The averages over the windows of a pooling; torch has no average pooling with a dilation."""

    def __init__(self, module: Any, beyond: Beyond) -> None:
        super().__init__()
        self.module = module
        self.beyond = beyond

    def pairs(self, x: Tensor) -> Pairs:
        """The padding of the pooling."""
        if isinstance(self.module, RoundedUp):
            return self.module.border.around(x.shape[2:])
        return [(pad, pad) for pad in tuple_of(self.module.padding, x.dim() - 2)]

    def forward(self, x: Tensor) -> Tensor:
        """As many averages as the pooling has units, the last windows with room behind the padding."""
        pool: Any = self.module.pool if isinstance(self.module, RoundedUp) else self.module
        axes, channels = x.dim() - 2, x.shape[1]
        kernel, stride = tuple_of(pool.kernel_size, axes), tuple_of(pool.stride, axes)
        room = [(lo, hi + s - 1) for (lo, hi), s in zip(self.pairs(x), stride, strict=True)]
        y = CONVOLVE[axes - 1](
            padded(x, room, self.beyond),
            torch.full((channels, 1, *kernel), 1 / prod(kernel), dtype=torch.float64),
            stride=stride,
            dilation=tuple_of(getattr(pool, "dilation", 1), axes),
            groups=channels,
        )
        return cut(y, (0,) * axes, sizes_after(self.module, x))


class Resized(nn.Module):
    """Upsampling, of a map that does not end at its border.

    Torch resizes a line of three times the size, which rises by one from position to position, to
    three times the size: in the middle third, what a unit gets is where it reads.
    """

    def __init__(self, module: nn.Upsample, beyond: Beyond) -> None:
        super().__init__()
        self.module = module
        self.beyond = beyond

    def forward(self, x: Tensor) -> Tensor:
        """The resized map, one axis after the other; each unit is the average of what it reads."""
        for axis, size in enumerate(sizes_after(self.module, x), 2):
            n = x.shape[axis]
            if (n, size) == (1, 1):
                continue
            line = torch.arange(3 * n, dtype=torch.float64)[None, None]
            nearest = self.module.mode == "nearest"
            reads = functional.interpolate(line, 3 * size, mode="nearest" if nearest else "linear")
            middle = reads[0, 0, size : 2 * size]
            # not a matrix product, in which what is beyond would reach every unit
            value = self.beyond if isinstance(self.beyond, (int, float)) else self.beyond[axis - 2]
            ends = functional.pad(x.movedim(axis, -1), (n, n), value=value)
            first, last = (middle + ZERO).floor().long(), (middle - ZERO).ceil().long()
            x = ((ends.index_select(-1, first) + ends.index_select(-1, last)) / 2).movedim(-1, axis)
        return x


ZERO = 1e-6
"""The weight up to which a position does not count as read: an interpolation weight of zero may be rounded."""


class AxisMean(nn.Module):
    """The average over one axis, at each of its positions: a softmax made linear."""

    def __init__(self, module: nn.Softmax, beyond: Beyond) -> None:
        super().__init__()
        assert module.dim is not None
        self.axis = module.dim

    def forward(self, x: Tensor) -> Tensor:
        """The average."""
        return x.mean(self.axis, keepdim=True).expand_as(x)


class Dense(nn.Module):
    """A linear layer whose units are the average of all inputs."""

    def __init__(self, module: nn.Linear, beyond: Beyond) -> None:
        super().__init__()
        self.out = module.out_features

    def forward(self, x: Tensor) -> Tensor:
        """The averages."""
        return x.mean(-1, keepdim=True).expand(*x.shape[:-1], self.out)


REPLACED: tuple[tuple[tuple[type[nn.Module], ...], Callable[[Any, Beyond], nn.Module]], ...] = (
    (CONVOLUTIONS, Convolution),
    (TRANSPOSED, Transposed),
    ((*POOLINGS, RoundedUp), Average),
    ((nn.Upsample,), Resized),
    ((nn.Softmax,), AxisMean),
    ((nn.Linear,), Dense),
)
"""Modules, and what stands for them: it takes the module and the value beyond the border."""
