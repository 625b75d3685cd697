"""Closed forms with numbers in against torch at those sizes, and the sizes that the conditions allow.

Torch is asked with the layers of the symbolic network, which hold no size of the input.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import pytest
import torch

import paramcalc
from paramcalc import Network, Report, substitute
from paramcalc.crosscheck.check import check
from paramcalc.crosscheck.figures import Figures, torch_figures
from paramcalc.report.quantities import Use, keys

Values = dict[str, int]

SIZES = {
    "alexnet_2012": [(67, 67), (227, 227), (300, 131)],
    "vgg16_conv": [(224, 224), (256, 301)],
    "unet": [(16, 16), (48, 160)],
    "unet_valid": [(188, 188), (252, 204)],
    "googlenet": [(223, 223), (224, 250)],
    "resnet18": [(1, 1), (33, 224)],
    "densenet121": [(29, 29), (224, 65)],
    "fcn8s": [(1, 1), (97, 500)],
    "inception_reduced": [(1, 1), (28, 14)],
    "squeezenet1_1": [(17, 17), (224, 100)],
    "nin": [(39, 39), (224, 90)],
    "deconvolution": [(1, 1), (5, 8)],
}
"""Architectures, and heights and widths: the smallest, and others."""


@cache
def channels_of(name: str) -> int:
    channels = paramcalc.load(name).inputs[0].output.shape[0]
    assert isinstance(channels, int)
    return channels


@cache
def symbolic(name: str) -> tuple[Network, Report]:
    network = paramcalc.load(name, input=[channels_of(name), "H", "W"])
    return network, paramcalc.analyze(network)


def torch_at(name: str, height: int, width: int) -> dict[str, Figures]:
    """What torch says of a size; RuntimeError where it refuses it."""
    image = torch.empty(1, channels_of(name), height, width, device="meta")
    found = torch_figures(symbolic(name)[0], [image])
    if any(0 in figures.output for figures in found.values()):
        raise RuntimeError("empty")
    return found


def numbers(sizes: Iterable[paramcalc.Size], values: Values) -> tuple[int, ...]:
    found = tuple(substitute(size, values) for size in sizes)
    assert all(isinstance(size, int) for size in found)
    return found  # type: ignore[return-value]


def refused(name: str, height: int, width: int) -> bool:
    try:
        torch_at(name, height, width)
    except RuntimeError:
        return True
    return False


def allowed(name: str, values: Values) -> bool:
    """Whether the conditions hold, which are of two simple forms here."""
    for condition in symbolic(name)[1].conditions:
        found = re.fullmatch(r"([HW]) (?:>= (\d+)|% (\d+) == 0)", condition.text)
        assert found, condition
        letter, least, divisor = found.groups()
        if values[letter] < int(least or 0) or values[letter] % int(divisor or 1):
            return False
    return True


CASES = [(name, height, width) for name, sizes in SIZES.items() for height, width in sizes]


@pytest.mark.parametrize(("name", "height", "width"), CASES)
def test_closed_forms_are_what_torch_says_at_a_size(name: str, height: int, width: int) -> None:
    values = {"H": height, "W": width}
    found = torch_at(name, height, width)
    for row in symbolic(name)[1].layers:
        figures = found[row.path]
        assert numbers(row.output, values) == figures.output
        for quantity in keys(Use.CHECK)[1:]:
            if quantity != "trainable":
                assert numbers([getattr(row, quantity)], values) == (getattr(figures, quantity),), (row.path, quantity)
    totals = symbolic(name)[1].totals
    assert numbers([totals.params], values) == (sum(each.weights + each.biases for each in found.values()),)
    assert numbers([totals.macs], values) == (sum(each.macs for each in found.values()),)


@pytest.mark.parametrize("name", ["alexnet_2012", "unet", "inception_reduced", "deconvolution"])
def test_closed_forms_of_fields_are_what_gradients_show_at_a_size(name: str) -> None:
    rows = {row.path: row for row in symbolic(name)[1].layers}
    # a closed form is over a period, of which the smallest map may have only a part
    for height, width in SIZES[name][1:]:
        values = {"H": height, "W": width}
        result = check(paramcalc.load(name, input=[channels_of(name), height, width]))
        shown = [item for item in result.comparisons if item.quantity == "receptive_field"]
        assert {item.path for item in shown} == rows.keys()
        for item in shown:
            sizes = rows[item.path].receptive_field
            assert sizes is not None
            assert list(numbers((size for size in sizes if size is not None), values)) == item.torch


@pytest.mark.parametrize("name", SIZES)
def test_the_smallest_size_that_the_conditions_allow_is_the_smallest_for_torch(name: str) -> None:
    height, width = SIZES[name][0]
    assert allowed(name, {"H": height, "W": width})
    for n in range(max(1, height - 2), height):
        assert not allowed(name, {"H": n, "W": width})
        assert refused(name, n, width)
        assert not allowed(name, {"H": height, "W": n})
        assert refused(name, height, n)


@pytest.mark.parametrize("name", ["alexnet_2012", "unet", "squeezenet1_1", "nin", "deconvolution"])
def test_torch_runs_where_the_conditions_hold_and_nowhere_else(name: str) -> None:
    height, width = SIZES[name][0]
    for n in (*range(1, 20), *range(max(20, height - 4), height + 18)):
        assert refused(name, n, width) is not allowed(name, {"H": n, "W": width}), n


def test_a_size_that_torch_refuses_is_an_error_here_too() -> None:
    for name, sizes in SIZES.items():
        height, width = sizes[0]
        channels = channels_of(name)
        paramcalc.load(name, input=[channels, height, width])
        if height > 1:
            with pytest.raises(paramcalc.ParamcalcError):
                paramcalc.load(name, input=[channels, height - 1, width])
