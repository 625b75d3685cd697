"""A network in a few figures: shares, layers with weights, the largest layer, bytes."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import paramcalc
from paramcalc import ParamcalcError, Report, symbol
from paramcalc.report.summary import Summary, memory, ratio
from tests.calling import call
from tests.documents import Document, Interpreter, Step, documents


def bundled(name: str, **given: Any) -> Report:
    return paramcalc.analyze(paramcalc.load(name, **given))


def small(*layers: Step, input: tuple[Any, ...] = (3, 8, 8), args: tuple[str, ...] = ()) -> Report:
    text = Document(input, list(layers), {}).text
    return paramcalc.analyze(paramcalc.loads(text.replace('{"name"', f'{{"args": {json.dumps(args)}, "name"', 1)))


def conv(out: int | str) -> Step:
    return {"conv": {"out": out, "kernel": 1, "bias": False}}


# -- shares -------------------------------------------------------------------------------------


@given(documents(), st.integers(1, 5))
def test_shares_and_largest_layer_are_those_of_a_second_reading(document: Document, classes: int) -> None:
    rows = Interpreter(document).run()
    last = rows[-1].output.shape if rows else document.input
    features = 1
    for size in last:
        features *= size
    layers = [*document.layers, "flatten", {"linear": {"out": classes}}]
    found = Summary(document._replace(layers=layers).load()[1])
    convs = [row.weights + row.biases for row in rows if row.type == "conv"]
    assert found.conv_params == sum(convs)
    assert found.linear_params == (features + 1) * classes
    assert found.totals.params == sum(row.weights + row.biases for row in rows) + (features + 1) * classes
    assert found.weighted_layers == len(convs) + 1
    assert found.outputs == {"output": (classes,)}
    params = [*(row.weights + row.biases for row in rows), 0, (features + 1) * classes]
    assert found.largest
    assert found.largest.params == max(params)
    assert found.largest.node.index == params.index(max(params))


def test_the_lecture_s_alexnet_is_mostly_linear() -> None:
    # its table: fc1 to fc3 have 177,209,344 + 16,777,216 + 4,096,000 weights, and as many biases as outputs
    found = Summary(bundled("alexnet"))
    assert found.linear_params == 177_209_344 + 16_777_216 + 4_096_000 + 4096 + 4096 + 1000
    convs = 34_848 + 307_200 + 884_736 + 663_552 + 442_368
    assert found.conv_params == convs + 96 + 256 + 384 + 384 + 256
    assert found.conv_params + found.linear_params == found.totals.params
    assert found.largest
    assert found.largest.path == "fc1"


def test_transposed_convolutions_are_convolutions() -> None:
    found = Summary(small(conv(2), {"conv_transpose": {"out": 4, "kernel": 2, "bias": False}}))
    assert (found.conv_params, found.linear_params, found.weighted_layers) == (3 * 2 + 2 * 4 * 2 * 2, 0, 2)


def test_normalisation_is_neither() -> None:
    found = Summary(small(conv(2), "batch_norm"))
    assert (found.totals.params, found.conv_params, found.linear_params, found.weighted_layers) == (6 + 4, 6, 0, 1)


# -- layers with weights ------------------------------------------------------------------------

COUNTS = {
    "alexnet": 8,  # Krizhevsky et al. 2012: "eight layers with weights"
    "alexnet_2012": 8,
    "vgg11": 11,  # Simonyan, Zisserman 2015, Table 1: "11 weight layers" and so on
    "vgg13": 13,
    "vgg16": 16,
    "vgg16_c": 16,
    "vgg19": 19,
    "resnet20_cifar": 20,  # He et al. 2016: 6n + 2 layers, shortcuts without parameters
    "resnet32_cifar": 32,
    "resnet44_cifar": 44,
    "resnet56_cifar": 56,
    "resnet110_cifar": 110,
    "resnet1202_cifar": 1202,
    "resnet18": 18 + 3,  # the same paper: 18 layers beside the projection where each of three stages begins
    "resnet34": 34 + 3,
    "resnet50": 50 + 4,  # the first stage projects too, from 64 to 256 channels
    "resnet101": 101 + 4,
    "resnet152": 152 + 4,
    "densenet_cifar": 40,  # Huang et al. 2017: L = 40
    "densenet_cifar_100": 100,
    "densenet121": 121,
    "densenet169": 169,
    "densenet201": 201,
    "densenet161": 161,
    "densenet264": 2 * (6 + 12 + 64 + 48) + 5,  # its blocks in Table 1 give one more than its name
    "mobilenet_v1": 28,  # Howard et al. 2017: "MobileNet has 28 layers"
    "yolo": 24 + 2,  # Redmon et al. 2016: "24 convolutional layers followed by 2 fully connected layers"
}


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_layers_with_weights_are_as_many_as_the_paper_says(name: str) -> None:
    assert Summary(bundled(name)).weighted_layers == COUNTS[name]


def test_shared_weights_are_one_layer() -> None:
    layers: list[Step] = [
        {"conv": {"out": 3, "kernel": 3, "padding": 1}, "name": "first"},
        {"conv": {"out": 3, "kernel": 3, "padding": 1}, "share": "first", "repeat": 2},
    ]
    report = small(*layers)
    found = Summary(report)
    assert (found.weighted_layers, found.totals.params) == (1, 3 * 3 * 3 * 3 + 3)
    assert found.totals.macs == 3 * 8 * 8 * 81


# -- the largest layer --------------------------------------------------------------------------


def largest(*layers: Step, args: tuple[str, ...] = ()) -> str | None:
    found = Summary(small(*layers, args=args)).largest
    return found.path if found else None


def test_the_largest_layer_is_the_first_of_most_parameters() -> None:
    assert largest(conv(3), conv(3), conv(2)) == "conv1"
    assert largest(conv(2), conv(3), conv(2)) == "conv1"  # 6, 6, 6
    assert largest(conv(2), conv(4), conv(3), conv(1)) == "conv3"  # 6, 8, 12, 3
    assert largest("relu", "dropout") is None


def test_the_largest_layer_is_told_with_symbols_where_they_leave_no_doubt() -> None:
    def beside(*outs: int | str) -> Step:
        return {"concat": {f"path{place}": [conv(out)] for place, out in enumerate(outs, 1)}}

    assert largest(beside("a", "b", "a + b + 1"), args=("a", "b")) == "path3.conv"
    assert largest(beside("a + b", "a", "b"), args=("a", "b")) == "path1.conv"
    assert largest(beside("a", 2, "a + 1"), args=("a",)) == "path3.conv"
    assert largest(beside("a", "b"), args=("a", "b")) is None
    assert largest(beside("a", 2), args=("a",)) is None
    assert largest(beside("a", "a"), args=("a",)) == "path1.conv"


# -- fields, strides, outputs -------------------------------------------------------------------


def test_the_stride_is_that_of_the_last_step_with_a_position() -> None:
    # torchvision's AlexNet: 195, 32 at pool5; the linear layers behind have none of their own
    found = Summary(bundled("alexnet_torchvision"))
    assert found.effective_stride == [32, 32]
    assert found.covers_input
    vgg = Summary(bundled("vgg16"))
    assert (vgg.receptive_field, vgg.effective_stride) == ([404, 404], [32, 32])


def test_a_network_without_steps_has_no_figures() -> None:
    found = Summary(small())
    assert (found.totals.params, found.weighted_layers, found.receptive_field, found.largest) == (0, 0, None, None)
    assert found.effective_stride is None
    assert found.totals.peak_activations == 3 * 8 * 8


# -- bytes --------------------------------------------------------------------------------------

BYTES = {"float64": 64 // 8, "float32": 32 // 8, "float16": 16 // 8, "bfloat16": 16 // 8, "int8": 8 // 8}
"""Bits of an element, in bytes."""


@pytest.mark.parametrize("dtype", sorted(BYTES))
def test_bytes_are_elements_times_bits(dtype: str) -> None:
    report = bundled("resnet18")
    found = memory(report, dtype)
    assert found.params == 11_689_512 * BYTES[dtype]  # torchvision
    assert found.activations == BYTES[dtype] * sum(int(str(row.activations)) for row in report.layers)
    assert found.peak == int(str(report.totals.peak_activations)) * BYTES[dtype]
    shown = json.loads(call("show", "resnet18", "--dtype", dtype, "--format", "json").out)["memory"]
    assert shown["dtype"] == dtype
    assert shown["params"] == 11_689_512 * BYTES[dtype]


def test_bytes_of_symbols_are_expressions() -> None:
    report = small(conv(4), input=(3, "H", "W"))
    found = memory(report, "float32")
    assert found.activations == 16 * symbol("H") * symbol("W")
    assert found.peak == 4 * (3 + 4) * symbol("H") * symbol("W")


@pytest.mark.parametrize("columns", [40, 80, 120, 200, None])
def test_a_page_tells_bytes_whole(columns: int | None) -> None:
    text = " ".join(call("show", "resnet18", "--dtype", "float16", columns=columns).out.split())
    assert f"float16 {2 * 11_689_512:,} bytes of parameters" in text


@pytest.mark.parametrize(
    ("dtype", "message"),
    [
        ("float8", "there is no element type 'float8'; did you mean 'float"),
        ("fp16", "there is no element type 'fp16'"),
        ("", "there is no element type ''"),
        ("Float32", "did you mean 'float32'?"),
    ],
)
def test_an_element_type_that_is_none_ends_with_a_message_and_status_2(dtype: str, message: str) -> None:
    done = call("show", "lenet5", "--dtype", dtype)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    with pytest.raises(ParamcalcError, match="no element type"):
        memory(bundled("lenet5"), dtype)


# -- ratios -------------------------------------------------------------------------------------


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_ratio_is_exact(left: int, right: int) -> None:
    assert ratio(left, right) == (Fraction(left, right) if right else None)


def test_a_ratio_of_symbols_is_told_where_it_is_a_number() -> None:
    h, w = symbol("H"), symbol("W")
    assert ratio(6 * h * w + 9, 4 * h * w + 6) == Fraction(3, 2)
    assert ratio(h, w) is None
    assert ratio(h + 1, h) is None
    assert ratio(h, 2) is None
    assert ratio(None, h) is None
    assert ratio(h, None) is None
