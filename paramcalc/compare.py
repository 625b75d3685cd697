"""Architectures side by side: their figures with ratios, and two of them lined up step by step."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum
from fractions import Fraction

from paramcalc.analysis import Report, Row
from paramcalc.errors import ParamcalcError
from paramcalc.expr import plain
from paramcalc.summary import Summary, ratio, summarize

QUANTITIES = ("params", "conv_params", "linear_params", "macs", "flops", "activations", "peak_activations")
"""The quantities of a summary that have a ratio."""


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


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several networks: their names, figures and reports, in the given order."""

    names: tuple[str, ...]
    summaries: tuple[Summary, ...]
    reports: tuple[Report, ...]

    @property
    def equal(self) -> bool:
        """Whether all are step by step the same, whatever the steps are called."""
        first, *others = ([figures(row) for row in report.layers] for report in self.reports)
        return all(other == first for other in others)

    def ratios(self, quantity: str) -> list[Fraction | None]:
        """A quantity of each network in multiples of the first one's; None where symbols leave it open."""
        values = [getattr(summary, quantity) for summary in self.summaries]
        return [ratio(value, values[0]) for value in values]


def compare(*reports: Report, names: Sequence[str] = ()) -> Comparison:
    """Two or more networks side by side; `names` are what the columns are called.

    Raises ParamcalcError for fewer than two.
    """
    if len(reports) < 2:
        raise ParamcalcError("compare needs at least two architectures")
    called = tuple(names) or tuple(report.name for report in reports)
    return Comparison(called, tuple(summarize(report) for report in reports), reports)


# -- step by step ---------------------------------------------------------------------------------


def figures(row: Row) -> tuple[Hashable, ...]:
    """What makes two steps the same: everything that is computed of them, whatever they are called."""
    field = tuple(row.receptive_field) if row.receptive_field else None
    stride = tuple(row.effective_stride) if row.effective_stride else None
    return (row.type, row.output, row.count, row.weights, row.biases, row.macs, row.frozen, field, stride)


KEYS: tuple[Callable[[Row], tuple[Hashable, ...]], ...] = (
    lambda row: (row.path, *figures(row)),
    lambda row: (row.path, row.type),
    lambda row: (row.type, row.output, row.weights, row.biases),
    lambda row: (row.type,),
)
"""What steps are lined up by: first the same step, then one of the same name, the same shape, the same type."""


def line_up(left: Report, right: Report) -> list[Pair]:
    """The steps of two networks as a diff lines them up: by name and shape, not by position.

    Lining up the other way round gives the same pairs, the other way round.
    """
    if spelled(right) < spelled(left):
        return [Pair(TURNED[pair.kind], pair.right, pair.left) for pair in line_up(right, left)]
    return list(aligned(left.layers, right.layers, KEYS))


TURNED = {Kind.same: Kind.same, Kind.changed: Kind.changed, Kind.removed: Kind.added, Kind.added: Kind.removed}


def spelled(report: Report) -> list[tuple[str, str]]:
    """An order of networks, so that which one comes first does not decide how they are lined up."""
    return [(row.path, " ".join(plain(item) for item in (*row.output, row.params))) for row in report.layers]


def aligned(
    left: Sequence[Row], right: Sequence[Row], keys: Sequence[Callable[[Row], tuple[Hashable, ...]]]
) -> Iterator[Pair]:
    """Pairs by the first key; what lies between is lined up by the next."""
    if not keys or not left or not right:
        yield from (Pair(Kind.removed, row, None) for row in left)
        yield from (Pair(Kind.added, None, row) for row in right)
        return
    key, *others = keys
    matcher = SequenceMatcher(None, [key(row) for row in left], [key(row) for row in right], autojunk=False)
    i = j = 0
    for block in matcher.get_matching_blocks():
        yield from aligned(left[i : block.a], right[j : block.b], others)
        for one, other in zip(left[block.a :][: block.size], right[block.b :][: block.size], strict=True):
            yield Pair(Kind.same if figures(one) == figures(other) else Kind.changed, one, other)
        i, j = block.a + block.size, block.b + block.size
