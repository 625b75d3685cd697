"""The one table model: columns, rows of values, notes. Each format spells the values in its own way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from paramcalc.expr import Expr

Scalar: TypeAlias = int | Expr | Fraction | str | bool | None


class Sizes(NamedTuple):
    """Several sizes in one cell: a shape, or one value per axis. `mark` refers to a note below the table."""

    values: tuple[Scalar, ...]
    mark: str = ""


Value: TypeAlias = Scalar | Sizes
"""What a cell holds. None is a value that does not exist or is not known, and is shown as a dash."""


class Note(NamedTuple):
    """A line of text above or below a table: texts as they are, other values as the format spells them."""

    parts: tuple[Value, ...]
    label: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `rank` says when it is dropped on a narrow page: the highest first, 0 never.

    `elastic` marks a column of names, which may be cut in the middle; numbers are never cut.
    """

    key: str
    title: str
    numeric: bool = True
    rank: int = 0
    elastic: bool = False


@dataclass(slots=True)
class Line:
    """A row: its values in the order of the columns, further text below it, and how it is set off."""

    values: Sequence[Value]
    below: Sequence[str] = ()
    emphasis: str = ""


@dataclass(slots=True)
class Table:
    """A table with what stands around it.

    `head` is text above it, `foot` below it; `total` is a last row that is set off from the others.
    """

    title: str
    columns: list[Column]
    lines: list[Line]
    total: Line | None = None
    head: Sequence[Note | str] = ()
    foot: Sequence[Note | str] = ()

    def without(self, keys: Sequence[str]) -> Table:
        """The same table without some columns."""
        kept = [place for place, column in enumerate(self.columns) if column.key not in keys]

        def shorter(line: Line) -> Line:
            return Line([line.values[place] for place in kept], line.below, line.emphasis)

        return Table(
            self.title,
            [self.columns[place] for place in kept],
            [shorter(line) for line in self.lines],
            self.total and shorter(self.total),
            self.head,
            self.foot,
        )
