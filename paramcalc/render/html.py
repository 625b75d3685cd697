"""Tables as one page of HTML that needs nothing else: no script, no network, light and dark.

Everything that comes from a file or from the command line is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from paramcalc.algebra.expr import Expr, pretty
from paramcalc.errors import printable
from paramcalc.render.spelling import Spelling
from paramcalc.render.table import Column, Line, Number, Table, Value, symbolic

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
BETWEEN = re.compile(r"(?<= [+−]) ")
TAG = re.compile(r"<[^>]*>")
STYLE = """\
:root { color-scheme: light dark; --page: #ffffff; --ink: #1c1e21; --faint: #5c6370; --line: #d5d8dd; --row: #f5f6f8;
  --added: #1a7f37; --removed: #b42318; --changed: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --page: #14161a; --ink: #e4e6ea; --faint: #9aa1ac; --line: #383d45;
  --row: #1d2026; --added: #57c271; --removed: #ff8a7a; --changed: #e0b050; } }
body { margin: 2rem auto; padding: 0 1.5rem; max-width: max-content; background: var(--page); color: var(--ink);
  font: 0.9375rem/1.5 system-ui, sans-serif; }
section + section { margin-top: 3.5rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums lining-nums; }
caption { padding-bottom: 1rem; text-align: left; }
caption strong, h1 { display: block; font-size: 1.375rem; font-weight: 600; line-height: 1.3; }
caption > span, .foot li { display: block; max-width: 48rem; color: var(--faint); white-space: pre-wrap; }
th, td { padding: 0.25rem 0.625rem; text-align: left; vertical-align: top; overflow-wrap: break-word; }
td { white-space: pre-wrap; }
th:first-child, td:first-child { padding-left: 0.25rem; }
.number { text-align: right; white-space: nowrap; }
.long { display: inline-block; width: min-content; min-width: 18rem; white-space: normal; }
.term { white-space: nowrap; }
thead th { position: sticky; top: 0; background: var(--page); box-shadow: inset 0 -2px var(--line); font-weight: 600;
  vertical-align: bottom; white-space: nowrap; }
tbody tr { border-top: 1px solid var(--line); }
tbody tr.below { border-top: none; color: var(--faint); }
tbody tr.below td { padding: 0 0.625rem 0.25rem 1.5rem; }
tbody tr:hover { background: var(--row); }
tfoot td { box-shadow: inset 0 2px var(--line); font-weight: 600; }
.same { color: var(--faint); }
.added { color: var(--added); }
.removed { color: var(--removed); }
.changed { color: var(--changed); }
.foot { margin: 1rem 0 0; padding: 0; list-style: none; }
.foot b { color: var(--ink); font-weight: 600; }
@media print { thead th { position: static; } }
"""
HEAD = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>"""
LONG = 44
"""Characters of a value with symbols that stands on one line; a longer one is broken."""


def render(tables: Sequence[Table]) -> str:
    """The page."""
    titles = ", ".join(table.title for table in tables if table.title)
    head = HEAD.format(title=SPELLING.text(titles or "paramcalc"), style=STYLE)
    return "\n".join([head, *(line for table in tables for line in section(table)), "</body>", "</html>", ""])


def section(table: Table) -> Iterator[str]:
    """One table, with what stands around it."""
    yield "<section>"
    caption = [f"<strong>{SPELLING.text(table.title)}</strong>"] if table.title else []
    caption += [f"<span>{SPELLING.note(note)}</span>" for note in table.head]
    if table.lines or table.total:
        yield "<table>"
        if caption:
            yield f"<caption>{''.join(caption)}</caption>"
        yield from rows(table)
        yield "</table>"
    elif table.title:
        yield f"<h1>{SPELLING.text(table.title)}</h1>"
    if table.foot:
        yield '<ul class="foot">'
        yield from (f"<li>{SPELLING.note(note)}</li>" for note in table.foot)
        yield "</ul>"
    yield "</section>"


def rows(table: Table) -> Iterator[str]:
    """The rows of a table, below its header."""
    titles = "".join(f'<th scope="col"{kind(column)}>{SPELLING.text(column.title)}</th>' for column in table.columns)
    yield f"<thead><tr>{titles}</tr></thead>"
    yield "<tbody>"
    for line in table.lines:
        yield row(table.columns, line, line.emphasis)
        for text in line.below:
            yield f'<tr class="below"><td colspan="{len(table.columns)}">{SPELLING.text(text)}</td></tr>'
    yield "</tbody>"
    if table.total:
        yield f"<tfoot>{row(table.columns, table.total)}</tfoot>"


def row(columns: Sequence[Column], line: Line, name: str = "") -> str:
    """One row."""
    cells = [
        f"<td{kind(column)}>{SPELLING.cell(value)}</td>" for column, value in zip(columns, line.values, strict=True)
    ]
    opening = f'<tr class="{SPELLING.text(name)}">' if name else "<tr>"
    return f"{opening}{''.join(cells)}</tr>"


def kind(column: Column) -> str:
    """The class of a column's cells."""
    return ' class="number"' if column.numeric else ""


class Html(Spelling):
    """The spelling of HTML: text is escaped, names of symbols are in italics."""

    def text(self, text: str) -> str:
        """Text that shows as it is."""
        return escape(printable(text))

    def number(self, number: Number) -> str:
        """A number; a line of an expression may end behind a sign, and in no term."""
        text = self.text(pretty(number))
        if not isinstance(number, Expr):
            return text
        parts = [NAME.sub(r"<i>\g<0></i>", part) for part in BETWEEN.split(text)]
        return " ".join(f'<span class="term">{part}</span>' for part in parts) if len(parts) > 1 else parts[0]

    def label(self, label: str) -> str:
        """A label that stands out."""
        return f"<b>{self.text(label)}</b> "

    def cell(self, value: Value) -> str:
        """A value in a table; a long one may be broken into lines."""
        text = self.value(value)
        if symbolic(value) and len(TAG.sub("", text)) > LONG:
            return f'<span class="long">{text}</span>'
        return text


SPELLING = Html()
