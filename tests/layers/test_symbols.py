"""Layers on sizes that are symbols: what comes out, and what must hold, worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from paramcalc.algebra.expr import Size, symbol
from paramcalc.layers import layer_class
from paramcalc.network import Network

C, H, K, S = symbol("C"), symbol("H"), symbol("K"), symbol("S")

Shape = tuple[Size, ...]
CASES: list[tuple[str, dict[str, Any], Shape, Shape, list[str]]] = [
    ("reshape", {"shape": [2, -1]}, (H,), (2, H // 2), ["H % 2 == 0"]),
    ("reshape", {"shape": [3, -1]}, (6, H), (3, 2 * H), []),
    ("reshape", {"shape": [K, -1]}, (6, H, K), (K, 6 * H), []),
    ("reshape", {"shape": [16, 3]}, (H, 3), (16, 3), ["H == 16"]),
    ("pixel_shuffle", {"factor": 2}, (C, H, 5), (C // 4, 2 * H, 10), ["C % 4 == 0"]),
    ("channel_shuffle", {"groups": 3}, (C, 8), (C, 8), ["C % 3 == 0"]),
    ("group_norm", {"groups": 8}, (C, 8), (C, 8), ["C % 8 == 0"]),
    ("space_to_depth", {"block": 2}, (3, H, 6), (12, H // 2, 3), ["H % 2 == 0"]),
    ("conv", {"out": 8, "kernel": 1, "groups": 4}, (C, 8), (8, 8), ["C % 4 == 0"]),
    ("conv", {"out": 4, "kernel": 7, "stride": 4}, (3, H), (4, (H + 1) // 4 - 1), ["H >= 7"]),
    ("conv_transpose", {"out": 4, "kernel": 3, "stride": S, "output_padding": 1}, (3, 5), (4, 4 * S + 4), []),
    ("conv_transpose", {"out": 4, "kernel": 3, "stride": 2, "output_padding": K}, (3, 5), (4, K + 11), []),
    ("conv_transpose", {"out": 4, "kernel": 3, "padding": 4}, (3, H), (4, H - 6), ["H >= 7"]),
    ("pad", {"padding": 2, "mode": "reflect"}, (3, H), (3, H + 4), ["H >= 3"]),
    ("pad", {"padding": 2, "mode": "circular"}, (3, H), (3, H + 4), ["H >= 2"]),
    ("crop", {"size": 5, "offset": 2}, (3, H), (3, 5), ["H >= 7"]),
    ("slice", {"axis": 1, "start": 2, "step": 3}, (3, H), (3, H // 3), ["H >= 3"]),
    ("slice", {"axis": 1, "stop": 4}, (3, H), (3, 4), ["H >= 4"]),
]


@pytest.mark.parametrize(("kind", "fields", "x", "y", "conditions"), CASES)
def test_what_comes_out_and_what_must_hold(
    kind: str, fields: dict[str, Any], x: Shape, y: Shape, conditions: list[str]
) -> None:
    network = Network("one layer")
    node = network.add(layer_class(kind)(**fields), [network.add_input("x", x)], "y")
    assert node.output.shape == y
    assert [condition.text for condition in network.conditions] == conditions


@pytest.mark.parametrize("kind", ["add", "multiply", "concat"])
def test_branches_are_as_many_when_their_symbols_say_so(kind: str) -> None:
    network = Network("two inputs")
    inputs = [network.add_input("x", (3, 8), K + 1), network.add_input("z", (3, 8), 2)]
    assert network.add(layer_class(kind)(), inputs, "y").output.count == 2
    assert [condition.text for condition in network.conditions] == ["K == 1"]


def test_branches_have_the_size_with_the_shortest_spelling() -> None:
    network = Network("two inputs")
    inputs = [network.add_input("x", (3, H), 1), network.add_input("z", (3, 2 * K + 1), 1)]
    assert network.add(layer_class("add")(), inputs, "y").output.shape == (3, H)
    assert network.add(layer_class("concat")(), inputs[::-1], "z").output.shape == (6, H)
