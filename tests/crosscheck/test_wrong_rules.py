"""The check can fail: a wrong rule of any layer, in any of its figures, is found where it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import yaml

import paramcalc
from paramcalc.algebra.interval_map import IntervalMap
from paramcalc.algebra.receptive_field import AxisField, Fields, Ordered, Unordered
from paramcalc.algebra.tensor import Tensor
from paramcalc.crosscheck import fields as gradients
from paramcalc.crosscheck.check import CheckResult, Comparison, check
from paramcalc.crosscheck.fields import FieldCheck
from paramcalc.crosscheck.witnesses import WITNESSES
from paramcalc.layers import layer_class
from paramcalc.layers.base import Count, FieldRule, Layer, unknown
from paramcalc.network import Network, Node
from tests.layers.examples import EXAMPLES, Step

CHECKABLE = [name for name, witness in WITNESSES.items() if not witness.not_checked]
NOT_CHECKABLE = {name: witness.not_checked for name, witness in WITNESSES.items() if witness.not_checked}


def network_of(name: str) -> Network:
    """A network that ends in a step called `it`, of this layer."""
    example = EXAMPLES[name]
    it: Step = {name: example.fields or None, "name": "it"}
    content = {
        "name": "one layer",
        "source": "none",
        "input": {"image": [3, 32, 32], "rois": {"shape": [5], "count": 4}},
        "layers": [*example.before, it],
    }
    return paramcalc.loads(yaml.safe_dump(content))


def node_of(network: Network) -> Node:
    node = network.step("it")
    assert node
    return node


def paths(result: CheckResult) -> set[str]:
    """The steps that have been held against torch."""
    return {item.path for item in result.comparisons} | {item.path for item in result.fields}


def found_at(result: CheckResult, quantity: str) -> list[Comparison]:
    return [
        item
        for item in result.differences
        if isinstance(item, Comparison) and (item.path, item.quantity) == ("it", quantity)
    ]


@pytest.mark.parametrize("name", CHECKABLE)
def test_the_right_rules_agree(name: str) -> None:
    result = check(network_of(name))
    assert result.differences == []
    assert result.unchecked == {}
    assert {found.path for found in result.fields} >= {"before", "it"}


def test_the_layers_that_are_not_checkable() -> None:
    assert NOT_CHECKABLE.keys() == {"roi_pool", "roi_align", "region_proposal"}


# -- sizes and counts ----------------------------------------------------------------------------


def one_more(count: Callable[..., Count]) -> Callable[..., Count]:
    return lambda *shapes: (*count(*shapes), (1,))


def longer(result: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def wrong(layer: Layer, inputs: Sequence[Tensor], need: Any) -> Tensor:
        y = result(layer, inputs, need)
        return Tensor((*y.shape[:-1], y.shape[-1] + 1), y.count)

    return wrong


def twice(result: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def wrong(layer: Layer, inputs: Sequence[Tensor], need: Any) -> Tensor:
        y = result(layer, inputs, need)
        return Tensor(y.shape, 2 * y.count)

    return wrong


WRONG: dict[str, tuple[str, Callable[[Callable[..., Any]], Callable[..., Any]]]] = {
    "output": ("result", longer),
    "count": ("result", twice),
    "weights": ("weights", one_more),
    "biases": ("biases", one_more),
    "buffers": ("buffers", one_more),
    "macs": ("macs", one_more),
}
"""For each quantity the method that gives it, and how to make it wrong."""


@pytest.mark.parametrize("quantity", WRONG)
@pytest.mark.parametrize("name", CHECKABLE)
def test_a_wrong_figure_is_found(name: str, quantity: str, monkeypatch: pytest.MonkeyPatch) -> None:
    method, wrong = WRONG[quantity]
    kind = layer_class(name)
    monkeypatch.setattr(kind, method, wrong(getattr(kind, method)))
    result = check(network_of(name), fields=False)
    assert not result.agrees
    (item,) = found_at(result, quantity)
    assert item.computed != item.torch


@pytest.mark.parametrize("quantity", WRONG)
@pytest.mark.parametrize("name", NOT_CHECKABLE)
def test_what_torch_does_not_have_is_never_passed(name: str, quantity: str, monkeypatch: pytest.MonkeyPatch) -> None:
    method, wrong = WRONG[quantity]
    kind = layer_class(name)
    monkeypatch.setattr(kind, method, wrong(getattr(kind, method)))
    result = check(network_of(name))
    assert result.unchecked["it"] == NOT_CHECKABLE[name]
    assert "it" not in paths(result)


# -- fields --------------------------------------------------------------------------------------


def changed(change: Callable[[IntervalMap], IntervalMap]) -> Callable[[AxisField], AxisField]:
    """A field with another progression."""

    def change_field(found: AxisField) -> AxisField:
        if isinstance(found, Unordered):
            ((span,),) = [change(IntervalMap(0, (found.hull,))).intervals]
            assert span
            return found._replace(hull=span)
        return found._replace(maps=tuple(map(change, found.maps)))

    return change_field


def moved(before: int, behind: int) -> Callable[[AxisField], AxisField]:
    """A field whose intervals begin and end elsewhere."""
    return changed(
        lambda part: part._replace(
            intervals=tuple(span and (span[0] + before, span[1] + behind) for span in part.intervals)
        )
    )


WRONG_FIELDS: dict[str, Callable[[AxisField], AxisField]] = {
    "one position more behind": moved(0, 1),
    "one position more before": moved(-1, 0),
    "one position less": moved(0, -1),
    "shifted": moved(1, 1),
    "another stride": changed(lambda part: part._replace(step=part.step + 1)),
    "on another axis": lambda found: found._replace(along=(found.along or 1) - 1),
}
MOVING = ("another stride", "on another axis")
"""What is wrong only where units read different intervals in order."""


def cases() -> list[tuple[str, str]]:
    found = []
    for name in CHECKABLE:
        fields = node_of(network_of(name)).fields
        assert fields
        ordered = any(isinstance(axis, Ordered) and not axis.constant for axis in fields)
        found += [(name, wrong) for wrong in WRONG_FIELDS if ordered or wrong not in MOVING]
    return found


@pytest.mark.parametrize(("name", "wrong"), cases())
def test_a_wrong_field_is_found(name: str, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, change = layer_class(name), WRONG_FIELDS[wrong]
    right = kind.field_rule

    def reader(layer: Layer, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        read = right(layer, inputs, y)

        def wrongly(fields: Sequence[Fields], origin: object) -> Fields:
            return tuple(map(change, read(fields, origin)))

        return wrongly

    monkeypatch.setattr(kind, "field_rule", reader)
    result = check(network_of(name))
    assert not result.agrees
    assert any(isinstance(item, FieldCheck) and item.path == "it" for item in result.differences)


@pytest.mark.parametrize("name", CHECKABLE)
def test_a_field_that_paramcalc_does_not_know_is_never_passed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_class(name), "field_rule", lambda *_: unknown)
    result = check(network_of(name))
    assert result.unchecked["it"] == "receptive field: paramcalc does not know it"
    assert "it" not in {item.path for item in result.fields}


def test_a_reshape_of_a_map_is_named_as_not_checked() -> None:
    content = {"name": "x", "source": "none", "input": [4, 6], "layers": [{"reshape": {"shape": [2, 2, 6]}}, "relu"]}
    result = check(paramcalc.loads(yaml.safe_dump(content)))
    assert result.agrees
    assert result.unchecked.keys() == {"reshape", "relu"}
    assert all("receptive field: a reshape" in reason for reason in result.unchecked.values())
    assert {item.quantity for item in result.comparisons if item.path == "reshape"} >= {"output", "macs"}


# -- what a deep network leaves out --------------------------------------------------------------


def test_a_deep_network_is_looked_at_in_part_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradients, "BUDGET", 200_000)
    network = paramcalc.load("resnet32_cifar")
    result = check(network)
    seen = {found.path for found in result.fields}
    assert result.agrees
    assert 10 < len(seen) < result.followed == len(network.nodes)
    assert network.nodes[-1].path in seen
    # one of every layer there is
    assert {repr(node.layer) for node in network.nodes} == {
        repr(node.layer) for node in network.nodes if node.path in seen
    }
