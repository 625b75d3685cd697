"""Published figures, as the tables in `tests/data` hold them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import NamedTuple

import paramcalc
from paramcalc import Network, Report

DATA = Path(__file__).parent / "data"

KINDS = {
    "Concat": "concat",
    "Convolution": "conv",
    "Crop": "crop",
    "Deconvolution": "conv_transpose",
    "Dropout": "dropout",
    "Eltwise": "add",
    "Flatten": "flatten",
    "InnerProduct": "linear",
    "LRN": "local_response_norm",
    "Lrn": "local_response_norm",
    "Pooling": "max_pool",
    "Python:ProposalLayer": "region_proposal",
    "ROIPooling": "roi_pool",
    "ReLU": "relu",
    "Relu": "relu",
    "Reshape": "reshape",
    "Scale": "batch_norm",
    "Softmax": "softmax",
    "connected": "linear",
    "convolutional": "conv",
    "dropout": "dropout",
    "maxpool": "max_pool",
}
"""What Caffe and darknet call the layers of the language. Poolings that average are named by each model."""


class Layer(NamedTuple):
    """A layer as both sides see it; weights with gamma, biases with beta."""

    kind: str
    output: tuple[int, ...]
    weights: int
    biases: int
    macs: int


class Published(NamedTuple):
    """A row of an original model: `field` and `stride` are empty where none is given."""

    name: str
    kind: str
    layer: Layer
    field: list[int]
    stride: list[int]


class Figure(NamedTuple):
    """A row of a table of published figures; without a step, of the whole."""

    model: str
    settings: dict[str, str]
    step: str
    quantity: str
    figure: str


def analysis(file: str, settings: Mapping[str, str | int] | None = None) -> tuple[Network, Report]:
    """A network and its report."""
    network = paramcalc.load(file, settings=settings)
    return network, paramcalc.analyze(network)


def sizes(text: str) -> tuple[int, ...]:
    """`3x224x224` as sizes."""
    return tuple(int(size) for size in text.split("x")) if text else ()


@cache
def original(name: str) -> list[Published]:
    """The rows of an original model, as they stand in its table."""
    with (DATA / "originals" / f"{name}.csv").open(newline="") as file:
        return [
            Published(
                row["layer"],
                row["type"],
                Layer(
                    KINDS.get(row["type"], row["type"]),
                    sizes(row["output"]),
                    int(row["weights"]) + int(row["gamma"]),
                    int(row["biases"]) + int(row["beta"]),
                    int(row["macs"]),
                ),
                list(sizes(row["receptive_field"])),
                list(sizes(row["effective_stride"])),
            )
            for row in csv.DictReader(file)
        ]


def figures(table: str) -> list[Figure]:
    """The rows of a table of published figures."""
    with (DATA / table).open(newline="") as file:
        return [
            Figure(
                row["model"],
                dict(pair.split("=") for pair in row["settings"].split()),
                row["step"],
                row["quantity"],
                row["figure"],
            )
            for row in csv.DictReader(file)
        ]


def name_of(row: Figure) -> str:
    """What a test of the figure is called."""
    settings = "-".join(f"{key}={value}" for key, value in row.settings.items())
    return "-".join(part for part in (row.model, settings, row.step, row.quantity, row.figure) if part)


def meets(figure: str, value: object) -> bool:
    """Whether a value is the figure, or rounds or truncates to one with a unit."""
    assert isinstance(value, int)
    if figure.isdigit():
        return value == int(figure)
    number = Decimal(figure[:-1])
    exact = Decimal(value) / {"M": 10**6, "G": 10**9}[figure[-1]]
    return number in (exact.quantize(number, ROUND_HALF_UP), exact.quantize(number, ROUND_DOWN))
