"""The bundled classifiers and blocks against published figures and, layer by layer, against the original models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

import paramcalc
from paramcalc import Network, Report, Row, symbol
from paramcalc.language.library import bundled_names
from paramcalc.layers.resize import Slice
from tests.published import DATA, Figure, Layer, Published, analysis, figures, meets, name_of, original

H, W = symbol("H"), symbol("W")


@cache
def symbolic(file: str, channels: int = 3) -> Report:
    return paramcalc.analyze(paramcalc.load(file, input=[channels, "H", "W"]))


# -- layer by layer ---------------------------------------------------------------------------------

LEFT_OUT = ("Accuracy", "BatchNorm", "Data", "Input")
"""Rows without parameters that are no layers here; batch norm is the row of its scale."""


@dataclass(frozen=True)
class Model:
    """A bundled file, or one beside this test, and the original that it is held against.

    `averages` are poolings that average, as the layer that they are here. `changes` are whole rows
    that differ, with the layer that stands for them. `more` are layers without parameters behind the
    end of the original.
    """

    file: str
    original: str
    settings: Mapping[str, str] = field(default_factory=dict)
    averages: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, Layer] = field(default_factory=dict)
    more: tuple[str, ...] = ()


RESNET50_CONV1 = Layer("conv", (64, 112, 112), 9408, 0, 118_013_952)

MODELS = [
    Model("alexnet_2012", "alexnet-caffe"),
    Model("googlenet", "googlenet-caffe", averages={"pool5/7x7_s1": "avg_pool"}),
    # the loss that the original trains with has the softmax in it
    Model("nin", "nin-imagenet-caffe", averages={"pool4": "global_avg_pool"}, more=("softmax",)),
    # conv1 has a bias of 64 only in the original; the paper's networks have none before batch norm
    Model(
        "resnet50",
        "resnet50-caffe",
        {"stride_in_1x1": "true"},
        averages={"pool5": "global_avg_pool"},
        changes={"conv1": RESNET50_CONV1},
    ),
    Model(str(DATA / "resnet50_caffe.yaml"), "resnet50-caffe", averages={"pool5": "avg_pool"}),
    # a 1x1 convolution of a 1x1 map is a linear layer of a vector; the softmax belongs to the loss
    Model(
        "densenet121",
        "densenet121-caffe",
        averages={"pool5": "global_avg_pool", **{f"pool{stage}": "avg_pool" for stage in (2, 3, 4)}},
        changes={"fc6": Layer("linear", (1000,), 1_024_000, 1000, 1_024_000)},
        more=("softmax",),
    ),
]
BY_FILE = [pytest.param(model, id=Path(model.file).stem) for model in MODELS]


def wanted(model: Model) -> Iterator[Published]:
    """The layers that the program must have, in its order: of a residual block, the shortcut comes last."""
    shortcut: list[Published] = []
    for row in original(model.original):
        layer = row.layer
        if row.kind in LEFT_OUT:
            assert (layer.weights, layer.biases, layer.macs) == (0, 0, 0)
            continue
        if row.name in model.averages:
            assert row.kind == "Pooling"
            layer = layer._replace(kind=model.averages[row.name])
        published = row._replace(layer=model.changes.get(row.name, layer))
        if row.name.endswith("_branch1"):
            shortcut.append(published)
            continue
        if row.kind == "Eltwise":
            yield from shortcut
            shortcut = []
        yield published
    assert not shortcut


def computed(model: Model) -> list[Row]:
    """The rows of the program that have a counterpart in the original: Caffe's InnerProduct flattens by itself."""
    rows = analysis(model.file, model.settings)[1].layers
    end = len(rows) - len(model.more)
    assert [row.type for row in rows[end:]] == list(model.more)
    assert not any(row.params for row in rows if row.type in ("flatten", *model.more))
    return [row for row in rows[:end] if row.type != "flatten"]


@pytest.mark.parametrize("model", BY_FILE)
def test_every_layer_is_that_of_the_original_in_order(model: Model) -> None:
    rows = computed(model)
    found = [Layer(row.type, row.output, row.weights, row.biases, row.macs) for row in rows]  # type: ignore[arg-type]
    assert found == [row.layer for row in wanted(model)]


@pytest.mark.parametrize("model", BY_FILE)
def test_receptive_fields_and_strides_are_those_of_the_original(model: Model) -> None:
    for row, published in zip(computed(model), wanted(model), strict=True):
        if not published.field:
            assert len(row.output) == 1, published.name
            continue
        assert row.receptive_field == published.field, published.name
        # the one unit behind a global pooling has no stride
        alone = row.type in ("global_avg_pool", "linear")
        assert row.effective_stride == ([None, None] if alone else published.stride), published.name
        assert not row.misaligned


@pytest.mark.parametrize("model", BY_FILE)
def test_the_input_is_that_of_the_original(model: Model) -> None:
    report = analysis(model.file, model.settings)[1]
    assert [entry.shape for entry in report.input.values()] == [original(model.original)[0].layer.output]


@pytest.mark.parametrize("model", BY_FILE)
def test_totals_are_the_sums_over_the_original(model: Model) -> None:
    totals = analysis(model.file, model.settings)[1].totals
    layers = [row.layer for row in wanted(model)]
    assert totals.weights == sum(layer.weights for layer in layers)
    assert totals.biases == sum(layer.biases for layer in layers)
    assert totals.macs == sum(layer.macs for layer in layers)


# -- published figures ------------------------------------------------------------------------------


def inside(network: Network, report: Report, step: str) -> list[Row]:
    """The rows of a layer, or of all layers of a block."""
    end = network.step(step)
    return [row for row in report.layers if row.node is end or row.path.startswith(f"{step}.")]


@pytest.mark.parametrize("row", [pytest.param(row, id=name_of(row)) for row in figures("totals.csv")])
def test_the_published_figure_is_met(row: Figure) -> None:
    network, report = analysis(row.model, row.settings)
    if not row.step:
        assert meets(row.figure, getattr(report.totals, row.quantity))
        return
    rows = inside(network, report, row.step)
    if row.quantity in ("weights", "params"):
        assert meets(row.figure, sum(getattr(part, row.quantity) for part in rows))
    else:
        assert getattr(rows[-1], row.quantity) == [int(row.figure)] * 2


@pytest.mark.parametrize("file", bundled_names())
def test_a_bundled_file_says_where_its_network_was_published(file: str) -> None:
    assert analysis(file)[1].source


# -- depth ------------------------------------------------------------------------------------------

DEPTHS = {
    "alexnet_2012": 8,
    "zfnet": 8,
    **{f"vgg{depth}": depth for depth in (11, 13, 16, 19)},
    "vgg16_c": 16,
    "vgg16_conv": 16,
    **{f"resnet{depth}": depth for depth in (18, 34, 50, 101, 152)},
    **{f"resnet{depth}_cifar": depth for depth in (20, 32, 44, 56, 110, 1202)},
    **{f"densenet{depth}": depth for depth in (121, 161, 169, 201)},
    "densenet264": 265,  # the paper's Table 1: 2·(6 + 12 + 64 + 48), and 5 around them
    "densenet_cifar": 40,
    "densenet_cifar_100": 100,
    "densenet_cifar_bc100": 100,
    "densenet_cifar_bc190": 190,
}


@pytest.mark.parametrize(("file", "depth"), DEPTHS.items())
def test_the_number_in_a_name_is_that_of_the_layers_with_weights_on_the_main_path(file: str, depth: int) -> None:
    rows = analysis(file)[1].layers
    assert sum(row.type in ("conv", "linear") and ".shortcut." not in row.path for row in rows) == depth


# -- residual networks ------------------------------------------------------------------------------


@pytest.mark.parametrize("file", [f"resnet{depth}_cifar" for depth in (20, 110)])
def test_option_a_shortcuts_have_no_parameters_and_cost_no_macs(file: str) -> None:
    # He et al., section 4.2: identity shortcuts in all cases
    rows = [row for row in analysis(file)[1].layers if ".shortcut." in row.path]
    assert {row.type for row in rows} == {"slice", "pad"}
    assert not any(row.params or row.macs for row in rows)


@pytest.mark.parametrize("file", [f"resnet{depth}" for depth in (50, 101, 152)])
def test_where_a_bottleneck_strides_changes_no_parameters(file: str) -> None:
    ours = analysis(file)[1].totals
    paper = analysis(file, {"stride_in_1x1": "true"})[1].totals
    assert paper.params == ours.params
    assert isinstance(paper.macs, int)
    assert isinstance(ours.macs, int)
    assert paper.macs < ours.macs


def test_a_bottleneck_has_a_seventeenth_of_the_weights_of_a_basic_block_as_wide() -> None:
    def weights(file: str) -> int:
        return sum(row.weights for row in analysis(file)[1].layers if row.type == "conv")  # type: ignore[misc]

    assert analysis("bottleneck")[1].outputs == analysis("basic_block")[1].outputs
    assert weights("basic_block") == 2 * 3 * 3 * 256 * 256
    assert weights("bottleneck") == 256 * 64 + 3 * 3 * 64 * 64 + 64 * 256
    assert weights("basic_block") // weights("bottleneck") == 16


# -- LeNet-5 ----------------------------------------------------------------------------------------

# LeCun et al., Table I: the maps of s2 that each map of c3 sees
SEEN = ["012", "123", "234", "345", "045", "015", "0123", "1234", "2345", "0345", "0145", "0125"]
SEEN += ["0134", "1245", "0235", "012345"]


def test_the_maps_of_c3_see_the_maps_of_s2_that_the_paper_lists() -> None:
    network, report = analysis("lenet5")
    found = []
    for number in range(16):
        layers = [row.node.layer for row in inside(network, report, "c3") if f".map{number}." in row.path]
        seen: set[int] = set()
        for layer in layers:
            if isinstance(layer, Slice):
                assert isinstance(layer.start, int)
                assert isinstance(layer.stop, int)
                seen |= {place % 6 for place in range(layer.start, layer.stop)}
        found.append("".join(map(str, sorted(seen))))
    assert found == SEEN


def test_the_connections_of_lenet5_are_macs_with_biases_and_all_inputs_of_the_subsampling() -> None:
    network, report = analysis("lenet5")
    macs = report.totals.macs
    assert isinstance(macs, int)
    units = [
        ("c1", 6 * 28 * 28),
        ("s2", 6 * 14 * 14),
        ("c3", 16 * 10 * 10),
        ("s4", 16 * 5 * 5),
        ("c5", 120),
        ("f6", 84),
    ]
    ends = [network.step(step) for step, _ in units]
    assert [end.output.elements for end in ends if end] == [count for _, count in units]
    biases = sum(count for _, count in units)
    averaging = 3 * (6 * 14 * 14 + 16 * 5 * 5)
    assert macs + biases + averaging == 340_908


# -- images of any size -----------------------------------------------------------------------------


def test_u_net_takes_images_in_multiples_of_16_and_scores_every_pixel() -> None:
    report = symbolic("unet", 1)
    assert report.outputs == {"output": (2, H, W)}
    texts = {condition.text for condition in report.conditions}
    assert {"H % 16 == 0", "W % 16 == 0"} <= texts


def valid_unet(size: int) -> int | None:
    """What the unpadded U-Net leaves of a size; None where it leaves nothing."""
    sizes = []
    for _ in range(4):
        sizes.append(size - 4)
        size = (size - 4) // 2
    size -= 4
    for _ in sizes:
        if size < 1:
            return None
        size = 2 * size - 4
    return size if size > 0 else None


@pytest.mark.parametrize("size", [188, 200, 203, 204, 572, 573, 700])
def test_u_net_without_padding_leaves_what_its_layers_leave(size: int) -> None:
    report = paramcalc.analyze(paramcalc.load("unet_valid", input=[1, size, size]))
    left = valid_unet(size)
    assert report.outputs == {"output": (2, left, left)}


def test_u_net_without_padding_needs_188_positions() -> None:
    assert [valid_unet(size) for size in (187, 188)] == [None, 4]
    assert "H >= 188" in [condition.text for condition in symbolic("unet_valid", 1).conditions]


def test_vgg16_as_convolutions_is_vgg16_at_every_32nd_position() -> None:
    report = symbolic("vgg16_conv")
    assert report.outputs == {"output": (1000, H // 32 - 6, W // 32 - 6)}
    assert "H >= 224" in [condition.text for condition in report.conditions]
    dense = analysis("vgg16")[1].totals
    convolutions = analysis("vgg16_conv")[1].totals
    assert (convolutions.params, convolutions.macs) == (dense.params, dense.macs)


@pytest.mark.parametrize(
    "file",
    ["nin", "resnet18", "resnet50", "densenet121", "squeezenet1_0", "squeezenet1_1", "mobilenet_v1", "mobilenet_v2"],
)
def test_networks_that_end_in_a_global_pooling_classify_an_image_of_any_size(file: str) -> None:
    report = symbolic(file)
    assert report.outputs == {"output": (1000,)}
    assert report.totals.params == analysis(file)[1].totals.params


# -- arguments --------------------------------------------------------------------------------------


def test_the_auxiliary_classifiers_of_googlenet_are_heads_that_only_training_has() -> None:
    assert list(analysis("googlenet")[1].outputs) == ["output"]
    network, report = analysis("googlenet", {"aux": "true"})
    assert report.outputs == {"output": (1000,), "aux1": (1000,), "aux2": (1000,)}
    # bvlc_googlenet/train_val.prototxt: 1x1 to 128, pooled to 4x4, 1024, 1000
    for head, channels in (("aux1.auxiliary", 512), ("aux2.auxiliary", 528)):
        params = sum(row.params for row in inside(network, report, head) if isinstance(row.params, int))
        assert params == 128 * (channels + 1) + 1024 * (4 * 4 * 128 + 1) + 1000 * (1024 + 1)


@pytest.mark.parametrize("file", ["alexnet", "alexnet_2012", "vgg16", "nin", "googlenet", "resnet50", "densenet121"])
def test_the_number_of_classes_is_an_argument(file: str) -> None:
    assert analysis(file, {"classes": "10"})[1].outputs == {"output": (10,)}
