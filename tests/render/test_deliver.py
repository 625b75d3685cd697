"""Where a result goes: the format, the file, the columns; and what a file looks like when something fails."""

from __future__ import annotations

import csv
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from paramcalc.render import listing
from paramcalc.render.deliver import SUFFIXES, Format
from paramcalc.render.show import COLUMNS
from tests.calling import Done, call, interrupted

FORMATS = [each.value for each in Format]
TABLES = [
    ("show", "lenet5"),
    ("export", "lenet5", "stack_3x3"),
    ("check", "stack_3x3", "--claims"),
    ("check", "stack_3x3", "--max", "params=1M"),
    ("compare", "stack_3x3", "stack_5x5"),
    ("compare", "stack_3x3", "stack_5x5", "--layers"),
    ("explain", "stack_3x3"),
    ("sweep", "densenet_cifar", "--set", "k=12,24"),
    ("list",),
]


def refused(done: Done, message: str) -> None:
    assert (done.status, done.out) == (2, "")
    assert done.err == f"error: {message}\n"


# -- formats ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", TABLES, ids=" ".join)
def test_every_command_writes_every_format_to_a_file_as_to_standard_output(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "bundled_names", lambda: ["lenet5", "stack_3x3"])
    for suffix, each in SUFFIXES.items():
        path = tmp_path / f"table{suffix.upper()}"
        assert call(*arguments, "-o", str(path)) == (0, "", "")
        printed = call(*arguments, "--format", each.value).out
        assert path.read_bytes().decode() == printed
        assert printed.endswith("\n")
        assert printed


def test_the_same_network_is_the_same_figures_in_every_format() -> None:
    read = json.loads(call("show", "alexnet", "--format", "json").out)
    rows = list(csv.DictReader(call("show", "alexnet", "--format", "csv").out.splitlines()))
    assert [(row["layer"], int(row["weights"]), int(row["macs"])) for row in rows] == [
        (row["path"], row["weights"], row["macs"]) for row in read["layers"]
    ]
    for each in FORMATS:
        text = call("show", "alexnet", "--format", each).out
        assert "177209344" in text.replace(",", "").replace("{}", "")


def test_a_format_that_is_named_wins_over_the_suffix(tmp_path: Path) -> None:
    path = tmp_path / "table.md"
    assert call("show", "stack_3x3", "--format", "csv", "-o", str(path)).status == 0
    assert path.read_text().startswith("layer,type,")


def test_export_is_markdown_where_nothing_else_is_asked_for(tmp_path: Path) -> None:
    printed = call("export", "stack_3x3").out
    assert printed == call("show", "stack_3x3", "--format", "md").out
    assert printed == call("export", "stack_3x3", "-o", "-").out
    path = tmp_path / "table.csv"
    assert call("export", "stack_3x3", "-o", str(path)).status == 0
    assert path.read_text().startswith("layer,type,")


def test_export_of_one_architecture_is_its_report_and_of_several_a_list() -> None:
    one, other = (json.loads(call("show", name, "--format", "json").out) for name in ("stack_3x3", "stack_5x5"))
    assert json.loads(call("export", "stack_3x3", "--format", "json").out) == one
    assert json.loads(call("export", "stack_3x3", "stack_5x5", "--format", "json").out) == [one, other]


@pytest.mark.parametrize("format", FORMATS)
def test_only_text_on_a_page_has_a_width(format: str) -> None:
    usual = call("show", "alexnet", "--format", format).out
    narrow = call("show", "alexnet", "--format", format, columns=60).out
    assert (narrow == usual) == (format != "text")


def test_text_in_a_file_has_every_column_and_no_colour(tmp_path: Path) -> None:
    path = tmp_path / "table.txt"
    done = subprocess.run(
        [sys.executable, "-m", "paramcalc", "show", "alexnet", "-o", str(path)],
        env={**os.environ, "COLUMNS": "40", "FORCE_COLOR": "1", "TERM": "xterm"},
        capture_output=True,
        check=True,
    )
    assert done.stdout == b""
    assert path.read_text() == call("show", "alexnet").out


@pytest.mark.parametrize(
    ("name", "what"),
    [("table.xml", "the suffix '.xml'"), ("table", "a name without suffix"), (".md", "a name without suffix")],
)
def test_a_suffix_without_a_format_is_an_error_that_lists_those_with_one(name: str, what: str, tmp_path: Path) -> None:
    path = tmp_path / name
    suffixes = ".md, .csv, .json, .tex, .html, .txt"
    message = f"{path}: {what} names no format; --format does, or one of the suffixes {suffixes}"
    refused(call("show", "stack_3x3", "-o", str(path)), message)
    assert call("show", "stack_3x3", "-o", str(path), "--format", "md").status == 0


def test_a_check_that_falls_short_is_written_and_ends_with_1(tmp_path: Path) -> None:
    path = tmp_path / "budget.md"
    done = call("check", "alexnet", "--max", "params=1M", "-o", str(path))
    assert done == (1, "", "")
    assert "exceeded" in path.read_text()


# -- files --------------------------------------------------------------------------------------------


def test_a_file_that_exists_is_overwritten_by_force_only(tmp_path: Path) -> None:
    path = tmp_path / "table.md"
    path.write_text("old")
    refused(call("show", "stack_3x3", "-o", str(path)), f"{path} exists; --force overwrites it")
    assert path.read_text() == "old"
    assert call("show", "stack_3x3", "-o", str(path), "--force").status == 0
    assert path.read_text().startswith("## Two 3x3 convolutions\n")
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_is_an_error_before_anything_is_computed(tmp_path: Path) -> None:
    folder, missing, through = tmp_path / "folder.md", tmp_path / "no" / "table.md", tmp_path / "file" / "table.md"
    folder.mkdir()
    (tmp_path / "file").write_text("old")
    nothing = ("show", "no such architecture", "-o")
    refused(call(*nothing, str(folder)), f"{folder} is a folder, not a file")
    refused(call(*nothing, str(folder), "--force"), f"{folder} is a folder, not a file")
    refused(call(*nothing, str(tmp_path)), f"{tmp_path} is a folder, not a file")
    for path in (missing, through):
        refused(call(*nothing, str(path)), f"{path} cannot be written: there is no folder {path.parent}")


def test_a_name_that_the_system_refuses_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / f"{'x' * 300}.md"
    done = call("show", "stack_3x3", "-o", str(path))
    assert done.status == 2
    assert "name too long" in done.err.lower()
    assert list(tmp_path.iterdir()) == []


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    one, other = tmp_path / "one.md", tmp_path / "other.md"
    one.symlink_to(other)
    other.symlink_to(one)
    refused(call("show", "stack_3x3", "-o", str(one)), f"{one} exists; --force overwrites it")
    done = call("show", "stack_3x3", "-o", str(one), "--force")
    assert done.status == 2
    assert done.err.startswith(f"error: {one} cannot be written: ")
    assert done.err.count("\n") == 1


def test_a_link_to_nothing_is_followed_by_force(tmp_path: Path) -> None:
    link = tmp_path / "link.md"
    link.symlink_to("target.md")
    refused(call("show", "stack_3x3", "-o", str(link)), f"{link} exists; --force overwrites it")
    assert call("show", "stack_3x3", "-o", str(link), "--force").status == 0
    assert link.is_symlink()
    assert (tmp_path / "target.md").read_text().startswith("## Two 3x3")


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_new_file_has_the_permissions_that_the_mask_leaves(mask: int, tmp_path: Path) -> None:
    path = tmp_path / "table.md"
    before = os.umask(mask)
    try:
        assert call("show", "stack_3x3", "-o", str(path)).status == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize("failing", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_on_the_way_leaves_the_old_file_and_nothing_else(
    failing: str, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "table.md"
    path.write_text("old")
    seen = []

    def fail(*arguments: object) -> None:
        seen.append(sorted(each.name for each in tmp_path.iterdir()))
        raise error

    monkeypatch.setattr(os if failing == "fsync" else Path, failing, fail)
    done = call("show", "stack_3x3", "-o", str(path), "--force")
    if isinstance(error, OSError):
        refused(done, f"{path} cannot be written: No space left on device")
    else:
        assert done == (130, "", "")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    assert len(seen[0]) == 2  # it was beside the old file when it failed


def test_an_interrupt_while_a_result_is_computed_leaves_the_old_file(tmp_path: Path) -> None:
    pipe, path = tmp_path / "slow.yaml", tmp_path / "table.md"
    path.write_text("old")
    assert interrupted(pipe, "-o", str(path), "--force") == (130, "", "")
    assert path.read_text() == "old"
    assert sorted(tmp_path.iterdir()) == [pipe, path]


# -- columns ------------------------------------------------------------------------------------------


def header(*arguments: str, columns: int | None = None) -> list[str]:
    text = call(*arguments, columns=columns).out
    return text.split("\n\n")[1].splitlines()[0].split()


def test_columns_are_chosen_and_ordered_by_key_or_title() -> None:
    assert header("show", "alexnet", "--columns", "params, layer,MACs") == ["params", "layer", "MACs"]
    assert header("show", "alexnet", "--columns", "receptive_field,Layer") == ["field", "layer"]
    assert header("show", "alexnet", "--columns", "layer,buffers,activations,padding") == [
        "layer",
        "buffers",
        "activations",
        "padding",
    ]


def test_columns_that_are_usually_left_out_can_be_asked_for() -> None:
    assert header("show", "stack_3x3", "--columns", "layer,count,claims") == ["layer", "count", "claimed"]


def test_no_page_drops_a_column_that_is_asked_for() -> None:
    names = ["layer", "type", "weights", "biases", "MACs"]
    assert header("show", "alexnet", "--columns", ",".join(names), columns=40) == names


def test_a_note_goes_with_the_column_that_it_is_about() -> None:
    note = "* reads the whole input"
    assert note in call("show", "alexnet", "--columns", "layer,field").out
    assert note not in call("show", "alexnet", "--columns", "layer,params").out


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("layer,prams", "there is no column 'prams'; did you mean 'params'?; there are layer, type, output, count,"),
        (
            "xyz",
            "there is no column 'xyz'; there are layer, type, output, count, weights, biases, params, buffers, macs,",
        ),
        ("", "there is no column ''; there are layer,"),
        ("layer,,params", "there is no column ''; there are layer,"),
        ("macs,MACs", "column 'macs' is given twice"),
    ],
)
def test_an_unknown_column_is_an_error_that_lists_those_there_are(columns: str, message: str) -> None:
    done = call("show", "alexnet", "--columns", columns)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"error: {message}")


def test_columns_of_json_are_refused() -> None:
    message = "--columns chooses columns of a table; JSON always holds everything"
    refused(call("show", "alexnet", "--columns", "layer", "--format", "json"), message)


def test_the_help_of_show_names_every_column_and_the_order_in_which_they_drop() -> None:

    text = " ".join(call("show", "--help").out.split())
    for column in COLUMNS:
        assert column.key in text
    order = text.split("drops weights and biases first, then ")[1].split(";")[0].replace(",", "").split()
    ranked = sorted((column for column in COLUMNS if column.rank), key=lambda column: -column.rank)
    assert {column.key for column in ranked[:2]} == {"weights", "biases"}
    assert order == [column.key for column in ranked[2:]]
