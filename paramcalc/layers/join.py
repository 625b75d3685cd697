"""Layers with several inputs of one kind: add, multiply, concat."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from paramcalc.algebra.conditions import Conditions
from paramcalc.algebra.expr import Expr, Size, added, plain, pretty
from paramcalc.algebra.interval_map import hull, largest
from paramcalc.algebra.receptive_field import (
    AxisField,
    Fields,
    Ordered,
    Unordered,
    lose_order,
    merge_paths,
    read_whole_axis,
)
from paramcalc.algebra.tap_map import Unknown
from paramcalc.algebra.tensor import Shape, Tensor
from paramcalc.algebra.window import factor
from paramcalc.errors import LayerError, conjoined, listing
from paramcalc.layers.base import FieldRule, Layer, axis_of
from paramcalc.layers.fields import AxisName


def same_size(sizes: Sequence[Size], need: Conditions) -> Size | None:
    """A number, or the shortest spelling, of sizes that must be equal; None when they cannot be."""
    if sizes.count(sizes[0]) == len(sizes):
        return sizes[0]
    first = min(sizes, key=lambda size: (isinstance(size, Expr), len(plain(size))))
    return first if all(need.equal(size, first) for size in sizes) else None


def axes_of(layer: str, inputs: Sequence[Tensor]) -> list[tuple[Size, ...]]:
    """The sizes of all inputs on each axis, of which all must have as many."""
    axes = [tensor.axes for tensor in inputs]
    if axes.count(axes[0]) < len(axes) and len({tensor.channels for tensor in inputs} - {None}) > 1:
        names = [f"[{listing(each)}]" for each in dict.fromkeys(axes)]
        raise LayerError(f"the branches of {layer} differ in which axis holds the channels: {conjoined(names)}")
    try:
        return list(zip(*[tensor.shape for tensor in inputs], strict=True))
    except ValueError:
        raise LayerError(f"the branches of {layer} differ in their number of axes") from None


def same_count(layer: str, inputs: Sequence[Tensor], need: Conditions) -> Size:
    """The count that all inputs share."""
    count = same_size([tensor.count for tensor in inputs], need)
    if count is None:
        raise LayerError(f"the branches of {layer} differ in how many tensors there are")
    return count


class Elementwise(Layer):
    """A join of equal shapes; a size of 1 serves every position of the others."""

    def result(self, inputs: Sequence[Tensor], need: Conditions) -> Tensor:
        """The common shape, with the first branch's names of axes."""
        sizes: list[Size] = []
        for axis in axes_of(self.type, inputs):
            size = same_size([size for size in axis if size != 1] or [1], need)
            if size is None:
                raise LayerError(f"the branches of {self.type} differ in shape")
            sizes.append(size)
        return Tensor(tuple(sizes), same_count(self.type, inputs, need), inputs[0].axes)

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """The hull of all branches, unit by unit."""

        def rule(fields: Sequence[Fields], origin: object) -> Fields:
            spread = [[broadcast(field, y.shape) for field in branch] for branch in fields]
            return tuple([merge_paths(paths) for paths in zip(*spread, strict=True)])

        return rule


def moves(field: AxisField) -> bool:
    """Whether units along the axis read different positions."""
    return isinstance(field, Unordered) or not field.constant


def broadcast(field: AxisField, y: Shape) -> AxisField:
    """A field whose axis is stretched from 1 to more: all units read what the one read."""
    if isinstance(field, Ordered) and field.units == 1 and y[field.along] != 1 and not field.constant:
        return read_whole_axis(field)._replace(whole=field.whole)
    return field


class Add(Elementwise):
    """The sum of the branches, element by element."""

    type: ClassVar[str] = "add"


class Multiply(Elementwise):
    """The product of the branches, element by element: a gate."""

    type: ClassVar[str] = "multiply"


class Concat(Layer):
    """The branches behind one another along one axis, the channels unless `axis` says otherwise (torch.cat)."""

    type: ClassVar[str] = "concat"
    rules: ClassVar[Mapping[str, str]] = {"size": "the sum over the branches"}

    axis: AxisName | None = None

    def result(self, inputs: Sequence[Tensor], need: Conditions) -> Tensor:
        """The sum along the axis; all other sizes must be equal."""
        axes = axes_of("concat", inputs)
        joined = axis_of(self.axis, inputs[0])
        y: list[Size] = []
        for axis, sizes in enumerate(axes):
            size = added(sizes) if axis == joined else same_size(sizes, need)
            if size is None:
                raise LayerError(f"the branches of concat differ in shape beside axis {joined}")
            y.append(size)
        return Tensor(tuple(y), same_count("concat", inputs, need), inputs[0].axes)

    def sizes(self, inputs: Sequence[Tensor], y: Tensor) -> Sequence[str]:
        """`64 + 128 + 32 + 32 = 256`."""
        axis = axis_of(self.axis, y)
        return [f"{' + '.join(factor(x.shape[axis]) for x in inputs)} = {pretty(y.shape[axis])}"]

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """The hull of all branches; along the joined axis, the branches have their own units."""
        axis = axis_of(self.axis, y)

        def rule(fields: Sequence[Fields], origin: object) -> Fields:
            return tuple([concatenated(paths, axis, origin) for paths in zip(*fields, strict=True)])

        return rule


def concatenated(paths: Sequence[AxisField], axis: int, origin: object) -> AxisField:
    """The field on one axis of the network's input, of branches behind one another along a tensor axis."""
    for path in paths:
        if path.along == axis and moves(path):
            break
    else:
        return merge_paths(paths)
    if any(path.along != axis and moves(path) for path in paths):
        raise Unknown
    parts = [lose_order(path, axis, origin) for path in paths]
    total = hull([part.hull for part in parts])
    assert total is not None
    return Unordered(axis, largest([part.size for part in parts]), total, origin)
