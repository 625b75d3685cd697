"""Layers that lay elements out anew: flatten, reshape, permute, resize, shuffle, pad, crop, slice."""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import ClassVar, Literal

from pydantic import model_validator
from typing_extensions import Self

from paramcalc.algebra.conditions import Conditions
from paramcalc.algebra.expr import Size, ceil_divide, divide_exactly, pretty
from paramcalc.algebra.receptive_field import AxisField, Fields, Ordered, Unordered, lose_order
from paramcalc.algebra.tap_map import EACH, TapMap, Taps, Unknown, enlarged_taps, linear_taps, nearest_taps
from paramcalc.algebra.tensor import Axes, Shape, Tensor, merged, reshaped, spelled
from paramcalc.algebra.window import factor
from paramcalc.errors import LayerError, listing
from paramcalc.layers.base import (
    IMAGE,
    MAP,
    WHOLE,
    FieldRule,
    Layer,
    Layout,
    along_axes,
    axis_of,
    need_sizes,
    per_axis,
    unchanged,
    unknown,
)
from paramcalc.layers.fields import (
    AxisName,
    AxisNames,
    Integer,
    Integers,
    Natural,
    NaturalPerAxis,
    PlainPadding,
    Positive,
    PositivePerAxis,
    StepName,
)
from paramcalc.layers.sliding import pads


def laid_out(place: Callable[[int], tuple[int, bool] | None]) -> FieldRule:
    """Axes move: `place` gives, for each axis, the new one and whether its order is kept; None is unknown."""

    def move(field: AxisField, origin: object) -> AxisField:
        if isinstance(field, Ordered) and field.constant:
            return field
        found = place(field.along)
        if found is None:
            raise Unknown
        axis, ordered = found
        return field._replace(along=axis) if ordered else lose_order(field, axis, origin)

    def rule(fields: Sequence[Fields], origin: object) -> Fields:
        return tuple(move(field, origin) for field in fields[0])

    return rule


def part_of(tap_maps: Sequence[TapMap | None], x: Shape, y: Shape) -> FieldRule:
    """Some positions of each axis; which of units without order are among them cannot be told."""
    through = along_axes(tap_maps, y)

    def rule(fields: Sequence[Fields], origin: object) -> Fields:
        for field in fields[0]:
            if isinstance(field, Unordered) and x[field.along] != y[field.along]:
                raise Unknown
        return through(fields, origin)

    return rule


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

        def place(axis: int) -> tuple[int, bool]:
            if start <= axis <= end:
                return start, start == end
            return (axis if axis < start else axis - (end - start)), True

        return laid_out(place)

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

        def place(axis: int) -> tuple[int, bool] | None:
            below = prod(x[axis + 1 :])
            for new, size in enumerate(y.shape):
                inner = prod(y.shape[new + 1 :])
                if inner == below and size == x[axis]:
                    return new, True
                times = divide_exactly(below, inner)
                if times is not None and divide_exactly(size, times * x[axis]) is not None:
                    return new, False
            return None

        return laid_out(place)


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


class Upsample(Layer):
    """A larger map by a whole factor or to a size (torch.nn.Upsample): `nearest`, or `linear` along each axis.

    `linear` is torch's linear, bilinear or trilinear without aligned corners.
    """

    type: ClassVar[str] = "upsample"
    rules: ClassVar[Mapping[str, str]] = {"size": "n · scale, or the given size"}

    takes: ClassVar[Layout] = MAP

    scale: PositivePerAxis | None = None
    size: PositivePerAxis | None = None
    mode: Literal["nearest", "linear"] = "nearest"

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.scale is None) == (self.size is None):
            raise ValueError("upsample takes either 'scale' or 'size'")
        return self

    def infer(self, x: Shape, need: Conditions) -> Shape:
        """`[C, n·scale, …]`, or the given sizes."""
        if self.size is not None:
            return (x[0], *per_axis("size", self.size, len(x) - 1))
        assert self.scale is not None
        scales = per_axis("scale", self.scale, len(x) - 1)
        return (x[0], *(n * scale for n, scale in zip(x[1:], scales, strict=True)))

    def sizes(self, inputs: Sequence[Tensor], y: Tensor) -> Sequence[str]:
        """`13·2 = 26`."""
        if self.scale is None:
            return ()
        x, sizes = inputs[0].shape[1:], y.shape[1:]
        spatial = zip(x, per_axis("scale", self.scale, len(x)), sizes, strict=True)
        return list(dict.fromkeys(f"{factor(n)}·{factor(scale)} = {pretty(out)}" for n, scale, out in spatial))

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """The nearest position, or the two nearest."""
        read = nearest_taps if self.mode == "nearest" else linear_taps
        return along_axes([EACH, *map(read, inputs[0].shape[1:], y.shape[1:])], y.shape)


class PixelShuffle(Layer):
    """Channels become blocks of positions (torch.nn.PixelShuffle): `[C/f², H·f, W·f]`."""

    type: ClassVar[str] = "pixel_shuffle"
    rules: ClassVar[Mapping[str, str]] = {"size": "C/factor² channels, n · factor positions"}
    takes: ClassVar[Layout] = IMAGE

    factor: Positive

    def infer(self, x: Shape, need: Conditions) -> Shape:
        """The square of the factor must divide the channels."""
        square = self.factor * self.factor
        if not need.divisible(x[0], square):
            raise LayerError(f"pixel_shuffle needs channels in multiples of {pretty(square)}, got {spelled(x)}")
        return (x[0] // square, *(n * self.factor for n in x[1:]))

    def sizes(self, inputs: Sequence[Tensor], y: Tensor) -> Sequence[str]:
        """`64/2² = 16`, `13·2 = 26`."""
        texts = [f"{factor(inputs[0].shape[0])}/{factor(self.factor)}² = {pretty(y.shape[0])}"]
        spatial = zip(inputs[0].shape[1:], y.shape[1:], strict=True)
        texts += [f"{factor(n)}·{factor(self.factor)} = {pretty(out)}" for n, out in spatial]
        return list(dict.fromkeys(texts))

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """A block reads one position."""
        if not isinstance(self.factor, int):
            return unknown
        return along_axes([WHOLE, *[enlarged_taps(self.factor)] * 2], y.shape)


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


class Pad(Layer):
    """Padding of every spatial axis (torch.nn.functional.pad): zeros, or what the mode takes from the map.

    `channels` adds channels of zeros: a number on both sides, or `[before, behind]`.
    """

    type: ClassVar[str] = "pad"
    rules: ClassVar[Mapping[str, str]] = {"size": "n + padding"}

    takes: ClassVar[Layout] = MAP

    padding: PlainPadding
    mode: Literal["zeros", "reflect", "replicate", "circular"] = "zeros"
    channels: NaturalPerAxis = 0

    def infer(self, x: Shape, need: Conditions) -> Shape:
        """`[C + before + behind, n + lo + hi, …]`."""
        both = pads(self.padding, len(x) - 1)
        least = {"reflect": 1, "circular": 0}.get(self.mode)
        for n, pad in ((n, pad) for n, pair in zip(x[1:], both, strict=True) for pad in pair):
            if least is not None and not need.at_least(n, pad + least):
                raise LayerError(f"pad with mode {self.mode} cannot pad {spelled(x)} by {pretty(pad)}")
        before, behind = per_axis("channels", self.channels, 2)
        return (x[0] + before + behind, *(n + lo + hi for n, (lo, hi) in zip(x[1:], both, strict=True)))

    def sizes(self, inputs: Sequence[Tensor], y: Tensor) -> Sequence[str]:
        """`227 + 100 + 100 = 427`, for every axis that grows."""
        both = [per_axis("channels", self.channels, 2), *pads(self.padding, len(y.shape) - 1)]
        axes = zip(inputs[0].shape, both, y.shape, strict=True)
        grown = (f"{pretty(n)} + {factor(lo)} + {factor(hi)} = {pretty(out)}" for n, (lo, hi), out in axes if n != out)
        return list(dict.fromkeys(grown))

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """Unit i is position i − lo."""
        before = [per_axis("channels", self.channels, 2)[0], *(lo for lo, _ in pads(self.padding, len(y.shape) - 1))]
        return along_axes([TapMap(1, (Taps(-lo),)) for lo in before], y.shape)


class Crop(Layer):
    """A part of a map from `offset` on: as large as an earlier step, `like`, or of a given `size`: a view."""

    type: ClassVar[str] = "crop"
    view: ClassVar[bool] = True
    references: ClassVar[tuple[str, ...]] = ("like",)
    takes: ClassVar[Layout] = MAP

    like: StepName | None = None
    size: PositivePerAxis | None = None
    offset: NaturalPerAxis = 0

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.like is None) == (self.size is None):
            raise ValueError("crop takes either 'like' or 'size'")
        return self

    def result(self, inputs: Sequence[Tensor], need: Conditions) -> Tensor:
        """`[C, size, …]`; the part must lie inside the map."""
        self.need_layout(inputs[0])
        x = inputs[0].shape
        if self.size is not None:
            sizes = per_axis("size", self.size, len(x) - 1)
        else:
            sizes = inputs[1].shape[1:]
            if len(sizes) != len(x) - 1:
                raise LayerError(f"crop of {spelled(x)} cannot be like {spelled(inputs[1].shape)}: other axes")
        for n, size, offset in zip(x[1:], sizes, per_axis("offset", self.offset, len(x) - 1), strict=True):
            if not need.at_least(n, size + offset):
                raise LayerError(
                    f"crop of {pretty(size)} from {pretty(offset)} on does not fit the input {spelled(x)}",
                    *([f"like: {spelled(inputs[1].shape)}"] if self.like else []),
                )
        return Tensor((x[0], *sizes), inputs[0].count, inputs[0].axes)

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """Unit i is position i + offset."""
        offsets = per_axis("offset", self.offset, len(y.shape) - 1)
        return part_of([EACH, *(TapMap(1, (Taps(offset),)) for offset in offsets)], inputs[0].shape, y.shape)


class Slice(Layer):
    """Positions `start, start + step, …` below `stop` of one axis (channels by default): a view."""

    type: ClassVar[str] = "slice"
    rules: ClassVar[Mapping[str, str]] = {"size": "⌈(stop − start)/step⌉"}
    view: ClassVar[bool] = True

    stop: Positive | None = None
    start: Natural = 0
    step: Positive = 1
    axis: AxisName | None = None

    def result(self, inputs: Sequence[Tensor], need: Conditions) -> Tensor:
        """That axis has `ceil((stop − start) / step)` positions."""
        x, step = inputs[0].shape, self.step
        axis = axis_of(self.axis, inputs[0])
        if not isinstance(step, int):
            raise LayerError(f"slice needs a step that is a number, got {pretty(step)}")
        stop = x[axis] if self.stop is None else self.stop
        if not need.at_least(x[axis], stop):
            raise LayerError(f"slice up to {pretty(stop)} does not fit axis {axis} of {spelled(x)}")
        y = (*x[:axis], ceil_divide(stop - self.start, step), *x[axis + 1 :])
        return Tensor(need_sizes("slice", x, y, need), inputs[0].count, inputs[0].axes)

    def sizes(self, inputs: Sequence[Tensor], y: Tensor) -> Sequence[str]:
        """`⌈(32 − 0)/2⌉ = 16`."""
        axis = axis_of(self.axis, y)
        stop = inputs[0].shape[axis] if self.stop is None else self.stop
        return [f"⌈({pretty(stop)} − {factor(self.start)})/{pretty(self.step)}⌉ = {pretty(y.shape[axis])}"]

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """Unit i is position `start + step·i`."""
        tap_maps: list[TapMap | None] = [EACH] * len(y.shape)
        tap_maps[axis_of(self.axis, y)] = TapMap(self.step, (Taps(self.start),))
        return part_of(tap_maps, inputs[0].shape, y.shape)
