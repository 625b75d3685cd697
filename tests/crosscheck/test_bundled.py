"""Every bundled architecture against torch; HYPOTHESIS_PROFILE=long looks at the fields of the deep ones too."""

from __future__ import annotations

import os
from functools import cache

import pytest

import paramcalc
from paramcalc.crosscheck.check import CheckResult, check
from paramcalc.crosscheck.witnesses import witness_of
from paramcalc.language.library import bundled_names
from paramcalc.network import Network

NAMES = bundled_names()
DEEP = 100
"""Steps from which on gradients of all fields take longer than a second."""


@cache
def network_of(name: str) -> Network:
    return paramcalc.load(name)


def with_fields(name: str) -> bool:
    return os.environ.get("HYPOTHESIS_PROFILE") == "long" or len(network_of(name).nodes) < DEEP


@cache
def result_of(name: str) -> CheckResult:
    return check(network_of(name), fields=with_fields(name))


@pytest.mark.parametrize("name", NAMES)
def test_torch_agrees_with_a_bundled_architecture(name: str) -> None:
    result = result_of(name)
    assert result.differences == []
    assert result.agrees


@pytest.mark.parametrize("name", NAMES)
def test_every_step_is_compared_or_named_with_a_reason(name: str) -> None:
    network, result = network_of(name), result_of(name)
    compared = {item.path for item in result.comparisons if item.quantity == "output"}
    regions = {node.path for node in network.nodes if witness_of(node).not_checked}
    assert compared == {node.path for node in network.nodes} - regions
    assert regions <= result.unchecked.keys()
    if with_fields(name):
        seen = {found.path for found in result.fields}
        assert not seen & result.unchecked.keys()
        if result.followed < 1000:
            assert seen | result.unchecked.keys() == {node.path for node in network.nodes}


def test_every_second_architecture_shows_its_fields_in_every_run() -> None:
    assert sum(map(with_fields, NAMES)) > len(NAMES) / 2


def measures(name: str, path: str) -> dict[str, object]:
    """What gradients say of a step's field."""
    quantities = ("receptive_field", "effective_stride", "effective_padding")
    return {
        item.quantity: item.torch
        for item in result_of(name).comparisons
        if item.path == path and item.quantity in quantities
    }


@pytest.mark.parametrize(
    ("name", "path", "size", "stride"),
    [
        # Araujo, Norris, Sim, Computing receptive fields of convolutional neural networks, Distill 2019
        ("alexnet_2012", "features.pool5", 195, 32),
        ("vgg16", "features.pool5", 212, 32),
        # Long, Shelhamer, Darrell, Fully convolutional networks, 2015: "a receptive field size of 404"
        ("vgg16_conv", "fc6", 404, 32),
    ],
)
def test_gradients_show_published_fields(name: str, path: str, size: int, stride: int) -> None:
    found = measures(name, path)
    assert found["receptive_field"] == [size, size]
    assert found["effective_stride"] == [stride, stride]


def test_gradients_of_a_fully_connected_layer_show_its_field_beyond_the_image() -> None:
    # fc6 of VGG-16 is the same layer as that of the fully convolutional one
    assert measures("vgg16", "vgg_fc.fc6") == {"receptive_field": [404, 404]}
