"""Which axis of a tensor holds its channels, and which hold positions: the one place that says so."""

from __future__ import annotations

from collections.abc import Sequence

from paramcalc.algebra.tensor import Tensor
from paramcalc.layers.base import Layer, axis_of
from paramcalc.network import Node


def with_axis_index(layer: Layer, x: Tensor) -> Layer:
    """The layer with the index of the axis that it works on, for torch knows no names."""
    axis = getattr(layer, "axis", 0)
    return layer if isinstance(axis, int) else layer.model_copy(update={"axis": axis_of(axis, x)})


def channel_axis(node: Node) -> int:
    """The axis of the channels, counted without the batch; the first one of a tensor that has none."""
    return node.output.channels or 0


def position_axes(node: Node) -> Sequence[int]:
    """The axes along which a receptive field is known, in the order of the fields."""
    return node.output.positions


def position_names(node: Node) -> Sequence[str]:
    """What these axes are called: `height`, `width`."""
    return [node.output.axes[axis] for axis in position_axes(node)]
