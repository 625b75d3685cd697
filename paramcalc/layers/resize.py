"""Layers that enlarge a map, or take or add positions: upsample, pixel_shuffle, pad, crop, slice."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import model_validator
from typing_extensions import Self

from paramcalc.algebra.conditions import Conditions
from paramcalc.algebra.expr import ceil_divide, pretty
from paramcalc.algebra.receptive_field import Fields, Unordered
from paramcalc.algebra.tap_map import EACH, TapMap, Taps, Unknown, enlarged_taps, linear_taps, nearest_taps
from paramcalc.algebra.tensor import Shape, Tensor, spelled
from paramcalc.algebra.window import factor
from paramcalc.errors import LayerError
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
    unknown,
)
from paramcalc.layers.fields import (
    AxisName,
    Natural,
    NaturalPerAxis,
    PlainPadding,
    Positive,
    PositivePerAxis,
    StepName,
)
from paramcalc.layers.sliding import pads


def part_of(tap_maps: Sequence[TapMap | None], x: Shape, y: Shape) -> FieldRule:
    """Some positions of each axis; which of units without order are among them cannot be determined."""
    through = along_axes(tap_maps, y)

    def rule(fields: Sequence[Fields], origin: object) -> Fields:
        for field in fields[0]:
            if isinstance(field, Unordered) and x[field.along] != y[field.along]:
                raise Unknown
        return through(fields, origin)

    return rule


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
        self.takes.need(self.type, inputs[0])
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
