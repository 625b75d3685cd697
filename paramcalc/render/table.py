"""The one table model: columns, rows of values, notes. Each format spells the values in its own way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from paramcalc.algebra.expr import Expr
from paramcalc.errors import ParamcalcError, suggestion

Number: TypeAlias = int | Expr | Fraction
Scalar: TypeAlias = Number | str | bool | None


class Sizes(NamedTuple):
    """Several sizes in one cell: a shape, or one value per axis. `mark` refers to a note below the table."""

    values: tuple[Number | None, ...]
    mark: str = ""

    @property
    def symbolic(self) -> bool:
        """Whether one of the sizes holds symbols."""
        return any(isinstance(value, Expr) for value in self.values)


Value: TypeAlias = Scalar | Sizes
"""What a cell holds. None is a value that does not exist or is not known, and is shown as a dash."""


class Note(NamedTuple):
    """A line of text above or below a table: texts as they are, other values as the format spells them.

    `column` is the key of a column that it is about, and goes with.
    """

    parts: tuple[Value, ...]
    label: str = ""
    column: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `rank` says when it is dropped on a narrow page: the highest first, 0 never.

    `elastic` marks a column of names, which may be cut in the middle; numbers are never cut. Text of
    more than `longest` characters stands below its row on a page. An `optional` column is shown only
    where it is asked for.
    """

    key: str
    title: str
    numeric: bool = True
    rank: int = 0
    elastic: bool = False
    longest: int | None = None
    optional: bool = False


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

    @property
    def all_lines(self) -> list[Line]:
        """The rows, with the total as the last."""
        return [*self.lines, *([self.total] if self.total else [])]

    def without(self, keys: Sequence[str]) -> Table:
        """The same table without some columns."""
        return self.only([place for place, column in enumerate(self.columns) if column.key not in keys])

    def chosen(self, names: Sequence[str]) -> Table:
        """The same table with the columns of these keys or titles, in this order; no page drops any of them.

        Raises ParamcalcError for a name that no column has, or that is given twice.
        """
        places = [self.place(name) for name in names]
        for name, place in zip(names, places, strict=True):
            if places.count(place) > 1:
                raise ParamcalcError(f"column '{name}' is given twice")
        table = self.only(places)
        table.columns = [replace(column, rank=0, optional=False) for column in table.columns]
        return table

    def place(self, name: str) -> int:
        """Where the column of a key or title stands. Raises ParamcalcError where there is none."""
        for spelled in (str, str.casefold):
            for names in ([column.key for column in self.columns], [column.title for column in self.columns]):
                found = [spelled(each) for each in names]
                if name and spelled(name) in found:
                    return found.index(spelled(name))
        keys = [column.key for column in self.columns]
        hint = suggestion(name, [*keys, *(column.title for column in self.columns if column.title)])
        raise ParamcalcError(f"there is no column '{name}'{hint or ''}; there are {', '.join(keys)}")

    def only(self, places: Sequence[int]) -> Table:
        """The same table with the columns at some places, in their order, and the notes that go with them."""
        columns = [self.columns[place] for place in places]

        def chosen(line: Line) -> Line:
            return Line([line.values[place] for place in places], line.below, line.emphasis)

        return Table(
            self.title,
            columns,
            [chosen(line) for line in self.lines],
            self.total and chosen(self.total),
            self.head,
            self.notes(places),
        )

    def notes(self, places: Sequence[int]) -> list[Note | str]:
        """The text below the table where only the columns at some places are shown: a note goes with its column."""
        gone = {column.key for place, column in enumerate(self.columns) if place not in places}
        return [note for note in self.foot if isinstance(note, str) or note.column not in gone]
