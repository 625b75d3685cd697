"""Budgets: exactly at the bound they are kept, one beyond they are not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import paramcalc
from paramcalc import ParamcalcError, Report
from paramcalc.commands.values import budget
from paramcalc.report.budget import BUDGETED, spend
from paramcalc.report.quantities import Use
from tests.calling import call
from tests.documents import Document, documents

UNITS = {
    "": 1,
    "k": 1_000,
    "K": 1_000,
    "M": 1_000_000,
    "G": 1_000_000_000,
    "B": 1_000_000_000,
    "T": 1_000_000_000_000,
    "Ki": 1_024,
    "Mi": 1_048_576,
    "Gi": 1_073_741_824,
}
"""SI prefixes, American billions, and IEC 80000-13 binary prefixes."""


def bundled(name: str, **given: Any) -> Report:
    return paramcalc.analyze(paramcalc.load(name, **given))


def kept(report: Report, text: str, *, most: bool) -> bool | None:
    (spent,) = spend(report, [budget(text, most=most)])
    return spent.kept


# -- bounds -------------------------------------------------------------------------------------


@given(documents(most=4), st.sampled_from([key for key, quantity in BUDGETED.items() if Use.TOTAL in quantity.use]))
def test_a_bound_is_kept_up_to_itself(document: Document, quantity: str) -> None:
    report = document.load()[1]
    value = getattr(report.totals, quantity)
    for most in (True, False):
        assert kept(report, f"{quantity}={value}", most=most) is True
        assert kept(report, f"{quantity}={value + 1}", most=most) is most
        if value:
            assert kept(report, f"{quantity}={value - 1}", most=most) is not most


def test_published_totals_are_bounds() -> None:
    # torchvision: ResNet-50 has 25,557,032 parameters; its receptive field is 427 with an effective stride of 32
    report = bundled("resnet50")
    assert kept(report, "params=25557032", most=True)
    assert not kept(report, "params=25557031", most=True)
    assert kept(report, "params=25.557032M", most=True)
    assert not kept(report, "params=25.557031M", most=True)
    assert kept(report, "params=25.6M", most=True)
    assert not kept(report, "params=25.5M", most=True)
    assert kept(report, "effective_stride=32", most=True)
    assert not kept(report, "effective_stride=33", most=False)


@given(st.integers(0, 10**6), st.sampled_from(sorted(UNITS)))
def test_units_multiply(number: int, unit: str) -> None:
    assert budget(f"macs={number}{unit}", most=True).bound == number * UNITS[unit]


@given(st.integers(0, 999), st.integers(0, 999), st.sampled_from(sorted(UNITS)))
def test_decimals_are_exact(whole: int, thousandths: int, unit: str) -> None:
    found = budget(f" macs = {whole}.{thousandths:03}{unit} ", most=False)
    assert found.bound == Fraction(1000 * whole + thousandths, 1000) * UNITS[unit]
    assert (found.quantity, found.most) == ("macs", False)


def test_a_unit_does_not_round_as_a_published_figure_does() -> None:
    # 60,840 would be published as 61k or 60k; as a budget 60k is 60,000
    lenet = bundled("lenet5")
    assert lenet.totals.params == 60_840
    assert not kept(lenet, "params=60k", most=True)
    assert kept(lenet, "params=61k", most=True)


def test_every_axis_keeps_to_the_budget() -> None:
    steps = [{"conv": {"out": 1, "kernel": [3, 7], "stride": [1, 2]}}]
    report = Document((1, 20, 20), steps, {}).load()[1]
    for text, most, expected in (
        ("receptive_field=7", True, True),
        ("receptive_field=6", True, False),
        ("receptive_field=3", False, True),
        ("receptive_field=4", False, False),
        ("effective_stride=2", True, True),
        ("effective_stride=1", True, False),
        ("effective_stride=1", False, True),
        ("effective_stride=2", False, False),
    ):
        assert kept(report, text, most=most) is expected, text


def test_a_stride_may_be_a_fraction() -> None:
    report = Document((1, 20), [{"upsample": {"scale": 2}}], {}).load()[1]
    assert kept(report, "effective_stride=0.5", most=True)
    assert kept(report, "effective_stride=0.5", most=False)
    assert not kept(report, "effective_stride=0.49", most=True)


def test_what_symbols_leave_open_is_not_kept() -> None:
    report = bundled("vgg16_conv", input=[3, "H", "W"])
    assert kept(report, "macs=1T", most=True) is None
    assert kept(report, "params=138357544", most=True) is True  # torchvision's vgg16; no symbol in it
    assert kept(report, "layers=1", most=True) is False


def test_what_depends_on_the_data_is_not_kept() -> None:
    assert kept(bundled("fast_rcnn"), "receptive_field=1", most=False) is None


# -- the command line ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bounds", "status"),
    [
        (["--max", "params=60840"], 0),
        (["--max", "params=60839"], 1),
        (["--min", "params=60841"], 1),
        (["--max", "params=61k", "--min", "params=60k", "--max", "receptive_field=32"], 0),
        (["--max", "params=61k", "--max", "macs=1"], 1),
        (["--max", "macs=1G", "--input", "1,H,W"], 1),
        (["--max", "layers=100", "--input", "1,H,W"], 0),
    ],
)
def test_the_exit_status_tells_whether_all_are_kept(bounds: list[str], status: int) -> None:
    assert call("check", "lenet5", *bounds).status == status


def test_each_budget_of_each_architecture_is_a_row() -> None:
    done = call("check", "vgg16", "vgg19", "--max", "params=140M", "--min", "receptive_field=1Ki", "--format", "json")
    assert done.status == 1
    rows = json.loads(done.out)
    # VGG-16 and -19 have 138,357,544 and 143,667,240 parameters (torchvision)
    assert [(row["architecture"], row["quantity"], row["kept"]) for row in rows] == [
        ("vgg16", "params", True),
        ("vgg16", "receptive_field", False),
        ("vgg19", "params", False),
        ("vgg19", "receptive_field", False),
    ]
    assert [(row["bound"], row["budget"]) for row in rows[:2]] == [("max", 140_000_000), ("min", 1024)]
    assert rows[2]["computed"] == [143_667_240]


def test_verdicts_in_words() -> None:
    text = call("check", "lenet5", "--max", "params=61k", "--max", "macs=1", "--min", "layers=99").out
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "lenet5 params ≤ 61k 60,840 ✓ kept" in lines
    assert any(line.startswith("lenet5 macs ≤ 1 ") and line.endswith("✗ exceeded") for line in lines)
    assert any(line.startswith("lenet5 layers ≥ 99 ") and line.endswith("✗ below") for line in lines)
    unknown = call("check", "lenet5", "--max", "macs=1", "--input", "1,H,W").out
    assert "✗ not known" in unknown


@pytest.mark.parametrize("columns", [40, 80, 120, 200, None])
def test_a_page_cuts_no_number(columns: int | None) -> None:
    arguments = ("check", "rcnn", "--max", "macs=1T", "--max", "params=57687624")
    text = call(*arguments, columns=columns).out
    assert "✗ exceeded" in text
    assert "✓ kept" in text
    figures = {"1,442,260,032,000", "57,687,624"}
    found = set(re.findall("[0-9][0-9,]*", text))
    assert found == {*figures, "1"} or (columns == 40 and not found)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lenet5", "--max", "params"], "expected QUANTITY=NUMBER, such as params=5M"),
        (["lenet5", "--max", "params="], "expected QUANTITY=NUMBER"),
        (["lenet5", "--min", "=5M"], "expected QUANTITY=NUMBER"),
        (["lenet5", "--max", ""], "expected QUANTITY=NUMBER"),
        (["lenet5", "--max", "parms=5M"], "unknown quantity 'parms'; did you mean 'params'?"),
        (["lenet5", "--max", "MACs=5M"], "did you mean 'macs'?"),
        (["lenet5", "--min", "receptive-field=5"], "did you mean 'receptive_field'?"),
        (["lenet5", "--max", "zzz=5M"], "there are layers, weights, "),
        (["lenet5", "--max", "params=5X"], "units: k, K, M, G, B, T, Ki, Mi, Gi"),
        (["lenet5", "--max", "params=5 M"], "a figure is a number such as"),
        (["lenet5", "--max", "params=-5"], "a figure is a number such as"),
        (["lenet5", "--max", "params=5,000"], "a figure is a number such as"),
        (["lenet5", "--max", "params=five"], "a figure is a number such as"),
        (["lenet5", "--max", f"params={'9' * 40}"], "a figure is a number such as"),
        (["--max", "params=5M"], "check needs an architecture, or --all"),
        (["lenet", "--max", "params=5M"], "did you mean 'lenet5'?"),
    ],
)
def test_a_wrong_call_ends_with_a_message_and_status_2(arguments: list[str], message: str) -> None:
    done = call("check", *arguments)
    assert (done.status, done.out) == (2, "")
    assert message in " ".join(done.err.split())
    assert "Traceback" not in done.err


def test_every_quantity_can_be_bounded() -> None:
    for quantity in BUDGETED:
        assert call("check", "lenet5", "--max", f"{quantity}=900G").status == 0
        assert call("check", "lenet5", "--min", f"{quantity}=900G").status == 1


def test_a_bad_budget_is_told_with_the_place_in_it() -> None:
    with pytest.raises(ParamcalcError) as caught:
        budget("params=5X", most=True)
    (problem,) = caught.value.problems
    assert problem.span
    assert (problem.span.column, problem.span.length) == (8, 2)


WITHOUT_TORCH = """
import sys

sys.modules["torch"] = None  # importing it is an error, and nothing finds it
sys.argv = ["paramcalc", *sys.argv[1:]]
from paramcalc.cli import main
main()
"""


@pytest.mark.parametrize(("bound", "status"), [("params=60840", 0), ("params=60839", 1)])
def test_budgets_need_no_torch(bound: str, status: int) -> None:
    command = [sys.executable, "-c", WITHOUT_TORCH, "check", "lenet5", "--max", bound]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (status, "")


def test_without_torch_the_other_check_does_not_run() -> None:
    command = [sys.executable, "-c", WITHOUT_TORCH, "check", "lenet5"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "torch is not installed" in done.stderr
