"""Poolings whose bins follow from the size of the map: adaptive, global, pyramid."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import ClassVar

from paramcalc.algebra.conditions import Conditions
from paramcalc.algebra.expr import Size, pretty
from paramcalc.algebra.interval_map import largest
from paramcalc.algebra.receptive_field import Fields, Unordered, lose_order
from paramcalc.algebra.tap_map import EACH, adaptive_taps
from paramcalc.algebra.tensor import Shape, Tensor
from paramcalc.algebra.window import factor
from paramcalc.layers.base import MAP, WHOLE, FieldRule, Layer, Layout, along_axes, multiplied, per_axis, unknown
from paramcalc.layers.fields import PositivePerAxis, Positives


class AdaptivePool(Layer):
    """Pooling to a given size: bin i of `output` reads `floor(i·n/output) .. ceil((i+1)·n/output) − 1`."""

    takes: ClassVar[Layout] = MAP

    output: PositivePerAxis

    def infer(self, x: Shape, need: Conditions) -> Shape:
        """`[C, output, …]`."""
        return (x[0], *per_axis("output", self.output, len(x) - 1))

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """Each axis through its bins."""
        tap_maps = []
        for n, out in zip(inputs[0].shape[1:], y.shape[1:], strict=True):
            if not isinstance(out, int):
                return unknown
            tap_maps.append(adaptive_taps(n, out))
        return along_axes([EACH, *tap_maps], y.shape)


class AdaptiveAvgPool(AdaptivePool):
    """Average pooling to a given size (torch.nn.AdaptiveAvgPool1d, 2d, 3d)."""

    type: ClassVar[str] = "adaptive_avg_pool"


class AdaptiveMaxPool(AdaptivePool):
    """Max pooling to a given size (torch.nn.AdaptiveMaxPool1d, 2d, 3d)."""

    type: ClassVar[str] = "adaptive_max_pool"


class GlobalPool(Layer):
    """Pooling of the whole map to one position: `[C, 1, …]`."""

    takes: ClassVar[Layout] = MAP

    def infer(self, x: Shape, need: Conditions) -> Shape:
        """`[C, 1, …]`."""
        return (x[0], *[1] * (len(x) - 1))

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """Everything below."""
        return along_axes([EACH, *[WHOLE] * (len(y.shape) - 1)], y.shape)


class GlobalAvgPool(GlobalPool):
    """Average over the whole map (torch.nn.AdaptiveAvgPool1d, 2d, 3d to size 1)."""

    type: ClassVar[str] = "global_avg_pool"


class GlobalMaxPool(GlobalPool):
    """Maximum over the whole map (torch.nn.AdaptiveMaxPool1d, 2d, 3d to size 1)."""

    type: ClassVar[str] = "global_max_pool"


class SpatialPyramidPool(Layer):
    """Max pooling to each of several sizes, all bins in one vector: `[C · Σ level^axes]`.

    He, Zhang, Ren, Sun, Spatial pyramid pooling in deep convolutional networks, 2014; the bins are
    those of adaptive max pooling.
    """

    type: ClassVar[str] = "spatial_pyramid_pool"
    rules: ClassVar[Mapping[str, str]] = {"size": "C · bins of all levels", "field": "the largest bin"}

    takes: ClassVar[Layout] = MAP

    levels: Positives

    def infer(self, x: Shape, need: Conditions) -> Shape:
        """`[C · (level^axes + …)]`."""
        bins: Size = 0
        for level in self.levels:
            bins = bins + prod([level] * (len(x) - 1))
        return (x[0] * bins,)

    def sizes(self, inputs: Sequence[Tensor], y: Tensor) -> Sequence[str]:
        """`256·(1·1 + 2·2 + 4·4) = 5,376`."""
        channels, *spatial = inputs[0].shape
        bins = multiplied([(level,) * len(spatial) for level in self.levels])
        return [f"{factor(channels)}·({bins}) = {pretty(y.shape[0])}"]

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """The largest bin of all levels; the bins of one level together hold the whole map.

        The bins of a level lie inside those of a level that divides it, which alone are looked at.
        """
        x = inputs[0].shape
        levels = {level for level in self.levels if isinstance(level, int)}
        if len(levels) < len(set(self.levels)):
            return unknown
        readers = []
        for level in sorted(levels):
            if not any(level % other == 0 for other in levels if other < level):
                pooled = (x[0], *[level] * (len(x) - 1))
                readers.append(along_axes([EACH, *(adaptive_taps(n, level) for n in x[1:])], pooled))

        def rule(fields: Sequence[Fields], origin: object) -> Fields:
            found = [[lose_order(field, 0, origin) for field in bins(fields, origin)] for bins in readers]
            return tuple(largest_of(axis) for axis in zip(*found, strict=True))

        return rule


def largest_of(levels: Sequence[Unordered]) -> Unordered:
    """The field of bins of several sizes, in one vector."""
    return levels[0]._replace(size=largest([level.size for level in levels]))
