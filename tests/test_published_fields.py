"""Receptive fields, effective strides and paddings against the table of google-research/receptive_field."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import paramcalc
from paramcalc import Report, Row, substitute, symbol

FOLDER = Path(__file__).parent / "data" / "receptive_field"

MODELS: dict[str, tuple[str, dict[str, int]]] = {
    "alexnet_v2": ("alexnet_v2", {}),
    "vgg_a": ("vgg", {"early": 1, "late": 2}),
    "vgg_16": ("vgg", {"early": 2, "late": 3}),
    "inception_v2-no-separable-conv": ("inception_v2", {}),
    "inception_v3": ("inception_v3", {}),
    "mobilenet_v1": ("mobilenet_v1", {}),
    "resnet_v1_50": ("resnet_v1", {"units2": 4, "units3": 6}),
    "resnet_v1_101": ("resnet_v1", {"units2": 4, "units3": 23}),
    "resnet_v1_152": ("resnet_v1", {"units2": 8, "units3": 36}),
    "resnet_v1_200": ("resnet_v1", {"units2": 24, "units3": 36}),
}
"""The file of each model of the table, with its arguments."""


class Published(NamedTuple):
    """A row of the table; paddings by input size, None where the table has none."""

    model: str
    end_point: str
    step: str
    field: int
    stride: int
    paddings: dict[str, int | None]


def table() -> list[Published]:
    with (FOLDER / "published.csv").open(newline="") as file:
        return [
            Published(
                row["model"],
                row["end_point"],
                row["step"],
                int(row["receptive_field"]),
                int(row["effective_stride"]),
                {size: int(row[f"padding_{size}"]) if row[f"padding_{size}"] else None for size in SIZES},
            )
            for row in csv.DictReader(file)
        ]


SIZES = ("any", "224", "321")
TABLE = table()
ROWS = [pytest.param(row, id=f"{row.model}-{row.end_point}") for row in TABLE]


@cache
def analysis(model: str, height: int | str) -> tuple[Report, dict[str, Row]]:
    """The report of a model on a square image, or on a symbolic one, and its rows by step."""
    file, settings = MODELS[model]
    width = "W" if height == "H" else height
    network = paramcalc.load(FOLDER / f"{file}.yaml", input=[3, height, width], settings=settings)
    report = paramcalc.analyze(network)
    rows = {row.path: row for row in report.layers}
    return report, {step: rows[node.path] for step in network.paths() if (node := network.step(step))}


@pytest.mark.parametrize("size", [224, 321])
@pytest.mark.parametrize("published", ROWS)
def test_field_stride_and_padding_are_the_published_ones(published: Published, size: int) -> None:
    row = analysis(published.model, size)[1][published.step]
    assert row.receptive_field == [published.field] * 2
    assert row.effective_stride == [published.stride] * 2
    assert row.effective_padding == [published.paddings[str(size)]] * 2
    assert not row.misaligned


@pytest.mark.parametrize("published", ROWS)
def test_an_image_of_any_size_has_the_published_field_and_stride(published: Published) -> None:
    row = analysis(published.model, "H")[1][published.step]
    assert row.receptive_field == [published.field] * 2
    assert row.effective_stride == [published.stride] * 2


@pytest.mark.parametrize("published", ROWS)
def test_the_padding_is_a_number_where_it_is_published_for_any_size(published: Published) -> None:
    row = analysis(published.model, "H")[1][published.step]
    assert row.effective_padding is not None
    for padding in row.effective_padding:
        if published.paddings["any"] is None:
            assert not isinstance(padding, int)
        else:
            assert padding == published.paddings["any"]


@pytest.mark.parametrize("size", [224, 321])
@pytest.mark.parametrize("published", ROWS)
def test_the_padding_in_symbols_becomes_the_published_one(published: Published, size: int) -> None:
    row = analysis(published.model, "H")[1][published.step]
    assert row.effective_padding is not None
    for padding in row.effective_padding:
        assert padding is not None
        assert substitute(padding, {"H": size, "W": size}) == published.paddings[str(size)]


def test_every_model_of_the_table_has_a_file() -> None:
    assert {row.model for row in TABLE} == set(MODELS)
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {file for file, _ in MODELS.values()}


def test_inception_v3_has_its_published_padding_at_its_own_size() -> None:
    row = analysis("inception_v3", 299)[1]["mixed7c"]
    assert row.output == (2048, 8, 8)  # the definition's own comment
    assert row.effective_padding == [618, 618]


def test_mobilenet_v1_pads_by_the_rest_of_the_size_to_a_multiple_of_32() -> None:
    height = symbol("H")
    row = analysis("mobilenet_v1", "H")[1]["conv13"]
    assert row.effective_padding is not None
    assert row.effective_padding[0] == 126 + 32 * ((height + 31) // 32) - height


def test_mobilenet_v1_has_the_weights_and_macs_of_its_definition() -> None:
    totals = analysis("mobilenet_v1", 224)[0].totals
    # the totals in the docstring of research/slim/nets/mobilenet_v1.py
    assert totals.weights == 3_185_088
    assert totals.macs == 567_716_352
