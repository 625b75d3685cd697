"""The layout of a table of texts: which columns a page holds, how wide each is, what goes below its row.

Columns drop by rank, names are cut in the middle, titles at their end; a number is never cut.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from paramcalc.errors import printable
from paramcalc.render.table import Column

GAP = "  "
ENDLESS = sys.maxsize
"""The width of a page that nothing limits."""
BELOW = "↓"
LONGEST_NUMBER = 44
"""Characters of a value that stands in its column where the page has no width; a longer one goes below."""
SHARES = (2, 3, 4)
"""The parts of a page that a value may take in its column: a half, and less where the table does not fit."""
LEAST_NAME = 12
"""Characters that a cut name keeps at least."""
LEAST_TITLE = 4
"""Characters that a cut title keeps at least."""
LEAST_TEXT = 20
"""Characters of text that always stands beside its row."""


class Layout(NamedTuple):
    """The rows without long values, these by row and column index, the columns that are kept, and all widths."""

    rows: list[list[str]]
    below: list[dict[int, str]]
    kept: list[int]
    widths: list[int]


def lay_out(columns: Sequence[Column], rows: Sequence[Sequence[str]], page: int) -> Layout:
    """The layout for a page of so many characters; ENDLESS is one that nothing limits.

    Long values go below their rows: those of more than half the page, and of a third or a quarter where the table is
    still too wide.
    """
    for longest in [LONGEST_NUMBER] if page == ENDLESS else [page // share for share in SHARES]:
        most = longest_values(columns, rows, page, longest)
        kept_rows = [list(row) for row in rows]
        below = [move_long(row, columns, most) for row in kept_rows]
        layout = Layout(kept_rows, below, *fit(columns, kept_rows, page))
        if excess(layout.widths, layout.kept, page) <= 0:
            break
    return layout


def widest(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[int]:
    """How wide each column is."""
    titles = [printable(column.title) for column in columns]
    return [max(map(cell_len, cells)) for cells in zip(titles, *rows, strict=True)]


def longest_values(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], page: int, number: int
) -> list[int | None]:
    """How long a value may be in each column before it goes below its row; None where it always stays.

    Text that may go below leaves the other columns their width.
    """
    longest = [number if column.numeric else column.longest for column in columns]
    if not any(column.longest for column in columns):
        return longest
    widths = widest(columns, rows)
    for index, column in enumerate(columns):
        if column.longest is not None:
            left = page - sum(width + len(GAP) for other, width in enumerate(widths) if other != index)
            longest[index] = min(column.longest, max(LEAST_TEXT, left))
    return longest


def move_long(row: list[str], columns: Sequence[Column], longest: Sequence[int | None]) -> dict[int, str]:
    """Take long values out of a row, by column; they are shown below it."""
    moved = {}
    for index, most in enumerate(longest):
        if most is not None and len(row[index]) > most:
            moved[index] = row[index]
            row[index] = BELOW if columns[index].numeric else ""
    return moved


def fit(columns: Sequence[Column], rows: Sequence[Sequence[str]], page: int) -> tuple[list[int], list[int]]:
    """Which columns a page holds, and how wide each is.

    Columns are dropped, those of the highest rank first, as long as cutting the names in them is not enough. Then names
    are cut to LEAST_NAME characters, those of the highest rank first, then titles to the width of their numbers, the
    widest beside these first. On 30 characters, `layer` 24 wide, `type` 10 (rank 6), `params` 9 and a gap of 2: 47 are
    17 too many, so `type` goes; 35 are 5 too many, so names are cut to 19.
    """
    widths = widest(columns, rows)
    kept = list(range(len(columns)))
    if excess(widths, kept, page) <= 0:
        return kept, widths
    for rank in sorted({column.rank for column in columns if column.rank}, reverse=True):
        names = [widths[i] - LEAST_NAME for i in kept if columns[i].rank == rank and columns[i].elastic]
        if excess(widths, kept, page) <= sum(max(0, slack) for slack in names):
            break
        kept = [i for i in kept if columns[i].rank != rank]
    numbers = [max([LEAST_TITLE, *(cell_len(row[i]) for row in rows)]) for i in range(len(columns))]
    names = sorted((i for i in kept if columns[i].elastic), key=lambda i: -columns[i].rank)
    titles = sorted((i for i in kept if not columns[i].elastic), key=lambda i: numbers[i] - widths[i])
    for i in (*names, *titles):
        least = LEAST_NAME if columns[i].elastic else numbers[i]
        widths[i] -= max(0, min(excess(widths, kept, page), widths[i] - least))
    return kept, widths


def excess(widths: Sequence[int], kept: Sequence[int], page: int) -> int:
    """By how many characters the kept columns, with gaps between, are wider than the page."""
    return sum(widths[i] for i in kept) + len(GAP) * (len(kept) - 1) - page


def row_text(row: Sequence[str], layout: Layout, columns: Sequence[Column]) -> str:
    """One row: numbers to the right, names to the left."""
    parts = []
    for index in layout.kept:
        text, width = row[index], layout.widths[index]
        if cell_len(text) > width:
            text = cut(text, width) if columns[index].elastic else f"{set_cell_size(text, width - 1).rstrip()}…"
        padding = " " * (width - cell_len(text))  # one space where a wide character does not fit
        parts.append(padding + text if columns[index].numeric else text + padding)
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
