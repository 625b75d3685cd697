"""Tables in every format: beside files that a person has read, and read back by parsers of these formats.

`PARAMCALC_OVERWRITE=1 pytest tests/render/test_exports.py` writes the files anew, to be read again.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

import paramcalc
from paramcalc.language.expression import parse
from tests.calling import call

GOLDEN = Path(__file__).parent / "exports"
SUFFIXES = {"text": "txt", "md": "md", "csv": "csv", "json": "json", "latex": "tex", "html": "html"}
CALLS = {
    "symbolic": ["show", "alexnet_2012", "--input", "3,H,W"],
    "hostile": ["show", "hostile.yaml", "--formulas"],
    "hostile_claims": ["check", "hostile.yaml", "--claims"],
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


# -- cells that are read back ---------------------------------------------------------------------

Cells = list[list[str]]


def of_markdown(text: str) -> Cells:
    """The cells of the first table, as a reader sees them."""
    rows: Cells = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "tr_open":
            rows.append([])
        if token.type == "inline" and token.level == 4:
            rows[-1].append("".join(child.content for child in token.children or ()))
    return rows


class Page(HTMLParser):
    """The rows of a page, and the tags that are open."""

    VOID = ("meta", "br")

    def __init__(self) -> None:
        super().__init__()
        self.rows: Cells = []
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert not any(name.startswith("on") or name in ("src", "href") for name, _ in attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def of_html(text: str) -> Cells:
    """The cells of a page, which must close what it opens and load or run nothing."""
    page = Page()
    page.feed(text)
    page.close()
    assert page.open == []
    assert not page.seen & {"script", "link", "img", "iframe", "object", "embed"}
    assert not re.search(r"url\(|@import", text)
    return page.rows


def of_latex(text: str) -> Cells:
    """The cells of the first tabular, with commands for characters read back."""
    body = text.split(r"\toprule")[1].split(r"\bottomrule", maxsplit=1)[0].replace(r"\midrule", "")
    rows = [row.strip() for row in re.split(r"(?<!\\)\\\\", body) if row.strip()]
    return [[plain_cell(cell) for cell in re.split(r"(?<!\\)&", row)] for row in rows]


def plain_cell(cell: str) -> str:
    text = re.sub(r"\\textbf\{(.*)\}", r"\1", cell.strip())
    for command, sign in ((r"$\times$", "×"), ("{*}", "*"), ("--", "–"), (r"\_", "_"), (r"$\surd$", "✓")):
        text = text.replace(command, sign)
    return text


def expected_cells(name: str) -> Cells:
    """What the table of `show` must hold of a network of numbers: layers, outputs, params and MACs."""
    report = paramcalc.analyze(paramcalc.load(name))
    rows = [
        [row.path, "×".join(f"{size:,}" for size in row.output), f"{row.params:,}", f"{row.macs:,}"]
        for row in report.layers
    ]
    total = ["total", "", f"{report.totals.params:,}", f"{report.totals.macs:,}"]
    return [["layer", "output", "params", "MACs"], *rows, total]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("format", "read"), [("md", of_markdown), ("html", of_html), ("latex", of_latex)])
def test_the_cells_are_those_of_the_report(name: str, format: str, read: Callable[[str], Cells]) -> None:
    text = written("export", name, "--format", format, "--columns", "layer,output,params,macs")
    assert [[cell.replace("‑", "-") for cell in row] for row in read(text)] == expected_cells(name)


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


@pytest.mark.parametrize("name", CALLS)
def test_latex_closes_what_it_opens(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(GOLDEN)
    text = re.sub(r"^%.*$", "", written(*CALLS[name], "--format", "latex"), flags=re.MULTILINE)
    bare = re.sub(r"\\[\\{}$&#%_]", "", text)
    depth = 0
    for letter in bare:
        depth += (letter == "{") - (letter == "}")
        assert depth >= 0
    assert depth == 0
    assert bare.count("$") % 2 == 0
    opened = re.findall(r"\\begin\{(\w+)\}", text)
    assert sorted(opened) == sorted(re.findall(r"\\end\{(\w+)\}", text))
    assert "#" not in bare
    columns = re.search(r"\\begin\{tabular\}\{@\{\}(\w+)@\{\}\}", text)
    assert columns
    assert all(len(row) == len(columns[1]) for row in of_latex(text) if not row[0].startswith(r"\multicolumn"))


def test_nothing_from_a_file_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(GOLDEN)
    page = written("show", "hostile.yaml", "--format", "html")
    assert "<script" not in page
    rows = csv.reader(io.StringIO(written("check", "hostile.yaml", "--claims", "--format", "csv")))
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    for written_as in SUFFIXES:
        assert not set("\x07\u202e") & set(written("show", "hostile.yaml", "--format", written_as))
