"""Small torch modules for what torch has as functions and tensor methods only: padding, joins, crops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

Pairs: TypeAlias = Sequence[tuple[int, int]]
"""What is added before and behind, for each spatial axis."""

PaddingValue: TypeAlias = float | Sequence[float]
"""What a border is filled with, on all axes or on each spatial one."""


def padded(x: Tensor, pairs: Pairs, value: PaddingValue, mode: str = "constant") -> Tensor:
    """`torch.nn.functional.pad`, which wants the last axis first; a negative number takes positions off.

    Several values are one for each axis, where a corner has that of the last.
    """
    flat = [pad for pair in reversed(pairs) for pad in pair]
    if mode != "constant":
        return functional.pad(x, flat, mode=mode)
    if isinstance(value, (int, float)):
        return functional.pad(x, flat, value=value)
    for axis, (pair, of_axis) in enumerate(zip(pairs, value, strict=True), 1):
        x = functional.pad(x, (0, 0) * (len(pairs) - axis) + pair, value=of_axis)
    return x


def part_of(x: Tensor, starts: Sequence[int], sizes: Sequence[int]) -> Tensor:
    """The part of a tensor from `starts` on, of these sizes, on its last axes; torch refuses one that is not inside."""
    for axis, (start, size) in enumerate(zip(starts, sizes, strict=True), x.dim() - len(sizes)):
        x = x.narrow(axis, start, size)
    return x


class Apply(nn.Module):
    """A function of tensors, with settings, as a module."""

    def __init__(self, function: Callable[..., Tensor], **settings: Any) -> None:
        super().__init__()
        self.function = function
        self.settings = settings

    def extra_repr(self) -> str:
        """The name of the function, as in `Apply(permuted)`."""
        return self.function.__name__

    def forward(self, *inputs: Tensor) -> Tensor:
        """What the function gives for the inputs."""
        return self.function(*inputs, **self.settings)


class Border(nn.Module):
    """Padding of every spatial axis, as a step of its own: uneven, or with another value than a layer would use."""

    def __init__(self, pairs: Pairs, value: PaddingValue = 0.0, mode: str = "constant") -> None:
        super().__init__()
        self.pairs = tuple(pairs)
        self.value = value
        self.mode = mode

    def filled_with(self, value: PaddingValue) -> Border:
        """A border as wide, of another value whatever its mode."""
        return Border(self.pairs, value)

    def around(self, sizes: Sequence[int]) -> Pairs:
        """The padding of a map of these spatial sizes."""
        return self.pairs

    def forward(self, x: Tensor) -> Tensor:
        """The map with its border."""
        return padded(x, self.around(x.shape[2:]), self.value, self.mode)


class SameBorder(Border):
    """The border of TensorFlow's `SAME` padding.

    By TensorFlow's documentation of `tf.nn`: where the stride divides the size, `max(span - stride, 0)`
    in all, else `max(span - size % stride, 0)`; half of it before, rounded down, the rest behind. The
    span of a dilated kernel is `(kernel - 1) * dilation + 1`.
    """

    def __init__(self, spans: Sequence[int], stride: Sequence[int], value: PaddingValue = 0.0) -> None:
        super().__init__((), value)
        self.spans = tuple(spans)
        self.stride = tuple(stride)

    def filled_with(self, value: PaddingValue) -> Border:
        """A border as wide, of another value."""
        return SameBorder(self.spans, self.stride, value)

    def around(self, sizes: Sequence[int]) -> Pairs:
        """The padding of a map of these spatial sizes."""
        pairs = []
        for size, span, stride in zip(sizes, self.spans, self.stride, strict=True):
            whole = max(span - (size % stride or stride), 0)
            pairs.append((whole // 2, whole - whole // 2))
        return pairs


class RoundedUp(nn.Module):
    """A pooling in `ceil_mode` behind a border, which torch has for even padding only.

    By torch's documentation, windows may go off bounds if they start within the input or its left
    padding; windows that would start in the right padded region are ignored. So there is room behind
    for one more window, and of all windows those remain that start before `size + lo`.
    """

    def __init__(self, border: Border, pool: nn.Module, stride: Sequence[int]) -> None:
        super().__init__()
        self.border = border
        self.pool = pool
        self.stride = tuple(stride)

    def forward(self, x: Tensor) -> Tensor:
        """The pooled map."""
        room = padded(self.border(x), [(0, stride - 1) for stride in self.stride], self.border.value)
        y: Tensor = self.pool(room)
        around = self.border.around(x.shape[2:])
        for axis, (size, (lo, _), stride) in enumerate(zip(x.shape[2:], around, self.stride, strict=True), 2):
            y = y[(slice(None),) * axis + (slice(len(range(0, size + lo, stride))),)]
        return y


class Pyramid(nn.Module):
    """Poolings of one map side by side, each flattened."""

    def __init__(self, pools: Sequence[nn.Module]) -> None:
        super().__init__()
        self.pools = nn.ModuleList(pools)

    def forward(self, x: Tensor) -> Tensor:
        """One vector of all bins."""
        return torch.cat([pool(x).flatten(1) for pool in self.pools], dim=1)


# -- functions for `Apply`; axes count without the batch ------------------------------------------


def permuted(x: Tensor, axes: Sequence[int]) -> Tensor:
    """The axes in another order, also in memory, which some modules of torch want."""
    return x.permute(0, *(axis + 1 if axis >= 0 else axis for axis in axes)).contiguous()


def cropped(x: Tensor, *like: Tensor, size: Sequence[int] | None, offset: Sequence[int]) -> Tensor:
    """A part of a map, of a size or as large as a second map."""
    return part_of(x, offset, like[0].shape[2:] if size is None else size)


def sliced(x: Tensor, axis: int, start: int, stop: int | None, step: int) -> Tensor:
    """Every `step`-th position from `start` to below `stop`; `narrow` refuses what `[:]` would cut to the axis."""
    part = x.narrow(axis + 1, start, (x.shape[axis + 1] if stop is None else stop) - start)
    return part[(slice(None),) * (axis + 1) + (slice(None, None, step),)]


def reduced(*inputs: Tensor, operation: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """All inputs as one by an operation of two, such as `torch.add`, broadcast."""
    return reduce(operation, inputs)


def concatenated(*inputs: Tensor, axis: int) -> Tensor:
    """All inputs behind one another."""
    return torch.cat(inputs, dim=axis + 1)


def broadcast_concatenated(*inputs: Tensor, axis: int) -> Tensor:
    """All inputs behind one another, where one may be long on another axis on which others are one position wide."""
    common = [max(sizes) for sizes in zip(*(x.shape for x in inputs), strict=True)]
    common[axis + 1] = -1
    return concatenated(*(x.expand(common) for x in inputs), axis=axis)
