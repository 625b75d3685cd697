"""Errors as data, drawn last: each that a user can cause is a `ParamcalcError` of one or more `Problem`s."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from paramcalc import limits

LINE_WIDTH = 100
"""Characters of a source line that an error quotes; a longer line is cut around the caret."""

WORD_LENGTH = 60
"""Characters of a word or value that an error repeats; a longer one is cut."""

MESSAGE_LENGTH = 500
"""Characters of a message, or of one of its notes."""

PROBLEMS_LOOKED_FOR = 4 * limits.PROBLEMS_SHOWN
"""Errors after which a file is not looked at any further."""

LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""What ends a line: YAML's own rule, so that the lines of its parser are those that errors quote."""

INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp", "Zs"))
"""Unicode's categories of control, format and direction characters, lone surrogates and separators."""


def printable(text: str) -> str:
    """`text` with control and direction characters shown as escapes, so that none reaches a terminal."""
    if text.isprintable():
        return text
    return "".join(escaped(character) if invisible(character) else character for character in text)


def invisible(character: str) -> bool:
    """Whether a character cannot be seen, or changes how others are; a space is no such."""
    if character.isprintable():
        return False
    import unicodedata  # noqa: PLC0415 - what a name is made of is seldom asked

    return unicodedata.category(character) in INVISIBLE


def escaped(character: str) -> str:
    """A character by its number, as YAML and Python write it in double quotes."""
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def clipped(text: str, most: int = WORD_LENGTH) -> str:
    """`text`, cut to `most` characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


@lru_cache(maxsize=8)
def lines_of(text: str) -> list[str]:
    """The lines of a text."""
    return LINE_BREAK.split(text)


class Source(NamedTuple):
    """A text that positions point into: a file, or an option of the command line."""

    name: str
    text: str

    def line(self, number: int) -> str:
        """Line `number`, counted from 1; empty beyond the end."""
        lines = lines_of(self.text)
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def part(self, offset: int = 0, length: int | None = None) -> Span:
        """A stretch of a text of one line, such as an option: what begins at an offset, all of it by default."""
        return Span(self, 1, offset + 1, max(1, len(self.text) - offset if length is None else length))


class Span(NamedTuple):
    """A stretch of one line of a source; line and column count from 1."""

    source: Source
    line: int = 1
    column: int = 1
    length: int = 1

    def __str__(self) -> str:
        return f"{printable(self.source.name)}:{self.line}:{self.column}"

    def part(self, offset: int, length: int) -> Span:
        """The stretch of `length` characters that begins `offset` characters into this one."""
        return Span(self.source, self.line, self.column + offset, max(1, length))

    def within(self, text: str, offset: int, length: int) -> Span:
        """The part of `text`, which stands here with or without quotes; all of it where it is written otherwise."""
        line = self.source.line(self.line)
        for quotes in (0, 1):
            start = self.column - 1 + quotes
            if line[start : start + len(text)] == text:
                return self.part(offset + quotes, length)
        return self


class Problem(NamedTuple):
    """One thing that is wrong.

    `notes` are further lines: what was got, what was expected, what is allowed. `trail` is the
    way through blocks that led there, innermost first: the block's name and where it was called.
    """

    message: str
    span: Span | None = None
    notes: tuple[str, ...] = ()
    trail: tuple[tuple[str, Span], ...] = ()

    def __str__(self) -> str:
        head = f"{self.span}: error: " if self.span else "error: "
        lines = [head + clipped(printable(self.message), MESSAGE_LENGTH)]
        if self.span:
            lines += quote(self.span)
        for note in self.notes:
            lines += wrapped(clipped(printable(note), 2 * MESSAGE_LENGTH))
        lines += [f"   in {printable(name)}, called at {span}" for name, span in self.trail]
        return "\n".join(lines)


class ParamcalcError(Exception):
    """What is raised for every wrong file, value or call; `problems` says what, in order."""

    def __init__(self, *problems: Problem | str) -> None:
        self.problems = tuple(Problem(p) if isinstance(p, str) else p for p in problems)
        super().__init__(*self.problems)

    def __str__(self) -> str:
        shown = [str(problem) for problem in self.problems[: limits.PROBLEMS_SHOWN]]
        more = len(self.problems) - len(shown)
        most = PROBLEMS_LOOKED_FOR - limits.PROBLEMS_SHOWN
        if more > most:
            shown.append(f"… and over {most} more errors")
        elif more > 0:
            shown.append(f"… and {more} more error{'s' if more > 1 else ''}")
        return "\n".join(shown)


class ExpressionError(ParamcalcError):
    """A size that cannot be computed: a division by zero, a choice that symbols leave open."""


class LayerError(ParamcalcError):
    """A layer that cannot be applied to its input; the message names the shapes."""

    def __init__(self, message: str, *notes: str) -> None:
        super().__init__(Problem(message, notes=notes))


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Problems of one text in the order in which they stand."""
    return sorted(problems, key=lambda problem: (problem.span.line, problem.span.column) if problem.span else (0, 0))


def quote(span: Span) -> list[str]:
    """The line a span points to, and carets below the stretch; nothing for a blank line."""
    line = span.source.line(span.line)
    if not line.strip():
        return []
    start, end = span.column - 1, span.column - 1 + span.length
    first = max(0, min(start - LINE_WIDTH // 3, len(line) - LINE_WIDTH)) if len(line) > LINE_WIDTH else 0
    last = min(len(line), first + LINE_WIDTH)
    cells = [printable(character) for character in line[first:last].replace("\t", " ")]
    if first:
        cells[0] = "…"
    if last < len(line):
        cells[-1] = "…"
    before = sum(map(columns, cells[: start - first])) + max(0, start - last)
    below = sum(map(columns, cells[start - first : end - first]))
    return [f"{span.line:>4} | {''.join(cells)}", f"     | {' ' * before}{'^' * max(1, below)}"]


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: wide characters two, combining marks none."""
    if text.isascii():
        return len(text)
    import unicodedata  # noqa: PLC0415 - the same

    return sum(
        0 if unicodedata.category(character) in ("Mn", "Me") else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def wrapped(note: str) -> list[str]:
    """A note as indented lines."""
    import textwrap  # noqa: PLC0415 - only errors have notes

    wrapper = textwrap.TextWrapper(LINE_WIDTH, "   ", "     ", break_long_words=False, break_on_hyphens=False)
    return wrapper.wrap(note)


def closest(word: str, known: Iterable[str], synonyms: Mapping[str, str] | None = None) -> str | None:
    """The known word that `word` was probably meant to be: by `synonyms`, or the closest in spelling."""
    names = sorted(set(known) - {word})
    meant = (synonyms or {}).get(word.lower())
    if meant in names:
        return meant
    if len(word) > WORD_LENGTH:
        return None
    lower = {name.lower(): name for name in names}
    cutoff = 0.7 if len(word) > 3 else 0.65
    import difflib  # noqa: PLC0415 - only errors have suggestions

    close = difflib.get_close_matches(word.lower(), lower, n=1, cutoff=cutoff)
    return lower[close[0]] if close else None


def suggestion(word: str, known: Iterable[str], synonyms: Mapping[str, str] | None = None) -> str:
    """`; did you mean 'kernel'?` for the closest of the known words, or nothing."""
    found = closest(word, known, synonyms)
    return f"; did you mean '{found}'?" if found else ""


def conjoined(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def listing(words: Sequence[str], most: int = 30) -> str:
    """`words` joined with commas; a long list is cut, and says so."""
    shown = ", ".join(clipped(word) for word in words[:most])
    return shown if len(words) <= most else f"{shown}, … ({len(words) - most} more)"
