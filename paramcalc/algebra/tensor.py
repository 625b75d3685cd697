"""Tensors: a shape without the batch axis, a name for each of its axes, and how many of it one input gives.

Shapes without names have their axes named by their number, channels first: `[C]`, `[C, L]`,
`[C, H, W]`, `[C, D, H, W]`. Every axis but `channels` has positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import prod
from typing import TypeAlias

from paramcalc.algebra.expr import Size, plain

Shape: TypeAlias = tuple[Size, ...]

Axes: TypeAlias = tuple[str, ...]

CHANNELS, TOKENS, GROUPS = "channels", "tokens", "groups"
"""Names of axes: features, positions in one sequence, and a part that was split off another axis."""

NAMES_BY_RANK: dict[int, Axes] = {
    1: (CHANNELS,),
    2: (CHANNELS, "length"),
    3: (CHANNELS, "height", "width"),
    4: (CHANNELS, "depth", "height", "width"),
}
"""The names of a shape's axes where nothing else names them, by their number."""

SYMBOLS = {"length": "L", "depth": "D", "height": "H", "width": "W", TOKENS: "T"}
"""The usual symbols of the sizes of axes."""


def names_by_rank(rank: int) -> Axes:
    """The names of that many axes where nothing else names them; more than four are channels and groups."""
    return NAMES_BY_RANK.get(rank) or (CHANNELS, *[GROUPS] * (rank - 1))


@cache
def index_of_channels(axes: Axes) -> int | None:
    """The index of the axis `channels`; None where there is none."""
    return axes.index(CHANNELS) if CHANNELS in axes else None


@cache
def positions_of(axes: Axes) -> tuple[int, ...]:
    """The indexes of the axes that have positions."""
    return tuple([index for index, name in enumerate(axes) if name != CHANNELS])


class Tensor:
    """A shape, the names of its axes, and the number of such tensors for one input: 1, or 2000 region crops.

    `elements` are those of all of them: the product of the shape times the count.
    """

    __slots__ = ("axes", "count", "elements", "shape")

    def __init__(self, shape: Shape, count: Size = 1, axes: Axes | None = None) -> None:
        self.shape = shape
        self.count = count
        self.axes = names_by_rank(len(shape)) if axes is None else axes
        self.elements: Size = prod(shape) * count

    @property
    def channels(self) -> int | None:
        """The index of the axis `channels`; None where there is none."""
        return index_of_channels(self.axes)

    @property
    def positions(self) -> tuple[int, ...]:
        """The indexes of the axes that have positions: all but `channels`."""
        return positions_of(self.axes)

    def __eq__(self, other: object) -> bool:
        mine = self.shape, self.count, self.axes
        return isinstance(other, Tensor) and mine == (other.shape, other.count, other.axes)

    def __hash__(self) -> int:
        return hash((self.shape, self.count, self.axes))

    def __repr__(self) -> str:
        return f"<Tensor {self}>"

    def __str__(self) -> str:
        return spelled(self.shape) if self.count == 1 else f"{plain(self.count)} x {spelled(self.shape)}"


def spelled(shape: Sequence[Size]) -> str:
    """A shape as errors write it: `[64, H//2, W//2]`."""
    return f"[{', '.join(plain(size) for size in shape)}]"


# -- the names of axes that are made of others ----------------------------------------------------


def merged(names: Sequence[str]) -> str:
    """The name of an axis that several become: `channels` with channels among them, else `tokens`."""
    return names[0] if len(names) == 1 else CHANNELS if CHANNELS in names else TOKENS


def split(name: str, parts: int) -> Axes:
    """The names of the parts of an axis, the outermost first; what is split off is called `groups`.

    Channels keep their name on the innermost part (of `groups · channels`, a channel is counted within
    its group), positions on the outermost (of `height · p`, the rows of patches are counted).
    """
    rest = (GROUPS,) * (parts - 1)
    return (*rest, name) if name == CHANNELS else (name, *rest)


def reshaped(x: Tensor, y: Shape) -> Axes:
    """The names of the axes of `x` after a reshape to `y`.

    Axes correspond in runs of equal products: `[C, H, W] → [C, H·W]` is C → C and H, W → H·W, which is
    `channels, tokens`; `[C, H, W] → [g, C/g, H, W]` is `groups, channels, height, width`. A run of as
    many axes as before keeps its names; a vector that becomes a map has the names of one.
    """
    if x.axes == (CHANNELS,):
        return names_by_rank(len(y))
    found: list[str] = []
    start, begin = 0, 0
    while begin < len(y):
        end, stop = run_of_equal_products(x.shape[start:], y[begin:])
        found += renamed(x.axes[start : start + end], stop)
        start, begin = start + end, begin + stop
    return tuple(found)


def run_of_equal_products(x: Shape, y: Shape) -> tuple[int, int]:
    """How many leading sizes of `x` and of `y` have one product; the fewest, or all of both."""
    pairs = [(i, j) for i in range(len(x) + 1) for j in range(1, len(y) + 1)]
    for i, j in sorted(pairs, key=lambda pair: (max(pair), pair)):
        rest = prod(x[i:]) == prod(y[j:])
        if rest and prod(x[:i]) == prod(y[:j]) and (j < len(y) or i == len(x)):
            return i, j
    return len(x), len(y)


def renamed(names: Axes, number: int) -> Axes:
    """The names of the axes that a run of axes with these names becomes."""
    if len(names) == number:
        return names
    if not names:
        return (GROUPS,) * number
    if len(names) == 1:
        return split(names[0], number)
    return (merged(names), *[GROUPS] * (number - 1))
