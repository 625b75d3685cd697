"""Fields of a layer as torch takes them: a value for each spatial axis, pairs of padding, modules by rank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias, TypeVar

from paramcalc.algebra.expr import Size
from paramcalc.algebra.tensor import Tensor
from paramcalc.crosscheck.parts import Pairs
from paramcalc.layers.base import Layer, axis_of

Shape: TypeAlias = tuple[int, ...]

Shapes: TypeAlias = Sequence[Shape]
"""The shapes of a layer's inputs, without the batch axis."""

T = TypeVar("T")


class NoModule(Exception):
    """Torch has no module for this layer on an input of this number of axes."""


def as_int(size: Size) -> int:
    """A size of a network whose sizes are numbers."""
    assert isinstance(size, int)
    return size


def with_axis_index(layer: Layer, x: Tensor) -> Layer:
    """The layer with the index of the axis that it works on, for torch knows no names."""
    axis = getattr(layer, "axis", 0)
    return layer if isinstance(axis, int) else layer.model_copy(update={"axis": axis_of(axis, x)})


def per_axis(value: Any, axes: int) -> tuple[Any, ...]:
    """One value for each of `axes` axes; a single one serves all. Raises NoModule."""
    if not isinstance(value, tuple):
        return (value,) * axes
    if len(value) != axes:
        raise NoModule(f"{len(value)} values for {axes} axes")
    return value


def pairs_of(padding: Any, axes: int) -> Pairs:
    """The padding before and behind, for each of `axes` axes."""
    return [pad if isinstance(pad, tuple) else (pad, pad) for pad in per_axis(padding, axes)]


def by_rank(kinds: Sequence[T], x: Shape) -> T:
    """Which of the kinds for 1, 2 and 3 spatial axes is for this input: `nn.Conv2d` for `(3, 8, 8)`."""
    axes = len(x) - 1
    if not 1 <= axes <= len(kinds):
        raise NoModule(f"torch has no module for {axes} spatial axes")
    return kinds[axes - 1]


def of_image(module: T, x: Shape) -> T:
    """The module. Raises NoModule unless the shape is [C, H, W]; torch would take other leading axes for batches."""
    if len(x) != 3:
        raise NoModule(f"pixels are shuffled in [C, H, W], not on {len(x)} axes")
    return module
