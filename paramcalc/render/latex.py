r"""Tables in LaTeX, for a document that uses booktabs and takes them by `\input`.

Everything that comes from a file or from the command line is escaped. Values with symbols are
mathematics; a long one, and text below a row, stands on lines of its own, as on a page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from paramcalc.algebra.expr import pretty
from paramcalc.errors import printable
from paramcalc.render.layout import LONGEST_NUMBER
from paramcalc.render.mathematics import mathematics
from paramcalc.render.spelling import Spelling
from paramcalc.render.table import Line, Note, Number, Sizes, Table, Value, symbolic

APART = "\0"
LIGATURE = re.compile(r"([-',])(?=\1)")
"""Characters that become another one in pairs, where nothing is between them."""
ESCAPES = {
    "\\": r"\textbackslash{}",
    **{character: f"\\{character}" for character in "{}$&#%_"},
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\char34{}",
    "`": r"\textasciigrave{}",
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "−": "$-$",
    "⌊": r"$\lfloor$",
    "⌋": r"$\rfloor$",
    "⌈": r"$\lceil$",
    "⌉": r"$\rceil$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "→": r"$\rightarrow$",
    "✓": r"$\surd$",
    "✗": r"$\times$",
    "…": r"\ldots{}",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    APART: "{}",
}
"""What has a meaning in LaTeX, `[` and `*` after the end of a row, and what is mathematics in it."""
LATIN = re.compile("[\x20-\x7e\xa1-\u017f‘’‚“”„†‡•€]")
"""What pdflatex can set."""
PACKAGES = r"% needs \usepackage{booktabs}"
ENGINE = "% holds characters that only lualatex and xelatex can set, with a font that has them"
BELOW = r"$\downarrow$"


def render(tables: Sequence[Table]) -> str:
    """The tables, one float each, after a comment that says what they need."""
    text = "\n".join("\n".join(parts(table)) + "\n" for table in tables)
    needs = [PACKAGES, *([] if all(map(LATIN.match, text.replace("\n", ""))) else [ENGINE])]
    return "\n".join([*needs, text])


def parts(table: Table) -> Iterator[str]:
    """A float: caption, text above, the table, text below."""
    yield r"\begin{table}"
    yield r"\centering"
    if table.title:
        yield rf"\caption{{{SPELLING.text(table.title)}}}"
    if table.head:
        yield from paragraphs(table.head)
        yield r"\medskip"
    if table.lines or table.total:
        yield from grid(table)
    if table.foot:
        yield r"\par\medskip"
        yield from paragraphs(table.foot)
    yield r"\end{table}"


def paragraphs(notes: Sequence[Note | str]) -> Iterator[str]:
    """Lines of text around the table."""
    yield r"{\footnotesize\raggedright"
    for note in notes:
        yield rf"{SPELLING.note(note)}\par"
    yield "}"


def grid(table: Table) -> Iterator[str]:
    """The table itself."""
    sides = "".join("r" if column.numeric else "l" for column in table.columns)
    yield rf"\begin{{tabular}}{{@{{}}{sides}@{{}}}}"
    yield r"\toprule"
    yield row([SPELLING.text(column.title) for column in table.columns])
    yield r"\midrule"
    for line in table.lines:
        yield row(SPELLING.cells(line))
        for text in below(table, line):
            yield rf"\multicolumn{{{len(sides)}}}{{@{{}}p{{0.95\linewidth}}@{{}}}}{{\quad {text}}} \\"
    if table.total:
        yield r"\midrule"
        yield row(SPELLING.cells(table.total, strong=True))
    yield r"\bottomrule"
    yield r"\end{tabular}"


def row(texts: Sequence[str]) -> str:
    """A row of cells."""
    return " & ".join(texts) + r" \\"


def below(table: Table, line: Line) -> Iterator[str]:
    """What stands below a row: values that are too long for their columns, and its text."""
    for column, value in zip(table.columns, line.values, strict=True):
        if long(value):
            yield f"{SPELLING.text(column.title)}: {SPELLING.value(value)}"
    yield from map(SPELLING.text, line.below)


def long(value: Value) -> bool:
    """Whether a value is too long for its column."""
    if not symbolic(value):
        return False
    values = value.values if isinstance(value, Sizes) else (value,)
    return sum(1 if item is None else len(pretty(item)) for item in values) > LONGEST_NUMBER


class Latex(Spelling):
    """The spelling of LaTeX: text is escaped, values with symbols are mathematics."""

    unknown = r"\textendash{}"
    times = r"$\times$"
    indent = "~"

    def text(self, text: str) -> str:
        """Text that shows as it is, on one line."""
        apart = LIGATURE.sub(f"\\1{APART}", printable(text))
        return "".join(ESCAPES.get(character, character) for character in apart)

    def value(self, value: Value) -> str:
        """Any value."""
        return f"${mathematics(value)}$" if symbolic(value) else super().value(value)

    def cell(self, value: Value) -> str:
        """A value in a table; an arrow refers to a long one below."""
        return BELOW if long(value) else super().cell(value)

    def strong(self, text: str) -> str:
        """Bold."""
        return rf"\textbf{{{text}}}"

    def number(self, number: Number) -> str:
        """A number without symbols."""
        return self.text(pretty(number))

    def joined(self, parts: Iterable[str]) -> str:
        """The parts of a note, kept apart where two would become another character."""
        text = ""
        for part in parts:
            text += "{}" + part if LIGATURE.match(text[-1:] + part) else part
        return text


SPELLING = Latex()
