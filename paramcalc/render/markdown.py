"""Tables in markdown, as GitHub reads it: pipe tables, mathematics between dollars.

Everything that comes from a file or from the command line is escaped, so that it shows as it is. Text
below a row stands in a last column of its own, the total in bold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from paramcalc.errors import printable
from paramcalc.render.mathematics import mathematics
from paramcalc.render.spelling import Spelling
from paramcalc.render.table import Note, Table, Value, symbolic

ESCAPES = (
    (re.compile(r"[\\`*_\[\]<>|~&#]"), r"\\\g<0>"),
    (re.compile(r"(?<=http):(?=//)|(?<=https):(?=//)|(?<=www)\.", re.IGNORECASE), r"\\\g<0>"),
    (re.compile(r"\$"), r"<span>\\$</span>"),
)
"""What has a meaning inside a line, the beginnings of links too. An escaped dollar alone still is one on GitHub."""
OPENING = re.compile(r"^(?:(?=[-+=])|([0-9]+)(?=[.)](?:\s|$)))")
WIDEST = 44
"""Characters up to which the cells of a column are padded, so that the source can be read too."""
NOTES = "notes"
"""The title of the column that text below a row stands in."""


def render(tables: Sequence[Table]) -> str:
    """The tables, one below the other, each with its title as a heading and the text around it."""
    return "\n".join(f"{block}\n" for table in tables for block in blocks(table))


def blocks(table: Table) -> Iterator[str]:
    """The parts of a table's page; blank lines go between them."""
    if table.title:
        yield f"## {SPELLING.text(table.title)}"
    yield from (SPELLING.note(note) for note in table.head)
    if table.lines or table.total:
        yield grid(table)
    if table.foot:
        yield "\n".join(f"- {SPELLING.note(note)}" for note in table.foot)


def grid(table: Table) -> str:
    """The table itself, with a last column for text below a row where there is any."""
    right = [column.numeric for column in table.columns]
    header = [SPELLING.text(column.title) for column in table.columns]
    rows = [header, *(SPELLING.cells(line, strong=line is table.total) for line in table.all_lines)]
    if any(line.below for line in table.all_lines):
        right.append(False)
        notes = ("<br>".join(map(SPELLING.text, line.below)) for line in table.all_lines)
        rows = [[*row, note] for row, note in zip(rows, (NOTES, *notes), strict=True)]
    widths = [
        max([3, *(width for width in map(cell_len, column) if width <= WIDEST)]) for column in zip(*rows, strict=True)
    ]
    rule = ["-" * (width - 1) + ("-:"[side]) for width, side in zip(widths, right, strict=True)]
    return "\n".join(row_text(row, widths, right) for row in (rows[0], rule, *rows[1:]))


def row_text(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    """A row between pipes, padded."""
    parts = []
    for text, width, side in zip(row, widths, right, strict=True):
        padding = " " * (width - cell_len(text))
        parts.append(padding + text if side else text + padding)
    return f"| {' | '.join(parts)} |"


class Markdown(Spelling):
    """The spelling of markdown: names and text are escaped, values with symbols are mathematics."""

    indent = "&nbsp;"

    def text(self, text: str) -> str:
        """Text that shows as it is, on one line."""
        text = printable(text)
        for pattern, instead in ESCAPES:
            text = pattern.sub(instead, text)
        return text

    def strong(self, text: str) -> str:
        """Bold."""
        return f"**{text}**"

    def value(self, value: Value) -> str:
        """Any value."""
        if not symbolic(value):
            return super().value(value)
        text = mathematics(value)
        return f"$`{text}`$" if "_" in text else f"${text}$"  # backquotes keep an escaped underscore

    def note(self, note: Note | str) -> str:
        """A line of text; what would begin a list, a heading or a rule is escaped."""
        return OPENING.sub(r"\1\\", super().note(note).strip())


SPELLING = Markdown()
