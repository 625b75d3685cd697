"""Claims: when a published figure is met, and what a file, `check` and `show` make of it."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

import paramcalc
from paramcalc.algebra.expr import symbol
from paramcalc.language.library import bundled_names
from paramcalc.published import figure
from paramcalc.report.claims import Outcome, judge

MET = [
    (34848, 34848),
    ("35k", 34848),  # rounded
    ("34k", 34848),  # truncated
    ("884k", 884736),
    ("885k", 884736),
    ("177M", 177209344),
    ("2.7K", 2700),
    ("2.7K", 2799),
    ("2.8K", 2750),
    ("0.85M", 853018),
    ("0.724G", 724406816),
    ("159Ki", 163328),
    ("1.0M", 1019722),
    (Fraction(1, 2), Fraction(1, 2)),
]
MISSED = [
    (34848, 34849),
    ("35k", 33999),
    ("35k", 35500 + 500),
    ("36k", 34848),
    ("177M", 178000000),
    ("2.7K", 2800),
    ("2.7K", 2649),
    ("159K", 163328),
    ("160M", 138357544),
]


@pytest.mark.parametrize(("written", "value"), MET)
def test_a_figure_is_met_when_the_value_rounds_or_truncates_to_it(written: object, value: int | Fraction) -> None:
    assert figure(written).met_by(value) is True


@pytest.mark.parametrize(("written", "value"), MISSED)
def test_a_figure_is_missed_by_everything_else(written: object, value: int) -> None:
    assert figure(written).met_by(value) is False


def test_a_symbolic_value_decides_nothing() -> None:
    assert figure("35k").met_by(symbol("H")) is None


@pytest.mark.parametrize("written", ["", "k", "35q", "-3", "1e6", "35 k", "3.5.1", True, "9" * 19])
def test_anything_else_is_no_figure(written: object) -> None:
    with pytest.raises(ValueError, match="a figure is a number such as"):
        figure(written)


NETWORK = """
name: Two layers
source: a test
input: [3, 8, 8]
blocks:
  pair:
    layers: [{conv: {out: 4, kernel: 3}}, relu]
layers: [pair, flatten, {linear: 10}]
claims:
"""


def outcomes(claims: str) -> list[Outcome]:
    network = paramcalc.loads(NETWORK + claims)
    return [verdict.outcome for verdict in judge(network, paramcalc.analyze(network))]


@pytest.mark.parametrize(
    ("claim", "outcome"),
    [
        ("  - {params: 1562}", Outcome.met),  # 3·3·3·4 + 4 + 144·10 + 10
        ("  - {params: 1561}", Outcome.missed),
        ("  - {params: 2k, disputed: a test}", Outcome.disputed_but_met),
        ("  - {params: 3k, disputed: a test}", Outcome.disputed),
        ("  - {at: pair, weights: 108}", Outcome.met),
        ("  - {at: pair.conv, weights: 108}", Outcome.met),
        ("  - {at: pair.conv1, weights: 108}", Outcome.met),
        ("  - {at: linear, weights: 1440, biases: 10}", Outcome.met),
        ("  - {at: pair, output: [4, 6, 6]}", Outcome.met),
        ("  - {at: pair, output: [4, 6]}", Outcome.missed),
        ("  - {at: pair, receptive_field: 3}", Outcome.met),
        ("  - {at: pair, receptive_field: [3, 4]}", Outcome.missed),
        ("  - {at: flatten, effective_stride: 1}", Outcome.open),  # units without a position
        ("  - {macs: 5k}", Outcome.met),  # 36·108 + 1440 = 5,328
    ],
)
def test_the_outcome_of_a_claim(claim: str, outcome: Outcome) -> None:
    assert set(outcomes(claim)) == {outcome}


def test_a_claim_about_no_step_is_an_error() -> None:
    with pytest.raises(paramcalc.ParamcalcError, match=r"no step is called 'pear'; did you mean 'pair'\?"):
        outcomes("  - {at: pear, weights: 1}")


@pytest.mark.parametrize("name", bundled_names())
def test_every_claim_of_the_bundled_files_is_met_or_rightly_disputed(name: str) -> None:
    network = paramcalc.load(name)
    verdicts = judge(network, paramcalc.analyze(network))
    assert not [f"{v.claim.at} {v.claim.quantity} {v.claim.text} {v.computed}" for v in verdicts if not v.fine]
    assert network.source


def check(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "paramcalc", "check", str(path), "--claims", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("claim", "status", "word"),
    [
        ("  - {params: 1562}", 0, "✓ met"),
        ("  - {params: 9, disputed: a test}", 0, "disputed: a test"),
        ("  - {params: 9}", 1, "✗ missed"),
        ("  - {params: 1562, disputed: a test}", 1, "✗ disputed, but met"),
    ],
)
def test_check_ends_with_1_when_a_claim_fails_or_a_disputed_one_holds(
    tmp_path: Path, claim: str, status: int, word: str
) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(NETWORK + claim, encoding="utf-8")
    done = check(path)
    assert done.returncode == status, done.stderr
    assert word in done.stdout
    assert [entry["claimed"] for entry in json.loads(check(path, "--format", "json").stdout)]
