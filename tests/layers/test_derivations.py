"""How the sizes of a layer come about, as a reader sees it: one case for each way, worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from paramcalc.layers import layer_class
from paramcalc.layers.activation import Relu
from paramcalc.layers.dense import Linear
from paramcalc.network import Network
from paramcalc.report.derivation import derivations, products

SIZES: list[tuple[str, dict[str, Any], tuple[int, ...], list[str]]] = [
    ("upsample", {"scale": 2}, (3, 13, 13), ["13·2 = 26"]),
    ("upsample", {"scale": [2, 3]}, (3, 13, 5), ["13·2 = 26", "5·3 = 15"]),
    ("upsample", {"size": 7}, (3, 13, 13), []),
    ("flatten", {"start": 0, "end": 1}, (2, 3, 4), ["2·3 = 6"]),
    ("flatten", {"start": 1}, (2, 3, 4), ["3·4 = 12"]),
    ("slice", {"axis": 1, "start": 2, "step": 3}, (3, 13), ["⌈(13 − 2)/3⌉ = 4"]),
    ("slice", {"axis": 1, "start": 2, "stop": 9}, (3, 13), ["⌈(9 − 2)/1⌉ = 7"]),
    ("pixel_shuffle", {"factor": 2}, (64, 13, 5), ["64/2² = 16", "13·2 = 26", "5·2 = 10"]),
    ("spatial_pyramid_pool", {"levels": [1, 2, 4]}, (256, 13, 13), ["256·(1·1 + 2·2 + 4·4) = 5,376"]),
    ("spatial_pyramid_pool", {"levels": [1, 4]}, (256, 13), ["256·(1 + 4) = 1,280"]),
    ("pad", {"padding": 1}, (3, 8, 8), ["8 + 1 + 1 = 10"]),
    ("pad", {"padding": [[1, 2], [0, 0]]}, (3, 8, 9), ["8 + 1 + 2 = 11"]),
    ("pad", {"padding": 0, "channels": [1, 2]}, (3, 8, 8), ["3 + 1 + 2 = 6"]),
    ("conv_transpose", {"out": 4, "kernel": 3, "stride": 2}, (3, 5), ["(5 − 1)·2 + 3 = 11"]),
    ("conv_transpose", {"out": 4, "kernel": 3, "stride": 2, "padding": 1}, (3, 5), ["(5 − 1)·2 − 2 + 3 = 9"]),
    ("conv_transpose", {"out": 4, "kernel": 3, "padding": [[1, 0]]}, (3, 5), ["(5 − 1)·1 − 1 + 3 = 6"]),
    (
        "conv_transpose",
        {"out": 4, "kernel": 3, "stride": 2, "output_padding": 1},
        (3, 5),
        ["(5 − 1)·2 − (−1) + 3 = 12"],
    ),
]


@pytest.mark.parametrize(("kind", "fields", "shape", "texts"), SIZES)
def test_sizes_are_derived_with_the_numbers_in(
    kind: str, fields: dict[str, Any], shape: tuple[int, ...], texts: list[str]
) -> None:
    network = Network("one layer")
    node = network.add(layer_class(kind)(**fields), [network.add_input("x", shape)], "y")
    assert [text for quantity, text in derivations(node) if quantity == "size"] == texts


def test_macs_are_derived_with_how_many_tensors_there_are() -> None:
    network = Network("two tensors")
    node = network.add(Linear(out=10), [network.add_input("x", (7,), 2)], "y")
    assert derivations(node) == [("weights", "7·10 = 70"), ("biases", "10"), ("MACs", "2·7·10 = 140")]
    node = network.add(Relu(), [node], "z")
    assert derivations(node) == []


def test_shared_weights_are_derived_once_more_with_their_owner() -> None:
    network = Network("twins")
    layer = Linear(out=7, bias=False)
    owner = network.add(layer, [network.add_input("x", (7,))], "first")
    node = network.add(layer, [owner], "second", shared_with=owner)
    assert derivations(node) == [("weights", "7·7 = 49"), ("MACs", "7·7 = 49"), ("shared with", "first")]


def test_an_input_has_nothing_to_derive() -> None:
    assert derivations(Network("nothing").add_input("x", (7,))) == []


def test_a_count_is_a_sum_of_products_with_its_value() -> None:
    assert products(((5, 5, 48, 256),)) == "5·5·48·256 = 307,200"
    assert products(((2, 3), (4,))) == "2·3 + 4 = 10"
    assert products(((1000,),)) == "1,000"
