"""The one table model: columns, rows of values, notes. Each format spells the values in its own way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple, TypeAlias, TypeGuard

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


def symbolic(value: Value) -> TypeGuard[Expr | Sizes]:
    """Whether a value holds symbols."""
    return isinstance(value, Expr) or (isinstance(value, Sizes) and value.symbolic)


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
        return self.only([index for index, column in enumerate(self.columns) if column.key not in keys])

    def chosen(self, names: Sequence[str]) -> Table:
        """The same table with the columns of these keys or titles, in this order; no page drops any of them.

        Raises ParamcalcError for a name that no column has, or that is given twice.
        """
        indices = [self.index(name) for name in names]
        for name, index in zip(names, indices, strict=True):
            if indices.count(index) > 1:
                raise ParamcalcError(f"column '{name}' is given twice")
        table = self.only(indices)
        table.columns = [replace(column, rank=0, optional=False) for column in table.columns]
        return table

    def index(self, name: str) -> int:
        """The index of the column of a key or title. Raises ParamcalcError where there is none."""
        keys, titles = [column.key for column in self.columns], [column.title for column in self.columns]
        for spelled in (str, str.casefold):
            for names in (keys, titles):
                found = [spelled(each) for each in names]
                if name and spelled(name) in found:
                    return found.index(spelled(name))
        hint = suggestion(name, [*keys, *filter(None, titles)])
        raise ParamcalcError(f"there is no column '{name}'{hint or ''}; there are {', '.join(keys)}")

    def only(self, indices: Sequence[int]) -> Table:
        """The same table with some of its columns, in their order, and the notes that go with them."""
        lines = [Line([line.values[i] for i in indices], line.below, line.emphasis) for line in self.all_lines]
        total = lines.pop() if self.total else None
        columns = [self.columns[i] for i in indices]
        return replace(self, columns=columns, lines=lines, total=total, foot=self.notes(indices))

    def notes(self, indices: Sequence[int]) -> list[Note | str]:
        """The text below the table where only some columns are shown: a note goes with its column."""
        gone = {column.key for index, column in enumerate(self.columns) if index not in indices}
        return [note for note in self.foot if isinstance(note, str) or note.column not in gone]
