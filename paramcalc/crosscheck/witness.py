"""What torch knows of one layer of the language: all of it stands in one entry, its `Witness`.

A check asks two things of a layer. Its figures come from `module`: shapes, parameters, MACs. Its
receptive field comes from gradients, in a network of one channel that is long on one axis (see
`linear_network`): from all the rest.

Entries, from the simplest::

    "relu": elementwise(nn.ReLU)                       # no field that torch needs
    "elu": elementwise(nn.ELU, "alpha")                # a field of the name that torch has for it
    "group_norm": each_position(group_norm)            # built by a function of the layer and its shapes
    "conv": Witness(conv, linear=Convolution, whole_axes=map_channels, ...)
    "roi_pool": Witness(region_pool, not_checked="which positions it reads depends on the data")
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import Any, NamedTuple

from torch import nn

from paramcalc.crosscheck.parts import Border, PaddingValue
from paramcalc.crosscheck.settings import Shapes, as_int, per_axis
from paramcalc.layers.base import Layer
from paramcalc.layers.fields import PerAxis


class NotFollowed(Exception):
    """A layer whose receptive field gradients cannot show when every tensor has one channel."""


class LongInputs(NamedTuple):
    """The inputs of a layer in a network of one channel that is long on one axis.

    `sizes` are their shapes at the network's own size, `shapes` those with margins, as many positions
    before as behind. `long` is the axis along which they are long, `channels` that of the channels.
    For `conv: {kernel: [3, 5]}` on an image of 32×32 looked at along its height with a margin of 4::

        sizes [(1, 32, 1)]    shapes [(1, 40, 1)]    long 1    channels 0    setting((3, 5)) is 3
    """

    sizes: Shapes
    shapes: Shapes
    long: int
    channels: int = 0

    @property
    def rank(self) -> int:
        """The number of axes of the first input."""
        return len(self.sizes[0])

    def setting(self, value: PerAxis) -> int:
        """A value for each spatial axis of a map, on the long axis."""
        return as_int(per_axis(value, self.rank - 1)[self.long - 1])


NOWHERE = -1
"""In place of the long axis: a layer has read all of its positions at once."""

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
"""Fields with a value for each spatial axis, and the value that leaves an axis of one position as it is."""


# -- the entry -----------------------------------------------------------------------------------


class Witness(NamedTuple):
    """The entry of one layer: functions of the layer and of its inputs, with the defaults of most layers.

    - `module(layer, shapes)`: the torch module of the layer on inputs of these shapes. It reads the
      fields of the layer and what torch needs of the shapes; every size and count is left to torch.
      Raises NoModule where torch has none.
    - `linear(module, padding_value)`: a linear module with the receptive field of `module`.
    - `fields(layer, inputs)`: what fields are when every tensor has one channel: `{"out": 1}`.
    - `one_channel(layer, inputs)`: the linear module on one channel, where it is another one than
      `linear` of `module` with these fields and NEUTRAL ones. Raises NotFollowed.
    - `whole_axes(layer, inputs)`: axes that it reads whole, or resizes, or mixes: they get no margin.
    - `stride(layer, inputs)`: how many positions of the long axis become one; a margin is a multiple of it.
    - `output_axis(layer, inputs)`: the axis of the output that is long, or NOWHERE.
    - `moves_axes`: whether it takes positions to another axis, so that height and width are not alike.
    - `not_checked`: why torch cannot express it; `module` then gives empty tensors of the right shape,
      for the layers behind it.
    """

    module: Callable[[Any, Shapes], nn.Module]
    linear: Callable[[Any, PaddingValue], nn.Module] = lambda module, _: module
    fields: Callable[[Any, LongInputs], Mapping[str, object]] = lambda *_: {}
    one_channel: Callable[[Any, LongInputs], nn.Module] | None = None
    whole_axes: Callable[[Any, LongInputs], Container[int]] = lambda *_: ()
    stride: Callable[[Any, LongInputs], int] = lambda *_: 1
    output_axis: Callable[[Any, LongInputs], int] = lambda _, inputs: inputs.long
    moves_axes: bool = False
    not_checked: str = ""

    def linear_module(self, module: nn.Module, padding_value: PaddingValue = 0.0) -> nn.Module:
        """A linear module with the receptive field of `module`, and its borders filled with `padding_value`."""
        if isinstance(module, nn.Sequential):
            return nn.Sequential(*(self.linear_module(part, padding_value) for part in module))
        if isinstance(module, Border):
            return module.filled_with(padding_value)
        return self.linear(module, padding_value)

    def one_channel_module(self, layer: Layer, inputs: LongInputs, padding_value: PaddingValue) -> nn.Module:
        """The linear module of a layer on one channel, long on one axis. Raises NotFollowed and NoModule."""
        if self.one_channel:
            return self.one_channel(layer, inputs)
        update = {**neutral_fields(layer, inputs), **self.fields(layer, inputs)}
        return self.linear_module(self.module(layer.model_copy(update=update), inputs.shapes), padding_value)


def neutral_fields(layer: Layer, inputs: LongInputs) -> dict[str, object]:
    """The fields of NEUTRAL with their own value on the long axis, and the neutral one on the others.

    `kernel: 3` becomes `(3, 1)` along the height and `(1, 3)` along the width.
    """
    settings = {name: getattr(layer, name) for name in type(layer).model_fields}
    if settings.get("stride", 1) is None:
        settings["stride"] = settings["kernel"]
    update: dict[str, object] = {}
    for name, value in settings.items():
        if name in NEUTRAL and value is not None and not isinstance(value, str):
            values = value if isinstance(value, tuple) else (value,) * (inputs.rank - 1)
            neutral: object = NEUTRAL[name]
            if any(isinstance(item, tuple) for item in values):
                neutral = (neutral, neutral)
            update[name] = tuple(item if axis == inputs.long else neutral for axis, item in enumerate(values, 1))
    return update


def each_position(module: Callable[[Any, Shapes], nn.Module]) -> Witness:
    """The entry of a layer whose units read their own position; the statistics of a norm are not followed."""
    return Witness(module, linear=lambda *_: nn.Identity(), one_channel=lambda *_: nn.Identity())


def elementwise(module: Callable[..., nn.Module], *fields: str) -> Witness:
    """The entry of a layer whose units read themselves: its module, and the decimal fields that this takes by name."""
    return each_position(lambda layer, _: module(**{name: float(getattr(layer, name)) for name in fields}))
