"""Rows: the figures of one executed step.

Conventions. `params` is weights plus biases; batch norm's scale is a weight, its shift a bias. A
layer whose weights are shared counts once, where they are first used. MACs are multiply-accumulates
of convolution, transposed convolution and linear layers; biases, norms, activations and poolings are
0. Activations are the elements that a node writes; a view writes none. MACs and activations are
multiplied by how many tensors there are, parameters are not.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from paramcalc.algebra import receptive_field as field
from paramcalc.algebra.expr import Size, pretty
from paramcalc.algebra.receptive_field import AxisField
from paramcalc.algebra.tap_map import Unknown
from paramcalc.algebra.tensor import Shape
from paramcalc.network import FREE, Counts, Node
from paramcalc.report.derivation import derivations


class FieldSummary(NamedTuple):
    """The receptive-field summary of a node: values for each axis of the input, and marks.

    Each list has one value per spatial axis of the network's input, in input positions; None as a whole is unknown (it
    depends on the data), and None for one axis is a value that does not exist (units without a position).
    """

    receptive_field: list[Size | None] | None = None
    effective_stride: list[Size | Fraction | None] | None = None
    effective_padding: list[Size | None] | None = None
    covers_input: bool = False
    misaligned: bool = False


class Row:
    """The figures of one executed step, as its node has them; `field` is its receptive-field summary.

    Rows whose nodes have the same fields share it.
    """

    __slots__ = ("field", "node")

    def __init__(self, node: Node, field: FieldSummary) -> None:
        self.node = node
        self.field = field

    def __repr__(self) -> str:
        return f"<{self.type} {self.path}: {self.node.output}, {pretty(self.params)} parameters>"

    @property
    def path(self) -> str:
        """The names of the blocks around the step and its own, with dots between."""
        return self.node.path

    @property
    def type(self) -> str:
        """The layer's name in the language."""
        return self.node.type

    @property
    def family(self) -> str:
        """What kind of layer it is: `convolution`, `linear`, `normalisation` or `other`."""
        return self.node.layer.family if self.node.layer else "other"

    @property
    def reads(self) -> tuple[Node, ...]:
        """The nodes that the step reads."""
        return self.node.inputs

    @property
    def inputs(self) -> list[str]:
        """The paths of the steps that this one reads."""
        return [source.path for source in self.reads]

    @property
    def output(self) -> Shape:
        """The shape that comes out, without the batch axis."""
        return self.node.output.shape

    @property
    def count(self) -> Size:
        """How many tensors of that shape come out for one input."""
        return self.node.output.count

    @property
    def weights(self) -> Size:
        """Weights; 0 where they are counted at another step."""
        return self.own.weights

    @property
    def biases(self) -> Size:
        """Biases; 0 where they are counted at another step."""
        return self.own.biases

    @property
    def params(self) -> Size:
        """Weights plus biases."""
        return self.weights + self.biases

    @property
    def buffers(self) -> Size:
        """Elements of state that is no parameter; 0 where they are counted at another step."""
        return self.own.buffers

    @property
    def own(self) -> Counts:
        """What the step costs, where its parameters are not those of another step."""
        return self.node.counts if self.node.shared_with is None else FREE

    @property
    def macs(self) -> Size:
        """Multiply-accumulates for all tensors."""
        return self.node.macs

    @property
    def activations(self) -> Size:
        """Elements that are written, in all tensors."""
        return self.node.written

    @property
    def receptive_field(self) -> list[Size | None] | None:
        """Input positions that the largest of the units reads, on each axis."""
        return self.field.receptive_field

    @property
    def effective_stride(self) -> list[Size | Fraction | None] | None:
        """Input positions between neighbouring units, on each axis."""
        return self.field.effective_stride

    @property
    def effective_padding(self) -> list[Size | None] | None:
        """Input positions by which the first unit's field begins before the input, on each axis."""
        return self.field.effective_padding

    @property
    def covers_input(self) -> bool:
        """Whether every unit reads the whole input, by an operation on the whole map."""
        return self.field.covers_input

    @property
    def misaligned(self) -> bool:
        """Whether paths of different effective strides meet."""
        return self.field.misaligned

    @property
    def frozen(self) -> bool:
        """Whether the parameters are not trained."""
        return self.node.frozen

    @property
    def shared_with(self) -> str | None:
        """The path of the step whose parameters this one uses."""
        owner = self.node.shared_with
        return None if owner is None else owner.path

    @property
    def formula(self) -> str:
        """How the figures come about, with the numbers in: one part for each of size, weights, biases and MACs."""
        return "; ".join(f"{name}: {text}" for name, text in derivations(self.node))


def summarize_field(node: Node) -> FieldSummary:
    """The receptive-field summary of a node; that of an unknown field where one axis is unknown."""
    axes = node.fields
    if axes is None:
        return FieldSummary()
    try:
        found = [measures(axis) for axis in axes[:1]]
        found += [found[0] if axis[1:] == axes[0][1:] else measures(axis) for axis in axes[1:]]  # equal on square maps
        x = node.source.output
        covers = bool(axes) and all(map(field.covers, axes, [x.shape[axis] for axis in x.positions]))
    except Unknown:
        return FieldSummary()
    sizes, strides, paddings, misaligned = map(list, zip(*found, strict=True)) if found else ([], [], [], [])
    return FieldSummary(sizes, strides, paddings, covers, any(misaligned))


def measures(axis: AxisField) -> tuple[Size | None, Size | Fraction | None, Size | None, bool]:
    """Receptive field, effective stride and padding on one axis, and whether it is misaligned. May raise Unknown."""
    size, stride = field.receptive_field(axis), field.effective_stride(axis)
    return size, stride, field.effective_padding(axis), field.misaligned(axis)
