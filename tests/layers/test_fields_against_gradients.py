"""Receptive fields of random networks against the gradients of torch.

A network is made linear, with positive weights: a gradient is then not zero exactly where a unit
reads. Being linear, its response to an impulse at position p holds the gradients of all units with
respect to p, so that as many impulses as there are positions give every unit's field.

A field is of an endless input; torch's maps end. So a unit must read exactly its interval when it
reads no padding on any way (`clean`), and nothing outside its interval in any case.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm, prod

import torch
from hypothesis import given
from torch import Tensor

from paramcalc import limits
from paramcalc.algebra.interval_map import Interval, hull
from paramcalc.algebra.receptive_field import AxisField, Ordered, Unordered
from paramcalc.crosscheck.network import layer_of
from paramcalc.crosscheck.parts import PaddingValue
from paramcalc.crosscheck.witnesses import witness_of
from paramcalc.network import Network, Node
from paramcalc.report.row import Row, summarize_field
from tests.layers.networks import Sketch, maps_of, rearranged, shape_of

Hull = tuple[int, int]


def responses(network: Network, x: Tensor, padding_value: PaddingValue) -> dict[Node, Tensor]:
    """What every node of the linearised network gives for a batch of inputs."""
    values = {network.inputs[0]: x}
    for node in network.nodes:
        assert node.layer
        with torch.device("meta"):
            module = witness_of(node).module(layer_of(node), [shape_of(source) for source in node.inputs])
        linear = witness_of(node).linear_module(module, padding_value)
        values[node] = linear(*(values[source] for source in node.inputs))
        assert tuple(values[node].shape[1:]) == node.output.shape
    return values


def impulses(shape: tuple[int, ...], axis: int) -> Tensor:
    """Inputs that are 1 at one position of an axis, in all channels and at all positions of the other axes."""
    x = torch.zeros(shape[axis], *shape, dtype=torch.float64)
    for position in range(shape[axis]):
        x[position].select(axis, position).fill_(1)
    return x


def hulls_of(reads: Tensor, along: int) -> list[Hull | None]:
    """For each unit along an axis of a node the positions that it reads, first and last.

    `reads` tells for each position of the input which elements of the node read it.
    """
    rows = reads.movedim(1 + along, 1)[..., None].flatten(2).any(2).T.int()
    first, last = rows.argmax(1).tolist(), (rows.shape[1] - 1 - rows.flip(1).argmax(1)).tolist()
    return [pair if some else None for pair, some in zip(zip(first, last, strict=True), rows.any(1), strict=True)]


def clean_units(field: AxisField, levels: Tensor) -> list[bool]:
    """For each unit of a field whether it reads nothing beyond a border of the axis that is looked at.

    `levels` is what the node gives for ones everywhere, with NaN beyond those borders.
    """
    clean: list[bool] = (~levels.isnan().movedim(field.along, 0)[..., None].flatten(1).any(1)).tolist()
    return clean


def period(field: AxisField) -> int:
    """After how many units the field repeats."""
    return lcm(*(len(part.intervals) for part in field.maps)) if isinstance(field, Ordered) else 1


def unbroken(units: list[int]) -> bool:
    return not units or units[-1] - units[0] + 1 == len(units)


def wanted(field: Ordered, unit: int) -> Hull | None:
    """The interval that the field gives to a unit."""
    spans = [part.interval(unit) for part in field.maps]
    return numbers(hull(spans))


def reads_nothing(field: AxisField, units: list[int]) -> bool:
    return isinstance(field, Ordered) and all(wanted(field, unit) is None for unit in units)


def numbers(span: Interval | None) -> Hull | None:
    if span is None:
        return None
    lo, hi = span
    assert isinstance(lo, int)
    assert isinstance(hi, int)
    return lo, hi


def within(inner: Hull | None, outer: Hull | None) -> bool:
    return inner is None or (outer is not None and outer[0] <= inner[0] and inner[1] <= outer[1])


def check_units(field: Ordered, hulls: list[Hull | None], clean: list[int]) -> None:
    """Every unit reads its interval, or as much of it as the maps have."""
    for unit, read in enumerate(hulls):
        assert within(read, wanted(field, unit)), (unit, read)
    for unit in clean:
        # of a whole map, units that read nothing are not told apart
        assert hulls[unit] == wanted(field, unit) or (field.constant and hulls[unit] is None), (unit, hulls[unit])


def check_measures(field: Ordered, hulls: list[Hull | None], clean: list[int], row: Row, axis: int) -> None:
    """The reported size is the largest over a period; stride and padding are those of the units."""
    assert row.receptive_field
    assert row.effective_stride
    assert row.effective_padding
    size, stride, padding = row.receptive_field[axis], row.effective_stride[axis], row.effective_padding[axis]
    known = {unit: read for unit in clean if (read := hulls[unit])}
    sizes = [hi - lo + 1 for lo, hi in known.values()]
    assert not known or (isinstance(size, int) and size >= max(sizes))
    if len(field.maps) > 1:
        # the largest lies at an end of the map
        assert len(clean) < len(hulls) or size == max(sizes, default=None)
        return
    assert isinstance(stride, (int, Fraction))
    repeats = period(field)
    if len(clean) >= repeats and unbroken(clean):
        assert size == max(sizes, default=None)
    for unit, (lo, _) in known.items():
        if unit + repeats in known:
            assert known[unit + repeats][0] - lo == stride * repeats
        if unit % repeats == 0:
            assert padding == stride * unit - lo


def check_scattered(field: Unordered, reads: Tensor, levels: Tensor) -> None:
    """Of units without order, the largest and what all of them read is known."""
    hulls = hulls_of(reads, field.along)
    whole = numbers(field.hull)
    assert all(within(read, whole) for read in hulls)
    known = [read for read in hulls if read]
    if all(clean_units(field, levels)):
        assert whole == (min(lo for lo, _ in known), max(hi for _, hi in known))
        assert field.size == max(hi - lo + 1 for lo, hi in known)


def check_node(node: Node, axis: int, reads: Tensor, levels: list[Tensor]) -> None:
    """Hold the field of a node on one axis of the input against torch."""
    assert node.fields is not None
    field = node.fields[axis]
    if isinstance(field, Unordered):
        check_scattered(field, reads, levels[axis])
        return
    clean = [unit for unit, clean in enumerate(clean_units(field, levels[axis])) if clean]
    for other, beside in enumerate(node.fields):
        if other == axis:
            continue
        # what lies in the padding of another axis reads nothing on this one, which says nothing
        within_map = [unit for unit, clean in enumerate(clean_units(beside, levels[other])) if clean]
        if len(within_map) < period(beside) or not unbroken(within_map) or reads_nothing(beside, within_map):
            clean = []
        reads = reads.index_select(1 + beside.along, torch.tensor(within_map, dtype=torch.int64))
    hulls = hulls_of(reads, field.along)
    check_units(field, hulls, clean)
    if not field.constant:
        check_measures(field, hulls, clean, Row(node, summarize_field(node)), axis)


def compare(sketch: Sketch) -> None:
    """Hold all nodes of a network that have a field against torch."""
    shape = shape_of(sketch.input)
    spatial = range(len(shape) - 1)
    ones = torch.ones(1, *shape, dtype=torch.float64)
    with torch.no_grad():
        borders = [responses(sketch.network, ones, beyond_axis(axis, len(spatial))) for axis in spatial]
        for axis in spatial:
            values = responses(sketch.network, impulses(shape, axis + 1), 0.0)
            for node in sketch.network.nodes:
                if node.fields is not None:
                    check_node(node, axis, values[node] > 0, [border[node][0] for border in borders])


def beyond_axis(axis: int, axes: int) -> PaddingValue:
    """NaN beyond the borders of one axis; the positions of a line may come to lie along any axis."""
    nan = float("nan")
    return nan if axes == 1 else [nan if other == axis else 1.0 for other in range(axes)]


def known(sketch: Sketch) -> bool:
    """Whether the fields of all nodes are known up to those whose units may read in too many ways."""
    return all(node.fields is not None or too_many_ways(node) for node in sketch.network.nodes)


def too_many_ways(node: Node) -> bool:
    """Whether the periods of what a node reads, and its own, may make a longer period than is followed."""
    if any(source.fields is None for source in node.inputs):
        return True
    periods = [period(field) for source in node.inputs for field in source.fields or ()]
    return prod(periods) * max(shape_of(node)) > limits.PERIOD


@given(sketch=maps_of(1, 60))
def test_units_of_a_line_read_their_intervals(sketch: Sketch) -> None:
    assert known(sketch)
    compare(sketch)


@given(sketch=maps_of(2, 18))
def test_units_of_an_image_read_their_intervals(sketch: Sketch) -> None:
    assert known(sketch)
    compare(sketch)


@given(sketch=rearranged(losing=False))
def test_units_read_their_intervals_on_whichever_axis_they_lie(sketch: Sketch) -> None:
    assert known(sketch)
    compare(sketch)


@given(sketch=rearranged(losing=True))
def test_units_without_order_read_within_the_hull(sketch: Sketch) -> None:
    compare(sketch)
