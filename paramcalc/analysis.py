"""From a network to a report: one row for each executed step, and the totals.

Conventions. `params` is weights plus biases; batch norm's scale is a weight, its shift a bias. A
layer whose weights are shared counts once, where they are first used. MACs are multiply-accumulates
of convolution, transposed convolution and linear layers; biases, norms, activations and poolings are
0; FLOPs are 2 x MACs. Activations are the elements that a node writes; a view writes
none. MACs and activations are multiplied by how many tensors there are, parameters are not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeVar

from paramcalc import field as fields
from paramcalc.conditions import Condition, greatest
from paramcalc.expr import Size, added, pretty
from paramcalc.field import AxisField, Unknown
from paramcalc.layers.base import Count, total
from paramcalc.network import Network, Node
from paramcalc.shape import Shape
from paramcalc.window import factor

T = TypeVar("T")


@dataclass(slots=True)
class Row:
    """The figures of one executed step.

    `receptive_field`, `effective_stride` and `effective_padding` have one value per spatial axis of
    the network's input, in input positions; None as a whole is unknown (it depends on the data), and
    None for one axis is a value that does not exist (units without a position).
    """

    path: str
    type: str
    inputs: list[str]
    output: Shape
    count: Size
    weights: Size
    biases: Size
    params: Size
    buffers: Size
    macs: Size
    activations: Size
    receptive_field: list[Size | None] | None
    effective_stride: list[Size | Fraction | None] | None
    effective_padding: list[Size | None] | None
    covers_input: bool
    misaligned: bool
    frozen: bool
    shared_with: str | None
    node: Node = field(repr=False)

    @property
    def formula(self) -> str:
        """How the figures come about, with the numbers in: one part for each of size, weights, biases and MACs."""
        return "; ".join(f"{name}: {text}" for name, text in derivations(self.node))


@dataclass(slots=True)
class Totals:
    """Sums over all rows; `layers` counts the rows, `peak_activations` is in elements alive at once."""

    layers: int
    weights: Size
    biases: Size
    params: Size
    trainable: Size
    buffers: Size
    macs: Size
    flops: Size
    activations: Size
    peak_activations: Size | None


@dataclass(slots=True)
class InputRow:
    """An input of the network: its shape, and how many of it there are."""

    shape: Shape
    count: Size


@dataclass(slots=True)
class Report:
    """Everything that is known of a network: what the command line prints and JSON holds.

    `ends` are the rows that the outputs come from, `blocks` the name of the block at a path.
    """

    name: str
    source: str
    input: dict[str, InputRow]
    layers: list[Row]
    outputs: dict[str, Shape]
    totals: Totals
    conditions: list[Condition]
    ends: dict[str, Row] = field(repr=False)
    blocks: Mapping[str, str] = field(repr=False)


def analyze(network: Network) -> Report:
    """The report of a network: a row for each executed step, in execution order, and the totals."""
    rows = [row_of(node) for node in network.nodes]
    return Report(
        name=network.name,
        source=network.source,
        input={node.path: InputRow(node.output.shape, node.output.count) for node in network.inputs},
        layers=rows,
        outputs={name: node.output.shape for name, node in network.outputs.items()},
        totals=totals_of(network, rows),
        conditions=list(network.conditions),
        ends={name: rows[node.index] for name, node in network.outputs.items() if node.layer},
        blocks=network.blocks,
    )


def row_of(node: Node) -> Row:
    """The figures of one node."""
    weights, biases, buffers, macs = node.counts
    if node.shared_with is not None:
        weights = biases = buffers = 0
    shape, count = node.output.shape, node.output.count
    row = Row(
        path=node.path,
        type=node.type,
        inputs=[source.path for source in node.inputs],
        output=shape,
        count=count,
        weights=weights,
        biases=biases,
        params=weights + biases,
        buffers=buffers,
        macs=macs * count,
        activations=0 if node.view else node.output.elements,
        receptive_field=None,
        effective_stride=None,
        effective_padding=None,
        covers_input=False,
        misaligned=False,
        frozen=node.frozen,
        shared_with=node.shared_with.path if node.shared_with else None,
        node=node,
    )
    if node.fields is not None:
        axes = node.fields
        row.receptive_field = each(fields.receptive_field, axes)
        if row.receptive_field is not None:
            row.effective_stride = each(fields.effective_stride, axes)
            row.effective_padding = each(fields.effective_padding, axes)
            row.misaligned = any(fields.misaligned(axis) for axis in axes)
            sizes = node.source.output.shape[1:]
            row.covers_input = bool(axes) and all(fields.covers(a, n) for a, n in zip(axes, sizes, strict=True))
    return row


def each(measure: Callable[[AxisField], T], axes: Sequence[AxisField]) -> list[T] | None:
    """A measure of every axis; None when one of them cannot be told. Equal neighbours are measured once."""
    values: list[T] = []
    try:
        for place, axis in enumerate(axes):
            values.append(values[-1] if place and axis[1:] == axes[place - 1][1:] else measure(axis))
    except Unknown:
        return None
    return values


def totals_of(network: Network, rows: Sequence[Row]) -> Totals:
    """The sums over the rows."""
    params = added(row.params for row in rows)
    macs = added(row.macs for row in rows)
    return Totals(
        layers=len(rows),
        weights=added(row.weights for row in rows),
        biases=added(row.biases for row in rows),
        params=params,
        trainable=params - added(row.params for row in rows if row.frozen),
        buffers=added(row.buffers for row in rows),
        macs=macs,
        flops=2 * macs,
        activations=added(row.activations for row in rows),
        peak_activations=peak_activations(network),
    )


def peak_activations(network: Network) -> Size | None:
    """The largest number of elements alive at once; None where symbols leave open which moment that is.

    A tensor is alive from the step that writes it to the last step that reads it or a view of it;
    inputs are alive from the start, outputs to the end. While a step runs, both what it reads and
    what it writes are alive. Nothing is computed in place.
    """
    everything = [*network.inputs, *network.nodes]
    owner: dict[int, Node] = {}
    last: dict[int, int] = {}
    for node in everything:
        base = owner[id(node.inputs[0])] if node.view else node
        owner[id(node)] = base
        for source in node.inputs:
            last[id(owner[id(source)])] = node.index
    for node in network.outputs.values():
        last[id(owner[id(node)])] = len(network.nodes)
    dying: dict[int, list[Node]] = {}
    for node in everything:
        if owner[id(node)] is node:
            dying.setdefault(last.get(id(node), node.index if node.layer else -1), []).append(node)
    alive: Size = 0
    for node in network.inputs:
        alive = alive + node.output.elements
    peaks = [alive]
    for node in dying.get(-1, ()):
        alive = alive - node.output.elements
    for node in network.nodes:
        if not node.view:
            alive = alive + node.output.elements
            peaks.append(alive)
        for dead in dying.get(node.index, ()):
            alive = alive - dead.output.elements
    return greatest(peaks)


# -- derivations --------------------------------------------------------------------------------


def derivations(node: Node) -> list[tuple[str, str]]:
    """Each figure of a node with its derivation: `("weights", "5·5·48·128·2 = 307,200")`."""
    layer = node.layer
    if layer is None:
        return []
    x, y = node.inputs[0].output.shape, node.output.shape
    lines = [("size", text) for text in layer.sizes([source.output.shape for source in node.inputs], y)]
    counts = (("weights", layer.weights(x)), ("biases", layer.biases(x)), ("buffers", layer.buffers(x)))
    lines += [(name, products(count)) for name, count in counts if count]
    macs = layer.macs(x, y)
    if macs and node.output.count != 1:
        macs = tuple((node.output.count, *factors) for factors in macs)
    if macs:
        lines.append(("MACs", products(macs)))
    if node.shared_with is not None:
        lines.append(("shared with", node.shared_with.path))
    return lines


def products(count: Count) -> str:
    """A sum of products with its value: `5·5·48·128·2 = 307,200`."""
    text = " + ".join("·".join(factor(size) for size in factors) for factors in count)
    value = pretty(total(count))
    return text if text == value else f"{text} = {value}"
