"""Receptive fields: which interval of the input each unit of a node reads.

The input is taken as endless, as is usual: positions in the padding count (VGG-16's fc6 reads 404
of 224 rows). On one axis, unit i = period*q + r of a node reads `step*q + lo[r] .. step*q + hi[r]`.
A chain of convolutions has period 1; transposed convolution, upsampling and adaptive pooling have
more. A layer is a `TapMap` of its input in the same form, and `compose` puts a layer behind a
node. Where paths meet, a unit reads the hull of what the paths read.

The numbers that are reported (Araujo, Norris, Sim, Computing receptive fields of convolutional
neural networks, Distill 2019): the receptive field is the size of the interval, the largest over
all units; the effective stride is the distance of the intervals of neighbouring units; the
effective padding is how far the first interval begins before the input.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache, reduce
from math import gcd, lcm
from typing import NamedTuple, TypeAlias

from paramcalc import limits
from paramcalc.algebra.conditions import never_negative, smaller
from paramcalc.algebra.expr import Expr, Size, divide_exactly, too_large
from paramcalc.algebra.window import Window

Interval: TypeAlias = tuple[Size, Size]

REMEMBERED = 256
"""Results that are kept for the next asker: both axes of a square map read alike."""


class Unknown(Exception):
    """A field that cannot be told: it depends on the data, or on a choice that symbols leave open."""


class Taps(NamedTuple):
    """Positions `first, first + gap, …`, `number` of them."""

    first: Size
    number: Size = 1
    gap: Size = 1


class TapMap(NamedTuple):
    """What one unit of a layer reads on one axis of its input: unit `period*q + r` reads `taps[r]` plus `step*q`."""

    step: Size
    taps: tuple[Taps | None, ...]


class IntervalMap(NamedTuple):
    """What one unit of a node reads of the network's input: unit `period*q + r` reads `spans[r]` plus `step*q`.

    A span of None is a unit that reads nothing. A step of 0 means that all units read the same.
    """

    step: Size
    spans: tuple[Interval | None, ...]


INPUT_POSITIONS = IntervalMap(1, ((0, 0),))
"""The field of the network's input: each position reads itself."""

EACH = TapMap(1, (Taps(0),))
"""The map of a layer that works on each position by itself."""


class Ordered(NamedTuple):
    """The field on one axis of the input, of all units along one axis of the node's tensor.

    `along` is that tensor axis, of `units` positions. Several maps are paths of different
    strides that met; a unit reads the hull of them. `whole` marks that a whole-map operation lies
    below.
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
    """A field whose units lie along `along` in no regular order, as after flatten: the largest and the hull.

    Two of them are alike when they come from the same operation, `origin`.
    """

    along: int
    size: Size
    hull: Interval
    origin: object


AxisField: TypeAlias = Ordered | Unordered
Fields: TypeAlias = tuple[AxisField, ...]


def window_taps(window: Window) -> TapMap:
    """A convolution or pooling: unit i reads `s*i - lo`, and k - 1 more positions, d apart."""
    return TapMap(window.stride, (Taps(-window.lo, window.kernel, window.dilation),))


@lru_cache(REMEMBERED)
def transposed_taps(window: Window) -> TapMap:
    """A transposed convolution: unit i reads each j with `i = s*j - lo + d*t` for a tap t in 0..k-1."""
    kernel, stride, lo, dilation = window.kernel, window.stride, window.lo, window.dilation
    if not (isinstance(kernel, int) and isinstance(stride, int) and isinstance(lo, int) and isinstance(dilation, int)):
        raise Unknown
    phases = phases_of(stride)
    turn = stride // gcd(stride, dilation)
    first_of = {(dilation * t - lo) % stride: t for t in range(min(turn, kernel))}
    taps: list[Taps | None] = []
    for r in phases:
        first = first_of.get(r)
        if first is None:
            taps.append(None)
            continue
        # taps t, t + turn, … meet the stride; more taps are earlier positions
        count = (kernel - 1 - first) // turn + 1
        last = (r + lo - dilation * first) // stride
        gap = dilation * turn // stride
        taps.append(Taps(last - gap * (count - 1), count, gap))
    return TapMap(1, tuple(taps))


@lru_cache(REMEMBERED)
def adaptive_taps(n: Size, out: int) -> TapMap:
    """Adaptive pooling of n positions to `out` bins: bin i is `floor(i*n/out) .. ceil((i+1)*n/out) - 1`.

    Raises Unknown for too many bins.
    """
    common = gcd(n, out) if isinstance(n, int) else gcd(out, *_coefficients(n))
    period, step = out // common, n // common
    if period > limits.BINS and not isinstance(n, int):
        raise Unknown
    taps = []
    for r in phases_of(period):
        first = step * r // period
        taps.append(Taps(first, (step * (r + 1) + period - 1) // period - first))
    return TapMap(step, tuple(taps))


@lru_cache(REMEMBERED)
def nearest_taps(n: Size, out: Size) -> TapMap:
    """Nearest upsampling of n positions to `out`: unit i reads `floor(i*n/out)`."""
    factor = divide_exactly(out, n)
    if isinstance(factor, int):
        return enlarged_taps(factor)
    if not isinstance(n, int) or not isinstance(out, int):
        raise Unknown
    common = gcd(n, out)
    period, step = out // common, n // common
    return TapMap(step, tuple(Taps(step * r // period) for r in phases_of(period)))


def enlarged_taps(factor: int) -> TapMap:
    """Each position becomes `factor` of them: unit i reads `floor(i/factor)`."""
    return TapMap(1, tuple(Taps(0) for _ in phases_of(factor)))


@lru_cache(REMEMBERED)
def linear_taps(n: Size, out: Size) -> TapMap:
    """Linear upsampling without aligned corners: unit i reads the two around `(i + 1/2)*n/out - 1/2`."""
    factor = divide_exactly(out, n)
    if isinstance(factor, int):
        step, period = 1, factor
    elif isinstance(n, int) and isinstance(out, int):
        common = gcd(n, out)
        step, period = n // common, out // common
    else:
        raise Unknown
    taps = []
    for r in phases_of(period):
        first, rest = divmod((2 * r + 1) * step - period, 2 * period)
        taps.append(Taps(first, 2 if rest else 1))
    return TapMap(step, tuple(taps))


def phases_of(period: int) -> range:
    """The phases 0, 1, … of a period. Raises Unknown beyond the longest period that is followed."""
    if period > limits.PERIOD:
        raise Unknown
    return range(period)


def _coefficients(size: Expr) -> list[int]:
    return list(size.terms.values())


def compose(tap_map: TapMap, field: IntervalMap) -> IntervalMap:
    """What a unit of a layer reads of the network's input, when its input reads it as `field` says.

    Raises Unknown where the phase of a symbolic step in a periodic field cannot be told.
    """
    step, taps = tap_map
    phases = len(field.spans)
    turns = 1
    if phases > 1:
        if not isinstance(step, int):
            raise Unknown
        turns = phases // gcd(phases, step)
    pace = field.step * (step * turns // phases)
    if too_large(pace):
        raise Unknown
    if len(taps) == 1 and phases == 1:
        (span,), (tap,) = field.spans, taps
        if span is None or tap is None:
            return IntervalMap(pace, (None,))
        first = field.step * tap.first
        last = first + field.step * (tap.gap * (tap.number - 1))
        return IntervalMap(pace, ((first + span[0], last + span[1]),))
    phases_of(len(taps) * turns)
    runs = {kind: run(field, *kind) for kind in {(tap.number, tap.gap) for tap in taps if tap}}
    spans = [
        tap and interval(runs[tap.number, tap.gap], tap.first + step * turn) for turn in range(turns) for tap in taps
    ]
    return IntervalMap(pace, tuple(spans))


def run(field: IntervalMap, number: Size, gap: Size) -> IntervalMap:
    """What `number` units read together that are `gap` apart, by the first of them.

    A run is the hull of two runs of half its length, which may overlap.
    """
    if len(field.spans) == 1:
        (span,) = field.spans
        return IntervalMap(field.step, (span and (span[0], span[1] + field.step * (gap * (number - 1))),))
    if not isinstance(number, int) or not isinstance(gap, int):
        raise Unknown
    if number == 1:
        return field
    rest = number // 2
    half = run(field, number - rest, gap)
    spans = [around(span, interval(half, unit + gap * rest)) for unit, span in enumerate(half.spans)]
    return IntervalMap(field.step, tuple(spans))


def together(field: Ordered) -> Interval | None:
    """The hull of what all units of a field read; None when none of them reads anything."""
    return hull([run(part, field.units, 1).spans[0] for part in field.maps])


def interval(field: IntervalMap, unit: Size) -> Interval | None:
    """What one unit reads."""
    phases = len(field.spans)
    turn, phase = (unit, 0) if phases == 1 else (unit // phases, unit % phases)
    if not isinstance(phase, int):
        raise Unknown
    span = field.spans[phase]
    if turn == 0:
        return span
    return span and (field.step * turn + span[0], field.step * turn + span[1])


def hull(spans: Iterable[Interval | None]) -> Interval | None:
    """The smallest interval that holds all of them; None for none."""
    return reduce(around, spans, None)


def around(left: Interval | None, right: Interval | None) -> Interval | None:
    """The smallest interval that holds both."""
    if left is None or right is None:
        return left or right
    try:
        return min(left[0], right[0]), max(left[1], right[1])  # type: ignore[type-var]
    except TypeError:  # symbols, which have no order of their own
        return least((left[0], right[0])), largest((left[1], right[1]))


def least(sizes: Sequence[Size]) -> Size:
    """The smallest; raises Unknown where symbols leave it open."""
    try:
        return min(sizes)  # type: ignore[type-var]
    except TypeError:  # symbols, which have no order of their own
        best = sizes[0]
    for size in sizes[1:]:
        found = smaller(best, size)
        if found is None:
            raise Unknown
        best = found
    return best


def largest(sizes: Sequence[Size]) -> Size:
    """The largest; raises Unknown where symbols leave it open."""
    try:
        return max(sizes)  # type: ignore[type-var]
    except TypeError:
        return -least([-size for size in sizes])


# -- the field of a node on one axis ------------------------------------------------------------


def behind(tap_map: TapMap, field: Ordered, units: Size) -> Ordered:
    """The field of a layer that reads its input as `tap_map` along the field's axis."""
    return Ordered(field.along, units, through(tap_map, field.maps), field.whole)


@lru_cache(REMEMBERED)
def through(tap_map: TapMap, maps: tuple[IntervalMap, ...]) -> tuple[IntervalMap, ...]:
    """Every progression behind a layer."""
    return tuple([compose(tap_map, part) for part in maps])


def everything(field: AxisField, along: int = 0) -> Ordered:
    """The field of an operation that reads the whole axis: one interval for all its units."""
    if isinstance(field, Unordered):
        return Ordered(along, 1, (IntervalMap(0, (field.hull,)),), whole=True)
    total = together(field)
    return Ordered(along, 1, (IntervalMap(0, (total,)),), whole=True)


def unordered(field: AxisField, along: int, origin: object) -> Unordered:
    """The field after units have been laid out anew along an axis."""
    if isinstance(field, Unordered):
        return Unordered(along, field.size, field.hull, (origin, field.origin))
    total = together(field)
    if total is None:
        raise Unknown
    size = receptive_field(field)
    return Unordered(along, 0 if size is None else size, total, origin)


def meet(fields: Sequence[AxisField]) -> AxisField:
    """The field where paths meet, unit by unit: the hull of all paths.

    Paths of one stride become one progression. A path that reads the same everywhere (a gate
    made from the whole map) is kept beside the others.
    """
    first = fields[0]
    if fields.count(first) == len(fields):
        return first
    maps: list[IntervalMap] = []
    moving: Ordered | None = None
    whole = False
    for field in fields:
        if isinstance(field, Unordered):
            return _unordered_with_whole(fields)
        maps += field.maps
        whole = whole or field.whole
        if (moving is None or moving.along != field.along) and not field.constant:
            if moving is not None:
                raise Unknown
            moving = field
    lead = moving or first
    assert isinstance(lead, Ordered)
    return Ordered(lead.along, lead.units, united(tuple(maps)), whole)


@lru_cache(REMEMBERED)
def united(maps: tuple[IntervalMap, ...]) -> tuple[IntervalMap, ...]:
    """Progressions with those of one stride joined to one."""
    parts: list[IntervalMap] = []
    for part in maps:
        for place, other in enumerate(parts):
            if part.step * len(other.spans) == other.step * len(part.spans):
                parts[place] = join(part, other)
                break
        else:
            parts.append(part)
    return tuple(parts)


def _unordered_with_whole(fields: Sequence[AxisField]) -> AxisField:
    """Unordered units that meet paths which read one interval: known where that interval holds them all."""
    unordered_hulls = {field for field in fields if isinstance(field, Unordered)}
    if any(isinstance(field, Ordered) and not field.constant for field in fields):
        raise Unknown
    constant = [part.spans[0] for field in fields if isinstance(field, Ordered) for part in field.maps]
    if not constant:
        raise Unknown
    total = hull([*constant, *(field.hull for field in unordered_hulls)])
    if total is None or total != hull(constant):
        raise Unknown
    whole = next(field for field in fields if isinstance(field, Ordered))
    return whole._replace(maps=(IntervalMap(0, (total,)),), whole=True)


def join(left: IntervalMap, right: IntervalMap) -> IntervalMap:
    """The hull of two maps of one stride, unit by unit."""
    period = len(phases_of(lcm(len(left.spans), len(right.spans))))
    spans = map(around, over(left, period), over(right, period))
    return IntervalMap(left.step * (period // len(left.spans)), tuple(spans))


def over(field: IntervalMap, period: int) -> tuple[Interval | None, ...]:
    """The spans of so many units."""
    spans = field.spans
    return spans if len(spans) == period else tuple([interval(field, unit) for unit in range(period)])


def intervals(fields: Fields) -> int:
    """How many intervals tell these fields apart from fields that one interval tells, moved from unit to unit.

    One with symbols counts as many as it takes longer to compare. Each of several maps is
    held to every other.
    """
    number = 0
    for field in fields:
        if isinstance(field, Ordered):
            number += len(field.maps) * (len(field.maps) - 1)
            for step, spans in field.maps:
                if len(spans) > 1:
                    number += (len(spans) - 1) * (1 if isinstance(step, int) else 300)
    return number


def receptive_field(field: AxisField) -> Size | None:
    """The size of the largest interval that a unit reads; None when no unit reads anything."""
    if isinstance(field, Unordered):
        return field.size
    parts = field.maps
    if len(parts) == 1:
        spans = parts[0].spans
        # a node may have fewer units than a period; with symbols it is taken to have all of them
        return largest_size(spans[: field.units] if isinstance(field.units, int) else spans)
    # max hi - min lo is convex in the unit, so the first and the last period hold the largest
    period = lcm(*(len(part.spans) for part in parts))
    if period == 1:
        units: set[Size] = {0, field.units - 1}
    elif isinstance(field.units, int):
        units = {*range(min(period, field.units)), *range(max(0, field.units - period), field.units)}
    else:
        raise Unknown
    return largest_size([hull([interval(part, unit) for part in parts]) for unit in units])


def largest_size(spans: Sequence[Interval | None]) -> Size | None:
    """The size of the largest interval; None for none."""
    if len(spans) == 1:
        (span,) = spans
        return span and span[1] - span[0] + 1
    sizes = [span[1] - span[0] + 1 for span in spans if span]
    return largest(sizes) if sizes else None


def effective_stride(field: AxisField) -> Size | Fraction | None:
    """The distance of neighbouring units' intervals; None where units have no position (0 apart, unordered)."""
    if isinstance(field, Unordered):
        return None
    for part in field.maps:
        if part.step != 0:
            period = len(part.spans)
            exact = divide_exactly(part.step, period)
            if exact is None and isinstance(part.step, int):
                return Fraction(part.step, period)
            return exact
    return None


def effective_padding(field: AxisField) -> Size | None:
    """How far the interval of the first unit begins before the input; None where units have no position."""
    if isinstance(field, Unordered) or field.constant:
        return None
    first = hull([part.spans[0] for part in field.maps])
    return None if first is None else -first[0]


def misaligned(field: AxisField) -> bool:
    """Whether paths of different effective strides meet in this field."""
    if isinstance(field, Unordered) or len(field.maps) == 1:
        return False
    return sum(part.step != 0 for part in field.maps) > 1


def covers(field: AxisField, n: Size) -> bool:
    """Whether a whole-map operation lies below, and what it reads is never less than the n positions of the input."""
    if isinstance(field, Unordered) or not field.whole:
        return False
    constant = hull(span for part in field.maps if part.step == 0 for span in part.spans)
    if constant is None:
        return False
    return never_negative(-constant[0]) is True and never_negative(constant[1] - n + 1) is True
