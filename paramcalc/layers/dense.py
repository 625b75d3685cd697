"""Layers that connect everything with everything: linear."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from paramcalc.algebra.conditions import Conditions
from paramcalc.algebra.tap_map import EACH
from paramcalc.algebra.tensor import Shape, Tensor
from paramcalc.layers.base import CHANNELS_LAST, WHOLE, Count, FieldRule, Layer, Layout, along_axes
from paramcalc.layers.fields import Positive, Truth


class Linear(Layer):
    """A fully connected layer on the channels, which come last: `[C]`, `[T, C]`, `[H, W, C]` (torch.nn.Linear).

    Weights `in · out`, biases `out`, MACs `positions · in · out`.
    """

    type: ClassVar[str] = "linear"
    family: ClassVar[str] = "linear"
    rules: ClassVar[Mapping[str, str]] = {"weights": "in · out", "biases": "out", "MACs": "positions · in · out"}
    takes: ClassVar[Layout] = CHANNELS_LAST

    out: Positive
    bias: Truth = True

    def infer(self, x: Shape, need: Conditions) -> Shape:
        """`[…, out]`."""
        return (*x[:-1], self.out)

    def weights(self, x: Shape) -> Count:
        """`in · out`."""
        return ((x[-1], self.out),)

    def biases(self, x: Shape) -> Count:
        """`out`."""
        return ((self.out,),) if self.bias else ()

    def macs(self, x: Shape, y: Shape) -> Count:
        """`positions · in · out`."""
        return ((*x, self.out),)

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """The whole last axis; each position by itself."""
        return along_axes([*[EACH] * (len(y.shape) - 1), WHOLE], y.shape)
