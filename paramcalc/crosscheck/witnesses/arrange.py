"""The witnesses of layers that move, repeat or leave out positions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn
from torch.nn import functional

from paramcalc.crosscheck.linear import Resized
from paramcalc.crosscheck.parts import Apply, Border, cropped, permuted, sliced
from paramcalc.crosscheck.settings import NoModule, Shape, Shapes, by_rank, of_image, pairs_of, per_axis
from paramcalc.crosscheck.witness import NOWHERE, LongInputs, NotFollowed, Witness

LINEAR_MODES = ("linear", "bilinear", "trilinear")


def flattened(layer: Any, inputs: LongInputs) -> range:
    """The axes that a flatten makes one."""
    return range(layer.start, layer.end % inputs.rank + 1)


def mixed_axes(layer: Any, inputs: LongInputs) -> Sequence[int]:
    """The axes that a flatten mixes; one that is long beside axes of one position stays as it is."""
    axes = flattened(layer, inputs)
    return axes if sum(inputs.sizes[0][axis] > 1 for axis in axes) > 1 else ()


def axis_after_flatten(layer: Any, inputs: LongInputs) -> int:
    """Axes behind those that become one move forward."""
    axes = flattened(layer, inputs)
    return inputs.long if inputs.long < axes.start else max(axes.start, inputs.long - len(axes) + 1)


def reshape(shape: Shape) -> nn.Module:
    """`torch.Tensor.reshape` of everything but the batch."""
    return nn.Sequential(nn.Flatten(), nn.Unflatten(1, shape))


def reshaped_point(layer: Any, inputs: LongInputs) -> nn.Module:
    """A map that has shrunk to a point, with as many axes as the new shape."""
    if any(size != 1 for size in inputs.sizes[0]):
        raise NotFollowed("a reshape of several positions cannot be followed with one channel")
    return reshape((1,) * len(layer.shape))


def upsample(layer: Any, shapes: Shapes) -> nn.Module:
    """`nn.Upsample` with corners not aligned."""
    modes = LINEAR_MODES if layer.mode == "linear" else (layer.mode,) * 3
    return nn.Upsample(layer.size, layer.scale, by_rank(modes, shapes[0]))


def repeated_pixels(layer: Any, inputs: LongInputs) -> nn.Module:
    """Pixels that come out of the channels repeat the one channel."""
    if inputs.long == 0:
        raise NotFollowed("pixels from positions in the place of channels cannot be followed with one channel")
    return nn.Upsample(scale_factor=(layer.factor, 1) if inputs.long == 1 else (1, layer.factor))


def pad(layer: Any, shapes: Shapes) -> nn.Module:
    """`torch.nn.functional.pad`."""
    axes = by_rank((1, 2, 3), shapes[0])
    border = Border(pairs_of(layer.padding, axes), mode="constant" if layer.mode == "zeros" else layer.mode)
    channels = per_axis(layer.channels, 2)
    return nn.Sequential(border, Apply(functional.pad, pad=(0, 0) * axes + channels)) if any(channels) else border


def crop(layer: Any, shapes: Shapes) -> nn.Module:
    """`torch.Tensor.narrow` on each spatial axis."""
    axes = by_rank((1, 2, 3), shapes[0])
    if any(len(like) != axes + 1 for like in shapes[1:]):
        raise NoModule("a crop like a tensor of other axes")
    size = None if layer.size is None else per_axis(layer.size, axes)
    return Apply(cropped, size=size, offset=per_axis(layer.offset, axes))


def cropped_positions(layer: Any, inputs: LongInputs) -> nn.Module:
    """A part of the long axis, with the margins of the map."""
    if inputs.long < 1:
        return nn.Identity()
    offset = inputs.setting(layer.offset)
    size = inputs.sizes[1][inputs.long] if layer.size is None else inputs.setting(layer.size)
    margins = inputs.shapes[0][inputs.long] - inputs.sizes[0][inputs.long]
    return Apply(sliced, axis=inputs.long, start=offset, stop=offset + size + margins, step=1)


def sliced_positions(layer: Any, inputs: LongInputs) -> nn.Module:
    """Some of the channels are the one channel; along the long axis it is a slice, with a margin of its own.

    Every second of 10 positions from the first on, with margins of 5 before and behind: its margin is
    2, the largest that the step allows, so that it begins at 5 + 0 - 2·2 = 1.
    """
    axis, start, step = layer.axis, layer.start, layer.step
    if axis != inputs.long:
        return nn.Identity()
    n, size = inputs.sizes[0][axis], inputs.shapes[0][axis]
    count = len(range(start, n if layer.stop is None else layer.stop, step))
    before = (size - n) // 2
    margin = before // step
    first = before + start - step * margin
    stop = first + step * (count - 1 + 2 * margin) + 1
    return Apply(sliced, axis=axis, start=first, stop=stop, step=step)


WITNESSES = {
    "flatten": Witness(
        # torch counts the batch
        lambda layer, _: nn.Flatten(layer.start + 1, layer.end + 1 if layer.end >= 0 else layer.end),
        whole_axes=mixed_axes,
        output_axis=axis_after_flatten,
    ),
    "reshape": Witness(
        lambda layer, _: reshape(layer.shape),
        one_channel=reshaped_point,
        whole_axes=lambda _, inputs: range(inputs.rank),
        output_axis=lambda *_: NOWHERE,
    ),
    "permute": Witness(
        lambda layer, _: Apply(permuted, axes=layer.axes),
        output_axis=lambda layer, inputs: layer.axes.index(inputs.long),
        moves_axes=True,
    ),
    "upsample": Witness(
        upsample,
        linear=Resized,
        # a size that is given is that of the map without margins
        whole_axes=lambda layer, inputs: () if layer.size is None else range(1, inputs.rank),
    ),
    "pixel_shuffle": Witness(
        lambda layer, shapes: of_image(nn.PixelShuffle(layer.factor), shapes[0]), one_channel=repeated_pixels
    ),
    "channel_shuffle": Witness(
        lambda layer, _: nn.ChannelShuffle(layer.groups),
        # one channel stays as it is; positions in its place are shuffled
        one_channel=lambda layer, inputs: nn.Identity() if inputs.long else nn.ChannelShuffle(layer.groups),
        whole_axes=lambda *_: (0,),
    ),
    "pad": Witness(pad, fields=lambda _, inputs: {"channels": 0} if inputs.long else {}),
    "crop": Witness(crop, one_channel=cropped_positions),
    "slice": Witness(
        lambda layer, _: Apply(sliced, axis=layer.axis, start=layer.start, stop=layer.stop, step=layer.step),
        one_channel=sliced_positions,
    ),
}
