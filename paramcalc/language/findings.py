"""The problems of a file while it is read, and the checks that every part of a file needs."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from paramcalc.errors import PROBLEMS_LOOKED_FOR, Problem, Span, clipped, closest, conjoined, listing
from paramcalc.language.source import Entries, Scalar, Value, kind

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Enough(Exception):
    """There are more problems than anyone reads."""


class Findings:
    """The problems so far: those of the file itself, and those of files that it refers to."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        self.elsewhere: list[Problem] = []
        self.told: set[str] = set()

    def add(self, message: str, span: Span, *notes: str) -> None:
        """One more problem; empty notes are left out. Raises Enough after the last that is looked for."""
        self.problems.append(Problem(message, span, tuple(note for note in notes if note)))
        if len(self.problems) > PROBLEMS_LOOKED_FOR:
            raise Enough

    def once(self, note: str) -> str:
        """`note`, or nothing if it was asked for before: for a note too long to repeat."""
        if note in self.told:
            return ""
        self.told.add(note)
        return note

    def text(self, value: Value | None, what: str) -> str:
        """A text, or a number as text; empty where there is none."""
        if value is None:
            return ""
        if isinstance(value, Scalar) and value.value is not None and not isinstance(value.value, bool):
            return str(value.value)
        self.add(f"{what} must be a text, got {kind(value)}", value.span)
        return ""

    def name(self, key: Scalar, what: str) -> str:
        """A name; one that is badly formed is reported and used all the same."""
        text = str(key.value)
        if not NAME.fullmatch(text):
            expected = "letters, digits and '_', with no digit first"
            self.add(f"the name of {what} must be {expected}, got '{clipped(text)}'", key.span)
        return text

    def keys(self, tree: Entries, allowed: Collection[str], what: str) -> frozenset[str]:
        """Report the keys that are not allowed; the keys that were probably meant."""
        return self.unknown(
            [key for key, _ in tree.entries if key.value not in allowed], allowed, f"{what} has no key", what
        )

    def unknown(
        self,
        words: Collection[Scalar],
        known: Collection[str],
        problem: str,
        what: str,
        synonyms: Mapping[str, str] | None = None,
    ) -> frozenset[str]:
        """Report words that are none of the known ones; those of these that were probably meant."""
        meant: set[str] = set()
        for word in words:
            text = str(word.value)
            close = closest(text, known, synonyms)
            hint = f"; did you mean '{close}'?" if close else ""
            meant |= {close} if close else set()
            self.add(f"{problem} '{clipped(text)}'{hint}", word.span, takes(what, known))
        return frozenset(meant)

    def needs(self, what: str, missing: Collection[str], span: Span, *notes: str) -> None:
        """Report what must be given and is not."""
        if missing:
            names = [f"'{name}'" for name in missing]
            self.add(f"{what} needs {conjoined(names)}", span, *notes)


def takes(what: str, names: Collection[str]) -> str:
    """What something takes, for the note of an error."""
    return f"{what} takes: {listing(list(names))}" if names else f"{what} takes no arguments"
