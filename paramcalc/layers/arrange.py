"""Layers that lay elements out anew: flatten, reshape, permute, channel_shuffle."""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import ClassVar

from paramcalc.algebra.conditions import Conditions
from paramcalc.algebra.expr import Size, divide_exactly, pretty
from paramcalc.algebra.receptive_field import AxisField, lose_order
from paramcalc.algebra.tap_map import Unknown
from paramcalc.algebra.tensor import Axes, Shape, Tensor, merged, reshaped, spelled
from paramcalc.algebra.window import factor
from paramcalc.errors import LayerError, listing
from paramcalc.layers.base import MAP, FieldRule, Layer, Layout, each_field, unchanged
from paramcalc.layers.fields import AxisNames, Integer, Integers, Natural, Positive


def laid_out(target: Callable[[int], tuple[int, bool] | None]) -> FieldRule:
    """Axes move: `target` gives, for each axis, the new one and whether its order is kept; None is unknown."""

    def move(field: AxisField, origin: object) -> AxisField:
        found = target(field.along)
        if found is None:
            raise Unknown
        axis, ordered = found
        return field._replace(along=axis) if ordered else lose_order(field, axis, origin)

    return each_field(move)


def named(layer: str, y: Shape, count: Size, usual: Axes, axes: Axes | None) -> Tensor:
    """A tensor with the names of its axes: the usual ones, or those that a field gives."""
    if axes is not None and len(axes) != len(y):
        raise LayerError(f"{layer} gives {spelled(y)}, which needs {len(y)} names of axes, got {listing(axes)}")
    return Tensor(y, count, usual if axes is None else axes)


class Flatten(Layer):
    """Axes `start` to `end` become one (torch.nn.Flatten, counted without the batch axis): a view.

    The new axis is `channels` where channels are among them, else `tokens`; `axes` names all axes of
    the output otherwise.
    """

    type: ClassVar[str] = "flatten"
    rules: ClassVar[Mapping[str, str]] = {"size": "the product of the sizes that are joined"}
    view: ClassVar[bool] = True

    start: Natural = 0
    end: Integer = -1
    axes: AxisNames | None = None

    def span(self, x: Shape) -> tuple[int, int]:
        """The first and the last axis that are joined."""
        start, end = self.start, self.end
        if isinstance(start, int) and isinstance(end, int) and -len(x) <= end < len(x):
            end %= len(x)
            if start <= end:
                return start, end
        raise LayerError(f"flatten from axis {pretty(self.start)} to {pretty(self.end)} does not fit {spelled(x)}")

    def result(self, inputs: Sequence[Tensor], need: Conditions) -> Tensor:
        """The joined axes have the product of their sizes."""
        x, axes = inputs[0].shape, inputs[0].axes
        start, end = self.span(x)
        y = (*x[:start], prod(x[start : end + 1]), *x[end + 1 :])
        usual = (*axes[:start], merged(axes[start : end + 1]), *axes[end + 1 :])
        return named("flatten", y, inputs[0].count, usual, self.axes)

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """Joined axes lose their order."""
        start, end = self.span(inputs[0].shape)

        def target(axis: int) -> tuple[int, bool]:
            if start <= axis <= end:
                return start, start == end
            return (axis if axis < start else axis - (end - start)), True

        return laid_out(target)

    def sizes(self, inputs: Sequence[Tensor], y: Tensor) -> Sequence[str]:
        """`256·13·13 = 43,264`."""
        x = inputs[0].shape
        start, end = self.span(x)
        return [f"{'·'.join(factor(size) for size in x[start : end + 1])} = {pretty(y.shape[start])}"]


class Reshape(Layer):
    """The same elements in another shape (torch.Tensor.reshape); one size may be -1: what is left.

    Axes are named by those that they are made of: `[C, H, W] → [C, -1]` is `channels, tokens`, what is
    split off is `groups`, and a vector becomes a map; `axes` names all axes of the output otherwise.
    """

    type: ClassVar[str] = "reshape"
    view: ClassVar[bool] = True

    shape: Integers
    axes: AxisNames | None = None

    def result(self, inputs: Sequence[Tensor], need: Conditions) -> Tensor:
        """The given shape, with as many elements as the input."""
        y = self.infer(inputs[0].shape, need)
        return named("reshape", y, inputs[0].count, reshaped(inputs[0], y), self.axes)

    def infer(self, x: Shape, need: Conditions) -> Shape:
        """The given shape, with what is left in place of -1."""
        open_axes = [axis for axis, size in enumerate(self.shape) if size == -1]
        wrong = [size for size in self.shape if isinstance(size, int) and size < 1 and size != -1]
        if wrong or len(open_axes) > 1:
            raise LayerError(f"reshape takes sizes of at least 1, and -1 at most once, got {spelled(self.shape)}")
        elements = prod(x)
        y = list(self.shape)
        if open_axes:
            given = prod(size for size in self.shape if size != -1)
            left = divide_exactly(elements, given)
            if left is None and isinstance(given, int) and need.divisible(elements, given):
                left = elements // given
            if left is None:
                raise LayerError(f"reshape to {spelled(self.shape)} does not divide the elements of {spelled(x)}")
            y[open_axes[0]] = left
        if not need.equal(prod(y), elements):
            raise LayerError(
                f"reshape to {spelled(tuple(y))} needs {pretty(prod(y))} elements, "
                f"but {spelled(x)} has {pretty(elements)}"
            )
        return tuple(y)

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """An axis that a new axis contains whole keeps its positions, in order when it is that axis."""
        x = inputs[0].shape

        def target(axis: int) -> tuple[int, bool] | None:
            below = prod(x[axis + 1 :])
            for new, size in enumerate(y.shape):
                inner = prod(y.shape[new + 1 :])
                if inner == below and size == x[axis]:
                    return new, True
                times = divide_exactly(below, inner)
                if times is not None and divide_exactly(size, times * x[axis]) is not None:
                    return new, False
            return None

        return laid_out(target)


class Permute(Layer):
    """Axes in another order, with their names (torch.Tensor.permute, counted without the batch axis): a view."""

    type: ClassVar[str] = "permute"
    view: ClassVar[bool] = True

    axes: Integers

    def result(self, inputs: Sequence[Tensor], need: Conditions) -> Tensor:
        """Axis i of the output is axis `axes[i]` of the input."""
        x = inputs[0]
        order = self.order(x.shape)
        return Tensor(tuple([x.shape[axis] for axis in order]), x.count, tuple([x.axes[axis] for axis in order]))

    def order(self, x: Shape) -> list[int]:
        """The axes as numbers; each must occur once."""
        axes = [axis for axis in self.axes if isinstance(axis, int)]
        if sorted(axes) != list(range(len(x))):
            raise LayerError(f"permute needs each axis of {spelled(x)} once, from 0, got {spelled(self.axes)}")
        return axes

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """Positions move with their axis."""
        axes = self.order(inputs[0].shape)
        return laid_out(lambda axis: (axes.index(axis), True))


class ChannelShuffle(Layer):
    """Channels of `groups` groups interleaved (torch.nn.ChannelShuffle)."""

    type: ClassVar[str] = "channel_shuffle"
    takes: ClassVar[Layout] = MAP

    groups: Positive

    def infer(self, x: Shape, need: Conditions) -> Shape:
        """The input's; groups must divide the channels."""
        if not need.divisible(x[0], self.groups):
            raise LayerError(f"channel_shuffle cannot split {pretty(x[0])} channels into {pretty(self.groups)} groups")
        return x

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """Positions that a permute has brought to the channels lose their order."""
        return unchanged if self.groups == 1 else laid_out(lambda axis: (axis, axis != 0))
