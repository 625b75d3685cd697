"""Derivations: each figure of a step with the numbers that it comes from."""

from __future__ import annotations

from paramcalc.algebra.expr import pretty
from paramcalc.layers.base import Count, multiplied, total
from paramcalc.network import Node


def derivations(node: Node) -> list[tuple[str, str]]:
    """Each figure of a node with its derivation: `("weights", "5·5·48·128·2 = 307,200")`."""
    layer = node.layer
    if layer is None:
        return []
    x, y = node.inputs[0].output.shape, node.output.shape
    lines = [("size", text) for text in layer.sizes([source.output for source in node.inputs], node.output)]
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
