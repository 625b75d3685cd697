"""The table of quantities: what it says there is, every command has; and sizes of the whole have one definition."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import paramcalc
from paramcalc import Totals
from paramcalc.report.claims import judge
from paramcalc.report.quantities import CLAIMED, QUANTITIES, Quantity, Use, keys, quantities
from paramcalc.report.summary import Summary
from tests.calling import call

TWO_HEADS = """
name: Two heads
source: a test
input: [1, 32, 32]
layers: [{conv: {out: 2, kernel: 3, padding: 1}}]
heads:
  near: []
  far: [{conv: {out: 4, kernel: 5, stride: 2, padding: 2}}, {conv: {out: 4, kernel: 3, padding: 1}}]
claims: [%s]
"""
"""One output reads 3 positions in steps of 1; the other, which is executed last, 3 + 4 + 2·2 = 11 in steps of 2."""


def plain(value: object) -> object:
    return [plain(each) for each in value] if isinstance(value, (list, tuple)) else value


@pytest.mark.parametrize("quantity", QUANTITIES, ids=lambda quantity: quantity.key)
def test_a_quantity_is_where_the_table_says(quantity: Quantity) -> None:
    report = paramcalc.analyze(paramcalc.load("lenet5"))
    if Use.STEP in quantity.use:
        assert isinstance(quantity.of_step(report.layers[0]), (list, tuple) if quantity.per_axis else int)
    if quantity.use & (Use.TOTAL | Use.SUMMARY):
        assert isinstance(quantity.of_whole(Summary(report)), (list, tuple) if quantity.per_axis else int)
    assert (Use.TOTAL in quantity.use) == (quantity.key in Totals._fields)


def test_json_holds_every_quantity_of_steps_and_totals() -> None:
    report = json.loads(call("show", "lenet5", "--format", "json").out)
    assert set(keys(Use.STEP)) <= set(report["layers"][0])
    assert tuple(report["totals"]) == keys(Use.TOTAL) == Totals._fields


def test_show_has_a_column_for_every_quantity_that_says_so() -> None:
    shown = [quantity.key for quantity in QUANTITIES if quantity.show_rank is not None]
    (header, *_) = csv.reader(call("show", "lenet5", "--columns", ",".join(shown), "--format", "csv").out.splitlines())
    assert header == shown


def test_sums_over_steps_are_the_totals() -> None:
    report = paramcalc.analyze(paramcalc.load("googlenet"))
    for quantity in quantities(Use.SUM):
        assert sum(quantity.of_step(row) for row in report.layers) == quantity.of_whole(Summary(report))


def test_every_quantity_that_can_be_claimed_is_met_by_its_own_figure() -> None:
    report = paramcalc.analyze(paramcalc.loads(TWO_HEADS % ""))
    claims = [f"{{{key}: {plain(quantity.of_whole(Summary(report)))}}}" for key, quantity in CLAIMED.items()]
    claims += [
        f"{{at: conv, {key}: {plain(CLAIMED[key].of_step(report.layers[0]))}}}"
        for key in keys(Use.STEP)
        if key in CLAIMED
    ]
    network = paramcalc.loads(TWO_HEADS % ", ".join(claims))
    verdicts = judge(network, paramcalc.analyze(network))
    assert len(verdicts) == len(claims)
    assert [one.claim.quantity for one in verdicts if one.outcome.value != "met"] == []


def test_a_network_holds_its_claims_as_figures() -> None:
    network = paramcalc.loads(TWO_HEADS % "{at: conv, weights: 18, output: [2, 32, 32], source: here}")
    weights, output = network.claims
    assert (weights.quantity, weights.at, weights.source, weights.disputed) == ("weights", "conv", "here", "")
    assert [figure.digits for figure in output.figures] == [2, 32, 32]
    assert weights.span.column == output.span.column  # of the step's name


# -- of the whole -------------------------------------------------------------------------------


def test_sizes_of_the_whole_are_those_of_the_first_output_in_every_command(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    whole = {"receptive_field": 3, "effective_stride": 1, "effective_padding": 1, "output": [2, 32, 32]}
    claims = ", ".join(f"{{{key}: {value}}}" for key, value in whole.items())
    path.write_text(TWO_HEADS % claims, encoding="utf-8")
    verdicts = json.loads(call("check", str(path), "--claims", "--format", "json").out)
    assert [one["verdict"] for one in verdicts] == ["met"] * len(whole)
    for key in ("receptive_field", "effective_stride"):
        for bound in ("--max", "--min"):
            assert call("check", str(path), bound, f"{key}={whole[key]}").status == 0
    first, second = json.loads(call("compare", str(path), str(path), "--format", "json").out)
    (swept,) = json.loads(call("sweep", str(path), "--format", "json").out)["rows"]
    assert first["receptive_field"] == second["receptive_field"] == swept["receptive_field"] == [3, 3]
    assert first["effective_stride"] == [1, 1]


def test_stride_and_padding_behind_the_last_position_are_those_of_the_last_map() -> None:
    # torchvision's AlexNet: 195, 32, 66 at its last pooling
    network = paramcalc.load("alexnet_torchvision")
    summary = Summary(paramcalc.analyze(network))
    assert (summary.effective_stride, summary.effective_padding) == ([32, 32], [66, 66])


def test_an_output_that_is_the_input_itself_has_no_field() -> None:
    text = "{name: N, input: [1, 8, 8], layers: [], heads: {same: [], other: [{conv: {out: 2, kernel: 3}}]}}"
    summary = Summary(paramcalc.analyze(paramcalc.loads(text)))
    assert (summary.output, summary.receptive_field, summary.effective_stride) == ((1, 8, 8), None, None)
