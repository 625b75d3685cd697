"""Readers of the formats, by other people's parsers: what a reader of a document sees in each cell."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from pylatexenc.latexwalker import (  # type: ignore[import-untyped]
    LatexCharsNode,
    LatexCommentNode,
    LatexEnvironmentNode,
    LatexGroupNode,
    LatexMacroNode,
    LatexMathNode,
    LatexNode,
    LatexSpecialsNode,
    LatexWalker,
    get_default_latex_context_db,
)
from pylatexenc.macrospec import EnvironmentSpec, MacroSpec  # type: ignore[import-untyped]

from paramcalc.algebra.expr import symbol
from paramcalc.language.expression import parse

if TYPE_CHECKING:
    from markdown_it.token import Token


@dataclass
class Grid:
    """A table as it is read: titles, which columns are set to the right, rows (the total too), text below rows."""

    header: list[str] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    below: list[str] = field(default_factory=list)


@dataclass
class Page:
    """A document as it is read: the texts outside of tables, and the tables."""

    texts: list[str] = field(default_factory=list)
    grids: list[Grid] = field(default_factory=list)


# -- markdown -------------------------------------------------------------------------------------

MARKDOWN = MarkdownIt("gfm-like", {"linkify": False})


def read_markdown(text: str) -> Page:
    """Markdown, by markdown-it; anything but tables, headings, lists and plain text is refused."""
    page = Page()
    cells: list[str] = []
    block = ""
    for token in MARKDOWN.parse(text):
        kind = token.type
        if kind == "table_open":
            page.grids.append(Grid())
        elif kind == "tr_open":
            cells = []
        elif kind in ("th_open", "td_open"):
            block = kind
            if kind == "th_open":
                page.grids[-1].right.append("right" in str(token.attrGet("style")))
        elif kind == "inline":
            seen = markdown_text(token.children or [])
            cells.append(seen) if block else page.texts.append(seen)
        elif kind in ("th_close", "td_close"):
            block = ""
        elif kind == "tr_close":
            grid = page.grids[-1]
            if grid.header:
                grid.rows.append(cells)
            else:
                grid.header = cells
        else:
            assert kind in MARKDOWN_BLOCKS, (kind, token.content)
    return page


MARKDOWN_BLOCKS = {
    f"{name}_{side}"
    for name in ("heading", "paragraph", "bullet_list", "list_item", "table", "thead", "tbody")
    for side in ("open", "close")
}


def markdown_text(tokens: Sequence[Token]) -> str:
    """The text of a line; code stands only in mathematics."""
    seen = ""
    for token in tokens:
        if token.type in ("text", "text_special"):
            seen += token.content
        elif token.type == "code_inline":
            assert seen.endswith("$")
            seen += token.content
        elif token.type == "html_inline":
            assert token.content in ("<br>", "<span>", "</span>")
            seen += "\n" if token.content == "<br>" else ""
        else:
            assert token.type in ("strong_open", "strong_close"), (token.type, token.content)
    return seen.replace("\xa0", " ")


# -- comma-separated values -------------------------------------------------------------------------


def read_csv(text: str) -> list[list[list[str]]]:
    """Tables of rows of cells, by the csv module, which accepts no stray quotes; an empty line ends a table."""
    tables: list[list[list[str]]] = [[]]
    for row in csv.reader(io.StringIO(text, newline=""), strict=True):
        if row:
            tables[-1].append(row)
        else:
            tables.append([])
    return tables


# -- LaTeX ------------------------------------------------------------------------------------------

CHARACTERS = {
    "textbackslash": "\\",
    "textasciicircum": "^",
    "textasciitilde": "~",
    "textless": "<",
    "textgreater": ">",
    "textbar": "|",
    "textasciigrave": "`",
    "ldots": "…",
    "textendash": "–",
    "textemdash": "—",
    "{": "{",
    "}": "}",
    "$": "$",
    "&": "&",
    "#": "#",
    "%": "%",
    "_": "_",
    "quad": "",
}
"""What LaTeX's commands set (The Comprehensive LaTeX Symbol List)."""

SIGNS = {
    r"\times": "×",
    r"\cdot": "·",
    "-": "−",
    r"\lfloor": "⌊",
    r"\rfloor": "⌋",
    r"\lceil": "⌈",
    r"\rceil": "⌉",
    r"\leq": "≤",
    r"\geq": "≥",
    r"\rightarrow": "→",
    r"\downarrow": "↓",
    r"\surd": "√",
}
CONTEXT = get_default_latex_context_db()
CONTEXT.add_context_category(
    "tables",
    macros=[MacroSpec("caption", "{"), MacroSpec("multicolumn", "{{{"), MacroSpec("textbf", "{")],
    environments=[EnvironmentSpec("tabular", "{")],
    prepend=True,
)
LIGATURES = {"--": "–", "---": "—", "''": "”", "``": "“", ",,": "„", "<<": "«", ">>": "»"}
LAYOUT = ("centering", "medskip", "par", "footnotesize", "raggedright", "toprule", "midrule", "bottomrule")


def read_latex(text: str) -> Page:
    """LaTeX, by pylatexenc's parser, which refuses what is not balanced; unknown commands are refused."""
    page = Page()
    nodes, _, _ = LatexWalker(text, latex_context=CONTEXT, tolerant_parsing=False).get_latex_nodes()
    for node in nodes:
        if isinstance(node, LatexEnvironmentNode):
            assert node.environmentname == "table"
            read_float(node, page)
        else:
            assert isinstance(node, LatexCommentNode) or not node.latex_verbatim().strip()
    return page


def read_float(node: LatexEnvironmentNode, page: Page) -> None:
    """A float: its caption, its paragraphs, its table."""
    for inner in node.nodelist:
        if isinstance(inner, LatexEnvironmentNode):
            assert inner.environmentname == "tabular"
            page.grids.append(read_tabular(inner))
        elif isinstance(inner, LatexMacroNode) and inner.macroname == "caption":
            page.texts.append(latex_text(inner.nodeargd.argnlist[-1].nodelist))
        elif isinstance(inner, LatexGroupNode):
            page.texts += [line.strip() for line in latex_text(inner.nodelist).split("\n") if line.strip()]
        else:
            assert not latex_text([inner]).strip()


def read_tabular(node: LatexEnvironmentNode) -> Grid:
    """The rows of a table: cells between `&`, rows before a double backslash; none begins with what that would take."""
    grid = Grid()
    sides = re.sub(r"@{}", "", node.nodeargd.argnlist[-1].latex_verbatim()[1:-1])
    grid.right = [side == "r" for side in sides]
    cells: list[list[LatexNode]] = [[]]
    for inner in node.nodelist:
        if isinstance(inner, LatexSpecialsNode) and inner.specials_chars == "&":
            cells.append([])
        elif isinstance(inner, LatexMacroNode) and inner.macroname == "\\":
            take_row(cells, grid)
            cells = [[]]
        else:
            cells[-1].append(inner)
    assert not latex_text(cells[-1]).strip()
    return grid


def take_row(cells: Sequence[list[LatexNode]], grid: Grid) -> None:
    """One row: the header, a row across, or a row with as many cells as there are columns."""
    verbatim = "".join(node.latex_verbatim() for node in cells[0]).lstrip()
    assert not verbatim.startswith(("[", "*"))
    first = [node for node in cells[0] if isinstance(node, LatexMacroNode) and node.macroname == "multicolumn"]
    if first:
        count, _, inside = first[0].nodeargd.argnlist
        assert len(cells) == 1
        assert count.latex_verbatim() == f"{{{len(grid.right)}}}"
        grid.below.append(latex_text(inside.nodelist).strip())
        return
    texts = [latex_text(nodes).strip("\n ").replace("\xa0", " ") for nodes in cells]
    assert len(texts) == len(grid.right)
    if grid.header:
        grid.rows.append(texts)
    else:
        grid.header = texts


def latex_text(nodes: Sequence[LatexNode]) -> str:
    """What LaTeX sets; mathematics that is more than one sign stays between dollars."""
    seen = ""
    skipped = 0
    for place, node in enumerate(nodes):
        if skipped:
            skipped -= 1
        elif isinstance(node, LatexMacroNode) and node.macroname == "char":
            number, _ = nodes[place + 1 : place + 3]
            seen += chr(int(number.latex_verbatim()))
            skipped = 1
        else:
            seen += latex_node(node)
    return seen


def latex_node(node: LatexNode) -> str:
    """What one node sets."""
    if isinstance(node, LatexCharsNode):
        assert not re.search(r"[&#%$_^~{}\\]", node.chars)
        return re.sub("''|``|,,|<<|>>", lambda match: LIGATURES[match[0]], str(node.chars))
    if isinstance(node, LatexSpecialsNode):
        return "\xa0" if node.specials_chars == "~" else LIGATURES[node.specials_chars]
    if isinstance(node, LatexGroupNode):
        return latex_text(node.nodelist)
    if isinstance(node, LatexMathNode):
        inside = node.latex_verbatim()[1:-1]
        return SIGNS.get(inside) or f"${inside}$"
    assert isinstance(node, LatexMacroNode), node
    if node.macroname == "textbf":
        return latex_text(node.nodeargd.argnlist[-1].nodelist)
    if node.macroname in LAYOUT:
        return "\n" if node.macroname == "par" else ""
    return CHARACTERS[node.macroname]


# -- mathematics --------------------------------------------------------------------------------------


def read_mathematics(text: str) -> list[object]:
    r"""The sizes that mathematics stands for, `[96, \lfloor H/2 \rfloor]`, by the parser of the language."""
    inside = text.split("^", maxsplit=1)[0]
    parts = inside[1:-1].split(", ") if inside.startswith("[") else [inside]
    return [None if part == r"\mbox{–}" else of_mathematics(part) for part in parts]


def of_mathematics(text: str) -> object:
    """One size."""
    plain = re.sub(r"\\mathit{([^}]*)}", r"\1", text.replace("{,}", "")).replace(r"\_", "_").replace(r"\cdot", "*")
    inner = re.compile(r"\\l(floor|ceil) ([^\\]*)/([0-9]+) \\r\1")
    while "\\" in plain:
        plain, found = inner.subn(
            lambda match: f"(({match[2]} + {int(match[3]) - 1 if match[1] == 'ceil' else 0})//{match[3]})", plain
        )
        assert found, plain
    if re.fullmatch("-?[0-9]+(/[0-9]+)?", plain):
        return Fraction(plain)
    names = set(re.findall("[A-Za-z_][A-Za-z0-9_]*", plain))
    return parse(plain).evaluate({name: symbol(name) for name in names})


# -- HTML ---------------------------------------------------------------------------------------------

ATTRIBUTES = {"charset", "class", "colspan", "content", "http-equiv", "lang", "name", "scope"}
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "section", "table", "caption", "thead", "tbody", "tfoot"),
    *("tr", "th", "td", "strong", "span", "ul", "li", "b", "i", "h1"),
}


class HtmlReader(HTMLParser):
    """HTML by Python's parser; what is not closed, and attributes that load or run, are refused."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.page = Page()
        self.title = ""
        self.style = ""
        self.text = ""
        self.across = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        given = dict(attrs)
        assert set(given) <= ATTRIBUTES
        if self.block(tag):
            self.text = ""
        if tag == "table":
            self.page.grids.append(Grid())
        elif tag == "th":
            self.page.grids[-1].right.append(given.get("class") == "number")
        elif tag == "tr" and "thead" not in self.open and given.get("class") != "below":
            self.page.grids[-1].rows.append([])
        elif tag == "td":
            self.across = "colspan" in given
        if tag != "meta":
            self.open.append(tag)

    def block(self, tag: str) -> bool:
        """Whether a text begins where this tag opens now."""
        return tag in ("td", "th", "li", "h1") or self.open[-1:] == ["caption"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag == "th":
            self.page.grids[-1].header.append(self.text)
        elif tag == "td" and self.across:
            self.page.grids[-1].below.append(self.text)
        elif tag == "td":
            self.page.grids[-1].rows[-1].append(self.text)
        elif self.block(tag):
            self.page.texts.append(self.text)

    def handle_data(self, data: str) -> None:
        inside = self.open[-1:]
        if inside == ["title"]:
            self.title += data
        elif inside == ["style"]:
            self.style += data
        else:
            self.text += data


def read_html(text: str) -> HtmlReader:
    """A page of HTML."""
    reader = HtmlReader()
    reader.feed(text)
    reader.close()
    assert text.startswith("<!DOCTYPE html>\n")
    assert not reader.open
    return reader
