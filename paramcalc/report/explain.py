"""How each figure comes about: the rule, the rule with numbers, the result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from paramcalc.algebra import receptive_field as fields
from paramcalc.algebra.expr import Size, pretty
from paramcalc.algebra.receptive_field import AxisField, Ordered, Unordered
from paramcalc.algebra.tap_map import Unknown
from paramcalc.algebra.window import UNIT, Window, factor
from paramcalc.errors import ParamcalcError, listing, suggestion
from paramcalc.layers.sliding import Sliding
from paramcalc.network import Network, Node
from paramcalc.report.analysis import Report
from paramcalc.report.derivation import derivations


class Explanation(NamedTuple):
    """One figure: what it is, its general rule, and the rule with numbers and the result."""

    quantity: str
    rule: str
    with_numbers: str


def steps_of(network: Network, path: str) -> list[Node]:
    """The node of a step, or those inside a block; all for an empty path. Raises ParamcalcError for an unknown step."""
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


def explain_field(node: Node) -> list[Explanation]:
    """The receptive field of a step, and its stride where that changes; equal axes of the input once."""
    inputs = read_by(node)
    if node.fields is None:
        unknown_before = any(source.fields is None for source in inputs)
        return [Explanation("field", "", "unknown, as before" if unknown_before else UNKNOWN)]
    sources = [source for source in inputs if source.source is node.source]
    found: list[Explanation] = []
    for axis, field in enumerate(node.fields):
        found += on_axis(node, field, [(source.path, source.fields[axis]) for source in sources if source.fields])
    return list(dict.fromkeys(found))


def read_by(node: Node) -> Sequence[Node]:
    """The nodes that a node reads; a step that one of its fields names gives only a size or regions."""
    return node.inputs[:1] if node.layer and node.layer.references else node.inputs


def on_axis(node: Node, field: AxisField, sources: Sequence[tuple[str, AxisField]]) -> list[Explanation]:
    """The field of a step on one axis of the network's input, from those of its inputs, with their paths."""
    try:
        if len(sources) == 1:
            return list(from_one(node, field, sources[0][1]))
        paths = ", ".join(f"{path} {size_of(source)}" for path, source in sources)
        return [Explanation("field", "the hull of what the branches read", f"{paths}: {size_of(field)}")]
    except Unknown:
        return [Explanation("field", "", "depends on the symbols")]


def from_one(node: Node, field: AxisField, before: AxisField) -> Iterator[Explanation]:
    """The field of a step with one input. Raises Unknown where symbols leave it open."""
    result = size_of(field)
    if before == field or (isinstance(before, Ordered) and isinstance(field, Ordered) and before.maps == field.maps):
        left = "" if size_of(before) == result else ", of the units that are left"
        yield Explanation("field", f"as its input{left}", result)
    elif isinstance(field, Unordered):
        rule = node.layer.rules.get("field", "") if node.layer else ""
        kept = size_of(before) == result
        yield Explanation("field", "each unit as before, in another order" if kept else rule, result)
    elif field.constant:
        yield whole_map(before, result)
    else:
        yield from through_window(node, field, before, result)


def size_of(field: AxisField) -> str:
    """The size of a field as text."""
    size = fields.receptive_field(field)
    return "nothing" if size is None else pretty(size)


def whole_map(before: AxisField, result: str) -> Explanation:
    """The field of an operation that reads the whole map."""
    single = single_map(before)
    if single is None or isinstance(before, Unordered) or before.constant:
        return Explanation("field", "all that its input reads", result)
    stride, size = single
    total = f"{pretty(size)} + ({pretty(before.units)} − 1)·{factor(stride)}"
    return Explanation("field", "the whole map: field + (n − 1)·stride", f"{total} = {result}")


def single_map(field: AxisField) -> tuple[Size, Size] | None:
    """The stride and the size of a field whose units all read the same number of positions, evenly spaced."""
    if isinstance(field, Ordered) and len(field.maps) == 1 and len(field.maps[0].intervals) == 1:
        stride, (span,) = field.maps[0]
        return None if span is None else (stride, span[1] - span[0] + 1)
    return None


def through_window(node: Node, field: Ordered, before: AxisField, result: str) -> Iterator[Explanation]:
    """The field behind a window, or behind a layer that enlarges the map."""
    single = single_map(before)
    layer = node.layer
    if single and single_map(field) and isinstance(layer, Sliding) and isinstance(before, Ordered):
        window = layer.windows(node.inputs[0].output.shape)[before.along - 1]
        stride, size = single
        if window.span == 1:
            yield Explanation("field", "as its input", result)
        else:
            grown = f"{pretty(size)} + ({pretty(window.span)} − 1)·{factor(stride)} = {result}"
            yield Explanation("field", "field + (span − 1)·stride of input", grown)
        if window.stride != 1:
            product = f"{factor(stride)}·{factor(window.stride)} = {pretty(stride * window.stride)}"
            yield Explanation("stride", "stride of input · stride", product)
        return
    units = field.units if isinstance(field.units, int) else None
    spans = [span for part in field.maps for span in part.intervals[:units]]
    if len(spans) > 1 and len(field.maps) == 1:
        sizes = ["nothing" if span is None else pretty(span[1] - span[0] + 1) for span in spans[:LISTED]]
        more = ", …" if len(spans) > LISTED else ""
        rule = f"the largest of {len(spans)} neighbouring units"
        yield Explanation("field", rule, f"{', '.join(sizes)}{more}: {result}")
    else:
        yield Explanation("field", "", result)
    after = fields.effective_stride(field)
    if after is not None and after != fields.effective_stride(before):
        yield Explanation("stride", "", pretty(after))


UNKNOWN = "unknown: it depends on the data or on symbols, or neighbouring units differ too much"
"""What stands for the field of a layer that has none which is the same for all data."""

LISTED = 8
"""Units of a period whose fields are listed."""


# -- the whole ----------------------------------------------------------------------------------


def chain(network: Network) -> tuple[Node, list[tuple[Size, Window]]] | None:
    """The last of the steps from the first input on that equal one window, and on each axis its size and that window.

    None where there are fewer than two windows.
    """
    first = network.inputs[0] if network.inputs else None
    if first is None or len(first.output.shape) < 2 or first.output.channels != 0:
        return None
    readers = Counter(source for node in network.nodes for source in read_by(node))
    end, count = first, 0
    windows = [UNIT] * (len(first.output.shape) - 1)
    for node in network.nodes:
        if tuple(read_by(node)) != (end,) or readers[end] > 1:
            break
        if isinstance(node.layer, Sliding):
            own = node.layer.windows(end.output.shape)
            windows = [before.then(after) for before, after in zip(windows, own, strict=True)]
            count += 1
        elif node.fields is None or node.fields != end.fields:
            break
        end = node
    return (end, list(zip(first.output.shape[1:], windows, strict=True))) if count > 1 else None


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
        parts.append(Explanation("peak", "the largest sum of tensors still needed", pretty(totals.peak_activations)))
    found = chain(network)
    if found is not None:
        end, windows = found
        for n, window in dict.fromkeys(windows):
            text = f"kernel {pretty(window.kernel)}, stride {pretty(window.stride)}, padding {pretty(window.lo)}"
            behind = "" if window.lo == window.hi else f" and {pretty(window.hi)}"
            numbers = f"{text}{behind}: {window.formula(n)}"
            parts.append(Explanation("one window", f"all steps to {end.path}", numbers))
    for condition in report.conditions:
        where = f"needed by {condition.where}" if condition.where else ""
        parts.append(Explanation("condition", where, condition.text))
    return parts
