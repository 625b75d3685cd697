"""The problems of a file, collected while it is read and executed, and the checks that every part of a file needs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NoReturn, TypeAlias

from paramcalc.errors import PROBLEMS_LOOKED_FOR, Problem, Span, clipped, closest, conjoined, listing
from paramcalc.language.arithmetic import Constant
from paramcalc.language.document import Argument
from paramcalc.language.expression import SyntaxProblem
from paramcalc.language.source import Entries, Items, Scalar, Value, describe

Trail: TypeAlias = tuple[tuple[str, Span], ...]
"""The calls of blocks that led to a step, innermost first: the block's name and where it is called."""

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Enough(Exception):
    """There are more problems than anyone reads."""


class Reported(Exception):
    """Something has no value because of a problem, which has been added to the findings already."""


class Findings:
    """The problems so far, each once: those of the file itself, and those of files that it refers to (`elsewhere`).

    `added` counts calls of `add`: where it has grown, something was wrong, even if it was known before.
    """

    def __init__(self, problems: Iterable[Problem] = ()) -> None:
        self.problems = [*problems]
        self.elsewhere: list[Problem] = []
        self.added = 0

    def add(self, message: str, span: Span, *notes: str, trail: Trail = ()) -> None:
        """One more problem; empty notes are left out. Raises Enough beyond the limit."""
        self.added += 1
        if any(known[:2] == (message, span) for known in self.problems):
            return
        self.problems.append(Problem(message, span, tuple(note for note in notes if note), trail))
        if len(self.problems) > PROBLEMS_LOOKED_FOR:
            raise Enough

    def fail(self, message: str, span: Span, *notes: str, trail: Trail = ()) -> NoReturn:
        """Add a problem that leaves something without a value. Raises Reported."""
        self.add(message, span, *notes, trail=trail)
        raise Reported

    def evaluate(self, argument: Argument, names: Mapping[str, Constant], trail: Trail = ()) -> Constant:
        """The value of an argument. Raises Reported where it cannot be computed."""
        try:
            return argument.evaluate(names)
        except SyntaxProblem as error:
            self.fail(error.problems[0].message, argument.blame(error), trail=trail)

    def mismatch(self, expected: str, value: Value, hint: str = "") -> None:
        """Report a value of the wrong form: what was expected, and what it is instead."""
        self.add(f"{expected}, got {describe(value)}{hint}", value.span)

    def items(self, value: Value | None, expected: str) -> tuple[Value, ...]:
        """The items of a list; none where there is no value, or another one, which is reported."""
        if isinstance(value, Items):
            return value.items
        if value is not None:
            self.mismatch(expected, value)
        return ()

    def entries(self, value: Value | None, expected: str) -> tuple[tuple[Scalar, Value], ...]:
        """The entries of a mapping; none where there is no value, or another one, which is reported."""
        if isinstance(value, Entries):
            return value.entries
        if value is not None:
            self.mismatch(expected, value)
        return ()

    def once(self, note: str) -> str:
        """A note too long to repeat; nothing where an earlier problem has it."""
        return "" if any(note in problem.notes for problem in self.problems) else note

    def text(self, value: Value | None, what: str) -> str:
        """A text, or a number as text; empty where there is none."""
        if value is None:
            return ""
        if isinstance(value, Scalar) and value.value is not None and not isinstance(value.value, bool):
            return str(value.value)
        self.mismatch(f"{what} must be text", value)
        return ""

    def name(self, key: Scalar, what: str) -> str:
        """A name; one that is badly formed is reported and used all the same."""
        text = str(key.value)
        if not NAME.fullmatch(text):
            expected = "letters, digits and '_', with no digit first"
            self.add(f"the name of {what} must be {expected}, got '{clipped(text)}'", key.span)
        return text

    def keys(self, tree: Entries, allowed: Collection[str], what: str) -> frozenset[str]:
        """Report the keys that are not allowed. Returns the allowed keys that they probably should be."""
        unknown = [key for key, _ in tree.entries if key.value not in allowed]
        return self.unknown(unknown, allowed, f"{what} has no key", what)

    def unknown(
        self,
        words: Collection[Scalar],
        known: Collection[str],
        problem: str,
        what: str,
        synonyms: Mapping[str, str] | None = None,
    ) -> frozenset[str]:
        """Report words that are not among the known ones. Returns those of these that they probably should be."""
        likely: set[str] = set()
        for word in words:
            text = str(word.value)
            close = closest(text, known, synonyms)
            likely.add(close or "")
            hint = f"; did you mean '{close}'?" if close else ""
            self.add(f"{problem} '{clipped(text)}'{hint}", word.span, takes(what, known))
        return frozenset(likely - {""})

    def needs(self, what: str, missing: Collection[str], span: Span, *notes: str) -> None:
        """Report what must be given and is not."""
        if missing:
            names = [f"'{name}'" for name in missing]
            self.add(f"{what} needs {conjoined(names)}", span, *notes)


def takes(what: str, names: Collection[str]) -> str:
    """What something takes, for the note of an error."""
    return f"{what} takes: {listing(list(names))}" if names else f"{what} takes no arguments"
