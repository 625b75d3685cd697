"""A table as text for a terminal or a pipe.

The look is rich's; the layout is computed here, because rich's own table takes a second for a
thousand rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from rich.cells import cell_len

from paramcalc.errors import printable
from paramcalc.expr import Expr, pretty
from paramcalc.render.page import Page
from paramcalc.render.table import Column, Line, Note, Sizes, Table, Value

GAP = "  "
LONGEST_NUMBER = 44
"""Characters of a value that stands in its column where the page has no width; a longer one goes below."""
LONGEST_RULE = 120
BELOW = "↓"
LABEL = 13
"""Characters of the label of a line below the table."""
LEAST_NAME = 12
"""Characters that a cut name keeps at least."""


def spell(value: Value) -> str:
    """A value as text for people."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, Sizes):
        return pretty(value)
    parts = [spell(item) for item in value.values]
    if any(isinstance(item, Expr) for item in value.values):
        return f"[{', '.join(parts)}]{value.mark}"
    return "×".join(parts) + value.mark


def render(table: Table, page: Page) -> str:
    """The table and what stands around it; on a narrow page, columns drop by rank."""
    columns = table.columns
    longest = LONGEST_NUMBER if page.width is None else max(LEAST_NAME, page.width // 2)
    rows = [[spell(value) for value in line.values] for line in all_lines(table)]
    moved = [move_long(row, columns, longest) for row in rows]
    kept, widths = fit(columns, widest(columns, rows), page.width)
    header = row_text([column.title for column in columns], kept, widths, columns)
    rule = page.faint("─" * min(cell_len(header), page.width or LONGEST_RULE))
    out = heading(table, page)
    if rows:
        out += [page.strong(header.rstrip()), rule]
    for line, row, long in zip(table.lines, rows, moved, strict=False):
        text = row_text(row, kept, widths, columns).rstrip()
        out.append(page.strong(text) if line.emphasis else text)
        below = [f"{columns[place].title}: {value}" for place, value in long.items() if place in kept]
        out += [page.faint(f"    {text}") for text in (*below, *line.below)]
    if table.total is not None:
        out += [rule, page.strong(row_text(rows[-1], kept, widths, columns).rstrip())]
    if table.foot:
        out += [*([""] if rows else []), *footing(table, page)]
    return "\n".join(out) + "\n"


def footing(table: Table, page: Page) -> list[str]:
    """The text below a table, wrapped where the page has a width."""
    notes = map(noted, table.foot)
    if page.width is None:
        return list(notes)
    width, hanging = max(page.width, 2 * LABEL), " " * LABEL
    return [
        line
        for note in notes
        for line in wrap(note, width, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False)
    ]


def widest(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[int]:
    """How wide each column is."""
    titles = [column.title for column in columns]
    return [max(map(cell_len, cells)) for cells in zip(titles, *rows, strict=True)]


def noted(note: Note | str) -> str:
    """A line of text around a table."""
    if isinstance(note, str):
        return printable(note)
    label = f"{note.label:<{LABEL}}" if note.label else ""
    return label + "".join(spell(part) for part in note.parts)


def heading(table: Table, page: Page) -> list[str]:
    """The title and the text above a table."""
    width = min(page.width or LONGEST_RULE, LONGEST_RULE)
    out = [page.strong(printable(table.title))] if table.title else []
    out += [page.faint(line) for note in table.head for line in wrap(noted(note), width)]
    return [*out, ""] if out else []


def move_long(row: list[str], columns: Sequence[Column], longest: int) -> dict[int, str]:
    """Take the long spellings of symbolic values out of a row, by column; they are shown below it."""
    moved = {}
    for place, column in enumerate(columns):
        if column.numeric and len(row[place]) > longest:
            moved[place] = row[place]
            row[place] = BELOW
    return moved


def all_lines(table: Table) -> list[Line]:
    """The rows, with the total as the last."""
    return [*table.lines, *([table.total] if table.total else [])]


def fit(columns: Sequence[Column], widths: list[int], page: int | None) -> tuple[list[int], list[int]]:
    """Which columns a page holds, and how wide each is: dropped by rank, then names are cut."""
    kept = list(range(len(columns)))
    if page is None:
        return kept, widths

    def total() -> int:
        return sum(widths[place] for place in kept) + len(GAP) * (len(kept) - 1)

    while total() > page:
        droppable = [place for place in kept if columns[place].rank > 0]
        if not droppable:
            break
        highest = max(columns[place].rank for place in droppable)
        kept = [place for place in kept if columns[place].rank != highest]
    for place in kept:
        if columns[place].elastic and total() > page:
            widths = [*widths]
            widths[place] = max(LEAST_NAME, widths[place] - (total() - page))
    return kept, widths


def row_text(row: Sequence[str], kept: Sequence[int], widths: Sequence[int], columns: Sequence[Column]) -> str:
    """One row: numbers to the right, names to the left."""
    parts = []
    for place in kept:
        text, width = row[place], widths[place]
        length = len(text) if text.isascii() else cell_len(text)
        if length > width and columns[place].elastic:
            text = cut(text, width)
            length = cell_len(text)
        padding = " " * (width - length)
        parts.append(padding + text if columns[place].numeric else text + padding)
    return GAP.join(parts)


def cut(text: str, width: int) -> str:
    """A name that is too long, without its middle."""
    front = (width - 1) // 3
    back = width - 1 - front
    return f"{text[:front]}…{text[len(text) - back :]}"
