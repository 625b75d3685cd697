"""Torch modules that slide a window: convolutions and poolings, with every padding of the language.

Even padding is the module's own. Uneven padding, and `same`, become a border in front of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias, TypeVar

from torch import nn

from paramcalc.algebra.expr import Size
from paramcalc.crosscheck.parts import Border, Pairs, RoundedUp, SameBorder
from paramcalc.layers import sliding
from paramcalc.layers.fields import Padding, PerAxis

Shapes: TypeAlias = Sequence[tuple[int, ...]]
"""The shapes of a layer's inputs, without the batch axis."""

ByAxes: TypeAlias = tuple[Callable[..., nn.Module], ...]
"""The kinds of one module for 1, 2 and 3 spatial axes."""

T = TypeVar("T")

CONV: ByAxes = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
CONV_TRANSPOSE: ByAxes = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
MAX_POOL: ByAxes = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
AVG_POOL: ByAxes = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)


class NoModule(Exception):
    """Torch has no module for this layer on an input of this number of axes."""


def number(size: Size) -> int:
    """A size that is a number; TypeError for a symbol, which torch does not know."""
    if not isinstance(size, int):
        raise TypeError(f"torch needs a number, got {size}")
    return size


def each(value: PerAxis, axes: int) -> tuple[int, ...]:
    """One number for each axis; a single one serves all."""
    if not isinstance(value, tuple):
        return (number(value),) * axes
    if len(value) != axes:
        raise NoModule(f"{len(value)} values for {axes} axes")
    return tuple(number(size) for size in value)


def pairs_of(padding: Padding, axes: int) -> Pairs:
    """The padding before and behind, for each axis."""
    assert not isinstance(padding, str)
    if isinstance(padding, tuple) and len(padding) != axes:
        raise NoModule(f"{len(padding)} values for {axes} axes")
    sides = padding if isinstance(padding, tuple) else (padding,) * axes
    return [
        (number(side[0]), number(side[1])) if isinstance(side, tuple) else (number(side), number(side))
        for side in sides
    ]


def by_axes(kinds: Sequence[T], x: tuple[int, ...]) -> T:
    """Which of the kinds for 1, 2 and 3 spatial axes is for this input."""
    axes = len(x) - 1
    if not 1 <= axes <= len(kinds):
        raise NoModule(f"torch has no module for {axes} spatial axes")
    return kinds[axes - 1]


class Window(NamedTuple):
    """Fields as torch takes them; a border is padding that torch's module does not have."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[int, ...]
    border: Border | None


def window_of(kernel: PerAxis, stride: PerAxis, dilation: PerAxis, padding: Padding, axes: int, value: float) -> Window:
    """The window of a convolution or pooling; a border is of `value`."""
    k, s, d = each(kernel, axes), each(stride, axes), each(dilation, axes)
    none = (0,) * axes
    if isinstance(padding, str):
        spans = [(kernel - 1) * gap + 1 for kernel, gap in zip(k, d, strict=True)]
        return Window(k, s, d, none, SameBorder(spans, s, value))
    pairs = pairs_of(padding, axes)
    if all(lo == hi for lo, hi in pairs):
        return Window(k, s, d, tuple(lo for lo, _ in pairs), None)
    return Window(k, s, d, none, Border(pairs, value))


def conv(layer: sliding.Conv, shapes: Shapes) -> nn.Module:
    """`nn.Conv1d`, `2d`, `3d`."""
    x = shapes[0]
    kind = by_axes(CONV, x)
    window = window_of(layer.kernel, layer.stride, layer.dilation, layer.padding, len(x) - 1, 0.0)
    module = kind(
        x[0],
        number(layer.out),
        window.kernel,
        stride=window.stride,
        padding=window.padding,
        dilation=window.dilation,
        groups=number(layer.groups),
        bias=layer.bias,
    )
    return module if window.border is None else nn.Sequential(window.border, module)


def conv_transpose(layer: sliding.ConvTranspose, shapes: Shapes) -> nn.Module:
    """`nn.ConvTranspose1d`, `2d`, `3d`; uneven padding is taken off its output."""
    x = shapes[0]
    kind, axes = by_axes(CONV_TRANSPOSE, x), len(x) - 1
    pairs = pairs_of(layer.padding, axes)
    even = all(lo == hi for lo, hi in pairs)
    module = kind(
        x[0],
        number(layer.out),
        each(layer.kernel, axes),
        stride=each(layer.stride, axes),
        padding=tuple(lo if even else 0 for lo, _ in pairs),
        output_padding=each(layer.output_padding, axes),
        groups=number(layer.groups),
        bias=layer.bias,
        dilation=each(layer.dilation, axes),
    )
    return module if even else nn.Sequential(module, Border([(-lo, -hi) for lo, hi in pairs]))


def max_pool(layer: sliding.MaxPool, shapes: Shapes) -> nn.Module:
    """`nn.MaxPool1d`, `2d`, `3d`; a border is below every number."""
    return pool(layer, layer.dilation, MAX_POOL, shapes[0], float("-inf"))


def avg_pool(layer: sliding.AvgPool, shapes: Shapes) -> nn.Module:
    """`nn.AvgPool1d`, `2d`, `3d`; padding is zeros, which count."""
    return pool(layer, 1, AVG_POOL, shapes[0], 0.0)


def pool(layer: sliding.Pool, dilation: PerAxis, kinds: ByAxes, x: tuple[int, ...], value: float) -> nn.Module:
    """A pooling of one of the kinds; only max pooling takes a dilation."""
    kind = by_axes(kinds, x)
    stride = layer.kernel if layer.stride is None else layer.stride
    window = window_of(layer.kernel, stride, dilation, layer.padding, len(x) - 1, value)
    more = {"dilation": window.dilation} if kinds is MAX_POOL else {}
    if window.border is None:
        return kind(window.kernel, window.stride, window.padding, ceil_mode=layer.ceil, **more)
    module = kind(window.kernel, window.stride, **more)
    return RoundedUp(window.border, module, window.stride) if layer.ceil else nn.Sequential(window.border, module)
