"""Normalisations. Their statistics are not followed by receptive fields, as at inference."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from paramcalc.algebra.conditions import Conditions
from paramcalc.algebra.expr import pretty
from paramcalc.algebra.tensor import Shape, Tensor, spelled
from paramcalc.errors import LayerError
from paramcalc.layers.base import CHANNELS_FIRST, CHANNELS_LAST, MAP, Count, Layer, Layout
from paramcalc.layers.fields import Positive, Truth


class ChannelNorm(Layer):
    """A normalisation with one scale (weight) and one shift (bias) a channel."""

    family: ClassVar[str] = "normalisation"
    takes: ClassVar[Layout] = CHANNELS_FIRST
    rules: ClassVar[Mapping[str, str]] = {
        "weights": "one scale a channel",
        "biases": "one shift a channel",
    }

    affine: Truth = True

    def weights(self, x: Shape) -> Count:
        """`C`: the scale, gamma."""
        return ((x[0],),) if self.affine else ()

    def biases(self, x: Shape) -> Count:
        """`C`: the shift, beta."""
        return ((x[0],),) if self.affine else ()


class BatchNorm(ChannelNorm):
    """Batch normalisation (torch.nn.BatchNorm1d, 2d, 3d); running mean and variance are 2·C buffers."""

    type: ClassVar[str] = "batch_norm"
    rules: ClassVar[Mapping[str, str]] = {
        **ChannelNorm.rules,
        "buffers": "a running mean and a running variance a channel",
    }

    def buffers(self, x: Shape) -> Count:
        """`2·C`: running mean and variance; torch's counter of steps is left out."""
        return ((2, x[0]),)


class InstanceNorm(ChannelNorm):
    """Instance normalisation (torch.nn.InstanceNorm1d, 2d, 3d), by default without parameters."""

    type: ClassVar[str] = "instance_norm"
    takes: ClassVar[Layout] = MAP

    affine: Truth = False


class GroupNorm(ChannelNorm):
    """Group normalisation (torch.nn.GroupNorm); groups must divide the channels."""

    type: ClassVar[str] = "group_norm"

    groups: Positive

    def infer(self, x: Shape, need: Conditions) -> Shape:
        """The input's."""
        if not need.divisible(x[0], self.groups):
            raise LayerError(f"group_norm cannot split {pretty(x[0])} channels into {pretty(self.groups)} groups")
        return x


class TrailingNorm(Layer):
    """A normalisation over the last `axes` axes, by default the channels, with parameters for all that they hold."""

    family: ClassVar[str] = "normalisation"
    rules: ClassVar[Mapping[str, str]] = {
        "weights": "one scale for each normalised position",
        "biases": "one shift for each normalised position",
    }

    axes: Positive | None = None
    affine: Truth = True

    def result(self, inputs: Sequence[Tensor], need: Conditions) -> Tensor:
        """The input's; channels come last, unless `axes` says which axes are normalised over."""
        if self.axes is None:
            CHANNELS_LAST.need(self.type, inputs[0])
        return super().result(inputs, need)

    def normalized(self, x: Shape) -> Shape:
        """The sizes that are normalised over: torch's `normalized_shape`."""
        axes = 1 if self.axes is None else self.axes
        if not isinstance(axes, int) or axes > len(x):
            raise LayerError(f"{self.type} over {pretty(axes)} axes does not fit {spelled(x)}")
        return x[len(x) - axes :]

    def infer(self, x: Shape, need: Conditions) -> Shape:
        """The input's."""
        self.normalized(x)
        return x

    def weights(self, x: Shape) -> Count:
        """The product of the normalised sizes."""
        return (self.normalized(x),) if self.affine else ()


class LayerNorm(TrailingNorm):
    """Layer normalisation (torch.nn.LayerNorm): over the channels, which come last, or over the last `axes` axes."""

    type: ClassVar[str] = "layer_norm"

    bias: Truth = True

    def biases(self, x: Shape) -> Count:
        """The product of the normalised sizes."""
        return (self.normalized(x),) if self.affine and self.bias else ()


class RmsNorm(TrailingNorm):
    """Root-mean-square normalisation (torch.nn.RMSNorm): a scale, no shift."""

    type: ClassVar[str] = "rms_norm"


class LocalResponseNorm(Layer):
    """Normalisation across `size` neighbouring channels (torch.nn.LocalResponseNorm), without parameters."""

    type: ClassVar[str] = "local_response_norm"
    family: ClassVar[str] = "normalisation"
    takes: ClassVar[Layout] = MAP

    size: Positive
