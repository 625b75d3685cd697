"""Modules made linear and positive, so that a gradient is not zero exactly where a unit reads.

Weights become positive and equal, biases and norms and activations go, a maximum becomes an
average: what is left is linear, has no cancellation, and has the same receptive field. In float64
the smallest gradient of a deep network is still far from zero. Each class takes the module that it
stands for, whose parameters it does not use, so that they may be on the meta device.

Borders are filled with a `padding_value`: 0 for gradients. With NaN there and ones in the map, exactly
those units are NaN that read padding of any layer on their way: of a 3-wide convolution with a
padding of 1 on three positions, `nan 1 1 1 nan` becomes `nan 1 nan`, so the middle unit alone reads
none. It may be one number for each spatial axis, to tell the borders of one axis from those of others.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from paramcalc.crosscheck.parts import PaddingValue, RoundedUp, padded, part_of
from paramcalc.crosscheck.settings import pairs_of, per_axis

CONVOLVE: tuple[Callable[..., Tensor], ...] = (functional.conv1d, functional.conv2d, functional.conv3d)
TRANSPOSE: tuple[Callable[..., Tensor], ...] = (
    functional.conv_transpose1d,
    functional.conv_transpose2d,
    functional.conv_transpose3d,
)


def sizes_after(module: nn.Module, x: Tensor) -> torch.Size:
    """The spatial sizes that a module without parameters gives."""
    y: Tensor = module(torch.empty(x.shape, device="meta"))
    return y.shape[2:]


class Linear(nn.Module):
    """What stands for a module, with `padding_value` in its borders."""

    def __init__(self, module: Any, padding_value: PaddingValue) -> None:
        super().__init__()
        self.module = module
        self.padding_value = padding_value


class Convolution(Linear):
    """A convolution whose units are averages of what they read."""

    def forward(self, x: Tensor) -> Tensor:
        """The averages."""
        conv, axes = self.module, x.dim() - 2
        shape = (conv.out_channels, conv.in_channels // conv.groups, *conv.kernel_size)
        weight = torch.full(shape, 1 / prod(shape[1:]), dtype=torch.float64)
        return CONVOLVE[axes - 1](
            padded(x, [(pad, pad) for pad in conv.padding], self.padding_value),
            weight,
            stride=conv.stride,
            dilation=conv.dilation,
            groups=conv.groups,
        )


class TransposedConvolution(Linear):
    """A transposed convolution with equal weights, of a map that does not end at its border."""

    def forward(self, x: Tensor) -> Tensor:
        """The map, to whose units positions of the border have contributed."""
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
        # as many positions more as reach the first and last units
        settings = zip(conv.kernel_size, conv.dilation, conv.output_padding, strict=True)
        border = [k * d + extra for k, d, extra in settings]
        weight = torch.full(shape, 1 / (prod(shape[2:]) * shape[0]), dtype=torch.float64)
        y = transpose(padded(x, [(n, n) for n in border], self.padding_value), weight, **like)
        starts = [n * s + pad for n, s, pad in zip(border, conv.stride, conv.padding, strict=True)]
        return part_of(y, starts, sizes)


class Average(Linear):
    """The averages over the windows of a pooling; torch has no average pooling with a dilation."""

    def forward(self, x: Tensor) -> Tensor:
        """As many averages as the pooling has units, the last windows with room behind the padding."""
        axes, channels, pool = x.dim() - 2, x.shape[1], self.module
        if isinstance(pool, RoundedUp):
            pairs, pool = pool.border.around(x.shape[2:]), pool.pool
        else:
            pairs = pairs_of(pool.padding, axes)
        kernel, stride = per_axis(pool.kernel_size, axes), per_axis(pool.stride, axes)
        room = [(lo, hi + s - 1) for (lo, hi), s in zip(pairs, stride, strict=True)]
        y = CONVOLVE[axes - 1](
            padded(x, room, self.padding_value),
            torch.full((channels, 1, *kernel), 1 / prod(kernel), dtype=torch.float64),
            stride=stride,
            dilation=per_axis(getattr(pool, "dilation", 1), axes),
            groups=channels,
        )
        return part_of(y, (0,) * axes, sizes_after(self.module, x))


class Resized(Linear):
    """Upsampling, of a map that does not end at its border.

    Torch resizes a ramp 0, 1, 2, … of three times the size to three times the new size: in the middle
    third, the value of a unit is the position that it reads. A unit of 3.25 reads the positions 3 and 4.
    """

    def forward(self, x: Tensor) -> Tensor:
        """The resized map, one axis after the other; each unit is the average of what it reads."""
        for axis, size in enumerate(sizes_after(self.module, x), 2):
            n = x.shape[axis]
            if (n, size) == (1, 1):
                continue
            ramp = torch.arange(3 * n, dtype=torch.float64)[None, None]
            nearest = self.module.mode == "nearest"
            reads = functional.interpolate(ramp, 3 * size, mode="nearest" if nearest else "linear")
            middle = reads[0, 0, size : 2 * size]
            # not a matrix product, in which the padding would reach every unit
            value = self.padding_value if isinstance(self.padding_value, (int, float)) else self.padding_value[axis - 2]
            ends = functional.pad(x.movedim(axis, -1), (n, n), value=value)
            first, last = (middle + ZERO).floor().long(), (middle - ZERO).ceil().long()
            x = ((ends.index_select(-1, first) + ends.index_select(-1, last)) / 2).movedim(-1, axis)
        return x


ZERO = 1e-6
"""The weight up to which a position does not count as read: an interpolation weight of zero may be rounded."""


def axis_mean(x: Tensor, axis: int, size: int | None = None) -> Tensor:
    """The average over an axis, counted with the batch, at each of its positions or of `size` new ones."""
    return x.mean(axis, keepdim=True).repeat_interleave(x.shape[axis] if size is None else size, axis)
