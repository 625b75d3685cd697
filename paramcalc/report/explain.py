"""How each figure comes about: the rule, the rule with the numbers in, the result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from paramcalc.algebra import receptive_field as fields
from paramcalc.algebra.expr import Size, pretty
from paramcalc.algebra.receptive_field import AxisField, Interval, Ordered, Unknown, Unordered
from paramcalc.algebra.window import UNIT, Window, factor
from paramcalc.errors import ParamcalcError, listing, suggestion
from paramcalc.layers.sliding import Sliding
from paramcalc.network import Network, Node
from paramcalc.report.analysis import Report
from paramcalc.report.derivation import derivations


class Explanation(NamedTuple):
    """One figure: what it is, its general rule, and the rule with the numbers in and its result."""

    quantity: str
    rule: str
    here: str


class Chain(NamedTuple):
    """The steps from an input on that equal one window on each axis, the last of them, and these windows."""

    end: Node
    sizes: Sequence[Size]
    windows: Sequence[Window]


def steps_of(network: Network, path: str) -> list[Node]:
    """The node of a step, or the nodes inside a block; all for an empty path.

    Raises ParamcalcError for a step that does not exist.
    """
    nodes = [node for node in network.nodes if not path or node.path == path or node.path.startswith(f"{path}.")]
    if nodes or not path:
        return nodes
    node = network.step(path)
    if node is not None:
        return [node]
    names = network.paths()
    raise ParamcalcError(f"no step is called '{path}'{suggestion(path, names) or f'; there are {listing(names)}'}")


def explain(node: Node) -> list[Explanation]:
    """Each figure of a step, in the order of the columns: size, weights, biases, buffers, MACs, field, stride."""
    rules = node.layer.rules if node.layer else {}
    parts = [Explanation(name, rules.get(name, ""), text) for name, text in derivations(node)]
    return [*parts, *explain_field(node)]


# -- receptive fields ---------------------------------------------------------------------------


def explain_field(node: Node) -> Iterator[Explanation]:
    """The receptive field of a step, and its stride where that changes, once for equal axes."""
    name = "field"
    inputs = read_by(node)
    if node.fields is None:
        known = any(source.fields is None for source in inputs)
        yield Explanation(name, "", "unknown, as before" if known else UNKNOWN)
        return
    sources = [source for source in inputs if source.source is node.source and source.fields is not None]
    told: list[Explanation] = []
    for axis, found in enumerate(node.fields):
        before = [source.fields[axis] for source in sources if source.fields is not None]
        try:
            told += [*field_on_axis(node, axis, found, before, [source.path for source in sources])]
        except Unknown:
            told.append(Explanation(name, "", "depends on the symbols"))
    yield from dict.fromkeys(told)


def read_by(node: Node) -> Sequence[Node]:
    """The nodes that a node reads; a step that a field names gives only a size or a place."""
    return node.inputs[:1] if node.layer and node.layer.references else node.inputs


def field_on_axis(
    node: Node, axis: int, found: AxisField, before: Sequence[AxisField], names: Sequence[str]
) -> Iterator[Explanation]:
    """The field on one axis of the network's input."""
    size = fields.receptive_field(found)
    result = "nothing" if size is None else pretty(size)
    if len(before) > 1:
        paths = ", ".join(f"{name} {shown(one)}" for name, one in zip(names, before, strict=True))
        yield Explanation("field", "the hull of what the branches read", f"{paths}: {result}")
    elif before[0] == found or not changes(before[0], found):
        left = "" if fields.receptive_field(before[0]) == size else ", of the units that are left"
        yield Explanation("field", f"as its input{left}", result)
    elif isinstance(found, Unordered):
        kept = fields.receptive_field(before[0]) == size
        yield Explanation("field", "each unit as before, in another order" if kept else "the largest bin", result)
    elif found.constant:
        yield from everything_below(before[0], result)
    else:
        yield from through_window(node, axis, found, before[0], result)


def changes(before: AxisField, found: AxisField) -> bool:
    """Whether what units read is other than before."""
    if isinstance(before, Ordered) and isinstance(found, Ordered):
        return before.maps != found.maps
    return True


def shown(found: AxisField) -> str:
    """The size of a field."""
    size = fields.receptive_field(found)
    return "nothing" if size is None else pretty(size)


def everything_below(before: AxisField, result: str) -> Iterator[Explanation]:
    """The field of an operation that reads the whole map."""
    single = single_map(before)
    if single is None or isinstance(before, Unordered) or before.constant:
        yield Explanation("field", "all that its input reads", result)
        return
    step, (lo, hi) = single
    reach = f"{pretty(hi - lo + 1)} + ({pretty(before.units)} − 1)·{factor(step)}"
    yield Explanation("field", "the whole map: field + (n − 1)·stride", f"{reach} = {result}")


def single_map(found: AxisField) -> tuple[Size, Interval] | None:
    """The stride and the first interval of a field of period 1."""
    if isinstance(found, Ordered) and len(found.maps) == 1 and len(found.maps[0].spans) == 1:
        step, (span,) = found.maps[0]
        return None if span is None else (step, span)
    return None


def through_window(node: Node, axis: int, found: Ordered, before: AxisField, result: str) -> Iterator[Explanation]:
    """The field behind a window, or behind a layer that enlarges the map."""
    single = single_map(before)
    layer = node.layer
    if single is not None and single_map(found) and isinstance(layer, Sliding) and isinstance(before, Ordered):
        window = layer.windows(node.inputs[0].output.shape)[before.along - 1]
        step, (lo, hi) = single
        if window.span == 1:
            yield Explanation("field", "as its input", result)
        else:
            grown = f"{pretty(hi - lo + 1)} + ({pretty(window.span)} − 1)·{factor(step)} = {result}"
            yield Explanation("field", "field + (span − 1)·stride of input", grown)
        if window.stride != 1:
            after = pretty(step * window.stride)
            yield Explanation("stride", "stride of input · stride", f"{factor(step)}·{factor(window.stride)} = {after}")
        return
    units = found.units if isinstance(found.units, int) else None
    spans = [span for part in found.maps for span in part.spans[:units]]
    if len(spans) > 1 and len(found.maps) == 1:
        sizes = ", ".join("nothing" if span is None else pretty(span[1] - span[0] + 1) for span in spans[:SHOWN])
        more = ", …" if len(spans) > SHOWN else ""
        rule = f"the largest of {len(spans)} neighbouring units"
        yield Explanation("field", rule, f"{sizes}{more}: {result}")
    else:
        yield Explanation("field", "", result)
    stride = fields.effective_stride(found)
    if stride is not None and stride != fields.effective_stride(before):
        yield Explanation("stride", "", pretty(stride))


UNKNOWN = "unknown: it depends on the data or on symbols, or neighbouring units differ too much"
"""What is said of fields that are not followed."""

SHOWN = 8
"""Units of a period whose fields are listed."""


# -- the whole ----------------------------------------------------------------------------------


def chain(network: Network) -> Chain | None:
    """The steps from the first input on that equal one window; None where there are fewer than two windows."""
    first = network.inputs[0] if network.inputs else None
    if first is None or len(first.output.shape) < 2:
        return None
    readers = Counter(source for node in network.nodes for source in read_by(node))
    here, count = first, 0
    windows = [UNIT] * (len(first.output.shape) - 1)
    for node in network.nodes:
        if tuple(read_by(node)) != (here,) or readers[here] > 1:
            break
        if isinstance(node.layer, Sliding):
            windows = [
                one.then(other) for one, other in zip(windows, node.layer.windows(here.output.shape), strict=True)
            ]
            count += 1
        elif node.fields is None or node.fields != here.fields:
            break
        here = node
    return Chain(here, first.output.shape[1:], windows) if count > 1 else None


def summed(left: Size, right: Size) -> str:
    """`200,415,264 + 10,568 = 200,425,832`; of symbols the sum alone."""
    total = pretty(left + right)
    return f"{pretty(left)} + {pretty(right)} = {total}" if isinstance(left, int) and isinstance(right, int) else total


def explain_whole(network: Network, report: Report) -> list[Explanation]:
    """The sums over all steps, the one window that a chain equals, and what must hold for the symbols."""
    totals = report.totals
    parts = [
        Explanation("params", "weights + biases, shared ones once", summed(totals.weights, totals.biases)),
        Explanation("MACs", "the sum over all steps", pretty(totals.macs)),
        Explanation("FLOPs", "2 · MACs", pretty(totals.flops)),
        Explanation("activations", "elements that the steps write; views write none", pretty(totals.activations)),
    ]
    if totals.peak_activations is not None:
        parts.append(
            Explanation("alive at once", "the largest sum of tensors still needed", pretty(totals.peak_activations))
        )
    found = chain(network)
    if found is not None:
        for n, window in dict.fromkeys(zip(found.sizes, found.windows, strict=True)):
            text = f"kernel {pretty(window.kernel)}, stride {pretty(window.stride)}, padding {pretty(window.lo)}"
            behind = "" if window.lo == window.hi else f" and {pretty(window.hi)}"
            parts.append(
                Explanation("one window", f"all steps to {found.end.path}", f"{text}{behind}: {window.formula(n)}")
            )
    for condition in report.conditions:
        where = f"needed by {condition.where}" if condition.where else ""
        parts.append(Explanation("condition", where, condition.text))
    return parts
