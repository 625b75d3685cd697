"""Tables in every format: beside files that a person has read, and read back by parsers of these formats.

`PARAMCALC_OVERWRITE=1 pytest tests/render/test_exports.py` writes the files anew, to be read again.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import paramcalc
from paramcalc.language.expression import parse
from paramcalc.render.json import report_object
from tests.calling import call
from tests.render.reading import Page, read_html, read_latex, read_markdown

GOLDEN = Path(__file__).parent / "exports"
SUFFIXES = {"text": "txt", "md": "md", "csv": "csv", "json": "json", "latex": "tex", "html": "html"}
CALLS = {
    "symbolic": ["show", "alexnet_2012", "--input", "3,H,W"],
    "hostile": ["show", "hostile.yaml", "--formulas"],
    "hostile_claims": ["check", "alexnet", "hostile.yaml", "--claims"],
    "several": ["export", "stack_3x3", "stack_5x5", "--input", "128,H,W"],
    "compared": ["compare", "stack_3x3", "stack_5x5"],
    "lined_up": ["compare", "alexnet", "alexnet_2012", "--layers"],
    "swept": ["sweep", "densenet_cifar", "--set", "k=12,24"],
}
NETWORKS = ("alexnet", "alexnet_2012", "resnet18", "faster_rcnn_zf", "unet")


def written(*arguments: str) -> str:
    """What a command writes to standard output."""
    done = call(*arguments)
    assert done.status == 0, done.err
    return done.out


@pytest.mark.parametrize("format", SUFFIXES)
@pytest.mark.parametrize("name", CALLS)
def test_a_table_is_as_a_person_has_read_it(name: str, format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(GOLDEN)
    text = written(*CALLS[name], "--format", format)
    expected = GOLDEN / f"{name}.{SUFFIXES[format]}"
    if os.environ.get("PARAMCALC_OVERWRITE") == "1":
        expected.write_text(text, encoding="utf-8", newline="")
    assert text == expected.read_bytes().decode()


def test_every_document_is_looked_at() -> None:
    found = {path.name for path in GOLDEN.iterdir() if path.suffix != ".yaml"}
    assert found == {f"{name}.{suffix}" for name in CALLS for suffix in SUFFIXES.values()}


@pytest.mark.parametrize("path", sorted(GOLDEN.iterdir()), ids=lambda path: path.name)
def test_no_document_holds_what_a_terminal_obeys(path: Path) -> None:
    text = path.read_bytes().decode()
    assert text.replace("\r\n", "").replace("\n", "").isprintable()


# -- figures that are read back -------------------------------------------------------------------


def expected_rows(name: str) -> list[list[str]]:
    """What the table of `show` must hold of a network of numbers: layers, outputs, params and MACs."""
    report = paramcalc.analyze(paramcalc.load(name))
    rows = [
        [row.path, "×".join(f"{size:,}" for size in row.output), f"{row.params:,}", f"{row.macs:,}"]
        for row in report.layers
    ]
    return [*rows, ["total", "", f"{report.totals.params:,}", f"{report.totals.macs:,}"]]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(
    ("format", "read"),
    [("md", read_markdown), ("html", lambda text: read_html(text).page), ("latex", read_latex)],
    ids=["md", "html", "latex"],
)
def test_the_cells_are_those_of_the_report(name: str, format: str, read: Callable[[str], Page]) -> None:
    text = written("export", name, "--format", format, "--columns", "layer,output,params,macs")
    (grid,) = read(text).grids
    assert grid.header == ["layer", "output", "params", "MACs"]
    assert grid.rows == expected_rows(name)


@pytest.mark.parametrize("name", NETWORKS)
def test_csv_reads_back_exactly(name: str) -> None:
    rows = list(csv.DictReader(io.StringIO(written("export", name, "--format", "csv"))))
    report = paramcalc.analyze(paramcalc.load(name))
    assert [(row["layer"], int(row["params"]), int(row["macs"])) for row in rows] == [
        (row.path, row.params, row.macs) for row in report.layers
    ]
    assert [tuple(map(int, row["output"].split("x"))) for row in rows] == [row.output for row in report.layers]


def test_symbols_in_csv_and_json_parse_back() -> None:
    arguments = ("export", "alexnet_2012", "--input", "3,H,W", "--format")
    report = paramcalc.analyze(paramcalc.load("alexnet_2012", input=[3, "H", "W"]))
    symbols = {name: paramcalc.symbol(name) for name in "HW"}
    rows = csv.DictReader(io.StringIO(written(*arguments, "csv")))
    assert [parse(row["macs"]).evaluate(symbols) for row in rows] == [row.macs for row in report.layers]
    totals = json.loads(written(*arguments, "json"))["totals"]
    assert parse(totals["params"]).evaluate(symbols) == report.totals.params


def test_json_is_read_back_as_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(GOLDEN)
    report = paramcalc.analyze(paramcalc.load("hostile.yaml"))
    read = json.loads(written("show", "hostile.yaml", "--format", "json"))
    assert read == json.loads(json.dumps(report_object(report), default=str))
    assert "\x1b[31m \x07 \u202eturned, 网 😀" in read["name"]


def test_nothing_from_a_file_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(GOLDEN)
    page = written("show", "hostile.yaml", "--format", "html")
    assert "<script" not in page
    rows = csv.reader(io.StringIO(written("check", "hostile.yaml", "--claims", "--format", "csv")))
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    for written_as in SUFFIXES:
        assert not set("\x07\u202e") & set(written("show", "hostile.yaml", "--format", written_as))
