"""What units read behind single layers, worked out by hand: where positions lose their order, and where they keep it.

Most of them lie along the channels there, as behind a permute.
"""

from __future__ import annotations

from typing import Any

import pytest

from paramcalc.algebra.expr import Size, symbol
from paramcalc.algebra.interval_map import INPUT_POSITIONS, hull
from paramcalc.algebra.receptive_field import Fields, Ordered, Unordered, covers
from paramcalc.layers import layer_class
from paramcalc.layers.arrange import Flatten
from paramcalc.layers.join import Add
from paramcalc.layers.resize import Crop
from paramcalc.layers.sliding import MaxPool
from paramcalc.network import Network, Node

K = symbol("K")


class Line:
    """A network on two channels of six positions, or on others."""

    def __init__(self, channels: int = 2, positions: int = 6) -> None:
        self.network = Network("line")
        self.input = self.network.add_input("x", (channels, positions))

    def add(self, kind: str, node: Node, *others: Node, **fields: Any) -> Node:
        return self.network.add(layer_class(kind)(**fields), [node, *others], f"{kind}{len(self.network.nodes)}")

    def named(self, node: Node, *axes: str) -> Node:
        """The same tensor with other names for its axes."""
        return self.add("reshape", node, shape=node.output.shape, axes=axes)

    def turned(self) -> Node:
        """The same with the positions along the axis of the channels."""
        return self.named(self.add("permute", self.input, axes=[1, 0]), "channels", "length")


def field_of(fields: Fields | None) -> Ordered | Unordered:
    assert fields is not None
    (field,) = fields
    return field


def unordered(node: Node) -> tuple[int, Size, tuple[Size, Size]]:
    """Units without order: their axis, the largest interval that one reads, and what all of them read."""
    field = field_of(node.fields)
    assert isinstance(field, Unordered)
    return field.along, field.size, field.hull


def reads(node: Node) -> list[object]:
    """What each unit reads."""
    field = field_of(node.fields)
    assert isinstance(field, Ordered)
    assert isinstance(field.units, int)
    (progression,) = field.maps
    return [progression.interval(unit) for unit in range(field.units)]


def test_a_permute_takes_positions_to_another_axis() -> None:
    assert Line().turned().fields == (Ordered(0, 6, (INPUT_POSITIONS,)),)


def test_only_positions_among_channels_that_are_shuffled_lose_their_order() -> None:
    line = Line()
    for groups in (2, 3):
        assert unordered(line.add("channel_shuffle", line.turned(), groups=groups)) == (0, 1, (0, 5))
    assert line.add("channel_shuffle", line.turned(), groups=1).fields == line.turned().fields
    assert line.add("channel_shuffle", line.input, groups=2).fields == line.input.fields


def test_a_reshape_keeps_the_order_of_an_axis_that_stays() -> None:
    line = Line()
    assert line.add("reshape", line.input, shape=[1, 2, 6]).fields == (Ordered(2, 6, (INPUT_POSITIONS,)),)
    assert unordered(line.add("reshape", line.input, shape=[12])) == (0, 1, (0, 5))


def test_flattened_positions_lose_their_order_unless_they_are_flattened_alone() -> None:
    line = Line()
    assert unordered(line.add("flatten", line.input)) == (0, 1, (0, 5))
    assert unordered(line.add("flatten", line.turned())) == (0, 1, (0, 5))
    assert line.add("flatten", line.input, start=1).fields == line.input.fields


def test_units_of_two_layouts_do_not_meet() -> None:
    # unit 1 is position 1 of the first channel in one, and position 0 of the second in the other
    line = Line()
    one, other = line.add("flatten", line.input), line.add("flatten", line.turned())
    assert line.add("add", one, other).fields is None
    assert line.add("add", one, one).fields == one.fields


def test_axes_beside_those_that_are_flattened_move_up() -> None:
    network = Network("volume")
    volume = network.add_input("x", (2, 3, 4, 5))
    joined = network.add(Flatten(start=1, end=2), [volume], "y")
    assert joined.output.shape == (2, 12, 5)
    depth, height = Unordered(1, 1, (0, 2), "y"), Unordered(1, 1, (0, 3), "y")
    assert joined.fields == (depth, height, Ordered(2, 5, (INPUT_POSITIONS,)))
    joined = network.add(Flatten(start=2), [volume], "z")
    assert joined.output.shape == (2, 3, 20)
    height, width = Unordered(2, 1, (0, 3), "z"), Unordered(2, 1, (0, 4), "z")
    assert joined.fields == (Ordered(1, 3, (INPUT_POSITIONS,)), height, width)


def test_an_axis_of_the_same_size_in_another_place_is_not_the_same_axis() -> None:
    # row 0 holds positions 0 and 1 of channel 0
    line = Line()
    assert line.add("reshape", line.input, shape=[6, 2]).fields is None


def test_the_bins_of_a_pyramid_read_positions_wherever_they_lie() -> None:
    line = Line()
    # two bins of three positions, and three of two, one behind the other
    assert unordered(line.add("spatial_pyramid_pool", line.input, levels=[3, 2])) == (0, 3, (0, 5))
    # of positions along the channels, each is pooled with nothing but itself
    assert unordered(line.add("spatial_pyramid_pool", line.turned(), levels=[1])) == (0, 1, (0, 5))
    assert line.add("spatial_pyramid_pool", line.input, levels=[K]).fields is None


def test_a_finer_level_of_a_pyramid_may_have_the_largest_bin() -> None:
    # of two positions, two bins read one each; of three, the middle one reads both
    line = Line(positions=2)
    assert unordered(line.add("spatial_pyramid_pool", line.input, levels=[2])) == (0, 1, (0, 1))
    assert unordered(line.add("spatial_pyramid_pool", line.input, levels=[2, 3])) == (0, 2, (0, 1))


def test_units_of_two_pyramids_do_not_meet() -> None:
    # the second unit of one reads 3..5, that of the other 2..3: the sum reads more than three positions
    line = Line()
    one, other = (line.add("spatial_pyramid_pool", line.input, levels=levels) for levels in ([2, 3], [3, 2]))
    assert line.add("add", one, other).fields is None
    assert line.add("add", one, one).fields == one.fields


@pytest.mark.parametrize(
    ("kind", "fields", "place"),
    [
        ("conv", {"out": 3, "kernel": 1}, 0),
        ("softmax", {}, 0),
        ("softmax", {"axis": 1}, 1),
        ("linear", {"out": 3}, 1),
        ("global_avg_pool", {}, 1),
        ("global_max_pool", {}, 1),
    ],
)
def test_a_layer_that_reads_one_axis_whole_leaves_the_other(kind: str, fields: dict[str, Any], place: int) -> None:
    line = Line()
    nodes = [line.turned(), line.input]
    if kind == "linear":
        nodes = [line.named(node, "tokens", "channels") for node in nodes]
    across, along = nodes[place], nodes[1 - place]
    assert line.add(kind, along, **fields).fields == along.fields
    assert set(reads(line.add(kind, across, **fields))) == {(0, 5)}


def test_padding_moves_the_positions() -> None:
    line = Line()
    padded = line.add("pad", line.input, padding=[[2, 1]], channels=[0, 3])
    assert reads(padded) == [(unit - 2, unit - 2) for unit in range(9)]
    padded = line.add("pad", line.turned(), padding=0, channels=[1, 3])
    assert reads(padded) == [(unit - 1, unit - 1) for unit in range(10)]


def test_a_crop_from_the_first_position_on_has_as_many_units_as_it_keeps() -> None:
    line = Line()
    part = line.add("crop", line.input, size=4)
    assert reads(part) == [(unit, unit) for unit in range(4)]
    assert reads(line.add("global_avg_pool", part)) == [(0, 3)]


def test_what_a_crop_is_like_is_not_read() -> None:
    # positions and channels change places without a known order, and the size alone is taken from there
    line = Line()
    unknown = line.add("reshape", line.input, shape=[6, 2])
    assert unknown.fields is None
    part = line.add("crop", line.input, unknown, like="reshape0")
    assert part.output.shape == (2, 2)
    assert reads(part) == [(0, 0), (1, 1)]


def test_a_crop_like_another_input_reads_its_own() -> None:
    network = Network("two")
    first, second = network.add_input("first", (1, 4)), network.add_input("second", (1, 6))
    part = network.add(Crop(like="first", offset=2), [second, first], "part")
    assert part.source is second
    assert reads(part) == [(2, 2), (3, 3), (4, 4), (5, 5)]


def test_where_inputs_meet_the_positions_of_the_first_of_them_are_told() -> None:
    network = Network("two")
    first, second = network.add_input("first", (1, 6)), network.add_input("second", (1, 6))
    pooled = network.add(MaxPool(kernel=3, stride=1, padding=1), [second], "pooled")
    for inputs in ([first, pooled], [pooled, first]):
        both = network.add(Add(), inputs, f"add{len(network.nodes)}")
        assert both.source is first
        assert reads(both) == [(unit, unit) for unit in range(6)]


def test_a_crop_begins_at_its_offset() -> None:
    network = Network("image")
    part = network.add(Crop(size=2, offset=(1, 3)), [network.add_input("x", (1, 5, 6))], "y")
    assert part.fields is not None
    rows, columns = part.fields
    assert isinstance(rows, Ordered)
    assert isinstance(columns, Ordered)
    assert [rows.maps[0].interval(unit) for unit in range(2)] == [(1, 1), (2, 2)]
    assert [columns.maps[0].interval(unit) for unit in range(2)] == [(3, 3), (4, 4)]


@pytest.mark.parametrize(
    ("kind", "fields", "kept"),
    [
        ("crop", {"size": 1}, True),
        ("slice", {"axis": 1, "stop": 1}, True),
        ("slice", {"axis": 0, "stop": 6}, True),
        ("slice", {"axis": 0, "stop": 5}, False),
    ],
)
def test_of_units_without_order_it_is_not_known_which_are_left(kind: str, fields: dict[str, Any], kept: bool) -> None:
    line = Line()
    shuffled = line.add("channel_shuffle", line.turned(), groups=2)
    assert line.add(kind, shuffled, **fields).fields == (shuffled.fields if kept else None)


# -- branches -------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 6])
def test_one_unit_that_serves_all_positions_is_read_by_all_of_them(n: int) -> None:
    line = Line(positions=n)
    one = line.add("conv", line.input, out=2, kernel=n)
    assert one.output.shape == (2, 1)
    field = field_of(line.add("multiply", line.input, one).fields)
    assert isinstance(field, Ordered)
    for unit in range(n):
        assert hull([part.interval(unit) for part in field.maps]) == (0, n - 1)
    assert not field.whole
    assert not covers(field, n)


# -- branches behind one another ------------------------------------------------------------------


def test_positions_of_branches_behind_one_another_lose_their_order() -> None:
    line = Line()
    threes = line.add("conv", line.input, out=2, kernel=3)
    pairs = line.add("max_pool", line.input, kernel=2, stride=1)
    joined = line.add("concat", threes, pairs, axis=1)
    assert joined.output.shape == (2, 4 + 5)
    assert unordered(joined) == (1, 3, (0, 5))
    assert unordered(line.add("concat", line.turned(), line.turned())) == (0, 1, (0, 5))
    assert line.add("conv", joined, out=1, kernel=3).fields is None


def test_channels_behind_one_another_leave_positions_in_order() -> None:
    line = Line()
    threes = line.add("conv", line.input, out=2, kernel=3, padding=1)
    # the hull of i - 1..i + 1 and of i alone
    assert reads(line.add("concat", threes, line.input)) == reads(threes)
    assert reads(threes)[:2] == [(-1, 1), (0, 2)]
    shuffled = line.add("channel_shuffle", line.turned(), groups=2)
    assert line.add("concat", shuffled, shuffled, axis=1).fields == shuffled.fields


def test_a_branch_that_reads_the_whole_line_may_stand_beside_positions() -> None:
    line = Line()
    whole = line.add("global_avg_pool", line.input)
    assert unordered(line.add("concat", line.input, whole, axis=1)) == (1, 6, (0, 5))
    assert reads(line.add("concat", whole, whole, axis=1)) == reads(whole) == [(0, 5)]


def test_channels_that_read_the_whole_line_do_so_behind_one_another() -> None:
    line = Line()
    whole = line.add("global_avg_pool", line.input)
    both = line.add("concat", whole, line.add("global_max_pool", line.input))
    assert both.output.shape == (4, 1)
    assert reads(both) == [(0, 5)]
    assert covers(field_of(both.fields), 6)


def test_shuffled_positions_may_stand_beside_others() -> None:
    line = Line()
    shuffled = line.add("channel_shuffle", line.turned(), groups=2)
    assert unordered(line.add("concat", shuffled, line.turned())) == (0, 1, (0, 5))


def test_positions_behind_channels_of_positions_are_unknown() -> None:
    # what reads a column of the second half reads six positions, of the first half one
    line = Line(6)
    assert line.add("concat", line.input, line.turned(), axis=1).fields is None


def test_units_of_two_concatenations_do_not_meet() -> None:
    # the fifth unit of one reads 0 and 1, that of the other 4 and 5
    line = Line()
    threes = line.add("conv", line.input, out=2, kernel=3)
    pairs = line.add("max_pool", line.input, kernel=2, stride=1)
    one, other = line.add("concat", threes, pairs, axis=1), line.add("concat", pairs, threes, axis=1)
    assert line.add("add", one, other).fields is None
    assert line.add("add", one, one).fields == one.fields
