"""A table as text for a terminal or a pipe, laid out here: rich's own table takes a second for a thousand rows."""

from __future__ import annotations

import re
from functools import lru_cache

from rich.cells import cell_len

from paramcalc.errors import printable
from paramcalc.render.layout import ENDLESS, lay_out, row_text
from paramcalc.render.page import Page
from paramcalc.render.spelling import Spelling
from paramcalc.render.table import Column, Table

LONGEST_RULE = 120
LABEL = 13
"""Characters of the label of a line below the table."""
INDENT = "    "
WORD = re.compile(r"(\s*)(\S+)")


class Terminal(Spelling):
    """The spelling of a terminal, where the labels of notes are a column."""

    def label(self, label: str) -> str:
        """A label of one width."""
        return f"{printable(label):<{LABEL}}"


SPELLING = Terminal()
spell = lru_cache(maxsize=1024, typed=True)(SPELLING.value)
"""A value as text for people."""


def render(table: Table, page: Page) -> str:
    """The table and what stands around it; on a narrow page, columns drop by rank."""
    columns = table.columns
    width = page.width or ENDLESS
    layout = lay_out(columns, [[spell(value) for value in line.values] for line in table.all_lines], width)
    header = row_text([printable(column.title) for column in columns], layout, columns)
    rule = page.styled("─" * min(cell_len(header), page.width or LONGEST_RULE), "dim")
    out = heading(table, page)
    if layout.rows:
        out += [page.styled(header.rstrip(), "bold"), rule]
    for line, row, long in zip(table.lines, layout.rows, layout.below, strict=False):
        text = row_text(row, layout, columns).rstrip()
        out.append(page.styled(text, "bold") if line.emphasis else text)
        below = [titled(columns[index], value) for index, value in long.items() if index in layout.kept]
        notes = [INDENT + printable(text) for text in (*below, *line.below)]
        out += [page.styled(text, "dim") for note in notes for text in wrapped(note, width, 2 * INDENT)]
    if table.total is not None:
        out += [rule, page.styled(row_text(layout.rows[-1], layout, columns).rstrip(), "bold")]
    foot = table.notes(layout.kept)
    out += [""] if foot and layout.rows else []
    out += [text for note in foot for text in wrapped(SPELLING.note(note), width, " " * LABEL)]
    return "\n".join(out) + "\n"


def titled(column: Column, value: str) -> str:
    """A value that is shown below its row: a number with its column, text as it is."""
    return f"{printable(column.title)}: {value}" if column.numeric else value


def wrapped(text: str, width: int, hanging: str = "") -> list[str]:
    """Text as lines that a page holds; words and numbers stay whole, if need be without the hanging indent."""
    width = max(width, 2 * LABEL)
    if cell_len(text) <= width:
        return [text]
    while True:
        lines = [""]
        for gap, word in WORD.findall(text):
            if lines[-1] and cell_len(lines[-1] + gap + word) > width:
                lines.append(hanging + word)
            else:
                lines[-1] += gap + word
        if not hanging or all(cell_len(line) <= width for line in lines):
            return lines
        hanging = hanging[: len(hanging) // 2]


def heading(table: Table, page: Page) -> list[str]:
    """The title and the text above a table."""
    width = page.width or ENDLESS
    out = [page.styled(line, "bold") for line in wrapped(printable(table.title), width) if line]
    least = min(width, LONGEST_RULE)
    out += [page.styled(line, "dim") for note in table.head for line in wrapped(SPELLING.note(note), least) if line]
    return [*out, ""] if out else []
