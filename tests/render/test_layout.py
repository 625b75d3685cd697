"""Tables on pages of text: what a page holds is whole, what it does not hold drops in the order of the ranks."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from paramcalc.errors import invisible, printable
from paramcalc.render.layout import BELOW, ENDLESS, LEAST_NAME, Layout, cut, lay_out
from paramcalc.render.page import Page
from paramcalc.render.table import Column, Line, Note, Table, Value
from paramcalc.render.text import render, spell
from tests.render.tables import REAL, real, tables

WIDTHS = [40, 80, 120, 200]


def text_of(table: Table, width: int | None) -> str:
    page = Page(io.StringIO(), width)
    page.width = width  # whatever COLUMNS says
    return render(table, page)


def layout_of(table: Table, width: int | None) -> Layout:
    return lay_out(
        table.columns, [[spell(value) for value in line.values] for line in table.all_lines], width or ENDLESS
    )


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def check_whole(table: Table, width: int | None) -> None:
    """Every value of a kept column stands in its cell, or below its row; only names are cut."""
    layout = layout_of(table, width)
    text = flat(text_of(table, width))
    for line, row, below in zip(table.all_lines, layout.rows, layout.below, strict=True):
        for place in layout.kept:
            column, value = table.columns[place], spell(line.values[place])
            assert below.get(place, row[place]) == value
            if place in below:
                assert row[place] == (BELOW if column.numeric else "")
            if not column.elastic:
                assert cell_len(row[place]) <= layout.widths[place]
                assert flat(value).strip() in text or line is table.total


@pytest.mark.parametrize("width", [*WIDTHS, None])
@pytest.mark.parametrize("name", REAL)
def test_every_number_of_a_column_that_is_kept_is_whole(name: str, width: int | None) -> None:
    for table in real(name):
        check_whole(table, width)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", [name for name in REAL if name != "compare"])
def test_a_page_holds_its_table(name: str, width: int) -> None:
    for table in real(name):
        for line in text_of(table, width).splitlines():
            assert cell_len(line) <= width or len(line.split()) == 1, line


@given(tables(), st.sampled_from([20, *WIDTHS, None]))
def test_any_table_can_be_laid_out_and_cuts_no_number(table: Table, width: int | None) -> None:
    layout = layout_of(table, width)
    for row, below, line in zip(layout.rows, layout.below, table.all_lines, strict=True):
        for place in layout.kept:
            assert below.get(place, row[place]) == spell(line.values[place])
            assert cell_len(row[place]) <= layout.widths[place]
    assert not any(map(invisible, text_of(table, width).replace("\n", "")))


@pytest.mark.parametrize("name", REAL)
def test_columns_drop_by_rank_the_highest_first(name: str) -> None:
    for table in real(name):
        for width in range(220, 39, -1):
            kept = layout_of(table, width).kept
            gone = [table.columns[place].rank for place in range(len(table.columns)) if place not in kept]
            left = [table.columns[place].rank for place in kept]
            assert not gone or min(gone) > max(left)


def test_a_page_without_end_has_every_column() -> None:
    for name in REAL:
        for table in real(name):
            assert layout_of(table, None).kept == list(range(len(table.columns)))


# -- one thing at a time --------------------------------------------------------------------------------

NAME = Column("name", "name", numeric=False, elastic=True)
COUNT = Column("count", "count")


def rows_of(*columns: Column, values: list[Value], width: int) -> list[str]:
    return text_of(Table("", list(columns), [Line(values)]), width).splitlines()


def test_a_name_is_cut_in_its_middle_and_keeps_its_ends() -> None:
    _, _, row = rows_of(NAME, COUNT, values=["stage2.bottleneck1.main.conv1", 1_000_000], width=30)
    front, back = row.split()[0].split("…")
    assert "stage2.bottleneck1.main.conv1".startswith(front)
    assert "stage2.bottleneck1.main.conv1".endswith(back)
    assert len(row) == 30


@given(st.text(max_size=40).map(printable), st.integers(LEAST_NAME, 40))
def test_a_name_of_any_characters_is_cut_to_its_width(text: str, width: int) -> None:
    shown = cut(text, width)
    if cell_len(text) > width:
        assert width - 3 <= cell_len(shown) <= width


def test_a_title_that_is_wider_than_its_numbers_is_cut_last() -> None:
    header, _, row = rows_of(COUNT, Column("other", "a long title"), values=[1, 23], width=14)
    assert (header, row) == ("count  a long…", "    1       23")
    header, _, row = rows_of(COUNT, Column("other", "a long title"), values=[1, 23], width=10)
    assert (header, row) == ("cou…  a l…", "   1    23")


def test_a_long_value_goes_below_its_row_where_the_page_is_narrow() -> None:
    text = "1·2·3·4·5·6·7·8·9·10·11·12 = 479,001,600"
    result = Column("with_numbers", "with numbers", numeric=False, longest=44)
    rule = Column("rule", "rule", numeric=False)
    assert rows_of(rule, result, values=["the product", text], width=80)[2].split("  ")[-1] == text
    assert rows_of(rule, result, values=["the product", text], width=40)[2:] == [
        "the product",
        "    1·2·3·4·5·6·7·8·9·10·11·12 =",
        "        479,001,600",
    ]


def test_notes_and_text_below_rows_are_wrapped_and_numbers_stay_whole() -> None:
    note = Note(tuple(f"{10**9 + place:,} " for place in range(6)), "parameters")
    table = Table("title " * 20, [COUNT], [Line([1], ["word " * 30])], foot=[note])
    lines = text_of(table, 40).splitlines()
    assert max(map(len, lines)) <= 40
    assert all(f"{10**9 + place:,}" in "\n".join(lines) for place in range(6))
    assert [line for line in lines if "word" in line][1].startswith("        word")


def test_text_below_a_row_that_ends_a_number_too_long_for_the_page_is_whole() -> None:
    number = "1" * 60
    assert number in text_of(Table("", [COUNT], [Line([1], [f"a {number}"])]), 40).split()
