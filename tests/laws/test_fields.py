"""Laws of receptive fields: what is reported of a node is what its units read, counted one by one."""

from __future__ import annotations

from fractions import Fraction
from math import lcm

from hypothesis import given
from hypothesis import strategies as st

from paramcalc.algebra.expr import Size, substitute, symbol
from paramcalc.algebra.interval_map import Interval, IntervalMap, compose, hull
from paramcalc.algebra.receptive_field import (
    Ordered,
    apply_tap_map,
    covers,
    effective_padding,
    effective_stride,
    lose_order,
    merge_paths,
    misaligned,
    read_whole_axis,
    receptive_field,
)
from paramcalc.algebra.tap_map import TapMap, Unknown, adaptive_taps, linear_taps, nearest_taps, window_taps
from paramcalc.algebra.window import UNIT, Window
from tests.laws.lines import (
    MOST_PERIOD,
    MOST_UNITS,
    NETWORKS,
    SLIDES,
    STEPS,
    Adaptive,
    Join,
    Node,
    Operation,
    Positions,
    Slide,
    Step,
    Whole,
    apply,
    chain,
    operations,
    start,
)
from tests.strategies import CHAINS
from tests.strategies import Step as Sliding

LENGTHS = st.integers(1, 40)
UNITS = range(-9, 30)


def ends(positions: Positions) -> tuple[int, int] | None:
    """The first and the last of a set of positions."""
    return (min(positions), max(positions)) if positions else None


def told(axis: Ordered, unit: int) -> Interval | None:
    """What the program says that a unit reads."""
    return hull(part.interval(unit) for part in axis.maps)


def extent(positions: Positions) -> int | None:
    """Positions from the first to the last; None for none."""
    return max(positions) - min(positions) + 1 if positions else None


def widest(node: Node, units: range) -> int | None:
    """The largest extent of what one of these units reads."""
    return max((size for size in (extent(node.reads(unit)) for unit in units) if size is not None), default=None)


# -- every node of a random network -----------------------------------------------------------------


@given(LENGTHS, NETWORKS)
def test_every_unit_reads_the_interval_that_is_told(n: int, network: tuple[Operation, ...]) -> None:
    node = chain(start(n), network)
    for unit in UNITS:
        assert told(node.axis, unit) == ends(node.reads(unit))


@given(LENGTHS, NETWORKS)
def test_the_receptive_field_is_the_largest_over_a_period_or_the_units(n: int, network: tuple[Operation, ...]) -> None:
    node = chain(start(n), network)
    # where strides differ there is no period: the paths part for ever, and the units that exist decide
    units = range(node.units if len(node.paces) > 1 or mixed(node) else min(node.units, node.period))
    assert receptive_field(node.axis) == widest(node, units)


def mixed(node: Node) -> bool:
    """Whether a path that reads everything meets one that does not, so that units differ without a period."""
    return any(part.step == 0 for part in node.axis.maps) and not node.constant


@given(LENGTHS, NETWORKS)
def test_the_effective_stride_is_how_far_intervals_move_from_unit_to_unit(
    n: int, network: tuple[Operation, ...]
) -> None:
    node = chain(start(n), network)
    stride = effective_stride(node.axis)
    if node.constant:
        assert stride is None
        return
    assert stride in node.paces
    if len(node.paces) > 1 or mixed(node):
        return
    assert isinstance(stride, (int, Fraction))
    for unit in UNITS:
        here, there = ends(node.reads(unit)), ends(node.reads(unit + node.period))
        if here and there:
            assert there == (here[0] + stride * node.period, here[1] + stride * node.period)


@given(LENGTHS, NETWORKS)
def test_the_effective_padding_is_how_far_the_first_unit_reads_before_the_input(
    n: int, network: tuple[Operation, ...]
) -> None:
    node = chain(start(n), network)
    first = node.reads(0)
    assert effective_padding(node.axis) == (None if node.constant or not first else -min(first))


@given(LENGTHS, NETWORKS)
def test_paths_of_different_strides_are_misaligned(n: int, network: tuple[Operation, ...]) -> None:
    node = chain(start(n), network)
    assert misaligned(node.axis) == (len(node.paces) > 1)


@given(LENGTHS, NETWORKS)
def test_a_whole_map_operation_reads_what_all_units_read(n: int, network: tuple[Operation, ...]) -> None:
    node = chain(start(n), network)
    everywhere = frozenset().union(*(node.reads(unit) for unit in range(node.units)))
    axis = read_whole_axis(node.axis)
    assert axis.whole
    for unit in UNITS:
        assert told(axis, unit) == ends(everywhere)
    assert receptive_field(axis) == extent(everywhere)
    assert effective_stride(axis) is None
    assert effective_padding(axis) is None
    assert covers(axis, n) == (ends(everywhere) is not None and min(everywhere) <= 0 and max(everywhere) >= n - 1)


@given(LENGTHS, NETWORKS)
def test_units_laid_out_anew_keep_the_largest_size_and_the_hull(n: int, network: tuple[Operation, ...]) -> None:
    node = chain(start(n), network)
    everywhere = frozenset().union(*(node.reads(unit) for unit in range(node.units)))
    if not everywhere:
        return
    flat = lose_order(node.axis, 0, "flatten")
    assert flat.hull == ends(everywhere)
    assert receptive_field(flat) == (receptive_field(node.axis) or 0)
    assert read_whole_axis(flat).maps == read_whole_axis(node.axis).maps


# -- paths that meet --------------------------------------------------------------------------------


@given(LENGTHS, st.lists(operations(STEPS, 2), min_size=2, max_size=3))
def test_the_hull_contains_every_path_and_nothing_more(n: int, branches: list[tuple[Operation, ...]]) -> None:
    paths = [chain(start(n), branch) for branch in branches]
    if lcm(*(node.period for node in paths)) > MOST_PERIOD:
        return
    together = merge_paths([node.axis for node in paths])
    assert isinstance(together, Ordered)
    for unit in UNITS:
        parts = [span for span in (told(node.axis, unit) for node in paths) if span]
        whole = told(together, unit)
        if not parts:
            assert whole is None
            continue
        assert whole == (min(lo for lo, _ in parts), max(hi for _, hi in parts))  # type: ignore[type-var]


@given(LENGTHS, NETWORKS)
def test_a_path_that_meets_itself_stays_as_it_is(n: int, network: tuple[Operation, ...]) -> None:
    axis = chain(start(n), network).axis
    assert merge_paths([axis, axis]) == axis


@given(st.integers(8, 40), operations(STEPS, 2), operations(STEPS, 2))
def test_the_order_of_branches_does_not_matter(
    n: int, left: tuple[Operation, ...], right: tuple[Operation, ...]
) -> None:
    if lcm(chain(start(n), left).period, chain(start(n), right).period) > MOST_PERIOD:
        return
    one, other = apply(start(n), Join((left, right))), apply(start(n), Join((right, left)))
    assert misaligned(one.axis) == misaligned(other.axis)
    assert receptive_field(one.axis) == receptive_field(other.axis)
    for unit in UNITS:
        assert told(one.axis, unit) == told(other.axis, unit)


# -- chains -----------------------------------------------------------------------------------------


@given(CHAINS)
def test_a_chain_of_windows_reads_as_its_composed_window(steps: list[Sliding]) -> None:
    window, axis = UNIT, Ordered(0, 1, (IntervalMap(1, ((0, 0),)),))
    for step in steps:
        window = window.then(step.window)
        axis = apply_tap_map(window_taps(step.window), axis, 1)
    assert receptive_field(axis) == window.span
    assert effective_stride(axis) == window.stride
    assert effective_padding(axis) == window.lo


def flat_reading(first: Step, second: Step, n: int) -> IntervalMap:
    """Two steps one after the other, on the input itself."""
    middle = compose(first.tap_map(n), IntervalMap(1, ((0, 0),)))
    return compose(second.tap_map(first.units(n)), middle)


@given(LENGTHS, STEPS, STEPS)
def test_two_steps_read_as_one_behind_the_other(n: int, first: Step, second: Step) -> None:
    if first.units(n) < 1 or second.units(first.units(n)) < 1:
        return
    both = flat_reading(first, second, n)
    for unit in UNITS:
        taps = [p for middle in second.positions(unit, first.units(n)) for p in first.positions(middle, n)]
        assert both.interval(unit) == ends(frozenset(taps))


SPANS = st.none() | st.tuples(st.integers(-9, 9), st.integers(0, 9)).map(lambda pair: (pair[0], pair[0] + pair[1]))
PROGRESSIONS = st.builds(IntervalMap, st.integers(0, 9), st.lists(SPANS, min_size=1, max_size=7).map(tuple))


@given(PROGRESSIONS, st.integers(1, 25), st.integers(1, 9))
def test_a_run_of_units_reads_the_hull_of_what_they_read(field: IntervalMap, length: int, gap: int) -> None:
    runs = field.window(length, gap)
    for unit in range(-9, 9):
        units = [field.interval(unit + gap * place) for place in range(length)]
        read = frozenset(int(str(position)) for span in units if span for position in span)
        assert runs.interval(unit) == ends(read)


# -- symbols ----------------------------------------------------------------------------------------


def filled(span: Interval | None, names: dict[str, int]) -> Interval | None:
    """An interval with numbers in."""
    return span and (substitute(span[0], names), substitute(span[1], names))


H = symbol("H")


@given(st.lists(SLIDES, max_size=4), st.one_of(st.none(), st.integers(1, 9)), st.booleans(), st.integers(1, 90))
def test_fields_of_a_symbolic_size_become_those_of_a_number(
    slides: list[Slide], bins: int | None, last: bool, n: int
) -> None:
    node = start(n)
    size: Size = H
    axis = Ordered(0, H, (IntervalMap(1, ((0, 0),)),))
    for slide in slides:
        if 1 <= slide.units(node.units) <= MOST_UNITS:
            window = Window(*slide)
            node, size = apply(node, slide), window.size(size)
            axis = apply_tap_map(window_taps(window), axis, size)
    assert substitute(size, {"H": n}) == node.units
    if bins:
        node = apply(node, Adaptive(bins))
        axis = apply_tap_map(adaptive_taps(size, bins), axis, bins)
    if last:
        node = apply(node, Whole())
        try:
            axis = read_whole_axis(axis)
        except Unknown:
            # bins have no order while there may be fewer than no positions to share out
            assert bins
            assert min(int(str(substitute(size, {"H": n}))) for n in range(1, 90)) < 1
            return
    names = {"H": n}
    for unit in UNITS:
        assert filled(told(axis, unit), names) == ends(node.reads(unit))
    try:
        field = receptive_field(axis)
    except Unknown:
        # which of several bins is the largest may depend on the symbol
        assert bins
        assert bins > 1
        return
    assert field is not None
    assert substitute(field, names) == receptive_field(node.axis)


@given(st.integers(1, 6), st.integers(1, 8), st.integers(-9, 20), st.integers(1, 30), st.integers(1, 9))
def test_adaptive_bins_of_a_symbolic_size_become_those_of_a_number(a: int, m: int, b: int, h: int, out: int) -> None:
    size = a * ((H + b) // m) + b
    n = substitute(size, {"H": h})
    assert isinstance(n, int)
    if n < 1:
        return
    bins = compose(adaptive_taps(size, out), IntervalMap(1, ((0, 0),)))
    for unit in UNITS:
        assert filled(bins.interval(unit), {"H": h}) == ends(frozenset(Adaptive(out).positions(unit, n)))


@given(st.integers(1, 6), st.integers(1, 30))
def test_upsampling_by_a_factor_is_the_same_for_a_symbol(factor: int, n: int) -> None:
    for read in (nearest_taps, linear_taps):
        symbolic, concrete = (compose(read(m, m * factor), IntervalMap(1, ((0, 0),))) for m in (H, n))
        assert [symbolic.interval(unit) for unit in UNITS] == [concrete.interval(unit) for unit in UNITS]


@given(st.lists(STEPS, min_size=1, max_size=3), LENGTHS)
def test_readings_repeat_after_their_period(steps: list[Step], n: int) -> None:
    for step in steps:
        if step.units(n) < 1:
            continue
        tap_map = step.tap_map(n)
        assert isinstance(tap_map, TapMap)
        period = len(tap_map.taps)
        assert Fraction(int(str(tap_map.step)), period) == step.pace(n)
        assert lcm(period, step.pace(n).denominator) == period
        n = min(step.units(n), 60)
