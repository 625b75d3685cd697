"""Folding: a block becomes one row that holds what its rows hold, and no row is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import paramcalc
from paramcalc import Report, Row
from paramcalc.algebra.expr import added
from paramcalc.language.library import bundled_names
from paramcalc.report.fold import fold
from tests.calling import call
from tests.documents import Document, Step, documents

SUMMED = ("weights", "biases", "params", "buffers", "macs", "activations")
RUN = re.compile(r"(?P<first>\S+) … (?P<last>\S+) ×(?P<number>[0-9]+)")


def front(path: str, depth: int) -> str:
    return ".".join(path.split(".")[:depth])


def places(rows: list[Row], depth: int) -> list[list[Row]]:
    """The rows, together where they lie in one place of this depth."""
    return [list(group) for _, group in groupby(rows, lambda row: front(row.path, depth))]


def inside(report: Report, depth: int) -> Iterator[tuple[Row, list[list[Row]]]]:
    """Each folded row with the places that it says it holds, in order; every place must be held once."""
    left = places(report.layers, depth)
    for row in fold(report, depth):
        run = RUN.fullmatch(row.path)
        number = int(run["number"]) if run else 1
        held, left = left[:number], left[number:]
        names = [front(place[0].path, depth) for place in held]
        if run:
            assert number > 1
            assert names[0] == run["first"]
            assert names[-1].rpartition(".")[2] == run["last"]
            assert len({name.rpartition(".")[0] for name in names}) == 1
        else:
            assert names == [row.path]
        yield row, held
    assert left == []


def figures(rows: list[Row]) -> list[object]:
    return [added(getattr(row, name) for row in rows) for name in SUMMED]


def holds(report: Report, depth: int) -> None:
    """The laws of folding, at one depth."""
    for row, held in inside(report, depth):
        rows = [row for place in held for row in place]
        last = rows[-1]
        assert figures([row]) == figures(rows)
        assert row.inputs == rows[0].inputs
        for name in ("output", "count", "receptive_field", "effective_stride", "effective_padding", "covers_input"):
            assert getattr(row, name) == getattr(last, name), (row.path, name)
        for one, other in pairwise(held):
            assert (figures(one), one[-1].output) == (figures(other), other[-1].output)
    folded = fold(report, depth)
    for name in SUMMED:
        assert added(getattr(row, name) for row in folded) == added(getattr(row, name) for row in report.layers)
    if folded:
        assert folded[-1].output == report.layers[-1].output


def deepest(report: Report) -> int:
    return max((row.path.count(".") + 1 for row in report.layers), default=1)


@pytest.mark.parametrize("name", bundled_names())
def test_no_figure_of_a_bundled_architecture_is_lost(name: str) -> None:
    report = paramcalc.analyze(paramcalc.load(name))
    for depth in range(1, 6):
        holds(report, depth)
    everything = fold(report, deepest(report))
    assert [id(row) for row in everything] == [id(row) for row in report.layers]


@given(documents(), st.integers(1, 5))
def test_no_figure_of_a_random_network_is_lost(document: Document, depth: int) -> None:
    report = document.load()[1]
    holds(report, depth)
    assert fold(report, deepest(report)) == report.layers


@given(documents(most=2), st.integers(2, 4))
def test_a_block_repeated_is_one_row_where_its_copies_are_equal(document: Document, times: int) -> None:
    keeping: Step = {"conv": {"out": "channels", "kernel": 3, "padding": 1}}
    blocks = {**document.blocks, "same": ([], [keeping, "relu"])}
    report = Document(document.input, [*document.layers, {"same": None, "repeat": times}], blocks).load()[1]
    row = fold(report, 1)[-1]
    assert (row.path, row.type) == (f"same1 … same{times} ×{times}", "same")
    assert row.weights == times * report.layers[-2].weights


def test_resnet_50_s_stages_are_those_of_the_paper() -> None:
    # He et al. 2016, Table 1: 3, 4, 6, 3 blocks, the first of each stage with a projection
    folded = fold(paramcalc.analyze(paramcalc.load("resnet50")), 2)
    runs = [RUN.fullmatch(row.path) for row in folded if row.type == "bottleneck"]
    assert [int(run["number"]) if run else 1 for run in runs] == [1, 2, 1, 3, 1, 5, 1, 2]


def test_a_branch_called_like_the_layer_before_is_not_that_layer() -> None:
    steps: list[Step] = ["relu", {"add": {"relu": ["tanh", "sigmoid"], "same": []}}]
    report = Document((1, 4, 4), steps, {}).load()[1]
    assert [row.path for row in report.layers] == ["relu", "relu.tanh", "relu.sigmoid", "add"]
    assert [(row.path, row.activations) for row in fold(report, 1)] == [("relu", 16), ("relu", 32), ("add", 16)]


CONV: Step = {"conv": {"out": 2, "kernel": 1}}
FROZEN: Step = {"conv": {"out": 2, "kernel": 1}, "frozen": True}


def parts(body: list[Step], *steps: Step) -> list[Row]:
    """The folded rows of calls of a block `part`."""
    return fold(Document((2, 4, 4), steps, {"part": ((), body)}).load()[1], 1)


def test_a_frozen_block_is_not_one_with_its_neighbours() -> None:
    rows = parts([CONV, "batch_norm", "relu"], "part", {"part": None, "frozen": True})
    assert [(row.path, row.params, row.frozen) for row in rows] == [("part1", 10, False), ("part2", 10, True)]


def test_a_row_is_frozen_where_all_parameters_in_it_are() -> None:
    assert [row.frozen for row in parts([FROZEN, "relu"], "part")] == [True]
    assert [row.frozen for row in parts([FROZEN, "batch_norm"], "part")] == [False]
    assert [row.frozen for row in parts(["relu", "relu"], "part")] == [False]


def test_a_row_is_shared_where_all_in_it_is() -> None:
    again: Step = {"part": None, "share": "part1"}
    assert [(row.params, row.shared_with) for row in parts([CONV, "batch_norm"], "part", again)] == [
        (10, None),
        (0, "part1.conv"),
    ]
    assert [(row.params, row.shared_with) for row in parts([CONV, "relu"], "part", again)] == [(6, None), (0, None)]


# -- the command line ---------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [40, 80, 120, 200, None])
def test_a_page_of_folded_rows_cuts_no_number(columns: int | None) -> None:
    done = call("show", "resnet50", "--depth", "2", columns=columns)
    assert done.status == 0
    for row in fold(paramcalc.analyze(paramcalc.load("resnet50")), 2):
        assert f"{row.params:,}" in done.out
    assert done.out.count("×5 ") == 1
    assert "25,557,032" in done.out


def test_all_is_the_table_without_folding() -> None:
    assert call("show", "googlenet", "--depth", "all").out == call("show", "googlenet").out
    assert call("show", "lenet5", "--depth", "9").out == call("show", "lenet5").out


@pytest.mark.parametrize("depth", ["0", "-1", "", "x", "2.5", "1e2", "99999999999999999999", "²", "ALL"])
def test_a_depth_that_is_none_ends_with_a_message_and_status_2(depth: str) -> None:
    done = call("show", "lenet5", f"--depth={depth}")
    assert (done.status, done.out) == (2, "")
    assert "--depth takes a number from 1 to 40, or 'all'" in done.err
