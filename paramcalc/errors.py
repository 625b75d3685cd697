"""Errors as data: what is wrong, where, and how it came about. They are drawn last.

Every error that a user can cause is a `ParamcalcError`, which holds one or more `Problem`s.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from paramcalc import limits

LINE_WIDTH = 100
"""Characters of a source line that an error quotes; a longer line is cut around the caret."""

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def printable(text: str) -> str:
    """`text` with control and direction characters shown as escapes, so that none reaches a terminal."""
    return CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


@dataclass(frozen=True, slots=True)
class Source:
    """A text that positions point into: a file, or an option of the command line."""

    name: str
    text: str = field(repr=False)

    def line(self, number: int) -> str:
        """Line `number`, counted from 1; empty beyond the end."""
        lines = self.text.split("\n")
        return lines[number - 1].rstrip("\r") if 0 < number <= len(lines) else ""


@dataclass(frozen=True, slots=True)
class Span:
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


@dataclass(frozen=True, slots=True)
class Problem:
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
        lines = [head + printable(self.message)]
        if self.span:
            lines += quote(self.span)
        lines += [f"   {printable(note)}" for note in self.notes]
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
        if more > 0:
            shown.append(f"… and {more} more errors")
        return "\n".join(shown)


class ExpressionError(ParamcalcError):
    """A size that cannot be computed: a division by zero, a choice that symbols leave open."""


class LayerError(ParamcalcError):
    """A layer that cannot be applied to its input; the message names the shapes."""

    def __init__(self, message: str, *notes: str) -> None:
        super().__init__(Problem(message, notes=notes))


def quote(span: Span) -> list[str]:
    """The line a span points to, and carets below the stretch."""
    line = CONTROL.sub(" ", span.source.line(span.line))
    start, length = span.column - 1, span.length
    if len(line) > LINE_WIDTH:
        cut = max(0, min(start - LINE_WIDTH // 3, len(line) - LINE_WIDTH))
        line, start = line[cut : cut + LINE_WIDTH], start - cut
    if not line.strip():
        return []
    length = max(1, min(length, len(line) - start))
    return [f"{span.line:>4} | {line}", f"     | {' ' * start}{'^' * length}"]


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'kernel'?` for the closest of the known words, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else ""


def listing(words: Sequence[str], most: int = 30) -> str:
    """`words` joined with commas; a long list is cut, and says so."""
    shown = ", ".join(words[:most])
    return shown if len(words) <= most else f"{shown}, … ({len(words) - most} more)"
