"""Layers that connect everything with everything: linear."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from paramcalc.algebra.conditions import Conditions
from paramcalc.algebra.tap_map import EACH
from paramcalc.algebra.tensor import Shape, Tensor, spelled
from paramcalc.errors import LayerError
from paramcalc.layers.base import WHOLE, Count, FieldRule, Layer, Positive, Truth, along_axes


class Linear(Layer):
    """A fully connected layer on the last axis of `[D]` or `[T, D]` (torch.nn.Linear).

    Weights `in · out`, biases `out`, MACs `tokens · in · out`.
    """

    type: ClassVar[str] = "linear"
    family: ClassVar[str] = "linear"
    rules: ClassVar[Mapping[str, str]] = {"weights": "in · out", "biases": "out", "MACs": "tokens · in · out"}

    out: Positive
    bias: Truth = True

    def infer(self, x: Shape, need: Conditions) -> Shape:
        """`[out]` or `[T, out]`."""
        if len(x) > 2:
            raise LayerError(f"linear needs a vector [D] or tokens [T, D], got the map {spelled(x)}; flatten it first")
        return (*x[:-1], self.out)

    def weights(self, x: Shape) -> Count:
        """`in · out`."""
        return ((x[-1], self.out),)

    def biases(self, x: Shape) -> Count:
        """`out`."""
        return ((self.out,),) if self.bias else ()

    def macs(self, x: Shape, y: Shape) -> Count:
        """`tokens · in · out`."""
        return ((*x, self.out),)

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """The whole last axis; each token by itself."""
        return along_axes([*[EACH] * (len(y.shape) - 1), WHOLE], y.shape)
