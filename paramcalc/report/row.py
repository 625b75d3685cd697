"""Rows: the figures of one executed step.

Conventions. `params` is weights plus biases; batch norm's scale is a weight, its shift a bias. A
layer whose weights are shared counts once, where they are first used. MACs are multiply-accumulates
of convolution, transposed convolution and linear layers; biases, norms, activations and poolings are
0. Activations are the elements that a node writes; a view writes none. MACs and activations are
multiplied by how many tensors there are, parameters are not.
"""

from __future__ import annotations

from fractions import Fraction
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

from paramcalc.algebra import receptive_field as field
from paramcalc.algebra.expr import Size, pretty
from paramcalc.algebra.receptive_field import AxisField
from paramcalc.algebra.tap_map import Unknown
from paramcalc.algebra.tensor import Shape
from paramcalc.network import FREE, Counts, Node
from paramcalc.report.derivation import derivations

Sizes: TypeAlias = list[Size | None]


def attribute(path: str, meaning: str) -> Any:
    """A property that is the attribute at a dotted path, such as `node.output.count`; `meaning` is its docstring."""
    return property(attrgetter(path), doc=meaning)


class FieldSummary(NamedTuple):
    """The receptive-field summary of a node: values for each axis of the input, and marks.

    Each list has one value per spatial axis of the network's input, in input positions; None as a whole is unknown (it
    depends on the data), and None for one axis is a value that does not exist (units without a position).
    """

    receptive_field: Sizes | None = None
    effective_stride: list[Size | Fraction | None] | None = None
    effective_padding: Sizes | None = None
    covers_input: bool = False
    misaligned: bool = False


class Row:
    """The figures of one executed step; `field` is its receptive-field summary, which nodes of equal fields share."""

    __slots__ = ("field", "node")

    def __init__(self, node: Node, field: FieldSummary) -> None:
        self.node = node
        self.field = field

    def __repr__(self) -> str:
        return f"<{self.type} {self.path}: {self.node.output}, {pretty(self.params)} parameters>"

    path: str = attribute("node.path", "The names of the blocks around the step and its own, with dots between.")
    type: str = attribute("node.type", "The layer's name in the language.")
    reads: tuple[Node, ...] = attribute("node.inputs", "The nodes that the step reads.")
    output: Shape = attribute("node.output.shape", "The shape that comes out, without the batch axis.")
    count: Size = attribute("node.output.count", "How many tensors of that shape come out for one input.")
    weights: Size = attribute("own.weights", "Weights; 0 where they are counted at another step.")
    biases: Size = attribute("own.biases", "Biases; 0 where they are counted at another step.")
    buffers: Size = attribute("own.buffers", "State that is no parameter; 0 where it is counted at another step.")
    macs: Size = attribute("node.macs", "Multiply-accumulates for all tensors.")
    activations: Size = attribute("node.written", "Elements that are written, in all tensors.")
    receptive_field: Sizes | None = attribute(
        "field.receptive_field", "Input positions that the largest of the units reads, on each axis."
    )
    effective_stride: list[Size | Fraction | None] | None = attribute(
        "field.effective_stride", "Input positions between neighbouring units, on each axis."
    )
    effective_padding: Sizes | None = attribute(
        "field.effective_padding", "Input positions by which the first unit's field begins before the input."
    )
    covers_input: bool = attribute(
        "field.covers_input", "Whether every unit reads the whole input, by an operation on the whole map."
    )
    misaligned: bool = attribute("field.misaligned", "Whether paths of different effective strides meet.")
    frozen: bool = attribute("node.frozen", "Whether the parameters are not trained.")

    @property
    def family(self) -> str:
        """What kind of layer it is: `convolution`, `linear`, `normalisation` or `other`."""
        return self.node.layer.family if self.node.layer else "other"

    @property
    def inputs(self) -> list[str]:
        """The paths of the steps that this one reads."""
        return [source.path for source in self.reads]

    @property
    def params(self) -> Size:
        """Weights plus biases."""
        return self.weights + self.biases

    @property
    def own(self) -> Counts:
        """What the step costs, where its parameters are not those of another step."""
        return self.node.counts if self.node.shared_with is None else FREE

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
    axes, x = node.fields, node.source.output
    if axes is None:
        return FieldSummary()
    sizes: list[Size | None] = []
    strides: list[Size | Fraction | None] = []
    paddings: list[Size | None] = []
    covers, misaligned = bool(axes), False
    before: AxisField | None = None
    try:
        for axis, index in zip(axes, x.positions, strict=True):
            if before is None or axis[1:] != before[1:]:  # equal on square maps
                size, stride = field.receptive_field(axis), field.effective_stride(axis)
                padding, before = field.effective_padding(axis), axis
                misaligned = misaligned or field.misaligned(axis)
            sizes.append(size)
            strides.append(stride)
            paddings.append(padding)
            covers = covers and field.covers(axis, x.shape[index])
    except Unknown:
        return FieldSummary()
    return FieldSummary(sizes, strides, paddings, covers, misaligned)
