"""Random networks of the language against torch, in every figure that it has."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings

import paramcalc
from paramcalc.algebra.receptive_field import Unordered
from paramcalc.crosscheck.check import check
from paramcalc.crosscheck.witnesses import witness_of
from paramcalc.layers.join import Concat
from paramcalc.network import Network, Node
from tests.crosscheck.documents import Document, documents
from tests.layers.differences import TAKEN_BY_US, expected
from tests.layers.examples import Case
from tests.layers.networks import shape_of

EXAMPLES = max(100, settings().max_examples)

REASONS = re.compile(
    "receptive field: paramcalc does not know it|receptive field: .* cannot be followed with one channel|"
    ".*torch has no such module"
)


RARE = {
    "a path that reads everything leaves out some units of the others": """
input: [3, 49]
layers:
  - add:
      moving: [crop: {size: [5], offset: 0}]
      constant: [global_avg_pool, conv_transpose: {out: 3, kernel: 3, stride: 2, dilation: 2}]
""",
    "a linear layer along the positions makes positions": """
input: [3, 49]
layers:
  - concat:
      moving: [crop: {size: [3], offset: 0}]
      constant:
        - global_avg_pool
        - concat:
            axis: 1
            two:
              - flatten: {end: 0, axes: [tokens, channels]}
              - linear: 2
              - linear: 4
              - linear: 2
              - flatten: {end: 0, axes: [channels, length]}
            one: []
""",
    "a linear layer mixes the channels of each position": """
input: [4, 20]
layers:
  - {conv: {out: 4, kernel: 3}}
  - permute: [1, 0]
  - linear: 3
  - permute: [1, 0]
  - {conv: {out: 4, kernel: 3}}
""",
    "a bin of a finer level is the larger": """
input: [3, 8]
layers: [spatial_pyramid_pool: {levels: [4, 5]}]
""",
    "branches behind one another on one axis read different parts of another": """
input: [1, 4, 4]
layers:
  - concat:
      axis: 2
      wide: [conv: {out: 1, kernel: 5, padding: 2}]
      narrow: [conv_transpose: {out: 1, kernel: 1, stride: 2}, crop: {size: [4, 7], offset: 0}]
  - softmax: {axis: 1}
""",
}


@pytest.mark.parametrize("text", RARE.values(), ids=RARE)
def test_torch_agrees_with_rare_networks(text: str) -> None:
    result = check(paramcalc.loads(f"name: rare{text}"))
    assert result.differences == []
    assert result.unchecked == {}


def only_torch_refuses(node: Node) -> bool:
    """Whether torch refuses a step that paramcalc takes; a repeated one may come to a smaller map."""
    shapes = tuple(shape_of(source) for source in node.inputs)
    return expected(Case(node.type, dict(node.layer or ()), shapes), TAKEN_BY_US)


def a_bound_is_reported(network: Network) -> bool:
    """Whether elements of one position read different things, and then lose their order.

    Of branches that are concatenated along positions paramcalc knows what all elements of a position
    read; behind a flatten each element is a unit, whose field is smaller than the size that is reported.
    """
    mixed: set[Node] = set()
    for node in network.nodes:
        along_positions = isinstance(node.layer, Concat) and node.layer.axis != 0
        if along_positions or not mixed.isdisjoint(node.inputs):
            mixed.add(node)
    return any(isinstance(field, Unordered) for node in mixed for field in node.fields or ())


@settings(max_examples=EXAMPLES)
@given(document=documents())
def test_torch_agrees_with_a_network_of_the_language(document: Document) -> None:
    network = document.load()
    assume(not any(map(only_torch_refuses, network.nodes)))
    assume(not a_bound_is_reported(network))
    result = check(network)
    assert result.differences == []
    assert all(REASONS.match(reason) for reason in result.unchecked.values()), result.unchecked
    regions = {node.path for node in network.nodes if witness_of(node).not_checked}
    compared = {item.path for item in result.comparisons}
    assert compared - {"total"} == {node.path for node in network.nodes} - regions
    assert regions <= result.unchecked.keys()
