"""Published figures, such as `34848`, `35k`, `0.85M` or `159Ki`, what is claimed with them, and what meets one.

A figure with a unit is rounded: it is met when the value rounds or truncates to it. `k` or `K`, `M`,
`G` or `B` and `T` are powers of 1000, `Ki`, `Mi` and `Gi` powers of 1024. A figure without a unit is
exact.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from paramcalc.algebra.expr import Size
from paramcalc.errors import Span

UNITS = {
    "": 1,
    "k": 10**3,
    "K": 10**3,
    "M": 10**6,
    "G": 10**9,
    "B": 10**9,
    "T": 10**12,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
}
FIGURE = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,9}))?([A-Za-z]{0,2})")


class Figure(NamedTuple):
    """A published number: `digits` counts of `step`; exact when there is no unit and no decimal point."""

    text: str
    digits: int
    step: Fraction
    exact: bool

    def __str__(self) -> str:
        """The figure for readers: as it was published, an exact one with thousands separators."""
        return f"{self.digits:,}" if self.exact else self.text

    def met_by(self, value: Size | Fraction) -> bool | None:
        """Whether a value rounds or truncates to this figure; None for a symbolic value."""
        if not isinstance(value, (int, Fraction)):
            return None
        if self.exact:
            return value == self.digits
        counts = value / self.step
        return self.digits in (counts // 1, (counts + Fraction(1, 2)) // 1)


class Claim(NamedTuple):
    """What is published of a quantity: one figure, or one per axis; of the step `at`, or of the whole network.

    `span` is where the file names the step, or else the quantity. A `disputed` claim is one that the computed value
    should not meet, with the reason.
    """

    quantity: str
    figures: tuple[Figure, ...]
    span: Span
    at: str = ""
    source: str = ""
    disputed: str = ""

    @property
    def text(self) -> str:
        """The figures for readers: `35k`, `34,848`, `7×7×30`."""
        return "×".join(map(str, self.figures))

    def met_by(self, values: Sequence[Size | Fraction | None]) -> bool | None:
        """Whether values meet the claim, each its own figure, or all the only one; None where symbols leave it open."""
        figures = self.figures * len(values) if len(self.figures) == 1 else self.figures
        if not values or len(figures) != len(values):
            return False
        answers = [None if value is None else one.met_by(value) for one, value in zip(figures, values, strict=True)]
        return False if False in answers else None if None in answers else True


def figure(written: object) -> Figure:
    """The figure that a file writes, as a number or a text. Raises ValueError for anything else."""
    text = str(written)
    if isinstance(written, Fraction):
        text = f"{Decimal(written.numerator) / Decimal(written.denominator):f}"
    match = FIGURE.fullmatch(text)
    if isinstance(written, bool) or match is None or match[3] not in UNITS:
        units = ", ".join(unit for unit in UNITS if unit)
        raise ValueError(f"a figure is a number such as 34848, 35k or 0.85M (units: {units}), got '{text}'")
    decimals = match[2] or ""
    step = Fraction(UNITS[match[3]], 10 ** len(decimals))
    return Figure(text, int(match[1] + decimals), step, not match[3] and not decimals)
