"""Each format, read back by someone else's parser, says what the table holds: every cell, title and note."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given

from paramcalc.algebra.expr import Expr, pretty, symbol
from paramcalc.errors import printable
from paramcalc.language.expression import parse
from paramcalc.render import csv, html, latex, markdown
from paramcalc.render.table import Column, Line, Note, Sizes, Table, Value
from tests.render.reading import Grid, Page, read_csv, read_html, read_latex, read_markdown, read_mathematics
from tests.render.tables import REAL, real, tables, whole

MATHEMATICS = {"*": r"\ast", "~": r"\sim"}


def says(seen: str, value: Value) -> bool:
    """Whether a text of a document says a value; symbols are mathematics between dollars."""
    if isinstance(value, Sizes) and any(isinstance(item, Expr) for item in value.values):
        mark = " ".join(MATHEMATICS[letter] for letter in value.mark)
        ends = seen.endswith(f"]^{{{mark}}}$") if mark else seen.endswith("]$")
        return ends and read_mathematics(seen[1:-1]) == list(value.values)
    if isinstance(value, Expr):
        return seen[0] == seen[-1] == "$" and read_mathematics(seen[1:-1]) == [value]
    return seen.rstrip(" ") == spelled(value).rstrip(" ")


def spelled(value: Value) -> str:
    """What is no mathematics, for readers."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, Fraction)):
        return whole(value)
    if isinstance(value, Sizes):
        return "×".join(spelled(item) for item in value.values) + value.mark
    assert isinstance(value, str)
    return printable(value)


def check_rows(grid: Grid, table: Table, rows: Sequence[Sequence[str]]) -> None:
    """Every cell says its value, and stands on its side."""
    lines = [*table.lines, *([table.total] if table.total else [])]
    assert len(rows) == len(lines)
    for row, line in zip(rows, lines, strict=True):
        for seen, value in zip(row, line.values, strict=True):
            assert says(seen, value), (seen, value)
    assert grid.right[: len(table.columns)] == [column.numeric for column in table.columns]


def around(table: Table) -> list[str]:
    """The title and the notes of a table where they hold no symbols, as markdown and LaTeX show them."""
    return [*([printable(table.title)] if table.title else []), *map(in_words, (*table.head, *table.foot))]


def in_words(note: Note | str) -> str:
    if isinstance(note, str):
        return printable(note)
    return (f"{printable(note.label)}: " if note.label else "") + "".join(map(in_unicode, note.parts))


def said(texts: Sequence[str], table: Table) -> bool:
    """Whether texts are those around a table, one by one; mathematics is not looked at."""
    expected = [text.strip() for text in around(table)]
    seen = [text.strip() for text in texts]
    pairs = zip([text for text in seen if text], [text for text in expected if text], strict=True)
    return all("$" in one or one == other for one, other in pairs)


def in_unicode(value: Value) -> str:
    """A value as a page of HTML shows it: symbols in Unicode, as in a terminal."""
    if isinstance(value, Expr):
        return pretty(value)
    if isinstance(value, Sizes) and any(isinstance(item, Expr) for item in value.values):
        return f"[{', '.join(in_unicode(item) for item in value.values)}]{value.mark}"
    return spelled(value)


# -- markdown -----------------------------------------------------------------------------------------


def check_markdown(found: Sequence[Table]) -> Page:
    page = read_markdown(markdown.render(found))
    shown = [table for table in found if table.lines or table.total]
    assert len(page.grids) == len(shown)
    for grid, table in zip(page.grids, shown, strict=True):
        notes = any(line.below for line in table.lines)
        titles = [printable(column.title).strip(" ") for column in table.columns]
        assert grid.header == [*titles, *(["notes"] if notes else [])]
        check_rows(grid, table, [row[: len(titles)] for row in grid.rows])
        if notes:
            below = ["\n".join(printable(text) for text in line.below) for line in table.lines]
            assert [row[-1].strip() for row in grid.rows[: len(below)]] == [text.strip() for text in below]
    return page


@pytest.mark.parametrize("name", REAL)
def test_markdown_is_read_as_the_same_cells(name: str) -> None:
    check_markdown(real(name))


@given(tables())
def test_markdown_of_any_table_is_read_as_the_same_cells(table: Table) -> None:
    page = check_markdown([table])
    assert said(page.texts, table), page.texts


# -- LaTeX --------------------------------------------------------------------------------------------


def latex_says(text: str) -> str:
    """A text as LaTeX sets it: without dingbats of its own."""
    return text.replace("✓", "√").replace("✗", "×")


def check_latex(found: Sequence[Table]) -> Page:
    page = read_latex(latex.render(found))
    shown = [table for table in found if table.lines or table.total]
    assert len(page.grids) == len(shown)
    for grid, table in zip(page.grids, shown, strict=True):
        assert grid.header == [latex_says(printable(column.title)).strip(" ") for column in table.columns]
        below = iter(grid.below)
        rows = iter(grid.rows)
        for line in table.lines:
            check_latex_row(next(rows), line, table, [next(below) for _ in range(long_values(line) + len(line.below))])
        if table.total:
            check_latex_row(next(rows), table.total, table, None)
        assert not [*below, *rows]
        assert grid.right == [column.numeric for column in table.columns]
    return page


def long_values(line: Line) -> int:
    return sum(map(latex.long, line.values))


def check_latex_row(row: Sequence[str], line: Line, table: Table, below: Sequence[str] | None) -> None:
    """Every cell says its value, or an arrow says that it stands below."""
    under = list(below or ())
    for seen, value, column in zip(row, line.values, table.columns, strict=True):
        if latex.long(value):
            assert seen == "↓"
            title = f"{latex_says(printable(column.title))}: "
            if below is not None:
                text = under.pop(0)
                assert text.startswith(title.lstrip())
                assert says(text.removeprefix(title.lstrip()), value)
        else:
            assert says(seen, latex_says(value) if isinstance(value, str) else value), (seen, value)
    assert [text.strip() for text in under] == [latex_says(printable(text)).strip() for text in line.below][
        : len(under)
    ]


@pytest.mark.parametrize("name", REAL)
def test_latex_is_read_as_the_same_cells(name: str) -> None:
    check_latex(real(name))


@given(tables())
def test_latex_of_any_table_is_read_as_the_same_cells(table: Table) -> None:
    page = check_latex([table])
    texts = [latex_says(text) for text in around(table)]
    assert said(page.texts, Table("", [], [], foot=texts)), page.texts


def test_latex_says_what_it_needs() -> None:
    plain, other = (latex.render([Table(title, [], [])]).splitlines()[:2] for title in ("a ‘quoted’ é", "日本 😀"))
    assert plain == [r"% needs \usepackage{booktabs}", r"\begin{table}"]
    assert other[0] == plain[0]
    assert other[1].startswith("% holds characters that only lualatex and xelatex can set")


# -- HTML ---------------------------------------------------------------------------------------------


def check_html(found: Sequence[Table]) -> Page:
    text = html.render(found)
    reader = read_html(text)
    assert "<script" not in text.lower()
    assert "url(" not in reader.style
    assert "@import" not in reader.style
    shown = [table for table in found if table.lines or table.total]
    assert len(reader.page.grids) == len(shown)
    for grid, table in zip(reader.page.grids, shown, strict=True):
        assert grid.header == [printable(column.title) for column in table.columns]
        assert grid.right == [column.numeric for column in table.columns]
        assert grid.rows == [[in_unicode(value) for value in line.values] for line in table.all_lines]
        assert grid.below == [printable(text) for line in table.lines for text in line.below]
    titles = [printable(table.title) for table in found if table.title]
    assert reader.title == (", ".join(titles) or "paramcalc")
    return reader.page


@pytest.mark.parametrize("name", REAL)
def test_html_is_read_as_the_same_cells_and_loads_nothing(name: str) -> None:
    check_html(real(name))


@given(tables())
def test_html_of_any_table_is_read_as_the_same_cells_and_loads_nothing(table: Table) -> None:
    page = check_html([table])
    expected = [
        *([printable(table.title)] if table.title and (table.lines or table.total) else []),
        *(html_note(note) for note in table.head if table.lines or table.total),
        *([printable(table.title)] if table.title and not (table.lines or table.total) else []),
        *map(html_note, table.foot),
    ]
    assert page.texts == expected


def html_note(note: Note | str) -> str:
    if isinstance(note, str):
        return printable(note)
    return (f"{printable(note.label)} " if note.label else "") + "".join(map(in_unicode, note.parts))


# -- comma-separated values -----------------------------------------------------------------------------


def check_csv(found: Sequence[Table]) -> None:
    read = read_csv(csv.render(found))
    assert len(read) == len(found)
    for (header, *rows), table in zip(read, found, strict=True):
        notes = any(line.below for line in table.lines)
        titled = len(found) > 1
        keys = [column.key for column in table.columns]
        assert header == [*(["table"] if titled else []), *keys, *(["notes"] if notes else [])]
        assert len(rows) == len(table.lines)
        for row, line in zip(rows, table.lines, strict=True):
            values: list[Value] = [*([table.title] if titled else []), *line.values]
            values += ["; ".join(line.below)] if notes else []
            for cell, value in zip(row, values, strict=True):
                assert csv_says(cell, value), (cell, value)


def csv_says(cell: str, value: Value) -> bool:
    """Whether a cell holds a value: exactly, and in a way that the language reads back."""
    if value is None:
        return cell == ""
    if isinstance(value, bool):
        return cell == str(value).lower()
    if isinstance(value, str):
        return cell in (printable(value), f"'{printable(value)}")
    if isinstance(value, Sizes):
        if any(isinstance(item, Expr) for item in value.values):
            assert cell[0] + cell[-1] == "[]"
            cells = cell[1:-1].split(", ")
        else:
            cells = cell.split("x")
        pairs = zip(cells, value.values, strict=True)
        return all(part == "-" if item is None else csv_says(part, item) for part, item in pairs)
    if isinstance(value, Expr):
        return parse(cell).evaluate({name: symbol(name) for name in value.symbols()}) == value
    return Fraction(cell) == value and "," not in cell


@pytest.mark.parametrize("name", REAL)
def test_csv_is_read_as_the_same_values(name: str) -> None:
    check_csv(real(name))


@given(tables())
def test_csv_of_any_table_is_read_as_the_same_values(table: Table) -> None:
    check_csv([table])


@given(tables())
def test_no_cell_of_csv_is_a_formula_unless_it_is_a_number(table: Table) -> None:
    for rows in read_csv(csv.render([table])):
        for row, line in zip(rows[1:], table.lines, strict=True):
            for cell, value in zip(row, line.values, strict=False):
                if isinstance(value, str) and len(cell) > 1 and cell.lstrip()[:1] in tuple("=+-@"):
                    assert Fraction(cell) is not None


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("\t=1", "\\x09=1"),
        ("＝1", "'＝1"),
        ("-3", "-3"),
        ("+4.5", "+4.5"),
        ("+", "+"),
        ("a=b", "a=b"),
        ("a\nb", "a\\x0ab"),
        ('a "b", c', 'a "b", c'),
    ],
)
def test_a_text_that_a_spreadsheet_would_compute_gets_an_apostrophe(text: str, cell: str) -> None:
    assert read_csv(csv.render([Table("", [Column("key", "title")], [Line([text])])])) == [[["key"], [cell]]]
