"""Receptive fields: published figures, operations by hand, and what cannot be told."""

from __future__ import annotations

from fractions import Fraction

import pytest

import paramcalc
from paramcalc import limits
from paramcalc.algebra.expr import Size, substitute, symbol
from paramcalc.algebra.interval_map import INPUT_POSITIONS, Interval, IntervalMap, compose, hull, unitwise_hull
from paramcalc.algebra.receptive_field import (
    AxisField,
    Ordered,
    Unordered,
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
from paramcalc.algebra.tap_map import (
    EACH,
    TapMap,
    Taps,
    Unknown,
    adaptive_taps,
    linear_taps,
    nearest_taps,
    transposed_taps,
    window_taps,
)
from paramcalc.algebra.window import Window

H = symbol("H")


def image(n: Size) -> Ordered:
    """One axis of an input of n positions."""
    return Ordered(0, n, (INPUT_POSITIONS,))


def slid(axis: Ordered, *windows: Window) -> Ordered:
    """Behind windows."""
    for window in windows:
        axis = apply_tap_map(window_taps(window), axis, window.size(axis.units))
    return axis


def reads(tap_map: TapMap, units: range) -> list[Interval | None]:
    """What units of a layer read of its own input."""
    field = compose(tap_map, INPUT_POSITIONS)
    return [field.interval(unit) for unit in units]


def figures(field: AxisField) -> tuple[object, object, object]:
    """Receptive field, effective stride, effective padding."""
    return receptive_field(field), effective_stride(field), effective_padding(field)


CONV3 = Window(3, 1, 1, 1)
POOL2 = Window(2, 2)
VGG16 = [CONV3, CONV3, POOL2] * 2 + [CONV3, CONV3, CONV3, POOL2] * 3
ALEXNET = [Window(11, 4), Window(3, 2), Window(5, 1, 2, 2), Window(3, 2), CONV3, CONV3, CONV3, Window(3, 2)]


# -- published figures ----------------------------------------------------------------------------


def test_the_figures_of_distill() -> None:
    # Araujo, Norris, Sim, Computing receptive fields of convolutional neural networks, 2019, table
    assert figures(slid(image(224), *VGG16)) == (212, 32, 90)
    assert figures(slid(image(227), *ALEXNET)) == (195, 32, 64)


def test_fc6_of_vgg16_reads_404_positions() -> None:
    field = read_whole_axis(slid(image(224), *VGG16))
    assert figures(field) == (404, None, None)
    assert covers(field, 224)


def test_fields_do_not_depend_on_the_size_of_the_input() -> None:
    assert figures(slid(image(H), *VGG16)) == (212, 32, 90)


def test_the_whole_map_of_a_symbolic_input_is_symbolic() -> None:
    field = read_whole_axis(slid(image(H), *VGG16))
    size = receptive_field(field)
    assert size is not None
    # 212 for the first of H // 32 units, and 32 more for each further one
    assert size == 212 + 32 * (H // 32 - 1)
    assert substitute(size, {"H": 224}) == 404
    assert covers(field, H)


def test_the_whole_input_is_read_only_where_it_is_for_every_size() -> None:
    # two 2x2 windows of stride 2 read all of an even input, and leave the last position of an odd one
    halved = Window(2, 2)
    assert covers(read_whole_axis(slid(image(8), halved)), 8)
    assert not covers(read_whole_axis(slid(image(9), halved)), 9)
    assert not covers(read_whole_axis(slid(image(H), halved)), H)
    assert covers(read_whole_axis(slid(image(2 * H), halved)), 2 * H)


# -- operations by hand ---------------------------------------------------------------------------


def test_a_layer_that_works_on_each_position_changes_nothing() -> None:
    field = slid(image(30), Window(5, 2, 1, 0))
    assert apply_tap_map(EACH, field, field.units) == field


def test_dilation_counts_the_hull() -> None:
    assert reads(window_taps(Window(3, 1, 2, 2, 2)), range(2)) == [(-2, 2), (-1, 3)]
    assert reads(window_taps(Window(3, 2, 0, 0, 4)), range(2)) == [(0, 8), (2, 10)]


def test_a_transposed_convolution_of_stride_2() -> None:
    # output i is 2j - 1 + t for t in 0..3: for 0, t = 1 of j = 0 and t = 3 of j = -1
    assert reads(transposed_taps(Window(4, 2, 1, 1)), range(4)) == [(-1, 0), (0, 1), (0, 1), (1, 2)]
    field = apply_tap_map(transposed_taps(Window(4, 2, 1, 1)), image(8), 16)
    assert figures(field) == (2, Fraction(1, 2), 1)


def test_a_transposed_convolution_with_a_stride_above_its_kernel_leaves_units_that_read_nothing() -> None:
    assert reads(transposed_taps(Window(1, 2)), range(-2, 4)) == [(-1, -1), None, (0, 0), None, (1, 1), None]
    assert reads(transposed_taps(Window(2, 4, 1, 0)), range(4)) == [(0, 0), None, None, (1, 1)]


def test_a_transposed_convolution_with_dilation() -> None:
    # output i is 4j + 2t for t in 0..2: multiples of 4 from t = 0 and 2, other even ones from t = 1
    assert reads(transposed_taps(Window(3, 4, dilation=2)), range(4, 9)) == [(0, 1), None, (1, 1), None, (1, 2)]
    # output i is 2j + 3t for t in 0..2
    assert reads(transposed_taps(Window(3, 2, dilation=3)), range(3)) == [(-3, 0), (-1, -1), (-2, 1)]


def test_a_field_of_units_that_read_nothing() -> None:
    # the odd units of a transposed convolution with kernel 1 and stride 2 are all that is left
    odd = slid(apply_tap_map(transposed_taps(Window(1, 2)), image(8), 16), Window(1, 2, -1, 0))
    assert receptive_field(odd) is None
    assert effective_padding(odd) is None
    assert receptive_field(read_whole_axis(odd)) is None
    assert not covers(read_whole_axis(odd), 8)
    with pytest.raises(Unknown, match=r"^$"):
        lose_order(odd, 0, "flatten")


def test_adaptive_pooling_of_5_positions_to_3_bins() -> None:
    # bins 0..1, 1..3, 3..4, by torch's floor and ceil
    assert reads(adaptive_taps(5, 3), range(4)) == [(0, 1), (1, 3), (3, 4), (5, 6)]
    assert figures(apply_tap_map(adaptive_taps(5, 3), image(5), 3)) == (3, Fraction(5, 3), 0)
    assert reads(adaptive_taps(6, 3), range(3)) == [(0, 1), (2, 3), (4, 5)]
    assert reads(adaptive_taps(2, 3), range(3)) == [(0, 0), (0, 1), (1, 1)]


def test_nearest_upsampling() -> None:
    assert reads(nearest_taps(4, 8), range(4)) == [(0, 0), (0, 0), (1, 1), (1, 1)]
    assert reads(nearest_taps(3, 5), range(5)) == [(0, 0), (0, 0), (1, 1), (1, 1), (2, 2)]
    assert reads(nearest_taps(H, 3 * H), range(2, 4)) == [(0, 0), (1, 1)]


def test_linear_upsampling() -> None:
    # units lie at -1/4, 1/4, 3/4, 5/4
    assert reads(linear_taps(4, 8), range(4)) == [(-1, 0), (0, 1), (0, 1), (1, 2)]
    # units lie at 0, 1, 2 of three times as many: every third meets a position
    assert reads(linear_taps(2, 6), range(3)) == [(-1, 0), (0, 0), (0, 1)]
    assert reads(linear_taps(5, 5), range(2)) == [(0, 0), (1, 1)]


def test_a_convolution_behind_upsampling() -> None:
    field = slid(apply_tap_map(nearest_taps(8, 16), image(8), 16), CONV3)
    assert [field.maps[0].interval(unit) for unit in range(3)] == [(-1, 0), (0, 1), (0, 1)]
    assert figures(field) == (2, Fraction(1, 2), 1)


def test_an_effective_stride_may_be_a_symbol() -> None:
    assert effective_stride(apply_tap_map(adaptive_taps(12 * H, 6), image(12 * H), 6)) == 2 * H
    assert effective_stride(apply_tap_map(adaptive_taps(H, 6), image(H), 6)) is None


# -- paths that meet ------------------------------------------------------------------------------


def test_a_residual_block_has_the_hull_of_both_paths() -> None:
    start = image(56)
    assert figures(merge_paths([slid(start, CONV3, CONV3), start])) == (5, 1, 2)


def test_the_hull_is_not_the_largest_branch() -> None:
    start = image(20)
    early, late = slid(start, Window(3, 1, 4, 0)), slid(start, Window(3, 1, 0, 4))
    together = merge_paths([early, late])
    assert isinstance(together, Ordered)
    assert together.maps[0].interval(0) == (-4, 2)
    assert figures(together) == (7, 1, 4)


def test_paths_of_different_strides_part_unit_by_unit() -> None:
    start = image(16)
    halved = slid(start, POOL2)
    whole = apply_tap_map(TapMap(1, (Taps(0),)), start, 8)
    together = merge_paths([whole, halved])
    assert misaligned(together)
    # unit i reads i, and 2i and 2i + 1: the last one 7..15
    assert receptive_field(together) == 9
    assert effective_padding(together) == 0
    assert not misaligned(halved)
    assert not misaligned(merge_paths([halved, slid(start, Window(4, 2, 1, 1))]))


def test_a_gate_that_reads_everything_widens_every_unit_and_keeps_the_stride() -> None:
    start = slid(image(10), CONV3)
    gated = merge_paths([start, read_whole_axis(start)])
    assert not misaligned(gated)
    assert (effective_stride(gated), effective_padding(gated)) == (1, 1)
    assert receptive_field(gated) == 12
    assert covers(gated, 10)
    assert covers(merge_paths([read_whole_axis(start), start]), 10)
    assert not covers(start, 10)


def test_a_gate_of_a_part_does_not_cover_the_input() -> None:
    start = image(10)
    part = apply_tap_map(TapMap(1, (Taps(2),)), start, 4)
    assert not covers(read_whole_axis(part), 10)
    assert covers(read_whole_axis(start), 10)


def test_fields_along_different_axes_do_not_meet() -> None:
    start = image(8)
    with pytest.raises(Unknown, match=r"^$"):
        merge_paths([start, slid(start._replace(along=1), CONV3)])


# -- units without order --------------------------------------------------------------------------


def test_flattened_units_keep_the_largest_and_the_hull() -> None:
    flat = lose_order(slid(image(10), Window(3)), 0, "flatten")
    assert flat == Unordered(0, 3, (0, 9), "flatten")
    assert figures(flat) == (3, None, None)
    assert not misaligned(flat)
    assert not covers(flat, 10)
    assert receptive_field(read_whole_axis(flat)) == 10


def test_flattened_units_meet_only_themselves_or_what_holds_them_all() -> None:
    start = slid(image(10), Window(3))
    flat, other = lose_order(start, 0, "flatten"), lose_order(start, 0, "flatten2")
    assert merge_paths([flat, flat]) == flat
    whole = merge_paths([flat, read_whole_axis(start)])
    assert isinstance(whole, Ordered)
    assert whole.whole
    assert receptive_field(whole) == 10
    others: tuple[AxisField, ...] = (other, start, read_whole_axis(image(5)))
    for path in others:
        with pytest.raises(Unknown, match=r"^$"):
            merge_paths([flat, path])


# -- what cannot be told --------------------------------------------------------------------------


def test_steps_that_symbols_leave_open_are_unknown() -> None:
    periodic = apply_tap_map(nearest_taps(8, 16), image(8), 16)
    for window in (Window(H, 2), Window(3, H), Window(3, 2, H), Window(3, 2, dilation=H)):
        with pytest.raises(Unknown, match=r"^$"):
            transposed_taps(window)
    for read in (nearest_taps, linear_taps):
        for n, out in ((H, 7), (7, H), (H, H + 1)):
            with pytest.raises(Unknown, match=r"^$"):
                read(n, out)
    for tap_map in (TapMap(H, (Taps(0),)), TapMap(1, (Taps(0, H),)), TapMap(1, (Taps(H),))):
        with pytest.raises(Unknown, match=r"^$"):
            apply_tap_map(tap_map, periodic, 4)
    with pytest.raises(Unknown, match=r"^$"):
        periodic.maps[0].interval(H)


def test_the_largest_of_sizes_that_symbols_leave_open_is_unknown() -> None:
    with pytest.raises(Unknown, match=r"^$"):
        hull([(0, H), (0, 7)])
    assert hull([(0, H), (0, H + 7), (1, 3)]) == (0, H + 7)
    assert hull([None, (2, 3), None]) == (2, 3)
    assert hull([None, None]) is None
    paths = merge_paths([slid(image(H), POOL2), image(H), apply_tap_map(nearest_taps(H, 2 * H), image(H), 2 * H)])
    with pytest.raises(Unknown, match=r"^$"):
        receptive_field(paths)


def test_so_many_phases_are_followed_and_no_more() -> None:
    assert limits.PERIOD == 1024
    assert len(compose(TapMap(1, (Taps(0),) * 1024), INPUT_POSITIONS).intervals) == 1024
    with pytest.raises(Unknown, match=r"^$"):
        compose(TapMap(1, (Taps(0),) * 1025), INPUT_POSITIONS)
    periodic = {number: IntervalMap(1, ((0, 0),) * number) for number in (31, 32, 33)}
    assert len(unitwise_hull(periodic[32], periodic[31]).intervals) == 32 * 31
    with pytest.raises(Unknown, match=r"^$"):
        unitwise_hull(periodic[32], periodic[33])


def test_a_node_of_fewer_units_than_a_period_has_the_field_of_its_own() -> None:
    network = paramcalc.loads(
        "name: N\ninput: [1, 3]\n"
        "layers: [adaptive_avg_pool: 4, conv: {out: 1, kernel: 3, padding: 1}, crop: {size: 1}]\n"
    )
    row = paramcalc.analyze(network).layers[-1]
    assert row.output == (1, 1)
    # unit 0 reads bins -1, 0 and 1: positions -1 to 1
    assert row.receptive_field == [3]
