"""How the sizes of a layer come about, as a reader sees it; the cases are in the rows of EXAMPLES."""

from __future__ import annotations

import pytest

from paramcalc.layers import layer_class
from paramcalc.layers.activation import Relu
from paramcalc.layers.dense import Linear
from paramcalc.network import Network
from paramcalc.report.derivation import derivations, products
from tests.layers.examples import EXAMPLES
from tests.layers.random_fields import Fields, Shape

SIZES = [(name, *derived) for name, example in EXAMPLES.items() for derived in example.derived]


@pytest.mark.parametrize(("name", "fields", "shape", "texts"), SIZES)
def test_sizes_are_derived_with_the_numbers_in(name: str, fields: Fields, shape: Shape, texts: list[str]) -> None:
    network = Network("one layer")
    node = network.add(layer_class(name)(**fields), [network.add_input("x", shape)], "y")
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
