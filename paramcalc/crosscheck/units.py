"""Which units of a step are looked at, what paramcalc says that they read, and what their gradients measure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from fractions import Fraction
from math import lcm, prod
from typing import NamedTuple

from paramcalc.algebra.expr import Size
from paramcalc.algebra.interval_map import hull
from paramcalc.algebra.receptive_field import AxisField, Ordered, Unordered, read_whole_axis
from paramcalc.algebra.tap_map import Unknown
from paramcalc.crosscheck.gradients import Interval, Part
from paramcalc.crosscheck.stretched import Value

PHASES = 32
"""Neighbouring units of one step that are looked at, at most."""

ALL = -1
"""In the place of a unit: all units together."""


class Measures(NamedTuple):
    """The reported figures of one axis as gradients show them; None where they do not show one."""

    size: int | None = None
    stride: int | Fraction | None = None
    padding: int | None = None


# -- what paramcalc says -------------------------------------------------------------------------


def whole(size: Size) -> int:
    """A size of a network of numbers."""
    assert isinstance(size, int)
    return size


def numbers(span: tuple[Size, Size] | None) -> Interval | None:
    """An interval of a network of numbers."""
    return span and (whole(span[0]), whole(span[1]))


def period(found: Ordered) -> int:
    """After how many units a field repeats."""
    return lcm(*(len(part.intervals) for part in found.maps))


def total(found: AxisField) -> Interval | None:
    """What all units together should read; None where nothing is known of it."""
    try:
        return numbers(found.hull if isinstance(found, Unordered) else read_whole_axis(found).maps[0].intervals[0])
    except Unknown:
        return None


def expected_of(found: AxisField, unit: int) -> Interval | None:
    """What a unit should read."""
    if isinstance(found, Unordered):
        return total(found)
    return numbers(hull(part.interval(unit) for part in found.maps))


def told(found: AxisField, unit: int, span: Interval | None) -> bool:
    """Whether paramcalc tells what a unit reads, which touches `span`.

    Of units without order it tells it of all together. Of paths that read the same everywhere it does
    not tell which units they leave out, in the padding or between the taps of a transposed convolution.
    """
    if isinstance(found, Unordered):
        return unit == ALL
    moving = [part for part in found.maps if part.step != 0]
    if len(moving) == len(found.maps) or span == expected_of(found, unit):
        return True
    return span != numbers(hull(part.interval(unit) for part in moving)) if moving else span is not None


# -- what is looked at ---------------------------------------------------------------------------


def units_of(found: AxisField, value: Value) -> Iterator[tuple[int, Part | None]]:
    """Units to look at, and where each lies in a tensor; None where the tensor has no such unit.

    Every phase of the field with the unit after them, and the last; of units that all read the same,
    or have no order, all together, and of these the first and the last, of those each one of few.
    """
    elements = prod(value.own)
    if isinstance(found, Unordered) or found.constant:
        each = range(elements if elements <= PHASES else 0) if isinstance(found, Unordered) else {0, elements - 1}
        yield ALL, own_part(value)
        if value.mixed and not isinstance(found, Unordered):
            return
        for unit in each:
            yield unit, element(unit, value)
    else:
        units, repeats = whole(found.units), period(found)
        phases = min(repeats, PHASES)
        # where paths of several strides meet, the largest lies at an end
        at_end = 1 if len(found.maps) == 1 else phases
        for unit in sorted({*range(phases), repeats, *range(max(0, units - at_end), units)}):
            part = along(found.along, unit, value)
            if part or unit < units:
                yield unit, part


def own_part(value: Value) -> Part:
    """The part of a tensor that it is at the network's own size."""
    return tuple((before, before + size) for before, size in zip(value.margins, value.own, strict=True))


def along(axis: int, unit: int, value: Value) -> Part | None:
    """The position `unit` of an axis, which may lie in the margin behind."""
    part = own_part(value)
    if axis >= len(part) or part[axis][0] + unit >= value.shape[axis]:
        return None
    start = part[axis][0] + unit
    return (*part[:axis], (start, start + 1), *part[axis + 1 :])


def element(unit: int, value: Value) -> Part:
    """An element of the own part of a tensor, counted from the first."""
    part: list[Interval] = []
    for size, before in zip(reversed(value.own), reversed(value.margins), strict=True):
        unit, at = divmod(unit, size)
        part.insert(0, (before + at, before + at + 1))
    return tuple(part)


# -- what gradients show -------------------------------------------------------------------------


def measured(found: AxisField, spans: Mapping[int, Interval | None]) -> Measures:
    """The largest size, the distance of neighbours and the padding before the first unit.

    `spans` are what the gradients of units touch; a figure for which they are too few is None.
    """
    if isinstance(found, Unordered):
        return Measures(largest(spans, range(len(spans) - 1)))
    if found.constant:
        return Measures(largest(spans, (ALL,)))
    repeats, units = period(found), whole(found.units)
    first, next_one = (spans.get(unit) if told(found, unit, spans.get(unit)) else None for unit in (0, repeats))
    looked_at = {*range(min(repeats, units))}
    if len(found.maps) > 1:
        looked_at.update(range(max(0, units - repeats), units))
    size = largest(spans, looked_at)
    stride: int | Fraction | None = None
    if first and next_one and len(found.maps) == 1:
        exact = Fraction(next_one[0] - first[0], repeats)
        stride = exact.numerator if exact.denominator == 1 else exact
    return Measures(size, stride, -first[0] if first else None)


def largest(spans: Mapping[int, Interval | None], units: Collection[int]) -> int | None:
    """The most positions that one of these units reads; None where not all of them have been looked at."""
    found = [spans[unit] for unit in units if unit in spans]
    if len(found) < len(units):
        return None
    return max((span[1] - span[0] + 1 for span in found if span), default=None)
