"""Receptive fields by brute force: what each unit reads, as a set of positions on an endless line.

Every operation is written from its definition, as the positions of its input that one unit takes
values from. Nothing here knows of intervals, phases or composition.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from math import gcd, lcm
from typing import NamedTuple, TypeAlias

from hypothesis import strategies as st

from paramcalc.algebra.interval_map import INPUT_POSITIONS
from paramcalc.algebra.receptive_field import Ordered, apply_tap_map, merge_paths, read_whole_axis
from paramcalc.algebra.tap_map import (
    TapMap,
    Taps,
    adaptive_taps,
    linear_taps,
    nearest_taps,
    transposed_taps,
    window_taps,
)
from paramcalc.algebra.window import Window

Positions: TypeAlias = frozenset[int]


class Slide(NamedTuple):
    """A convolution or pooling."""

    kernel: int
    stride: int
    lo: int
    hi: int
    dilation: int

    def units(self, n: int) -> int:
        return (n + self.lo + self.hi - self.dilation * (self.kernel - 1) - 1) // self.stride + 1

    def positions(self, unit: int, n: int) -> list[int]:
        return [unit * self.stride - self.lo + self.dilation * tap for tap in range(self.kernel)]

    def pace(self, n: int) -> Fraction:
        return Fraction(self.stride)

    def tap_map(self, n: int) -> TapMap:
        return window_taps(Window(*self))


class Transposed(NamedTuple):
    """A transposed convolution: input j adds to the outputs `j*stride - lo + dilation*tap`."""

    kernel: int
    stride: int
    lo: int
    hi: int
    dilation: int
    extra: int

    def units(self, n: int) -> int:
        return (n - 1) * self.stride - self.lo - self.hi + self.dilation * (self.kernel - 1) + self.extra + 1

    def positions(self, unit: int, n: int) -> list[int]:
        reach = range(
            (unit + self.lo) // self.stride - self.dilation * self.kernel, (unit + self.lo) // self.stride + 1
        )
        return [
            j for j in reach for tap in range(self.kernel) if j * self.stride - self.lo + self.dilation * tap == unit
        ]

    def pace(self, n: int) -> Fraction:
        return Fraction(1, self.stride)

    def tap_map(self, n: int) -> TapMap:
        return transposed_taps(Window(self.kernel, self.stride, self.lo, self.hi - self.extra, self.dilation))


class Adaptive(NamedTuple):
    """Adaptive pooling: bin i is `floor(i*n/out) .. ceil((i+1)*n/out) - 1` (torch.nn.AdaptiveAvgPool1d)."""

    out: int

    def units(self, n: int) -> int:
        return self.out

    def positions(self, unit: int, n: int) -> list[int]:
        return list(range(unit * n // self.out, -(-(unit + 1) * n // self.out)))

    def pace(self, n: int) -> Fraction:
        return Fraction(n, self.out)

    def tap_map(self, n: int) -> TapMap:
        return adaptive_taps(n, self.out)


class Nearest(NamedTuple):
    """Nearest upsampling to a size, or by a whole factor: unit i takes position `floor(i*n/out)`."""

    out: int
    scale: bool

    def units(self, n: int) -> int:
        return n * self.out if self.scale else self.out

    def positions(self, unit: int, n: int) -> list[int]:
        return [unit * n // self.units(n)]

    def pace(self, n: int) -> Fraction:
        return Fraction(n, self.units(n))

    def tap_map(self, n: int) -> TapMap:
        return nearest_taps(n, self.units(n))


class Linear(NamedTuple):
    """Linear upsampling: unit i lies at `(i + 1/2)*n/out - 1/2`, and takes the positions around it."""

    out: int
    scale: bool

    def units(self, n: int) -> int:
        return n * self.out if self.scale else self.out

    def positions(self, unit: int, n: int) -> list[int]:
        place = (unit + Fraction(1, 2)) * Fraction(n, self.units(n)) - Fraction(1, 2)
        below = place.numerator // place.denominator
        return [j for j in (below, below + 1) if abs(place - j) < 1]

    def pace(self, n: int) -> Fraction:
        return Fraction(n, self.units(n))

    def tap_map(self, n: int) -> TapMap:
        return linear_taps(n, self.units(n))


class Shift(NamedTuple):
    """Padding (a negative offset) and cropping: unit i is position `i + offset`."""

    offset: int
    more: int

    def units(self, n: int) -> int:
        return n + self.more

    def positions(self, unit: int, n: int) -> list[int]:
        return [unit + self.offset]

    def pace(self, n: int) -> Fraction:
        return Fraction(1)

    def tap_map(self, n: int) -> TapMap:
        return TapMap(1, (Taps(self.offset),))


class Join(NamedTuple):
    """Branches from one node that are added, unit by unit; the longer ones are cropped in the middle."""

    branches: tuple[tuple[Operation, ...], ...]


class Whole(NamedTuple):
    """Everything at once: global pooling, a linear layer after flatten."""


Step: TypeAlias = Slide | Transposed | Adaptive | Nearest | Linear | Shift
Operation: TypeAlias = Step | Join | Whole


@dataclass(frozen=True)
class Node:
    """A node by brute force beside the same node by the program.

    `paces` are the effective strides of the paths that meet here, without those that read
    everything; `period` is a number of units after which the sets repeat, moved.
    """

    units: int
    reads: Callable[[int], Positions] = field(repr=False)
    paces: frozenset[Fraction]
    period: int
    axis: Ordered

    @property
    def constant(self) -> bool:
        return not self.paces


def start(n: int) -> Node:
    """The input of the network."""
    return Node(n, lambda unit: frozenset((unit,)), frozenset((Fraction(1),)), 1, Ordered(0, n, (INPUT_POSITIONS,)))


MOST_UNITS = 90
MOST_PERIOD = 120


def apply(node: Node, operation: Operation) -> Node:
    """The node behind an operation; the node itself where the operation would leave nothing, or too much."""
    if isinstance(operation, Whole):
        everywhere = frozenset().union(*(node.reads(unit) for unit in range(node.units)))
        return Node(1, lambda _: everywhere, frozenset(), 1, read_whole_axis(node.axis))
    if isinstance(operation, Join):
        return joined([chain(node, branch) for branch in operation.branches])
    n, units = node.units, operation.units(node.units)
    pace = operation.pace(n)
    period = pace.denominator * node.period // gcd(node.period, pace.numerator)
    if node.constant or not 1 <= units <= MOST_UNITS or period > MOST_PERIOD:
        return node

    @cache
    def reads(unit: int) -> Positions:
        return frozenset().union(*(node.reads(position) for position in operation.positions(unit, n)))

    paces = frozenset(pace * each for each in node.paces)
    return Node(units, reads, paces, period, apply_tap_map(operation.tap_map(n), node.axis, units))


def chain(node: Node, operations: tuple[Operation, ...]) -> Node:
    """The node behind a chain of operations."""
    for operation in operations:
        node = apply(node, operation)
    return node


def joined(nodes: list[Node]) -> Node:
    """The node where paths meet; paths that read everything serve every unit of the others."""
    units = min((node.units for node in nodes if not node.constant), default=1)
    cut = [
        node if node.constant else apply(node, Shift((node.units - units) // 2, units - node.units)) for node in nodes
    ]
    period = lcm(*(node.period for node in cut))
    if period > MOST_PERIOD:
        return cut[0]

    @cache
    def reads(unit: int) -> Positions:
        return frozenset().union(*(node.reads(unit) for node in cut))

    paces = frozenset().union(*(node.paces for node in cut))
    axis = merge_paths([node.axis for node in cut])
    assert isinstance(axis, Ordered)
    return Node(units, reads, paces, period, axis)


# -- random networks ------------------------------------------------------------------------------

PADS = st.integers(0, 3)
SLIDES = st.builds(Slide, st.integers(1, 5), st.sampled_from([1, 2, 1, 3]), PADS, PADS, st.sampled_from([1, 1, 2, 3]))
TRANSPOSED = st.builds(
    Transposed, st.integers(1, 5), st.integers(1, 4), PADS, PADS, st.sampled_from([1, 1, 2, 3]), st.integers(0, 2)
)
ADAPTIVE = st.builds(Adaptive, st.integers(1, 9))
RESIZED = st.one_of(
    st.builds(Nearest, st.integers(1, 24), st.just(False)),
    st.builds(Nearest, st.integers(1, 4), st.just(True)),
    st.builds(Linear, st.integers(1, 24), st.just(False)),
    st.builds(Linear, st.integers(1, 4), st.just(True)),
)
SHIFTS = st.builds(Shift, st.integers(-3, 3), st.integers(-4, 6))
STEPS = st.one_of(SLIDES, SLIDES, TRANSPOSED, TRANSPOSED, ADAPTIVE, RESIZED, SHIFTS)


def operations(steps: st.SearchStrategy[Step], most: int) -> st.SearchStrategy[tuple[Operation, ...]]:
    """Chains of steps and of joins of such chains."""

    def branches(inner: st.SearchStrategy[Operation]) -> st.SearchStrategy[Join]:
        path = st.lists(inner, max_size=3).map(tuple)
        gate = path.map(lambda steps: (*steps, Whole()))
        return st.builds(Join, st.lists(st.one_of(path, path, gate), min_size=2, max_size=3).map(tuple))

    single: st.SearchStrategy[Operation] = st.one_of(steps)
    some = st.recursive(single, lambda inner: st.one_of(single, single, branches(inner)), max_leaves=6)
    return st.lists(some, min_size=1, max_size=most).map(tuple)


NETWORKS = operations(STEPS, 5)
