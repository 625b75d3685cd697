"""How values and notes are spelled. Each format says what it spells in another way."""

from __future__ import annotations

from collections.abc import Iterable

from paramcalc.algebra.expr import pretty
from paramcalc.errors import printable
from paramcalc.render.table import Line, Note, Number, Sizes, Value, symbolic


class Spelling:
    """Values as text for people; `indent` stands for each space that a cell begins with."""

    unknown = "–"
    truths = ("no", "yes")
    times = "×"
    indent = " "

    def text(self, text: str) -> str:
        """A text that shows as it is, on one line."""
        return printable(text)

    def number(self, number: Number) -> str:
        """A number: `177,209,344`, `1/2`, `⌊(H+29)/32⌋ − 2`."""
        return pretty(number)

    def sizes(self, sizes: Sizes) -> str:
        """Several sizes: `96×55×55`, with symbols `[96, H, W]`, and the marks that refer to notes."""
        parts = map(self.value, sizes.values)
        return (f"[{', '.join(parts)}]" if sizes.symbolic else self.times.join(parts)) + self.text(sizes.mark)

    def value(self, value: Value) -> str:
        """Any value."""
        if value is None:
            return self.unknown
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bool):
            return self.truths[value]
        return self.sizes(value) if isinstance(value, Sizes) else self.number(value)

    def cell(self, value: Value) -> str:
        """A value in a table, where text keeps the spaces that it begins with."""
        if not isinstance(value, str):
            return self.value(value)
        return self.indent * (len(value) - len(value.lstrip(" "))) + self.text(value.strip(" "))

    def strong(self, text: str) -> str:
        """A text that is set off."""
        return text

    def cells(self, line: Line, *, strong: bool = False) -> list[str]:
        """The cells of a row; where it is set off, all but what is empty or mathematics."""
        texts = list(map(self.cell, line.values))
        if not (strong or line.emphasis):
            return texts
        pairs = zip(texts, line.values, strict=True)
        return [self.strong(text) if text and not symbolic(value) else text for text, value in pairs]

    def label(self, label: str) -> str:
        """What a note begins with."""
        return f"{self.text(label)}: "

    def joined(self, parts: Iterable[str]) -> str:
        """The parts of a note as one text."""
        return "".join(parts)

    def note(self, note: Note | str) -> str:
        """A line of text around a table."""
        if isinstance(note, str):
            return self.text(note)
        return self.joined([*([self.label(note.label)] if note.label else []), *map(self.value, note.parts)])
