"""Random networks of the language against torch, in every figure that it has."""

from __future__ import annotations

import re

from hypothesis import given, settings

from paramcalc.crosscheck.check import check
from paramcalc.crosscheck.modules import MODULES, NotCheckable
from tests.crosscheck.documents import Document, documents

EXAMPLES = max(100, settings().max_examples)

REASONS = re.compile(
    "receptive field: paramcalc does not know it|receptive field: .* cannot be followed with one channel|"
    ".*torch has no such module"
)


@settings(max_examples=EXAMPLES)
@given(document=documents())
def test_torch_agrees_with_a_network_of_the_language(document: Document) -> None:
    network = document.load()
    result = check(network)
    assert result.differences == []
    assert all(REASONS.match(reason) for reason in result.unchecked.values()), result.unchecked
    regions = {node.path for node in network.nodes if isinstance(MODULES[node.type], NotCheckable)}
    compared = {item.path for item in result.comparisons}
    assert compared - {"total"} == {node.path for node in network.nodes} - regions
    assert regions <= result.unchecked.keys()
