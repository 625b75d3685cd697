"""The bundled detectors and fully convolutional networks against the models that their authors published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
import torch

import paramcalc
from paramcalc import Network, Report, Row, symbol
from paramcalc.layers.pooling import SpatialPyramidPool
from paramcalc.layers.resize import Crop
from tests.published import Figure, Layer, Published, analysis, figures, meets, name_of, original, sizes

INPUTS = ("Input", "net", "Python:VOCSegDataLayer")


@dataclass(frozen=True)
class Model:
    """A bundled file and the original that it is held against.

    `left_out` are rows of the original that compute nothing of their own, `folded` the layers of the
    program that the original has inside its neighbour or not at all, both without parameters.
    `stand_ins` are rows whose layer has another name here. `behind` moves a row behind another: the
    program runs a head to its end before the next one. `unfollowed` rows may have no field here,
    `stacked` ones no stride along the height.
    """

    file: str
    original: str
    settings: Mapping[str, int] = field(default_factory=dict)
    image: tuple[int, int, int] | None = None
    left_out: tuple[str, ...] = ()
    folded: tuple[str, ...] = ()
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    behind: tuple[str, str] | None = None
    unfollowed: tuple[str, ...] = ()
    stacked: tuple[str, ...] = ()

    @property
    def network(self) -> Network:
        shapes = None if self.image is None else {"image": self.image}
        return paramcalc.load(self.file, settings=self.settings, input=shapes)


LEVELS = ("pool5_spm6", "pool5_spm3", "pool5_spm2", "pool5_spm1")

MODELS = [
    # the loss compares with the labels that the data layer reads
    Model("fcn32s", "fcn32s-voc-caffe", left_out=("loss",)),
    # one layer for the whole pyramid; its levels have a test of their own
    Model(
        "sppnet",
        "sppnet-zf5-caffe",
        left_out=(*LEVELS, *(f"{level}_flatten" for level in LEVELS)),
        stand_ins={"pool5_spm": "spatial_pyramid_pool"},
    ),
    # one region, the whole image; what a region covers depends on the data, so that no field is known
    Model(
        "sppnet_detection",
        "sppnet-zf5-caffe",
        {"regions": 1, "classes": 1000},
        (3, 224, 224),
        stand_ins=dict.fromkeys(LEVELS, "roi_pool"),
        unfollowed=LEVELS,
    ),
    # Caffe's InnerProduct reads a map as a vector without a layer for it
    Model(
        "fast_rcnn_caffenet",
        "fast-rcnn-caffenet",
        {"regions": 1},
        folded=("flatten",),
        behind=("cls_prob", "cls_score"),
    ),
    # im_info is the size of the image before it was scaled, by which proposals are clipped
    Model(
        "faster_rcnn_zf",
        "faster-rcnn-zf",
        {"regions": 1},
        left_out=("im_info",),
        folded=("flatten",),
        behind=("cls_prob", "cls_score"),
        # the scores of 9 anchors are laid out over one another for the softmax, then back
        stacked=("rpn_cls_score_reshape", "rpn_cls_prob"),
        unfollowed=("rpn_cls_prob_reshape",),
    ),
    # layer 0 crops at random in training, and 32 reads the 1470 numbers, which the paper shows as a tensor of 7x7x30;
    # activations are part of darknet's layers
    Model("yolo", "yolo-v1-darknet", left_out=("0", "32"), folded=("leaky_relu", "flatten", "reshape")),
]
BY_FILE = [pytest.param(model, id=model.file) for model in MODELS]


def wanted(model: Model) -> list[Published]:
    """The layers of the original that the program must have, in order."""
    rows = {row.name: row for row in original(model.original) if row.kind not in INPUTS}
    for name in model.left_out:
        if name in rows:
            layer = rows.pop(name).layer
            assert (layer.weights, layer.biases, layer.macs) == (0, 0, 0)
    for name, kind in model.stand_ins.items():
        rows[name] = rows[name]._replace(layer=rows[name].layer._replace(kind=kind))
    order = list(rows)
    if model.behind:
        moved, target = model.behind
        order.remove(moved)
        order.insert(order.index(target) + 1, moved)
    return [rows[name] for name in order]


def computed(model: Model) -> list[Row]:
    """The rows of the program that have a counterpart in the original, in order."""
    report = paramcalc.analyze(model.network)
    folded = [row for row in report.layers if row.type in model.folded]
    assert all((row.params, row.macs) == (0, 0) for row in folded)
    return [row for row in report.layers if row.type not in model.folded]


@pytest.mark.parametrize("model", BY_FILE)
def test_every_layer_is_that_of_the_original_in_order(model: Model) -> None:
    rows = computed(model)
    found = [Layer(row.type, row.output, row.weights, row.biases, row.macs) for row in rows]  # type: ignore[arg-type]
    assert found == [row.layer for row in wanted(model)]
    assert {row.count for row in rows} == {1}


@pytest.mark.parametrize("model", BY_FILE)
def test_the_inputs_are_those_of_the_original(model: Model) -> None:
    inputs = [row for row in original(model.original) if row.kind in INPUTS and row.name not in model.left_out]
    report = paramcalc.analyze(model.network)
    image, *others = [entry.shape for entry in report.input.values()]
    assert image == inputs[0].layer.output
    # SPP_net's file for regions starts at their pooled features; the boxes come from outside
    assert others == ([(5,)] if model.file == "sppnet_detection" else [row.layer.output for row in inputs[1:]])


@pytest.mark.parametrize("model", BY_FILE)
def test_receptive_fields_and_strides_are_those_of_the_original(model: Model) -> None:
    rows = wanted(model)
    compared = 0
    for row, published in zip(computed(model), rows, strict=True):
        if not published.field or (published.name in model.unfollowed and row.receptive_field is None):
            continue
        compared += 1
        assert row.receptive_field == published.field, published.name
        assert row.effective_stride is not None
        first = 1 if published.name in model.stacked else 0
        assert row.effective_stride[first:] == published.stride[first:], published.name
    assert compared >= sum(bool(row.field) for row in rows) - len(model.unfollowed)


@pytest.mark.parametrize("model", BY_FILE)
def test_totals_are_the_sums_over_the_original(model: Model) -> None:
    totals = paramcalc.analyze(model.network).totals
    layers = [row.layer for row in original(model.original)]
    assert totals.weights == sum(layer.weights for layer in layers)
    assert totals.biases == sum(layer.biases for layer in layers)
    assert totals.macs == sum(layer.macs for layer in layers)


# -- published totals -----------------------------------------------------------------------------


def row_at(network: Network, report: Report, step: str) -> Row:
    """The row that a step ends in."""
    return next(row for row in report.layers if row.node is network.step(step))


@pytest.mark.parametrize("row", [pytest.param(row, id=name_of(row)) for row in figures("detection_totals.csv")])
def test_the_published_figure_is_met(row: Figure) -> None:
    network, report = analysis(row.model, row.settings)
    if row.quantity == "output":
        assert row_at(network, report, row.step).output == sizes(row.figure)
    elif row.quantity == "receptive_field":
        assert row_at(network, report, row.step).receptive_field == [int(row.figure)] * 2
    else:
        assert meets(row.figure, getattr(report.totals, row.quantity))


@pytest.mark.parametrize(
    ("file", "table", "last"),
    [
        ("rcnn", "fast-rcnn-caffenet", "relu5"),
        ("fcn_alexnet", "fast-rcnn-caffenet", "relu5"),
        ("fcn16s", "fcn32s-voc-caffe", "pool5"),
        ("fcn8s", "fcn32s-voc-caffe", "pool5"),
        ("fast_rcnn", "fcn32s-voc-caffe", "relu5_3"),
        ("faster_rcnn", "fcn32s-voc-caffe", "relu5_3"),
    ],
)
def test_the_convolutional_part_has_the_layers_of_a_detector_with_the_same_one(
    file: str, table: str, last: str
) -> None:
    layers = [row for row in original(table) if row.kind not in INPUTS]
    end = [row.name for row in layers].index(last) + 1
    expected = [(row.layer.kind, row.layer.output[0], row.layer.weights, row.layer.biases) for row in layers[:end]]
    rows = [row for row in analysis(file, {})[1].layers if row.path.startswith("features.")]
    assert [(row.type, row.output[0], row.weights, row.biases) for row in rows][:end] == expected


# -- regions --------------------------------------------------------------------------------------

R = symbol("R")


def test_r_cnn_runs_the_whole_network_for_every_region() -> None:
    one = analysis("rcnn", {"regions": 1})[1].totals
    many = analysis("rcnn", {"regions": "R"})[1].totals
    assert many.macs == one.macs * R
    assert many.params == one.params


@pytest.mark.parametrize("model", [param for param in BY_FILE if "regions" in param.values[0].settings])  # type: ignore[union-attr]
def test_the_others_share_the_map_and_run_only_the_fully_connected_layers_for_every_region(model: Model) -> None:
    network = paramcalc.load(
        model.file,
        settings={**model.settings, "regions": "R"},
        input=None if model.image is None else {"image": model.image},
    )
    layers = [row.layer for row in original(model.original)]
    shared = sum(layer.macs for layer in layers if layer.kind == "conv")
    connected = sum(layer.macs for layer in layers if layer.kind == "linear")
    assert paramcalc.analyze(network).totals.macs == shared + connected * R


def test_fast_r_cnn_with_vgg16_runs_only_the_fully_connected_layers_for_every_region() -> None:
    shared = analysis("fast_rcnn", {"regions": 1})[1].totals.macs
    both = analysis("fast_rcnn", {"regions": 2})[1].totals.macs
    assert isinstance(shared, int)
    # fc6 on 7x7x512, fc7, cls_score and bbox_pred
    assert both == shared + 7 * 7 * 512 * 4096 + 4096 * 4096 + 4096 * 21 + 4096 * 84


def convolutions(shape: Sequence[int]) -> int:
    """MACs of SPPNet's convolutional part on an image."""
    report = paramcalc.analyze(paramcalc.load("sppnet", input=shape))
    return sum(row.macs for row in report.layers if row.type == "conv" and isinstance(row.macs, int))


@pytest.mark.parametrize(("scales", "share"), [((688,), 160), ((480, 576, 688, 864, 1200), 24)])
def test_the_shared_map_costs_about_what_sppnet_says(scales: Sequence[int], share: int) -> None:
    # He et al., section 4.3: about 1/160 and 1/24 of R-CNN's convolutions on 2000 windows, at an aspect ratio of 4/3.
    # The paper counts pixels; layers without padding lose more of a small image than of a large one.
    shared = sum(convolutions([3, scale, scale * 4 // 3]) for scale in scales)
    assert 0.8 * share < 2000 * convolutions([3, 224, 224]) / shared < 1.1 * share


def test_the_pyramid_has_the_levels_of_the_original() -> None:
    network, report = analysis("sppnet", {})
    row = row_at(network, report, "spatial_pyramid_pool")
    assert isinstance(row.node.layer, SpatialPyramidPool)
    rows = {row.name: row for row in original("sppnet-zf5-caffe")}
    assert [(256, level, level) for level in row.node.layer.levels] == [rows[name].layer.output for name in LEVELS]
    # the coarsest level has the largest field
    assert row.receptive_field == max(rows[name].field for name in LEVELS)


def test_the_pyramid_gives_as_many_numbers_for_an_image_of_any_size() -> None:
    network = paramcalc.load("sppnet", input=[3, "H", "W"])
    report = paramcalc.analyze(network)
    assert row_at(network, report, "spatial_pyramid_pool").output == (12_800,)
    assert report.totals.params == 77_037_672


# -- arguments ------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["faster_rcnn", "faster_rcnn_zf"])
@pytest.mark.parametrize(("counts", "anchors"), [((3, 3), 9), ((1, 3), 3), ((3, 1), 3), ((4, 3), 12)])
def test_every_anchor_has_two_scores_and_four_coordinates(file: str, counts: tuple[int, int], anchors: int) -> None:
    # Ren et al., section 3.1: 2k scores and 4k coordinates; Table 8 has 1 and 3 scales with 1 and 3 ratios
    network, report = analysis(file, {"sizes": counts[0], "ratios": counts[1]})
    assert row_at(network, report, "rpn.cls_score").output[0] == 2 * anchors
    assert row_at(network, report, "rpn.bbox_pred").output[0] == 4 * anchors


def test_faster_r_cnn_has_about_2400_positions_and_20000_anchors() -> None:
    # Ren et al., section 3.1: a map of typically about 2,400 positions; section 3.3: roughly 20000 anchors
    network, report = analysis("faster_rcnn", {})
    assert row_at(network, report, "rpn.bbox_pred").output == (36, 38, 63)
    assert 2350 <= 38 * 63 < 2450
    assert 20_000 < 38 * 63 * 9 < 22_000


@pytest.mark.parametrize("file", ["yolo", "fast_yolo"])
@pytest.mark.parametrize(("cells", "boxes", "classes", "channels"), [(7, 2, 20, 30), (7, 5, 20, 45), (14, 3, 80, 95)])
def test_yolo_gives_five_numbers_a_box_and_one_a_class_for_every_cell(
    file: str, cells: int, boxes: int, classes: int, channels: int
) -> None:
    network, report = analysis(file, {"S": cells, "B": boxes, "C": classes})
    assert row_at(network, report, "grid.linear2").output == (cells * cells * channels,)
    assert report.outputs == {"output": (channels, cells, cells)}


@pytest.mark.parametrize("file", ["fcn32s", "fcn16s", "fcn8s", "fcn_alexnet"])
def test_a_fully_convolutional_network_scores_every_pixel_of_an_image_of_any_size(file: str) -> None:
    report = paramcalc.analyze(paramcalc.load(file, input=[3, "H", "W"]))
    assert report.outputs == {"output": (21, symbol("H"), symbol("W"))}
    assert report.conditions == []


@pytest.mark.parametrize(
    ("file", "offsets"),
    # the crop_param of the voc models, in the order of their layers
    [("fcn32s", [19]), ("fcn16s", [5, 27]), ("fcn8s", [5, 9, 31]), ("fcn_alexnet", [18])],
)
def test_crops_have_the_offsets_of_the_original(file: str, offsets: list[int]) -> None:
    layers = [row.node.layer for row in analysis(file, {})[1].layers]
    assert [layer.offset for layer in layers if isinstance(layer, Crop)] == offsets


@pytest.mark.parametrize("file", ["fcn32s", "fcn16s", "fcn8s", "fcn_alexnet"])
def test_only_the_deconvolutions_are_frozen(file: str) -> None:
    rows = analysis(file, {})[1].layers
    assert [row.path for row in rows if row.frozen] == [row.path for row in rows if row.type == "conv_transpose"]


@pytest.mark.parametrize("kernel", [2, 3, 4])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [5, 6, 7])
def test_a_transposed_convolution_gives_back_every_size(size: int, stride: int, kernel: int) -> None:
    settings = {"size": size, "stride": stride, "kernel": kernel, "padding": 1}
    _, report = analysis("deconvolution", settings)
    down = torch.nn.Conv2d(8, 16, kernel, stride, padding=1)
    up = torch.nn.ConvTranspose2d(16, 8, kernel, stride, padding=1, output_padding=(size + 2 - kernel) % stride)
    with torch.no_grad():
        small = down(torch.zeros(1, 8, size, size))
        large = up(small)
    assert [row.output for row in report.layers] == [small.shape[1:], small.shape[1:], large.shape[1:]]
    assert large.shape[1:] == (8, size, size)
    assert report.totals.params == sum(p.numel() for module in (down, up) for p in module.parameters())
    first, _, last = report.layers
    assert (first.weights, first.macs) == (last.weights, last.macs)
