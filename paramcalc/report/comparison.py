"""Architectures side by side: their figures with ratios, and two of them lined up step by step."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from operator import attrgetter
from typing import TypeAlias

from paramcalc import limits
from paramcalc.algebra.expr import Size
from paramcalc.errors import ParamcalcError
from paramcalc.report.analysis import Report
from paramcalc.report.quantities import Use, keys, quantities
from paramcalc.report.row import Row
from paramcalc.report.summary import Summary, ratio


class Kind(str, Enum):
    """What becomes of a step from the first network to the second."""

    same = "same"
    changed = "changed"
    removed = "removed"
    added = "added"


@dataclass(frozen=True, slots=True)
class Pair:
    """A step of the first network beside the one of the second that it corresponds to."""

    kind: Kind
    left: Row | None
    right: Row | None

    @property
    def only_field(self) -> bool:
        """Whether the step changed in nothing but what its units read of the input."""
        both = [row for row in (self.left, self.right) if row]
        return self.kind is Kind.changed and counted(both[0]) == counted(both[1])


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several networks: their names, figures and reports, in the given order."""

    names: tuple[str, ...]
    summaries: tuple[Summary, ...]
    reports: tuple[Report, ...]

    @property
    def equal(self) -> bool:
        """Whether all are step by step the same, on the same inputs, whatever the steps are called."""
        first, *others = (
            (list(report.input.values()), list(map(figures, report.layers)), list(report.outputs.values()))
            for report in self.reports
        )
        return all(other == first for other in others)

    def ratios(self, quantity: str) -> list[Fraction | None]:
        """A quantity of each network, by its key, in multiples of the first one's; None where symbols leave it open."""
        (found,) = (each for each in quantities(Use.RATIO) if each.key == quantity)
        return ratios([found.of_whole(summary) for summary in self.summaries])


def compare(*reports: Report, names: Sequence[str] = ()) -> Comparison:
    """Two or more networks side by side; `names` are what the columns are called.

    Raises ParamcalcError for fewer than two, and for another number of names than of networks.
    """
    if len(reports) < 2:
        raise ParamcalcError("compare needs at least two architectures")
    if names and len(names) != len(reports):
        raise ParamcalcError(f"compare needs one name for each of {len(reports)} architectures, got {len(names)}")
    called = tuple(names) or tuple(report.name for report in reports)
    return Comparison(called, tuple(map(Summary, reports)), reports)


def ratios(values: Sequence[Size | None]) -> list[Fraction | None]:
    """Values in multiples of the first; None where symbols leave it open."""
    return [ratio(value, values[0]) for value in values]


# -- step by step ---------------------------------------------------------------------------------

Key: TypeAlias = Callable[[Row], Hashable]

FIELDS = keys(Use.FIELD)
typed: Key = attrgetter("type")
weighted: Key = attrgetter("type", "weights", "biases")
shaped: Key = attrgetter("type", "weights", "biases", "output")
counted: Key = attrgetter("type", *(key for key in keys(Use.STEP) if key not in FIELDS), "frozen")
"""What is computed of a step beside its receptive field."""


def figures(row: Row) -> Hashable:
    """What makes two steps the same: everything that is computed of them, whatever they are called."""
    fields = [getattr(row.field, key) for key in FIELDS]
    return (counted(row), *(each and tuple(each) for each in fields), row.covers_input, row.misaligned)


def named(key: Key) -> Key:
    """The same with the name of the step."""
    return lambda row: (row.path, key(row))


ORDERS: tuple[tuple[Key, ...], ...] = (
    (named(figures), named(typed), shaped, typed),
    (named(figures), figures, shaped, named(typed), typed),
)
"""What steps are lined up by, one after the other: names before shapes, or shapes before names.

Names match where only sizes change; where a step is inserted, all later ones may have another number, and shapes match.
"""


def line_up(left: Report, right: Report) -> list[Pair]:
    """The steps of two networks as a diff lines them up: by name and shape, not by position.

    Of the ways to do so, the one in which most steps keep their parameters, then their shape.
    Lining up the other way round gives the same pairs, the other way round.
    """
    ours, theirs = spelled(left), spelled(right)
    if theirs < ours:
        return [Pair(TURNED[pair.kind], pair.right, pair.left) for pair in line_up(right, left)]
    if list(map(figures, left.layers)) == list(map(figures, right.layers)):
        return [Pair(Kind.same, *both) for both in zip(left.layers, right.layers, strict=True)]
    return max((list(aligned(left.layers, right.layers, keys)) for keys in ORDERS), key=likeness)


TURNED = {Kind.same: Kind.same, Kind.changed: Kind.changed, Kind.removed: Kind.added, Kind.added: Kind.removed}


def spelled(report: Report) -> list[str]:
    """An order of networks, so that which one comes first does not decide how they are lined up."""
    return [f"{row.path} {figures(row)}" for row in report.layers]


def likeness(pairs: Sequence[Pair]) -> tuple[int, int]:
    """In how many pairs both steps have the same parameters, and in how many the same shape too."""
    both = [(pair.left, pair.right) for pair in pairs if pair.left and pair.right]
    return sum(weighted(a) == weighted(b) for a, b in both), sum(shaped(a) == shaped(b) for a, b in both)


def aligned(left: Sequence[Row], right: Sequence[Row], keys: Sequence[Key]) -> Iterator[Pair]:
    """Pairs by the first key; those between are lined up by the next."""
    if not keys or not left or not right:
        yield from (Pair(Kind.removed, row, None) for row in left)
        yield from (Pair(Kind.added, None, row) for row in right)
        return
    key, *others = keys
    i = j = 0
    for a, b in common([key(row) for row in left], [key(row) for row in right]):
        yield from aligned(left[i:a], right[j:b], others)
        one, other = left[a], right[b]
        yield Pair(Kind.same if figures(one) == figures(other) else Kind.changed, one, other)
        i, j = a + 1, b + 1
    yield from aligned(left[i:], right[j:], others)


def common(left: Sequence[Hashable], right: Sequence[Hashable]) -> list[tuple[int, int]]:
    """The indices of a longest common subsequence; none of lists so long that it would fill the memory.

    Bit j of a row is 0 where the longest common subsequence with `right[: j + 1]` is longer than the one
    with `right[:j]`. A row follows from the one before by a few operations on whole integers (Hyyrö,
    Bit-parallel LCS-length computation revisited, 2004).
    """
    if len(left) * len(right) > limits.LINED_UP:
        return []
    indices: dict[Hashable, int] = {}
    for j, item in enumerate(right):
        indices[item] = indices.get(item, 0) | 1 << j
    full = (1 << len(right)) - 1
    rows = [full]
    for item in left:
        equal = rows[-1] & indices.get(item, 0)
        rows.append((rows[-1] + equal | rows[-1] - equal) & full)
    pairs = []
    i, j = len(left), len(right)
    while i and j:
        if left[i - 1] == right[j - 1]:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif rows[i] >> (j - 1) & 1:
            j -= 1
        else:
            i -= 1
    return pairs[::-1]
