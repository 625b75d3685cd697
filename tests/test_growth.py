"""What a longer network costs: as many calls and as much memory a layer as a short one, and no rule twice."""

from __future__ import annotations

import sys
import tracemalloc
from collections import Counter
from types import FrameType
from typing import Any

import pytest

import paramcalc
from paramcalc.algebra.receptive_field import compose_all, merge_equal_strides
from paramcalc.layers.activation import Relu
from paramcalc.layers.sliding import Conv, fixed_windows, taps_of
from paramcalc.network import REMEMBERED, Network
from tests.growing import UNITS, growing


def calls(text: str) -> tuple[int, int]:
    """Layers, and functions that Python and its built-in ones call to load and analyse a network."""
    for remembered in (compose_all, merge_equal_strides, taps_of, fixed_windows):
        remembered.cache_clear()
    number = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal number
        number += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        layers = len(paramcalc.analyze(paramcalc.loads(text)).layers)
    finally:
        sys.setprofile(None)
    return layers, number


@pytest.mark.parametrize("size", [56, "S"])
@pytest.mark.parametrize("shape", UNITS)
def test_a_layer_takes_as_many_calls_in_a_long_network_as_in_a_short_one(shape: str, size: object) -> None:
    calls(growing(shape, 20, size))  # what is loaded once
    (short, few), (middle, more), (long, many) = (calls(growing(shape, n, size)) for n in (1260, 2520, 7560))
    assert (long - middle) == 4 * (middle - short)
    assert (many - more) / (long - middle) == pytest.approx((more - few) / (middle - short), rel=0.05)


@pytest.mark.parametrize("shape", UNITS)
def test_a_layer_takes_at_most_so_many_bytes(shape: str) -> None:
    paramcalc.analyze(paramcalc.loads(growing(shape, 20)))
    text = growing(shape, 6000)
    tracemalloc.start()
    try:
        report = paramcalc.analyze(paramcalc.loads(text))
        size, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size / len(report.layers) < 1500
    assert peak / len(report.layers) < 1500


@pytest.mark.parametrize("rule", ["infer", "weights", "biases", "macs", "field_rule"])
def test_a_repeated_block_of_one_shape_is_worked_out_once(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: Counter[int] = Counter()
    original = getattr(Conv, rule)

    def counted(self: Conv, *arguments: Any) -> Any:
        asked[repeats] += 1
        return original(self, *arguments)

    monkeypatch.setattr(Conv, rule, counted)
    for repeats in (1, 300):
        paramcalc.analyze(paramcalc.loads(growing("branching", 9 * repeats)))
    assert asked[1] == asked[300] > 0


def test_what_is_worked_out_for_one_input_is_not_taken_for_another() -> None:
    network = paramcalc.loads(
        "name: Net\ninput: [3, 8, 8]\n"
        "blocks:\n"
        "  unit:\n"
        "    args: [out]\n"
        "    layers: [{from: input}, concat: {one: [], other: [conv: {out: out, kernel: 1}]}]\n"
        "layers: [unit: 2, {from: input}, unit: 5, {from: input}, unit: 2]\n"
    )
    joined = [node for node in network.nodes if node.type == "concat"]
    assert [node.output.shape for node in joined] == [(5, 8, 8), (8, 8, 8), (5, 8, 8)]
    assert joined[0].output is joined[2].output


def test_so_many_inferences_are_remembered_and_no_more() -> None:
    network = Network("long")
    node = network.add_input("x", (1,))
    remembered = []
    for number in range(2 * REMEMBERED + 1):
        node = network.add(Relu(), [node], f"relu{number}")
        remembered.append(len(network._inferred))
    assert remembered == [*range(1, REMEMBERED + 1), *range(1, REMEMBERED + 1), 1]


def test_expressions_of_a_deep_network_stay_as_short_as_those_of_a_shallow_one() -> None:
    unit = "[{conv: {out: 8, kernel: 3, stride: 2, padding: 1}}, {max_pool: {kernel: 3, stride: 1}, repeat: 30}]"

    def last(copies: int) -> str:
        layers = f"blocks: {{unit: {{layers: {unit}}}}}\nlayers: [{{unit: , repeat: {copies}}}]\n"
        return str(paramcalc.loads(f"name: deep\ninput: [3, H, W]\n{layers}").nodes[-1].output.shape[1])

    assert last(1).count("//") == last(12).count("//") == 1
