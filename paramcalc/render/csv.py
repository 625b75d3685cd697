"""Tables as comma-separated values (RFC 4180): a header row of the columns' keys, then the rows without the total.

Integers are exact; a symbolic value is `(H + 29)//32 - 2`, which the expression parser reads; a shape is `96x55x55`,
with symbols in it `[96, (H - 7)//4 + 1, 55]`, without the marks that refer to notes; what is not known is empty. Text
below a row goes into a last column, `notes`, the titles of several tables into a first one, `table`. A text that a
spreadsheet would take for a formula gets an apostrophe in front, which spreadsheets show as text.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from paramcalc.algebra.expr import plain
from paramcalc.errors import printable
from paramcalc.render.spelling import Spelling
from paramcalc.render.table import Number, Sizes, Table

FORMULA = re.compile(r"[\s'\"]*(?:[=@＝＠]|[-+－＋](?![0-9]+(?:\.[0-9]+)?$)).")
"""The beginning of a formula, in wide characters too; a number with a sign is none, nor is a sign alone."""


def render(tables: Sequence[Table]) -> str:
    """The tables, an empty line between two."""
    titled = len(tables) > 1 and any(table.title for table in tables)
    return "\r\n".join(one(table, titled=titled) for table in tables)


def one(table: Table, *, titled: bool) -> str:
    """One table."""
    notes = any(line.below for line in table.lines)
    written = io.StringIO()
    writer = csv.writer(written)
    header: list[str] = [column.key for column in table.columns]
    rows = [header, *(line.values for line in table.lines)]
    below = ["notes", *("; ".join(line.below) for line in table.lines)]
    titles = ["table", *(table.title for _ in table.lines)]
    for title, values, note in zip(titles, rows, below, strict=True):
        writer.writerow(map(SPELLING.value, [*([title] if titled else []), *values, *([note] if notes else [])]))
    return written.getvalue()


class Cells(Spelling):
    """The spelling of cells for programs."""

    unknown = ""
    truths = ("false", "true")

    def text(self, text: str) -> str:
        """A text that is no formula."""
        shown = printable(text)
        return f"'{shown}" if FORMULA.match(shown) else shown

    def number(self, number: Number) -> str:
        """The plain spelling."""
        return plain(number)

    def sizes(self, sizes: Sizes) -> str:
        """Sizes without marks; one that is unknown is a hyphen."""
        parts = ["-" if item is None else plain(item) for item in sizes.values]
        return f"[{', '.join(parts)}]" if sizes.symbolic else "x".join(parts)


SPELLING = Cells()
