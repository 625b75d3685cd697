"""Interval maps: which interval of the network's input each unit of a node reads, along one axis.

`compose` gives the map of a layer from the map of its input and the layer's own tap map. Where paths
meet, `unitwise_hull` gives the hull of what the paths read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from math import gcd, lcm
from typing import NamedTuple, TypeAlias

from paramcalc.algebra.expr import Size, too_large
from paramcalc.algebra.solve import smaller
from paramcalc.algebra.tap_map import TapMap, Unknown, phases

Interval: TypeAlias = tuple[Size, Size]
"""The first and the last position."""


class IntervalMap(NamedTuple):
    """The map from a unit of a node to the interval of the network's input that it reads.

    The pattern repeats after `len(intervals)` units, its period: unit `period*q + r` reads `intervals[r]`
    moved by `step*q`. None instead of an interval is a unit that reads nothing. A step of 0 means that
    units a period apart read the same.

    Behind a 3x3 convolution of stride 2 and padding 1, unit q reads 2q - 1 to 2q + 1:
    `IntervalMap(2, ((-1, 1),))`.
    """

    step: Size
    intervals: tuple[Interval | None, ...]

    def interval(self, unit: Size) -> Interval | None:
        """What one unit reads. Raises Unknown where its phase depends on a symbol.

        >>> IntervalMap(2, ((-3, 1), (-1, 3))).interval(5)  # 2 periods and phase 1: (-1, 3) moved by 2*2
        (3, 7)
        """
        period = len(self.intervals)
        cycle, phase = (unit, 0) if period == 1 else (unit // period, unit % period)
        if not isinstance(phase, int):
            raise Unknown
        found = self.intervals[phase]
        if found is None or cycle == 0:
            return found
        return found[0] + self.step * cycle, found[1] + self.step * cycle

    def window(self, kernel: Size, dilation: Size) -> IntervalMap:
        """The map from a unit to the hull of what `kernel` units read, `dilation` apart, from that unit on.

        >>> IntervalMap(2, ((-1, 1),)).window(3, 1)  # units 0, 1, 2 read -1..1, 1..3, 3..5
        IntervalMap(step=2, intervals=((-1, 5),))

        The hull of many units is the hull of two halves, which may overlap: 5 units are 3 units, and the 3
        units from the third on. Raises Unknown where kernel or dilation has symbols and the period is not 1.
        """
        if len(self.intervals) == 1:
            (one,) = self.intervals
            return IntervalMap(self.step, (one and (one[0], one[1] + self.step * (dilation * (kernel - 1))),))
        if not isinstance(kernel, int) or not isinstance(dilation, int):
            raise Unknown
        if kernel == 1:
            return self
        distance = kernel // 2
        half = self.window(kernel - distance, dilation)
        hulls = [wider(one, half.interval(unit + dilation * distance)) for unit, one in enumerate(half.intervals)]
        return IntervalMap(self.step, tuple(hulls))


INPUT_POSITIONS = IntervalMap(1, ((0, 0),))
"""The map of the network's input: each position reads itself."""


def compose(tap_map: TapMap, interval_map: IntervalMap) -> IntervalMap:
    """The interval map of a layer, from its tap map and the interval map of its input.

    >>> convolved = compose(TapMap(2, (Taps(-1, 3),)), INPUT_POSITIONS)  # 3x3, stride 2, padding 1
    >>> convolved
    IntervalMap(step=2, intervals=((-1, 1),))
    >>> enlarged = compose(TapMap(1, (Taps(0), Taps(0))), convolved)  # upsampling by 2
    >>> enlarged
    IntervalMap(step=2, intervals=((-1, 1), (-1, 1)))
    >>> compose(TapMap(1, (Taps(-1, 3),)), enlarged)  # 3x3, padding 1: see the module `receptive_field`
    IntervalMap(step=2, intervals=((-3, 1), (-1, 3)))

    A layer of period p and step s on an input of period m repeats when s moves it by whole periods of the
    input: its period becomes `p * m/gcd(m, s)`. Raises Unknown where that is too long, or depends on a symbol.
    """
    step, taps = tap_map
    input_period = len(interval_map.intervals)
    cycles = 1
    if input_period > 1:
        if not isinstance(step, int):
            raise Unknown
        cycles = input_period // gcd(input_period, step)
    composed_step = interval_map.step * (step * cycles // input_period)
    if too_large(composed_step):
        raise Unknown
    if len(taps) == 1 and input_period == 1:  # most layers; the general way takes three times as long
        (tap,), (interval,) = taps, interval_map.intervals
        if tap is None or interval is None:
            return IntervalMap(composed_step, (None,))
        first = interval_map.step * tap.first
        last = first + interval_map.step * (tap.dilation * (tap.kernel - 1))
        return IntervalMap(composed_step, ((interval[0] + first, interval[1] + last),))
    phases(len(taps) * cycles)
    windows = {shape: interval_map.window(*shape) for shape in {(tap.kernel, tap.dilation) for tap in taps if tap}}
    intervals = [
        tap and windows[tap.kernel, tap.dilation].interval(tap.first + step * cycle)
        for cycle in range(cycles)
        for tap in taps
    ]
    return IntervalMap(composed_step, tuple(intervals))


def unitwise_hull(left: IntervalMap, right: IntervalMap) -> IntervalMap:
    """The hull of what two maps of equal effective stride read, by unit. Raises Unknown for a long common period."""
    period = lcm(len(left.intervals), len(right.intervals))
    if period == 1:
        return IntervalMap(left.step, (wider(left.intervals[0], right.intervals[0]),))
    intervals = [wider(left.interval(unit), right.interval(unit)) for unit in phases(period)]
    return IntervalMap(left.step * (period // len(left.intervals)), tuple(intervals))


def hull(intervals: Iterable[Interval | None]) -> Interval | None:
    """The smallest interval that holds all of them; None where there is none. Raises Unknown as `least`."""
    return reduce(wider, intervals, None)


def wider(left: Interval | None, right: Interval | None) -> Interval | None:
    """The hull of two intervals."""
    if left is None or right is None:
        return left or right
    try:
        return min(left[0], right[0]), max(left[1], right[1])  # type: ignore[type-var]
    except TypeError:  # expressions have no order of their own
        return least((left[0], right[0])), largest((left[1], right[1]))


def largest_size(intervals: Sequence[Interval | None]) -> Size | None:
    """Positions of the largest interval; None where there is none. Raises Unknown as `least`."""
    if len(intervals) == 1:
        (only,) = intervals
        return only and only[1] - only[0] + 1
    sizes = [interval[1] - interval[0] + 1 for interval in intervals if interval]
    return largest(sizes) if sizes else None


def least(sizes: Sequence[Size]) -> Size:
    """The least of sizes. Raises Unknown where that depends on a symbol."""
    try:
        return min(sizes)  # type: ignore[type-var]
    except TypeError:
        found = sizes[0]
    for size in sizes[1:]:
        lower = smaller(found, size)
        if lower is None:
            raise Unknown
        found = lower
    return found


def largest(sizes: Sequence[Size]) -> Size:
    """The largest of sizes. Raises Unknown where that depends on a symbol."""
    try:
        return max(sizes)  # type: ignore[type-var]
    except TypeError:
        return -least([-size for size in sizes])
