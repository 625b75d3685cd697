"""Receptive fields: what the units of a node read of the network's input, and the figures of that.

An example on one axis, a 3x3 convolution of stride 2 and padding 1, upsampling by 2, and a 3x3
convolution of padding 1. Written as maps (see `tap_map`, `interval_map`):

    layer          unit reads of its input          unit reads of the network's input    field  stride  padding
    input                                           i: i .. i                                1       1        0
    conv 3, s 2    i: 2i-1, 2i, 2i+1                i: 2i-1 .. 2i+1                          3       2        1
    upsample 2     2q: q         2q+1: q            2q: 2q-1 .. 2q+1   2q+1: 2q-1 .. 2q+1    3       1        1
    conv 3, s 1    i: i-1, i, i+1                   2q: 2q-3 .. 2q+1   2q+1: 2q-1 .. 2q+3    5       1        3

Neighbouring units differ after upsampling, a transposed convolution or adaptive pooling: the map repeats
with a period, here 2, and the units within it are its phases. The last line by hand: unit 2q reads the units
2q - 1, 2q and 2q + 1 above it, so from 2(q-1) - 1 = 2q - 3 to 2q + 1.

The figures are those of Araujo, Norris, Sim, Computing receptive fields of convolutional neural networks,
Distill 2019: the receptive field is the number of positions of the largest interval of any unit, the
effective stride the distance between the intervals of neighbouring units, and the effective padding how far
the interval of the first unit begins before the input. The input is treated as unbounded, and padding
counts: fc6 of VGG-16 reads 404 positions of an axis of 224. Holes of a dilation count too.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import NamedTuple, TypeAlias

from paramcalc.algebra.expr import Size, divide_exactly
from paramcalc.algebra.interval_map import Interval, IntervalMap, compose, hull, largest_size, unitwise_hull
from paramcalc.algebra.solve import never_negative
from paramcalc.algebra.tap_map import TapMap, Unknown

REMEMBERED = 256
"""Results of `compose_all` and `merge_equal_strides` that are kept: both axes of a square map need the same ones."""


class Ordered(NamedTuple):
    """The field on one axis of the network's input, of units that are in order along the axis `along` of a tensor.

    `units` is the size of that axis. Several maps are paths of different effective strides that met: a
    unit reads the hull of what it reads by each of them. `whole` marks a field that a layer reading the
    whole axis, such as global pooling, has a part in.
    """

    along: int
    units: Size
    maps: tuple[IntervalMap, ...]
    whole: bool = False

    @property
    def constant(self) -> bool:
        """Whether all units read the same."""
        for part in self.maps:  # noqa: SIM110 - asked of every node, and a generator takes three times as long
            if part.step != 0:
                return False
        return True


class Unordered(NamedTuple):
    """The field of units that are in no regular order along `along`, as after flatten.

    `size` is the number of positions of the largest interval, `hull` the hull of all. `origin` names the
    operation that lost the order: fields of one origin have their units in the same order.
    """

    along: int
    size: Size
    hull: Interval
    origin: object


AxisField: TypeAlias = Ordered | Unordered
Fields: TypeAlias = tuple[AxisField, ...]
"""One field for each axis of the network's input that has positions."""


# -- the field of a layer, from the fields of its inputs ----------------------------------------


def apply_tap_map(tap_map: TapMap, field: Ordered, units: Size) -> Ordered:
    """The field of a layer of `units` units with this tap map along the axis of the field. Raises Unknown."""
    return Ordered(field.along, units, compose_all(tap_map, field.maps), field.whole)


@lru_cache(REMEMBERED)
def compose_all(tap_map: TapMap, maps: tuple[IntervalMap, ...]) -> tuple[IntervalMap, ...]:
    """The composition of a layer with each of several paths."""
    return tuple([compose(tap_map, part) for part in maps])


def hull_of_units(field: AxisField) -> Interval | None:
    """The hull of what all units read; None where they read nothing. Raises Unknown."""
    if isinstance(field, Unordered):
        return field.hull
    return hull([part.window(field.units, 1).intervals[0] for part in field.maps])


def read_whole_axis(field: AxisField) -> Ordered:
    """The field of a layer whose units read the whole axis, such as global pooling. Raises Unknown."""
    return Ordered(0, 1, (IntervalMap(0, (hull_of_units(field),)),), whole=True)


def lose_order(field: AxisField, along: int, origin: object) -> Unordered:
    """The field after a layer has put the units in another order along an axis. Raises Unknown."""
    if isinstance(field, Unordered):
        return Unordered(along, field.size, field.hull, (origin, field.origin))
    total = hull_of_units(field)
    if total is None:
        raise Unknown
    size = receptive_field(field)
    return Unordered(along, 0 if size is None else size, total, origin)


def merge_paths(fields: Sequence[AxisField]) -> AxisField:
    """The field where paths meet: each unit reads the hull of what it reads by every path.

    A path that reads the same everywhere (a gate made from the whole map) serves every unit of the others.
    Raises Unknown where the units of the paths do not correspond.
    """
    first = fields[0]
    if fields.count(first) == len(fields):
        return first
    maps: list[IntervalMap] = []
    varying: Ordered | None = None
    whole = False
    for field in fields:
        if isinstance(field, Unordered):
            return merge_unordered(fields)
        maps += field.maps
        whole = whole or field.whole
        if (varying is None or varying.along != field.along) and not field.constant:
            if varying is not None:
                raise Unknown
            varying = field
    lead = varying or first
    assert isinstance(lead, Ordered)
    return Ordered(lead.along, lead.units, merge_equal_strides(tuple(maps)), whole)


@lru_cache(REMEMBERED)
def merge_equal_strides(maps: tuple[IntervalMap, ...]) -> tuple[IntervalMap, ...]:
    """The maps, those of equal effective stride merged into one."""
    merged: list[IntervalMap] = []
    for part in maps:
        for index, other in enumerate(merged):
            if part.step * len(other.intervals) == other.step * len(part.intervals):
                merged[index] = unitwise_hull(part, other)
                break
        else:
            merged.append(part)
    return tuple(merged)


def merge_unordered(fields: Sequence[AxisField]) -> Ordered:
    """The field where unordered units meet paths that read one interval, if that interval holds all they read.

    Which unordered units meet which others is not followed: everything else raises Unknown.
    """
    constant = [field for field in fields if isinstance(field, Ordered) and field.constant]
    unordered_hulls = [field.hull for field in fields if isinstance(field, Unordered)]
    if not constant or len(constant) + len(unordered_hulls) < len(fields):
        raise Unknown
    held = hull([part.intervals[0] for field in constant for part in field.maps])
    if held is None or held != hull([held, *unordered_hulls]):
        raise Unknown
    return constant[0]._replace(maps=(IntervalMap(0, (held,)),), whole=True)


def comparison_cost(fields: Fields) -> int:
    """How many intervals beyond one an axis it takes to compare these fields with others.

    An interval that moves by a symbolic step counts as 300. Several maps are each compared with the others.
    """
    cost = 0
    for field in fields:
        if isinstance(field, Ordered):
            cost += len(field.maps) * (len(field.maps) - 1)
            for step, intervals in field.maps:
                if len(intervals) > 1:
                    cost += (len(intervals) - 1) * (1 if isinstance(step, int) else 300)
    return cost


# -- figures --------------------------------------------------------------------------------------


def receptive_field(field: AxisField) -> Size | None:
    """Positions of the largest interval that a unit reads; None when no unit reads anything. Raises Unknown."""
    if isinstance(field, Unordered):
        return field.size
    maps, units = field.maps, field.units
    if len(maps) == 1:
        intervals = maps[0].intervals
        # a node may have fewer units than the period; where their number has symbols, all phases count
        return largest_size(intervals[:units] if isinstance(units, int) else intervals)
    # last - first of the hull of several lines is convex in the unit: the first or the last period has the largest
    period = lcm(*(len(part.intervals) for part in maps))
    if period == 1:
        ends: set[Size] = {0, units - 1}
    elif isinstance(units, int):
        ends = {*range(min(period, units)), *range(max(0, units - period), units)}
    else:
        raise Unknown
    return largest_size([hull([part.interval(unit) for part in maps]) for unit in ends])


def effective_stride(field: AxisField) -> Size | Fraction | None:
    """The distance between the intervals of neighbouring units, averaged over a period.

    None where all units read the same or are unordered, and for a fraction with symbols.
    """
    if isinstance(field, Unordered):
        return None
    for step, intervals in field.maps:
        if step != 0:
            whole = divide_exactly(step, len(intervals))
            return Fraction(step, len(intervals)) if whole is None and isinstance(step, int) else whole
    return None


def effective_padding(field: AxisField) -> Size | None:
    """How far the interval of the first unit begins before the input.

    None where all units read the same or are unordered, and where the first reads nothing.
    """
    if isinstance(field, Unordered) or field.constant:
        return None
    first = hull([part.intervals[0] for part in field.maps])
    return None if first is None else -first[0]


def misaligned(field: AxisField) -> bool:
    """Whether paths of different effective strides meet in this field."""
    if isinstance(field, Unordered) or len(field.maps) == 1:
        return False
    return sum(part.step != 0 for part in field.maps) > 1


def covers(field: AxisField, n: Size) -> bool:
    """Whether every unit reads all n positions of the input, by a layer that reads the whole axis."""
    if isinstance(field, Unordered) or not field.whole:
        return False
    constant = hull([one for part in field.maps if part.step == 0 for one in part.intervals])
    if constant is None:
        return False
    return never_negative(-constant[0]) is True and never_negative(constant[1] - n + 1) is True
