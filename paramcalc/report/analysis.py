"""From a network to a report: one row for each executed step, and the totals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from paramcalc import limits
from paramcalc.algebra.conditions import Condition
from paramcalc.algebra.expr import Expr, Size, added
from paramcalc.algebra.solve import greatest
from paramcalc.algebra.tensor import Shape, Tensor
from paramcalc.collector import paused
from paramcalc.errors import ExpressionError, ParamcalcError, Problem
from paramcalc.network import FREE, Network, Node
from paramcalc.report.row import FieldSummary, Row, summarize_field


class Totals(NamedTuple):
    """Sums over all rows; `layers` counts the rows. `peak_activations` are elements held at the same time.

    FLOPs are 2 x MACs. Parameters of a frozen step are not trainable.
    """

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


def analyze(network: Network) -> Report:
    """The report of a network: a row for each executed step, in execution order, and the totals.

    Raises ParamcalcError where symbols let a sum grow beyond the limit of terms.
    """
    try:
        with paused():
            return report_of(network)
    except ExpressionError as error:
        message = f"in the figures of the whole network, {error.problems[0].message}"
        raise ParamcalcError(Problem(message, network.place)) from None


def report_of(network: Network) -> Report:
    """The rows and the totals. Nodes with the same fields share their summary."""
    summaries: dict[int, FieldSummary] = {}
    rows: list[Row] = []
    for node in network.nodes:
        known = summaries.get(id(node.fields))
        if known is None:
            known = summaries[id(node.fields)] = summarize_field(node)
        rows.append(Row(node, known))
    return Report(
        name=network.name,
        source=network.source,
        input={node.path: node.output for node in network.inputs},
        layers=rows,
        outputs={name: node.output.shape for name, node in network.outputs.items()},
        totals=totals_of(network),
        conditions=list(network.conditions),
        ends={name: rows[node.index] for name, node in network.outputs.items() if node.layer},
        blocks=network.blocks,
    )


def totals_of(network: Network) -> Totals:
    """The sums over the rows. Raises ExpressionError where these would have too many terms with symbols."""
    written = [node.written for node in network.nodes]
    if sum([len(size.terms) for size in written if isinstance(size, Expr)]) > limits.TERMS_IN_ALL:
        raise ExpressionError(f"the sizes of all layers have more than {limits.TERMS_IN_ALL:,} terms")
    costly = [node for node in network.nodes if node.counts is not FREE]
    owners = [node for node in costly if node.shared_with is None]
    weights, biases, buffers, _ = map(added, zip(FREE, *[node.counts for node in owners], strict=True))
    frozen = [count for node in owners if node.frozen for count in node.counts[:2]]
    macs = added([node.macs for node in costly])
    params = weights + biases
    return Totals(
        layers=len(network.nodes),
        weights=weights,
        biases=biases,
        params=params,
        trainable=params - added(frozen),
        buffers=buffers,
        macs=macs,
        flops=2 * macs,
        activations=added(written),
        peak_activations=peak_activations(network),
    )


def peak_activations(network: Network) -> Size | None:
    """The most elements that are held in memory at the same time; None where symbols leave open when that is.

    A tensor is held from the step that writes it to the last step that reads it or a view of it, an input from the
    start, an output to the end. While a step runs, what it reads and what it writes are held. Nothing is done in place.
    """
    owner: dict[Node, Node] = {}
    last_use = dict.fromkeys(network.inputs, -1)
    for step, node in enumerate(network.nodes):
        for source in node.inputs:
            last_use[owner.get(source, source)] = step
        if node.view:
            owner[node] = owner.get(node.inputs[0], node.inputs[0])
        else:
            last_use[node] = step
    for node in network.outputs.values():
        last_use[owner.get(node, node)] = len(network.nodes)
    changes: list[Size] = [node.written for node in network.nodes] + [0, 0]
    for node, step in last_use.items():
        changes[step + 1] = changes[step + 1] - node.output.elements
    held = added([node.output.elements for node in network.inputs])
    peaks = [held]
    for change in changes[: len(network.nodes)]:
        if change != 0:
            held = held + change
            peaks.append(held)
    return greatest(peaks)
