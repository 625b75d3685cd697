"""Which units of a step are compared, what paramcalc says that they read, and what their gradients measure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from fractions import Fraction
from math import lcm, prod
from typing import NamedTuple

from paramcalc.algebra.expr import Size
from paramcalc.algebra.interval_map import hull, largest_size
from paramcalc.algebra.receptive_field import AxisField, Ordered, Unordered, hull_of_units
from paramcalc.algebra.tap_map import Unknown
from paramcalc.crosscheck.gradients import Interval, Part
from paramcalc.crosscheck.linear_network import LongTensor
from paramcalc.crosscheck.settings import as_int

PHASES = 32
"""Neighbouring units of one step that are compared, at most."""

ALL = -1
"""Instead of the index of a unit: all units together."""


class Measures(NamedTuple):
    """The reported figures of one axis as gradients show them; None where they do not show one."""

    size: Size | None = None
    stride: int | Fraction | None = None
    padding: int | None = None


# -- what paramcalc says -------------------------------------------------------------------------


def as_ints(span: tuple[Size, Size] | None) -> Interval | None:
    """An interval of a network of numbers."""
    return span and (as_int(span[0]), as_int(span[1]))


def period(field: Ordered) -> int:
    """The phases of a field: after how many units it repeats."""
    return lcm(*(len(part.intervals) for part in field.maps))


def hull_of(field: AxisField) -> Interval | None:
    """What all units together should read; None where it is unknown."""
    try:
        return as_ints(hull_of_units(field))
    except Unknown:
        return None


def expected_of(field: AxisField, unit: int) -> Interval | None:
    """What a unit should read."""
    if isinstance(field, Unordered):
        return hull_of(field)
    return as_ints(hull(part.interval(unit) for part in field.maps))


def is_determined(field: AxisField, unit: int, span: Interval | None) -> bool:
    """Whether paramcalc determines what a unit reads, whose gradient has the support `span`.

    Of units without order it determines what all together read. Of a path that reads the same everywhere
    (a global pooling that is added to a map) it does not say which units have none of it, as those in the
    padding or between the taps of a transposed convolution: they read what the other paths give them.
    """
    if isinstance(field, Unordered):
        return unit == ALL
    strided = [part for part in field.maps if part.step != 0]
    if len(strided) == len(field.maps) or span == expected_of(field, unit):
        return True
    return span != as_ints(hull(part.interval(unit) for part in strided)) if strided else span is not None


# -- which units are compared --------------------------------------------------------------------


def units_of(field: AxisField, value: LongTensor) -> Iterator[tuple[int, Part | None]]:
    """Units to compare, and the part of a tensor that each is; None where the tensor has no such unit.

    Every phase of the field with the unit after them, and the last; of units that all read the same,
    or have no order, all together, and of these the first and the last, of those each one of few.
    """
    elements = prod(value.sizes)
    if isinstance(field, Unordered) or field.constant:
        units = range(elements if elements <= PHASES else 0) if isinstance(field, Unordered) else {0, elements - 1}
        yield ALL, own_part(value)
        if value.mixed and not isinstance(field, Unordered):
            return
        for unit in units:
            yield unit, element(unit, value)
    else:
        last, repeats = as_int(field.units), period(field)
        phases = min(repeats, PHASES)
        # where paths of several strides meet, the largest field is that of a unit at an end
        at_end = 1 if len(field.maps) == 1 else phases
        for unit in sorted({*range(phases), repeats, *range(max(0, last - at_end), last)}):
            part = along(field.along, unit, value)
            if part or unit < last:
                yield unit, part


def own_part(value: LongTensor) -> Part:
    """The part of a tensor that it is at the network's own size."""
    return tuple((before, before + size) for before, size in zip(value.margins, value.sizes, strict=True))


def along(axis: int, unit: int, value: LongTensor) -> Part | None:
    """The position `unit` of an axis, which may be in the margin behind."""
    part = own_part(value)
    if axis >= len(part) or part[axis][0] + unit >= value.shape[axis]:
        return None
    start = part[axis][0] + unit
    return (*part[:axis], (start, start + 1), *part[axis + 1 :])


def element(unit: int, value: LongTensor) -> Part:
    """An element of the own part of a tensor, counted from the first."""
    part: list[Interval] = []
    for size, before in zip(reversed(value.sizes), reversed(value.margins), strict=True):
        unit, index = divmod(unit, size)
        part.insert(0, (before + index, before + index + 1))
    return tuple(part)


# -- what gradients show -------------------------------------------------------------------------


def measured(field: AxisField, spans: Mapping[int, Interval | None]) -> Measures:
    """The largest size, the distance of neighbours and the padding before the first unit.

    `spans` are the supports of the gradients of units; a figure for which they are too few is None.
    """
    if isinstance(field, Unordered):
        return Measures(largest(spans, range(len(spans) - 1)))
    if field.constant:
        return Measures(largest(spans, (ALL,)))
    repeats, units = period(field), as_int(field.units)
    first, next_one = (
        spans.get(unit) if is_determined(field, unit, spans.get(unit)) else None for unit in (0, repeats)
    )
    phases = {*range(min(repeats, units))}
    if len(field.maps) > 1:
        phases.update(range(max(0, units - repeats), units))
    size = largest(spans, phases)
    stride: int | Fraction | None = None
    if first and next_one and len(field.maps) == 1:
        exact = Fraction(next_one[0] - first[0], repeats)
        stride = exact.numerator if exact.denominator == 1 else exact
    return Measures(size, stride, -first[0] if first else None)


def largest(spans: Mapping[int, Interval | None], units: Collection[int]) -> Size | None:
    """The most positions that one of these units reads; None where some of them have not been compared."""
    return largest_size([spans[unit] for unit in units]) if all(unit in spans for unit in units) else None
