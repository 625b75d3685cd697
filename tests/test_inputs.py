"""Symbols of a file's input: values for them, in the input and wherever the file uses them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import paramcalc
from paramcalc import ParamcalcError
from tests.calling import call

RESTORED = """\
name: Restored
input: [3, H, W]
layers:
  - {conv: {out: 8, kernel: 3, padding: 1, stride: 2}}
  - {upsample: {size: [H, W]}}
  - {conv: {out: 2, kernel: [1, 2]}}
"""

TWO = """\
name: Two
input: {image: [3, H, W], mask: {shape: [1, H, W], count: R}}
layers:
  - {conv: {out: 8, kernel: 3}}
heads:
  other: [{from: mask}, {conv: {out: 8, kernel: 3}}]
"""


def test_the_sizes_of_another_input_are_those_that_the_layers_use() -> None:
    network = paramcalc.loads(RESTORED, input=[3, 12, 14])
    assert [node.output.shape for node in network.nodes] == [(8, 6, 7), (8, 12, 14), (2, 12, 13)]
    assert list(network.conditions) == []


def test_a_symbol_of_the_input_may_be_set() -> None:
    network = paramcalc.loads(RESTORED, settings={"H": 12, "W": 14})
    assert [node.output.shape for node in network.nodes] == [(8, 6, 7), (8, 12, 14), (2, 12, 13)]


def test_other_symbols_replace_those_of_the_file() -> None:
    network = paramcalc.loads(RESTORED, input=[3, "N", "2*N"])
    n = paramcalc.symbol("N")
    assert network.nodes[1].output.shape == (8, n, 2 * n)


def test_symbols_may_be_exchanged() -> None:
    network = paramcalc.loads(RESTORED, input=[3, "W", "H"])
    w, h = paramcalc.symbol("W"), paramcalc.symbol("H")
    assert network.inputs[0].output.shape == (3, w, h)
    assert network.nodes[1].output.shape == (8, w, h)


def test_inputs_share_their_symbols() -> None:
    network = paramcalc.loads(TWO, input={"image": [3, 32, 30]}, settings={"R": 7})
    conv, other = network.nodes
    assert network.inputs[1].output.shape == (1, 32, 30)
    assert (conv.output.shape, other.output.shape) == ((8, 30, 28), (8, 30, 28))
    # 7 masks of 30 x 28 positions, 8 channels, 3 x 3 weights of one channel each
    row = paramcalc.analyze(network).layers[1]
    assert (row.count, row.macs) == (7, 7 * 30 * 28 * 8 * 9)


def test_a_symbol_has_one_size() -> None:
    with pytest.raises(ParamcalcError) as caught:
        paramcalc.loads(TWO, input={"image": [3, 32, 30], "mask": [1, 16, 30]})
    assert "H cannot be both 32 and 16" in str(caught.value)
    assert len(caught.value.problems) == 1


def test_a_symbol_has_one_size_also_where_it_is_set() -> None:
    with pytest.raises(ParamcalcError, match="H cannot be both 12 and 20"):
        paramcalc.loads(RESTORED, input=[3, 12, 14], settings={"H": 20})
    network = paramcalc.loads(RESTORED, input=[3, "H", 14], settings={"H": 12})
    assert network.nodes[1].output.shape == (8, 12, 14)


def test_what_is_no_argument_and_no_symbol_cannot_be_set() -> None:
    with pytest.raises(ParamcalcError, match=r"Two has no argument 'Q'") as caught:
        paramcalc.loads(TWO, settings={"Q": 3})
    assert "Two takes: H, R, W" in str(caught.value)


@pytest.mark.parametrize("value", [0, -3, "true"])
def test_a_symbol_is_a_whole_number_of_at_least_1(value: int | str) -> None:
    with pytest.raises(ParamcalcError, match=r"must be a whole number of at least 1"):
        paramcalc.loads(RESTORED, settings={"H": value})


def test_weights_of_another_shape_are_not_shared() -> None:
    text = "{conv: {out: 3, kernel: [3, 5]}, name: a}, {conv: {out: 3, kernel: [5, 3]}, share: a}"
    with pytest.raises(ParamcalcError, match="the weights of conv would be 5·3·3·3, but those of a are 3·5·3·3"):
        paramcalc.loads(f"name: Shared\ninput: [3, 20, 20]\nlayers: [{text}]\n")


@pytest.mark.parametrize(
    "out",
    ["channels*channels", "channels*(channels + height + width + 1)", "channels*height//7 + channels*width//5 + 1"],
)
def test_sizes_that_grow_without_end_are_refused_at_their_step(out: str) -> None:
    text = f'name: Growing\ninput: [C, H, W]\nlayers:\n  - {{conv: {{out: "{out}", kernel: 1}}, repeat: 40}}\n'
    with pytest.raises(ParamcalcError, match=r"^<text>:4:\d+: error: the expression grows beyond"):
        paramcalc.loads(text)


PADDED = """\
name: Padded
input: [3, 8, 8]
args: [out: 4, padding: 0]
layers: [{conv: {out: out, kernel: 3, padding: padding}}]
"""


def test_a_value_may_be_a_list_of_lists_or_have_commas_of_its_own() -> None:
    network = paramcalc.loads(PADDED, settings={"out": "max(2, 3)", "padding": "[[1, 2], [0, 1 + 2]]"})
    assert network.nodes[0].output.shape == (3, 9, 9)
    same = paramcalc.loads(PADDED, settings={"out": 3, "padding": [[1, 2], [0, 3]]})
    assert same.nodes[0].output.shape == (3, 9, 9)
    done = call("show", "stack_3x3", "--input", "max(2, 3),7,min(9, 8)", "--format", "json")
    assert json.loads(done.out)["input"]["input"]["shape"] == [3, 7, 8]


@pytest.mark.parametrize(
    ("shape", "settings", "message"),
    [
        (5, {}, "an input shape has 1 to 4 sizes, channels first, got 5"),
        ([3, float("nan"), 8], {}, "input: expected a number, an expression or a list, got nan"),
        ([3, None, 8], {}, "input: expected a number, an expression or a list, got NoneType"),
        (None, {"out": float("inf")}, "set out: expected a number, an expression or a list, got inf"),
        (None, {"out": object()}, "set out: expected a number, an expression or a list, got object"),
        (None, {"padding": "[[1, 2], [0]]"}, "padding of conv must give [lo, hi] for every axis"),
    ],
)
def test_what_is_no_size_and_no_value_is_refused(shape: Any, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ParamcalcError, match=re.escape(message)):
        paramcalc.loads(PADDED, input=shape, settings=settings)


@pytest.mark.parametrize("name", ["", "no/such"])
def test_what_is_no_file_is_refused(name: str) -> None:
    with pytest.raises(ParamcalcError, match=rf"^error: {name or repr('')}: no such file"):
        paramcalc.load(name)


def test_networks_have_one_name_each_where_they_are_compared() -> None:
    report = paramcalc.analyze(paramcalc.loads(PADDED))
    with pytest.raises(ParamcalcError, match="compare needs one name for each of 2 architectures, got 1"):
        paramcalc.compare(report, report, names=["a"])


def test_rows_and_tensors_say_what_they_are() -> None:
    network = paramcalc.loads(PADDED)
    (row,) = paramcalc.analyze(network).layers
    # 3 * 3 * 3 * 4 weights and 4 biases
    assert repr(row) == "<conv conv: [4, 6, 6], 112 parameters>"
    assert repr(network.inputs[0]) == "<input input: [3, 8, 8]>"
    assert repr(network.inputs[0].output) == "<Tensor [3, 8, 8]>"
