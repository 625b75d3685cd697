"""A network: its nodes in execution order. `add` infers a node's shape, counts and field.

This is the door for every front end: the YAML language calls `add` for each step, and a reader of
another format would do the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from paramcalc import limits
from paramcalc.algebra.conditions import Conditions
from paramcalc.algebra.expr import BEYOND, Size, too_large
from paramcalc.algebra.interval_map import INPUT_POSITIONS
from paramcalc.algebra.receptive_field import Fields, Ordered, comparison_cost
from paramcalc.algebra.tap_map import Unknown
from paramcalc.algebra.tensor import Axes, Shape, Tensor
from paramcalc.errors import LayerError, Span
from paramcalc.layers.base import FieldRule, Layer, multiplied, total, unchanged, unknown

if TYPE_CHECKING:
    from paramcalc.published import Claim

REMEMBERED = 1_000
"""Inferences that are kept at a time: a repeated block is computed once, and a growing one takes no more memory."""


class Counts(NamedTuple):
    """What one application of a layer costs: parameters, state, and the MACs for one tensor."""

    weights: Size = 0
    biases: Size = 0
    buffers: Size = 0
    macs: Size = 0


FREE = Counts()
"""The counts of most layers."""


class Inference(NamedTuple):
    """What the rules of a layer give for certain inputs: shape, counts, and how fields follow from those of the inputs.

    It holds the layer and the inputs because it is looked up by their ids, which no other object gets meanwhile.
    """

    output: Tensor
    counts: Counts
    field_rule: FieldRule
    layer: Layer
    inputs: Sequence[Tensor]


@dataclass(eq=False, repr=False, slots=True)
class Node:
    """One executed step: a layer applied to earlier nodes, or an input of the network.

    `fields` are the receptive fields, one per axis with positions of the input `source`; None is unknown.
    `shared_with` is the node whose weights this one uses; `counts` still holds what the layer has.
    `written` are the elements that the node writes, in all tensors; a `view` writes none of its own.
    """

    index: int
    path: str
    layer: Layer | None
    inputs: tuple[Node, ...]
    output: Tensor
    counts: Counts
    fields: Fields | None
    written: Size
    view: bool = False
    frozen: bool = False
    shared_with: Node | None = None
    source: Node = field(init=False)

    @property
    def type(self) -> str:
        """The layer's name in the language, or `input`."""
        return self.layer.type if self.layer else "input"

    @property
    def macs(self) -> Size:
        """Multiply-accumulates for all tensors."""
        macs, count = self.counts.macs, self.output.count
        return macs if count == 1 else macs * count

    def __repr__(self) -> str:
        return f"<{self.type} {self.path}: {self.output}>"


class Network:
    """Nodes in execution order, the inputs first, and what must hold for the symbols.

    `outputs` are the named results. `ends` gives the node that a block or a head ends in, by its path;
    `blocks` gives the name of the block at a path; `claims` are the published figures. `place` is
    where errors of the whole point to.
    """

    def __init__(self, name: str, source: str = "") -> None:
        self.name = name
        self.source = source
        self.inputs: list[Node] = []
        self.nodes: list[Node] = []
        self.outputs: dict[str, Node] = {}
        self.conditions = Conditions()
        self.ends: dict[str, Node] = {}
        self.blocks: dict[str, str] = {}
        self.claims: tuple[Claim, ...] = ()
        self.place: Span | None = None
        self._inferred: dict[tuple[int, ...], Inference] = {}
        self._tensors: dict[tuple[Shape, Size, Axes], Tensor] = {}
        self._by_path: dict[str, Node] = {}
        self._intervals = 0
        self._symbolic = 0

    def add_input(self, path: str, shape: Shape, count: Size = 1, axes: Axes | None = None) -> Node:
        """An input of `count` tensors of a shape; on every axis but the channels, each position reads itself.

        `axes` names its axes; without, they are those of a map, by their number. Raises ExpressionError
        when its elements are too many terms or factors with symbols.
        """
        tensor = self._one(Tensor(shape, count, axes))
        fields = tuple([Ordered(axis, shape[axis], (INPUT_POSITIONS,)) for axis in tensor.positions])
        node = Node(len(self.inputs), path, None, (), tensor, FREE, fields, tensor.elements)
        node.source = node
        self.inputs.append(node)
        return node

    def add(
        self, layer: Layer, inputs: Sequence[Node], path: str, *, frozen: bool = False, shared_with: Node | None = None
    ) -> Node:
        """The node of a layer on earlier nodes. Raises LayerError if the layer or the weights it shares do not fit."""
        tensors = [node.output for node in inputs]
        output, counts, field_rule, _, _ = self.infer(layer, tensors, path)
        source, fields = inputs[0].source, inputs[0].fields
        if field_rule is not unchanged:
            read = inputs[:1] if len(inputs) > 1 and layer.references else inputs
            source, fields = self._apply_field_rule(field_rule, read, path)
        if shared_with is not None:
            need_same_weights(layer, counts, tensors[0].shape, shared_with)
        index, view = len(self.nodes), layer.view
        written = 0 if view else output.elements
        node = Node(index, path, layer, tuple(inputs), output, counts, fields, written, view, frozen, shared_with)
        node.source = source
        self.nodes.append(node)
        return node

    def step(self, path: str) -> Node | None:
        """The node that a step ends in: a layer, a block or a head by its path; None where there is none.

        The only step of its kind in a list may also be called by the number 1: `conv1` for `conv`.
        """
        found = self._at(path)
        if found is None and path.endswith("1"):
            lone = path[:-1]
            node = self._at(lone)
            if node is not None and lone.rpartition(".")[2] == self.blocks.get(lone, node.type):
                return node
        return found

    def paths(self) -> list[str]:
        """The paths of all steps, blocks and heads, in the order in which they end."""
        steps = [*((node.path, node) for node in self.nodes), *self.ends.items()]
        return [path for path, _ in sorted(steps, key=lambda step: step[1].index)]

    def _at(self, path: str) -> Node | None:
        for node in self.nodes[len(self._by_path) :]:
            self._by_path[node.path] = node
        return self._by_path.get(path) or self.ends.get(path)

    def infer(self, layer: Layer, inputs: Sequence[Tensor], path: str = "") -> Inference:
        """What the rules of a layer give for these inputs, computed once for each layer and inputs.

        Both are identified by `id`, which is quicker to compare than values: a builder makes a
        layer once for equal arguments, and `_one` makes equal tensors the same object. `path` is the step
        that conditions are required by. Raises LayerError where the layer does not fit.
        """
        key = (id(layer), id(inputs[0])) if len(inputs) == 1 else (id(layer), *map(id, inputs))
        known = self._inferred.get(key)
        if known is not None:
            return known
        self.conditions.required_by = path
        output = layer.result(inputs, self.conditions)
        if output is not inputs[0]:
            if not (isinstance(output.elements, int) and output.elements < BEYOND):
                self._check_size(layer, output)
            output = self._one(output)
        x = inputs[0].shape
        counts, macs = FREE, layer.macs(x, output.shape)
        weights, biases, buffers = layer.weights(x), layer.biases(x), layer.buffers(x)
        if weights or biases or buffers or macs:
            counts = Counts(total(weights), total(biases), total(buffers), total(macs))
        try:
            field_rule = layer.field_rule(inputs, output)
        except Unknown:
            field_rule = unknown
        if len(self._inferred) >= REMEMBERED:
            self._inferred.clear()
            self._tensors.clear()
        inference = self._inferred[key] = Inference(output, counts, field_rule, layer, inputs)
        return inference

    def _one(self, tensor: Tensor) -> Tensor:
        """The object that stands for all tensors of this network that are equal to this one."""
        return self._tensors.setdefault((tensor.shape, tensor.count, tensor.axes), tensor)

    def _check_size(self, layer: Layer, output: Tensor) -> None:
        """Raise LayerError for sizes of too many digits, and after too many tensors with symbols."""
        if any(map(too_large, output.shape)):
            raise LayerError(f"{layer.type} would give a size of more than {limits.DIGITS} digits")
        if not isinstance(output.elements, int):
            self._symbolic += 1
            if self._symbolic > limits.SYMBOLIC:
                raise LayerError(f"more than {limits.SYMBOLIC:,} layers of different sizes with symbols")

    def _apply_field_rule(self, rule: FieldRule, inputs: Sequence[Node], origin: object) -> tuple[Node, Fields | None]:
        """The fields of a new node, and the input of the network that they are of; None for fields that are unknown.

        Where paths from several inputs of the network meet, the fields are those of the first of these.
        """
        source = inputs[0].source
        if len(inputs) > 1:
            sources = {node.source for node in inputs}
            if len(sources) > 1:
                source = min(sources, key=attrgetter("index"))
                inputs = [node for node in inputs if node.source is source]
        fields = [node.fields for node in inputs if node.fields is not None]
        if len(fields) < len(inputs) or self._intervals > limits.INTERVALS:
            return source, None
        try:
            found = rule(fields, origin)
        except Unknown:
            return source, None
        for known in fields:
            if known == found:  # nodes of equal fields share one object, so that each is summarized once
                return source, known
        self._intervals += comparison_cost(found)
        return source, found


def need_same_weights(layer: Layer, counts: Counts, x: Shape, owner: Node) -> None:
    """Raise LayerError unless `layer`, on an input of shape `x`, can use the weights of `owner`."""
    if owner.layer is None or owner.type != layer.type:
        raise LayerError(f"{layer.type} cannot share the weights of {owner.path}, which is {owner.type}")
    if counts[:3] != owner.counts[:3]:
        raise LayerError(
            f"{layer.type} would have {counts.weights} weights and {counts.biases} biases, "
            f"but {owner.path} has {owner.counts.weights} and {owner.counts.biases}: they cannot be shared"
        )
    own, others = layer.weights(x), owner.layer.weights(owner.inputs[0].output.shape)
    if own != others:
        raise LayerError(
            f"the weights of {layer.type} would be {multiplied(own)}, "
            f"but those of {owner.path} are {multiplied(others)}: they cannot be shared"
        )
