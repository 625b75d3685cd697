"""The table of witnesses: an entry for every layer of the language, a clear end for a layer without, no rules asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

import paramcalc
from paramcalc import Network, ParamcalcError
from paramcalc.crosscheck.against import against
from paramcalc.crosscheck.figures import torch_figures
from paramcalc.crosscheck.witness import LongInputs, neutral_fields
from paramcalc.crosscheck.witnesses import WITNESSES
from paramcalc.layers import MODULES, layer_class
from paramcalc.layers.activation import Relu
from paramcalc.layers.base import Layer
from paramcalc.layers.sliding import Conv, MaxPool
from tests.calling import call


class Unknown(Layer):
    """A layer that has no entry."""

    type: ClassVar[str] = "unknown"


def with_an_unknown_layer() -> Network:
    network = Network("strange")
    before = network.add(Relu(), [network.add_input("x", (3, 8, 8))], "before")
    network.add(Unknown(), [before], "stage.it")
    return network


def test_every_layer_of_the_language_has_an_entry() -> None:
    assert set(WITNESSES) == set(MODULES)


@pytest.mark.parametrize(
    "run", [paramcalc.check, paramcalc.to_torch, lambda network: against(network, "torch.nn:Identity")]
)
def test_a_layer_without_an_entry_is_named_with_its_step(run: Callable[[Network], Any]) -> None:
    with pytest.raises(ParamcalcError, match=r"^error: stage\.it: the layer unknown cannot be held against torch"):
        run(with_an_unknown_layer())


@pytest.mark.parametrize("more", [[], ["--no-field"], ["--against", "torch.nn:Identity"]])
def test_a_layer_without_an_entry_ends_the_command_in_one_line(
    more: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(WITNESSES, "tanh")
    done = call("check", "lenet5", *more)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert "the layer tanh cannot be held against torch" in done.err
    assert done.err.count("\n") == 1


def test_fields_that_are_symbols_end_in_a_message() -> None:
    network = Network("symbols")
    network.add(Conv(out=paramcalc.symbol("K"), kernel=(1, 1)), [network.add_input("x", (3, 8, 8))], "it")
    for run in (paramcalc.check, paramcalc.to_torch):
        with pytest.raises(ParamcalcError, match=r"torch needs numbers, but the field out of 'it' is K; give"):
            run(network)


def test_what_torch_refuses_ends_in_a_message() -> None:
    network = paramcalc.loads("name: x\nsource: none\ninput: [4, 1, 1]\nlayers: [instance_norm]\n")
    with pytest.raises(ParamcalcError, match=r"^error: x: torch refuses the network: "):
        paramcalc.to_torch(network)


@pytest.mark.parametrize("name", ["resnet18", "fast_rcnn", "unet", "sppnet", "googlenet", "lenet5_full"])
def test_torch_is_asked_without_any_rule_of_a_layer(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network = paramcalc.load(name)
    expected = {row.path: row for row in paramcalc.analyze(network).layers}

    def rule(*_: object) -> None:
        raise AssertionError("a rule of the layer has been asked")

    for layer in MODULES:
        for method in ("result", "infer", "weights", "biases", "buffers", "macs", "field_rule", "sizes"):
            monkeypatch.setattr(layer_class(layer), method, rule)
    assert {path: figures.output for path, figures in torch_figures(network).items()} == {
        path: row.output for path, row in expected.items()
    }


def test_fields_are_neutral_on_the_axes_that_are_one_position_wide() -> None:
    height, width = (LongInputs([(1, 1, 1)], [(1, 1, 1)], axis) for axis in (1, 2))
    layer = Conv(out=8, kernel=(3, 5), padding=((1, 2), (0, 3)))
    assert neutral_fields(layer, height) == {
        "kernel": (3, 1),
        "stride": (1, 1),
        "dilation": (1, 1),
        "padding": ((1, 2), (0, 0)),
    }
    assert neutral_fields(layer, width)["kernel"] == (1, 5)
    assert neutral_fields(MaxPool(kernel=3), width)["stride"] == (1, 3)
