"""Names on a figure: taken literally, and cut to the room there is."""

from __future__ import annotations

import unicodedata

from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import text_to_path

from paramcalc.errors import escaped, printable

POINTS = 72
"""Points of an inch."""


def literal(text: str, *, glyphs: bool) -> str:
    """`text` with what cannot be drawn as escapes: control characters, and code points that stand for none.

    Without `glyphs`, what matplotlib's own font lacks is one of these too.
    """
    return "".join(character if drawable(character, glyphs) else escaped(character) for character in printable(text))


def drawable(character: str, glyphs: bool) -> bool:
    """Whether a character can be seen: in matplotlib's own font, or with `glyphs` in any."""
    if character.isascii():
        return True
    if glyphs:
        return not unicodedata.category(character).startswith("C")
    return get_font(findfont(FontProperties())).get_char_index(ord(character)) != 0


def inches(text: str, size: float) -> float:
    """How long a line of text is at a size in points."""
    return float(text_to_path.get_text_width_height_descent(text, FontProperties(size=size), ismath=False)[0]) / POINTS


def fitted(text: str, size: float, most: float) -> str:
    """`text`, cut in its middle to at most `most` inches at a size in points."""
    if inches(text, size) <= most:
        return text
    short, long = 0, len(text) - 1
    while short < long:
        middle = (short + long + 1) // 2
        short, long = (middle, long) if inches(cut(text, middle), size) <= most else (short, middle - 1)
    return cut(text, short)


def cut(text: str, kept: int) -> str:
    """`kept` characters of `text`, from both of its ends."""
    back = kept // 2
    return f"{text[: kept - back]}…{text[len(text) - back :]}"
