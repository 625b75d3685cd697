"""Layers on tensors of one channel that are long on one axis and one position wide on the others.

The receptive field along an axis depends on neither the channels nor the other axes, so that what is
left of a layer is linear, and small.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from paramcalc.crosscheck.linearised import Beyond, linearised
from paramcalc.crosscheck.modules import module_for
from paramcalc.crosscheck.network import Shapes
from paramcalc.crosscheck.parts import Concat, Reshape, Slice, Sum
from paramcalc.crosscheck.windows import each, number
from paramcalc.layers.base import Layer


class NotFollowed(Exception):
    """A layer that does something else when every tensor has one channel."""


def one_channel(layer: Layer, own: Shapes, shapes: Shapes, place: int, beyond: Beyond) -> nn.Module:
    """The linear module of a layer; what is long lies along the axis `place`, counted without the batch.

    `own` are the shapes of the inputs at the network's own size, `shapes` those that the module gets,
    with as many positions more before as behind. Raises NotFollowed.
    """
    special = SPECIAL.get(layer.type)
    module = special(layer, own, shapes, place) if special else None
    return module or linearised(module_for(narrowed(layer, len(own[0]) - 1, place), shapes), beyond)


def narrowed(layer: Layer, axes: int, place: int) -> Layer:
    """The layer with one channel, and with windows of one position on every axis but `place`."""
    update = dict(ONE_CHANNEL.get(layer.type, {}))
    if layer.type == "pad" and place == 0:
        update.clear()
    settings = {name: getattr(layer, name) for name in type(layer).model_fields}
    if settings.get("stride", 1) is None:
        settings["stride"] = settings["kernel"]
    for name, value in settings.items():
        if name in NEUTRAL and value is not None and not isinstance(value, str):
            given = value if isinstance(value, tuple) else (value,) * axes
            neutral: object = NEUTRAL[name]
            if any(isinstance(item, tuple) for item in given):
                neutral = (neutral, neutral)
            update[name] = tuple(item if axis == place else neutral for axis, item in enumerate(given, 1))
    return layer.model_copy(update=update)


ONE_CHANNEL: dict[str, dict[str, object]] = {
    "conv": {"out": 1, "groups": 1},
    "conv_transpose": {"out": 1, "groups": 1},
    "linear": {"out": 1},
    "pad": {"channels": 0},
}
"""What fields are when every tensor has one channel."""

NEUTRAL = {
    "kernel": 1,
    "stride": 1,
    "dilation": 1,
    "padding": 0,
    "output_padding": 0,
    "output": 1,
    "scale": 1,
    "size": 1,
    "offset": 0,
}
"""Fields with a value for each axis, and the value that leaves an axis of one position as it is."""


# -- layers that are another one when every tensor has one channel -------------------------------


class Beside(Concat):
    """Concatenation of branches one of which may be long where another is one position wide."""

    def forward(self, *inputs: Tensor) -> Tensor:
        """All inputs behind one another, broadcast on the other axes."""
        common = [max(sizes) for sizes in zip(*(x.shape for x in inputs), strict=True)]
        common[self.axis + 1] = -1
        return super().forward(*(x.expand(common) for x in inputs))


def concatenated(layer: Any, own: Shapes, used: Shapes, place: int) -> nn.Module:
    """Along the channels a sum, else behind one another."""
    return Sum() if layer.axis == 0 and place != 0 else Beside(number(layer.axis))


def dense(layer: Any, own: Shapes, used: Shapes, place: int) -> nn.Module | None:
    """Units that take the place of positions are all there; those of a vector are one channel."""
    return linearised(module_for(layer, used)) if place == len(own[0]) - 1 > 0 else None


def reshaped(layer: Any, own: Shapes, used: Shapes, place: int) -> nn.Module:
    """A map that has shrunk to a point, with as many axes as the new shape."""
    if any(size != 1 for size in own[0]):
        raise NotFollowed("a reshape of several positions cannot be followed with one channel")
    return Reshape([1] * len(layer.shape))


def sliced(layer: Any, own: Shapes, used: Shapes, place: int) -> nn.Module:
    """Some of the channels are the one channel; along the long axis it is a slice, with a margin of its own."""
    axis, start, step = number(layer.axis), number(layer.start), number(layer.step)
    if axis != place:
        return nn.Identity()
    n, size = own[0][axis], used[0][axis]
    count = len(range(start, n if layer.stop is None else number(layer.stop), step))
    before = (size - n) // 2
    margin = before // step
    first = before + start - step * margin
    return Slice(axis, first, first + step * (count - 1 + 2 * margin) + 1, step)


def cropped(layer: Any, own: Shapes, used: Shapes, place: int) -> nn.Module:
    """A part of the long axis, with the margin of the map."""
    if place < 1:
        return nn.Identity()
    axes, offset = len(own[0]) - 1, number(each(layer.offset, len(own[0]) - 1)[place - 1])
    part = own[1][place] if layer.size is None else each(layer.size, axes)[place - 1]
    return Slice(place, offset, offset + part + used[0][place] - own[0][place], 1)


def unchanged(_layer: Any, _own: Shapes, _used: Shapes, _place: int) -> nn.Module:
    """One channel stays as it is."""
    return nn.Identity()


def shuffled(layer: Any, own: Shapes, used: Shapes, place: int) -> nn.Module | None:
    """One channel stays as it is; positions in its place are shuffled."""
    return None if place == 0 else nn.Identity()


def interpolated(layer: Any, own: Shapes, used: Shapes, place: int) -> nn.Module:
    """Pixels that come out of the channels repeat the one channel."""
    if place == 0:
        raise NotFollowed("pixels from positions in the place of channels cannot be followed with one channel")
    factor = number(layer.factor)
    return nn.Upsample(scale_factor=(factor, 1) if place == 1 else (1, factor))


def blocks(layer: Any, own: Shapes, used: Shapes, place: int) -> nn.Module:
    """Pixels that go to the channels are averaged in the one channel."""
    if place == 0:
        raise NotFollowed("channels for positions in the place of channels cannot be followed with one channel")
    block = number(layer.block)
    return nn.AvgPool2d((block, 1) if place == 1 else (1, block))


SPECIAL: dict[str, Callable[[Any, Shapes, Shapes, int], nn.Module | None]] = {
    "concat": concatenated,
    "linear": dense,
    "reshape": reshaped,
    "slice": sliced,
    "crop": cropped,
    "channel_shuffle": shuffled,
    "group_norm": unchanged,
    "local_response_norm": unchanged,
    "prelu": unchanged,
    "pixel_shuffle": interpolated,
    "space_to_depth": blocks,
}
"""Builders of other modules; None is the layer's own."""
