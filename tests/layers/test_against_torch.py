"""Every layer against the torch module that is the same layer: shape, parameters, state, MACs, and refusals.

Torch computes on the meta device, where a tensor is its shape; its own FLOP counter counts two for
each multiply-accumulate. Not every check of torch is made there, so where the two sides do not
agree whether a layer fits, real tensors decide.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch.utils.flop_counter import FlopCounterMode

from paramcalc.algebra.tensor import Tensor
from paramcalc.crosscheck.settings import NoModule, with_axis_index
from paramcalc.crosscheck.witnesses import WITNESSES
from paramcalc.errors import LayerError
from paramcalc.layers import MODULES as FAMILY
from paramcalc.layers import layer_class
from paramcalc.network import Network
from paramcalc.report.row import Row, summarize_field
from tests.layers.differences import REFUSED_BY_US, TAKEN_BY_US, Difference, expected
from tests.layers.examples import ANYWHERE, EXAMPLES, MAPS, Case, cases


class Figures(NamedTuple):
    """What both sides say of a layer."""

    shape: tuple[int, ...]
    weights: int
    biases: int
    buffers: int
    macs: int


class Refused(NamedTuple):
    """An application that a side refuses, and its words."""

    words: str


def computed(case: Case) -> Figures | Refused:
    """What the rules say."""
    network = Network("one layer")
    shapes = zip(case.shapes, case.axes, strict=True)
    inputs = [network.add_input(f"x{index}", shape, case.count, axes) for index, (shape, axes) in enumerate(shapes)]
    try:
        node = network.add(layer_class(case.type)(**case.fields), inputs, "y")
    except (LayerError, ValidationError) as error:
        return Refused(str(error))
    row = Row(node, summarize_field(node))
    figures = (*row.output, row.weights, row.biases, row.buffers, row.macs)
    assert all(isinstance(figure, int) for figure in figures)
    assert row.count == case.count
    assert row.params == row.weights + row.biases
    return Figures(row.output, row.weights, row.biases, row.buffers, row.macs)  # type: ignore[arg-type]


def witnessed(case: Case, device: str = "meta") -> Figures | Refused:
    """What torch says; a tensor without elements counts as a refusal."""
    try:
        layer = layer_class(case.type)(**case.fields)
    except ValidationError:
        return witnessed_refusal(case)
    try:
        with torch.device(device):
            layer = with_axis_index(layer, Tensor(case.shapes[0], axes=case.axes[0]))
            module = WITNESSES[case.type].module(layer, case.shapes).eval()
            inputs = [torch.empty(case.count, *shape) for shape in case.shapes]
            with FlopCounterMode(display=False) as counter, torch.no_grad():
                y = module(*inputs)
    except NotImplementedError:
        raise
    except (NoModule, RuntimeError, ValueError, IndexError) as error:
        return Refused(str(error))
    if y.numel() == 0:
        return Refused(f"empty: {tuple(y.shape)}")
    assert y.shape[0] == case.count
    parameters = dict(module.named_parameters())
    biases = sum(value.numel() for name, value in parameters.items() if name.rpartition(".")[2] == "bias")
    buffers = {name: value for name, value in module.named_buffers() if not name.endswith("num_batches_tracked")}
    flops = counter.get_total_flops()
    assert flops % 2 == 0
    return Figures(
        tuple(y.shape[1:]),
        sum(value.numel() for value in parameters.values()) - biases,
        biases,
        sum(value.numel() for value in buffers.values()),
        flops // 2,
    )


def witnessed_refusal(case: Case) -> Refused:
    """Fields that are no layer of the language, which torch must not take either: a share of dropped units."""
    assert case.type == "dropout"
    with pytest.raises(ValueError, match="dropout probability has to be between 0 and 1") as refusal:
        torch.nn.Dropout(float(case.fields["p"]))
    return Refused(str(refusal.value))


# -- where the two differ on purpose -------------------------------------------------------------


def ids(difference: Difference) -> str:
    return f"{difference.layers[0]}: {difference.reason}"


@pytest.mark.parametrize("difference", REFUSED_BY_US, ids=ids)
def test_what_only_the_language_refuses(difference: Difference) -> None:
    assert difference.applies(difference.example)
    assert isinstance(computed(difference.example), Refused)
    assert isinstance(witnessed(difference.example, "cpu"), Figures)


@pytest.mark.parametrize("difference", TAKEN_BY_US, ids=ids)
def test_what_only_torch_refuses(difference: Difference) -> None:
    assert difference.applies(difference.example)
    assert isinstance(computed(difference.example), Figures)
    assert isinstance(witnessed(difference.example, "cpu"), Refused)


# -- the comparison ------------------------------------------------------------------------------


def applications() -> list[tuple[str, tuple[int, ...]]]:
    """Every layer on tensors of any rank; windows, which have most fields, on each number of axes by itself."""
    found: list[tuple[str, tuple[int, ...]]] = []
    for name, example in EXAMPLES.items():
        if not WITNESSES[name].not_checked:
            separate = FAMILY[name] == "sliding" and example.spatial_axes == MAPS
            found += [(name, (axes,)) for axes in MAPS] if separate else [(name, ANYWHERE)]
    return found


@pytest.mark.parametrize(("name", "spatial_axes"), applications(), ids=str)
@given(data=st.data())
def test_a_layer_is_what_torch_says_it_is(name: str, spatial_axes: tuple[int, ...], data: st.DataObject) -> None:
    case = data.draw(cases(name, spatial_axes))
    ours, torchs = computed(case), witnessed(case)
    if isinstance(ours, Refused) != isinstance(torchs, Refused):
        torchs = witnessed(case, "cpu")
    if isinstance(ours, Refused) and isinstance(torchs, Figures):
        assert expected(case, REFUSED_BY_US), f"only we refuse {case}: {ours.words}"
    elif isinstance(torchs, Refused) and isinstance(ours, Figures):
        assert expected(case, TAKEN_BY_US), f"only torch refuses {case}: {torchs.words}"
    elif isinstance(torchs, Figures):
        assert ours == torchs, case


def test_every_layer_has_an_example() -> None:
    assert set(EXAMPLES) == set(FAMILY)
