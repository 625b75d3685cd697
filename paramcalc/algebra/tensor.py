"""Tensors: a shape without the batch axis, and how many of it one input gives.

Channels first: `[C]`, `[C, L]`, `[C, H, W]`, `[C, D, H, W]`; sequences of tokens are `[T, D]`.
"""

from __future__ import annotations

from math import prod
from typing import TypeAlias

from paramcalc.algebra.expr import Size, plain

Shape: TypeAlias = tuple[Size, ...]

AXIS_NAMES: dict[int, tuple[str, ...]] = {
    1: ("channels",),
    2: ("channels", "length"),
    3: ("channels", "height", "width"),
    4: ("channels", "depth", "height", "width"),
}
"""What expressions call the sizes of the incoming tensor, by its number of axes."""

SYMBOLS: dict[int, tuple[str, ...]] = {1: (), 2: ("L",), 3: ("H", "W"), 4: ("D", "H", "W")}
"""The usual symbols of the spatial sizes, by the number of axes."""


class Tensor:
    """A shape, and the number of such tensors for one input: 1, or 2000 region crops.

    `elements` are those of all of them: the product of the shape times the count.
    """

    __slots__ = ("count", "elements", "shape")

    def __init__(self, shape: Shape, count: Size = 1) -> None:
        self.shape = shape
        self.count = count
        self.elements: Size = prod(shape) * count

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tensor) and self.shape == other.shape and self.count == other.count

    def __hash__(self) -> int:
        return hash((self.shape, self.count))

    def __repr__(self) -> str:
        return f"<Tensor {self}>"

    def __str__(self) -> str:
        return spelled(self.shape) if self.count == 1 else f"{plain(self.count)} x {spelled(self.shape)}"


def spelled(shape: Shape) -> str:
    """A shape as errors write it: `[64, H//2, W//2]`."""
    return f"[{', '.join(plain(size) for size in shape)}]"
