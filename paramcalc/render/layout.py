"""The layout of a table of texts: which columns a page holds, how wide each is, what goes below its row.

Columns drop by rank, names are cut in the middle, titles at their end; a number is never cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from paramcalc.errors import printable
from paramcalc.render.table import Column

GAP = "  "
BELOW = "↓"
LONGEST_NUMBER = 44
"""Characters of a value that stands in its column where the page has no width; a longer one goes below."""
SHARES = (2, 3, 4)
"""The share of a page that a value may take in its column, and smaller ones where the table does not fit."""
LEAST_NAME = 12
"""Characters that a cut name keeps at least."""
LEAST_TITLE = 4
"""Characters that a cut title keeps at least."""
LEAST_TEXT = 20
"""Characters of text that always stands beside its row."""


class Layout(NamedTuple):
    """The rows without what goes below them, that by row and column, the columns that are kept, and all widths."""

    rows: list[list[str]]
    below: list[dict[int, str]]
    kept: list[int]
    widths: list[int]

    @property
    def total(self) -> int:
        """How wide the table is."""
        return sum(self.widths[place] for place in self.kept) + len(GAP) * (len(self.kept) - 1)


def lay_out(columns: Sequence[Column], rows: Sequence[Sequence[str]], page: int | None) -> Layout:
    """The layout for a page; None is a page without end."""
    if page is None:
        return laid_out(columns, rows, None, LONGEST_NUMBER)
    found = laid_out(columns, rows, page, max(LEAST_NAME, page // SHARES[0]))
    for share in SHARES[1:]:
        if found.total > page:
            found = laid_out(columns, rows, page, page // share)
    return found


def laid_out(columns: Sequence[Column], rows: Sequence[Sequence[str]], page: int | None, longest: int) -> Layout:
    """The layout where numbers of up to `longest` characters stand in their columns."""
    most = longest_values(columns, rows, page, longest)
    shown = [list(row) for row in rows]
    below = [move_long(row, columns, most) for row in shown]
    kept, widths = fit(columns, shown, page)
    return Layout(shown, below, kept, widths)


def widest(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[int]:
    """How wide each column is."""
    titles = [printable(column.title) for column in columns]
    return [max(map(cell_len, cells)) for cells in zip(titles, *rows, strict=True)]


def longest_values(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], page: int | None, number: int
) -> list[int | None]:
    """How long a value may be in each column before it goes below its row; None where it always stays.

    Text that may go below leaves the other columns their width.
    """
    longest = [number if column.numeric else column.longest for column in columns]
    if page is None or not any(column.longest for column in columns):
        return longest
    widths = widest(columns, rows)
    for place, column in enumerate(columns):
        if column.longest is not None:
            left = page - sum(width + len(GAP) for other, width in enumerate(widths) if other != place)
            longest[place] = min(column.longest, max(LEAST_TEXT, left))
    return longest


def move_long(row: list[str], columns: Sequence[Column], longest: Sequence[int | None]) -> dict[int, str]:
    """Take long values out of a row, by column; they are shown below it."""
    moved = {}
    for place, most in enumerate(longest):
        if most is not None and len(row[place]) > most:
            moved[place] = row[place]
            row[place] = BELOW if columns[place].numeric else ""
    return moved


def fit(columns: Sequence[Column], rows: Sequence[Sequence[str]], page: int | None) -> tuple[list[int], list[int]]:
    """Which columns a page holds, and how wide each is: dropped by rank, then names are cut, then titles.

    A column of names is dropped where cutting it is not enough.
    """
    widths = widest(columns, rows)
    kept = list(range(len(columns)))
    if page is None:
        return kept, widths

    def over() -> int:
        return sum(widths[place] for place in kept) + len(GAP) * (len(kept) - 1) - page

    while over() > 0:
        highest = max(columns[place].rank for place in kept)
        last = [place for place in kept if columns[place].rank == highest]
        if highest == 0 or over() <= sum(slack(columns[place], widths[place]) for place in last):
            break
        kept = [place for place in kept if place not in last]
    for place in sorted(kept, key=lambda place: -columns[place].rank):
        if over() > 0:
            widths[place] -= min(over(), slack(columns[place], widths[place]))
    cells = [max([LEAST_TITLE, *(cell_len(row[place]) for row in rows)]) for place in range(len(columns))]
    for place in sorted(kept, key=lambda place: cells[place] - widths[place]):
        if not columns[place].elastic and over() > 0:
            widths[place] = min(widths[place], max(cells[place], widths[place] - over()))
    return kept, widths


def slack(column: Column, width: int) -> int:
    """How much of a column's width may be cut."""
    return max(0, width - LEAST_NAME) if column.elastic else 0


def row_text(row: Sequence[str], layout: Layout, columns: Sequence[Column]) -> str:
    """One row: numbers to the right, names to the left."""
    parts = []
    for place in layout.kept:
        text, width = row[place], layout.widths[place]
        length = len(text) if text.isascii() else cell_len(text)
        if length > width:
            text = cut(text, width) if columns[place].elastic else f"{set_cell_size(text, width - 1).rstrip()}…"
            length = cell_len(text)  # one less than the width where a wide character does not fit
        padding = " " * (width - length)
        parts.append(padding + text if columns[place].numeric else text + padding)
    return GAP.join(parts)


def cut(text: str, width: int) -> str:
    """A name that is too long, without its middle."""
    front = (width - 1) // 3
    back = width - 1 - front
    if cell_len(text) == len(text):
        return f"{text[:front]}…{text[len(text) - back :]}"
    return f"{set_cell_size(text, front).rstrip()}…{ending(text, back)}"


def ending(text: str, width: int) -> str:
    """The end of a text that takes a width, where characters take one or two columns."""
    start = len(text)
    while start and cell_len(text[start - 1 :]) <= width:
        start -= 1
    return text[start:]
