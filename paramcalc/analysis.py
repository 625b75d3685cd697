"""From a network to a report: one row for each executed step, and the totals.

Conventions. `params` is weights plus biases; batch norm's scale is a weight, its shift a bias. A
layer whose weights are shared counts once, where they are first used. MACs are multiply-accumulates
of convolution, transposed convolution and linear layers; biases, norms, activations and poolings are
0; FLOPs are 2 x MACs. Activations are the elements that a node writes; a view writes
none. MACs and activations are multiplied by how many tensors there are, parameters are not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from operator import attrgetter
from typing import NamedTuple, TypeVar

from paramcalc import field as fields
from paramcalc.collector import paused
from paramcalc.conditions import Condition, greatest
from paramcalc.expr import Size, added, pretty
from paramcalc.field import AxisField, Fields, Unknown
from paramcalc.layers.base import Count, multiplied, total
from paramcalc.network import Network, Node
from paramcalc.shape import Shape, Tensor

T = TypeVar("T")


class Seen(NamedTuple):
    """What is told of the fields of a node: values for each axis of the input, and marks."""

    receptive_field: list[Size | None] | None = None
    effective_stride: list[Size | Fraction | None] | None = None
    effective_padding: list[Size | None] | None = None
    covers_input: bool = False
    misaligned: bool = False


NOTHING = Seen()
"""What is told of a field that is not known."""


class Row:
    """The figures of one executed step.

    `receptive_field`, `effective_stride` and `effective_padding` have one value per spatial axis of
    the network's input, in input positions; None as a whole is unknown (it depends on the data), and
    None for one axis is a value that does not exist (units without a position). Rows of layers that
    work on each position by itself share these lists with the row before them.
    """

    __slots__ = (
        "activations",
        "biases",
        "buffers",
        "count",
        "covers_input",
        "effective_padding",
        "effective_stride",
        "frozen",
        "macs",
        "misaligned",
        "node",
        "output",
        "params",
        "path",
        "reads",
        "receptive_field",
        "shared_with",
        "type",
        "weights",
    )

    def __init__(self, node: Node, seen: Seen) -> None:
        counts, tensor, owner = node.counts, node.output, node.shared_with
        self.node = node
        self.path = node.path
        self.type = node.type
        self.reads = node.inputs
        self.output = tensor.shape
        self.count = tensor.count
        self.weights: Size = counts.weights if owner is None else 0
        self.biases: Size = counts.biases if owner is None else 0
        self.params: Size = self.weights + self.biases
        self.buffers: Size = counts.buffers if owner is None else 0
        self.macs: Size = counts.macs * tensor.count
        self.activations: Size = 0 if node.view else tensor.elements
        self.receptive_field = seen.receptive_field
        self.effective_stride = seen.effective_stride
        self.effective_padding = seen.effective_padding
        self.covers_input = seen.covers_input
        self.misaligned = seen.misaligned
        self.frozen = node.frozen
        self.shared_with = None if owner is None else owner.path

    @property
    def inputs(self) -> list[str]:
        """The paths of the steps that this one reads."""
        return [source.path for source in self.reads]

    @property
    def formula(self) -> str:
        """How the figures come about, with the numbers in: one part for each of size, weights, biases and MACs."""
        return "; ".join(f"{name}: {text}" for name, text in derivations(self.node))


class Totals(NamedTuple):
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


class Report(NamedTuple):
    """Everything that is known of a network: what the command line prints and JSON holds.

    `input` are the inputs, each a shape and how many of it there are; `ends` are the rows that the
    outputs come from, `blocks` the name of the block at a path.
    """

    name: str
    source: str
    input: dict[str, Tensor]
    layers: list[Row]
    outputs: dict[str, Shape]
    totals: Totals
    conditions: list[Condition]
    ends: dict[str, Row]
    blocks: Mapping[str, str]


@paused()
def analyze(network: Network) -> Report:
    """The report of a network: a row for each executed step, in execution order, and the totals."""
    seen: list[Seen] = []
    for node in network.nodes:
        before = node.inputs[0]
        passed_on = before.layer is not None and before.fields is node.fields
        seen.append(seen[before.index] if passed_on else seen_by(node))
    rows = list(map(Row, network.nodes, seen))
    return Report(
        name=network.name,
        source=network.source,
        input={node.path: node.output for node in network.inputs},
        layers=rows,
        outputs={name: node.output.shape for name, node in network.outputs.items()},
        totals=totals_of(network, rows),
        conditions=list(network.conditions),
        ends={name: rows[node.index] for name, node in network.outputs.items() if node.layer},
        blocks=network.blocks,
    )


def seen_by(node: Node) -> Seen:
    """What is told of the fields of a node."""
    axes = node.fields
    if axes is None:
        return NOTHING
    # on square maps one axis stands for all
    square = all(axis[1:] == axes[0][1:] for axis in axes[1:])
    apart, times = (axes[:1], len(axes)) if square else (axes, 1)
    sizes = each(fields.receptive_field, apart, times)
    if sizes is None:
        return NOTHING
    return Seen(
        sizes,
        each(fields.effective_stride, apart, times),
        each(fields.effective_padding, apart, times),
        bool(axes) and all(map(fields.covers, axes, node.source.output.shape[1:])),
        any(map(fields.misaligned, apart)),
    )


def each(measure: Callable[[AxisField], T], axes: Fields, times: int) -> list[T] | None:
    """A measure of every axis, so many times each; None when one of them cannot be told."""
    try:
        return [measure(axis) for axis in axes] * times
    except Unknown:
        return None


def totals_of(network: Network, rows: Sequence[Row]) -> Totals:
    """The sums over the rows."""

    def over_all(figure: str) -> Size:
        return added(map(attrgetter(figure), rows))

    weights, biases, macs = over_all("weights"), over_all("biases"), over_all("macs")
    params = weights + biases
    return Totals(
        layers=len(rows),
        weights=weights,
        biases=biases,
        params=params,
        trainable=params - added(row.params for row in rows if row.frozen),
        buffers=over_all("buffers"),
        macs=macs,
        flops=2 * macs,
        activations=over_all("activations"),
        peak_activations=peak_activations(network),
    )


def peak_activations(network: Network) -> Size | None:
    """The largest number of elements alive at once; None where symbols leave open which moment that is.

    A tensor is alive from the step that writes it to the last step that reads it or a view of it;
    inputs are alive from the start, outputs to the end. While a step runs, both what it reads and
    what it writes are alive. Nothing is computed in place.
    """
    inputs = len(network.inputs)
    written = [*network.inputs, *network.nodes]
    owner: list[int] = []
    last = list(range(len(written)))

    def owner_of(node: Node) -> int:
        return owner[node.index if node.layer is None else inputs + node.index]

    for here, node in enumerate(written):
        owner.append(owner_of(node.inputs[0]) if node.view else here)
        for source in node.inputs:
            last[owner_of(source)] = here
    for node in network.outputs.values():
        last[owner_of(node)] = len(written)
    dying = sorted((here for here, first in enumerate(owner) if here == first), key=last.__getitem__)
    alive = added(node.output.elements for node in network.inputs)
    peaks, gone = [alive], 0
    for here, node in enumerate(written):
        if here >= inputs and not node.view:
            alive = alive + node.output.elements
            peaks.append(alive)
        while gone < len(dying) and last[dying[gone]] <= here:
            alive = alive - written[dying[gone]].output.elements
            gone += 1
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
    if node.output.count != 1:
        macs = tuple((node.output.count, *factors) for factors in macs)
    if macs:
        lines.append(("MACs", products(macs)))
    if node.shared_with is not None:
        lines.append(("shared with", node.shared_with.path))
    return lines


def products(count: Count) -> str:
    """A sum of products with its value: `5·5·48·128·2 = 307,200`."""
    text, value = multiplied(count), pretty(total(count))
    return text if text == value else f"{text} = {value}"
