"""Solving `size >= 0` and `size == 0` for the symbol of a size, and what that decides of sizes.

A size in one symbol whose divisions have the common period p grows by the same amount over every p values
of the symbol, so on each residue class modulo p it is a straight line, and what is asked is answered for
each class. For a convolution of kernel 11 and stride 4 to have 3 outputs, `(H - 11)//4 - 2 >= 0`. With
H = 4*t + r, that is `t - 5` for r = 0, 1, 2 and `t - 4` for r = 3, so it holds from H = 20, 21, 22 and 19
on: in all classes exactly from 19 on.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import lcm
from typing import NamedTuple

from paramcalc import limits
from paramcalc.algebra.expr import Expr, Floor, Size


class Line(NamedTuple):
    """A size in one symbol, on each residue class of the symbol: `size(period*t + r) = slope*t + starts[r]`."""

    symbol: str
    period: int
    slope: int
    starts: tuple[int, ...]


class Solution(NamedTuple):
    """The values of a symbol, from `low` to `high`, that leave one of `residues` when divided by `period`."""

    low: int = 1
    high: int | None = None
    period: int = 1
    residues: frozenset[int] = frozenset((0,))

    @property
    def empty(self) -> bool:
        """Whether there is no value."""
        if not self.residues:
            return True
        least = min(self.low + (residue - self.low) % self.period for residue in self.residues)
        return self.high is not None and self.high < least

    @property
    def first(self) -> int:
        """The least value of at least 1 that leaves one of the residues, whatever the bounds are."""
        return min(residue or self.period for residue in self.residues)

    def intersect(self, other: Solution) -> Solution:
        """The values that are in both."""
        highs = [high for high in (self.high, other.high) if high is not None]
        period = lcm(self.period, other.period)
        residues = frozenset(
            r for r in range(period) if r % self.period in self.residues and r % other.period in other.residues
        )
        return Solution(max(self.low, other.low), min(highs, default=None), period, residues)

    def congruence(self) -> tuple[int, int] | None:
        """The modulus m and the remainder r where the residues are those of `value % m == r`."""
        modulus, rest = divmod(self.period, len(self.residues))
        first = min(self.residues)
        if rest or self.residues != frozenset(range(first, self.period, modulus)):
            return None
        return modulus, first


def straight_line(size: Expr) -> Line | None:
    """A size as lines; None where it has several symbols, products of symbols or floors, or a long period.

    >>> straight_line((H - 11)//4 - 2)
    Line(symbol='H', period=4, slope=1, starts=(-5, -5, -5, -4))
    """
    symbols = size.symbols()
    period = floors_period(size)
    if len(symbols) != 1 or period is None or period > limits.PERIOD:
        return None
    (name,) = symbols
    values = [size.substitute({name: value}) for value in range(period + 1)]
    *starts, next_start = [value for value in values if isinstance(value, int)]
    return Line(name, period, next_start - starts[0], tuple(starts))


def floors_period(size: Expr) -> int | None:
    """The common multiple of all divisors, one inside another multiplied; None for a product of atoms."""
    period = 1
    for monomial in size.terms:
        if len(monomial) > 1:
            return None
        if monomial and isinstance(monomial[0], Floor):
            inner = floors_period(monomial[0].inside)
            if inner is None:
                return None
            period = lcm(period, monomial[0].divisor * inner)
    return period


def threshold(size: Expr) -> tuple[str, int] | None:
    """The symbol s and the number v where `size >= 0` exactly when `s >= v`; None where that is not plain to see.

    It needs no period: `c*a + e >= 0` is `a >= ceil(-e/c)`, and `floor(p/m) >= v` is `p - m*v >= 0`.

    >>> threshold((H - 11)//4 - 2)
    ('H', 19)
    """
    while True:
        constant = size.terms.get((), 0)
        atoms = [(monomial, c) for monomial, c in size.terms.items() if monomial]
        if len(atoms) != 1 or len(atoms[0][0]) != 1 or atoms[0][1] < 0:
            return None
        ((atom,), coefficient) = atoms[0]
        least = -(constant // coefficient)
        if isinstance(atom, str):
            return atom, least
        inner = atom.inside - atom.divisor * least
        assert isinstance(inner, Expr)
        size = inner


def solve(line: Line, equality: bool) -> Solution | None:
    """The values of at least 1 for which the size is 0, for an equality, or else at least 0.

    None where they are neither a range nor a set of residues.

    >>> solve(straight_line((H - 11)//4 - 2), equality=False)
    Solution(low=19, high=None, period=1, residues=frozenset({0}))
    >>> solve(straight_line(2*(H//2) - H), equality=True)
    Solution(low=1, high=None, period=2, residues=frozenset({0}))
    """
    symbol, period, slope, starts = line
    if slope == 0:
        allowed = frozenset(r for r, start in enumerate(starts) if (start == 0 if equality else start >= 0))
        return Solution(period=period, residues=allowed)
    if equality:
        zeros = [period * (-start // slope) + r for r, start in enumerate(starts) if start % slope == 0]
        zeros = [value for value in zeros if value >= 1]
        if len(zeros) > 1:
            return None
        return Solution(zeros[0], zeros[0]) if zeros else Solution(residues=frozenset())
    if slope < 0:  # it holds until the opposite, -size - 1 >= 0, does
        opposite = solve(Line(symbol, period, -slope, tuple(-start - 1 for start in starts)), equality=False)
        return opposite and Solution(high=opposite.low - 1)
    # the value from which on each class has a size of at least 0: t = ceil(-start/slope), and a value of at least 1
    begins = [max(r or period, period * -(start // slope) + r) for r, start in enumerate(starts)]
    low = max(begins) - period + 1
    return Solution(low) if min(begins) >= low else None


# -- signs ----------------------------------------------------------------------------------------


def lower_bound(size: Size) -> int | None:
    """A number that a size never falls below while every symbol is at least 1; None where none is plain to see."""
    if isinstance(size, int):
        return size
    total = 0
    for monomial, coefficient in size.terms.items():
        if monomial and coefficient < 0:
            return None
        least = coefficient
        for atom in monomial:
            if isinstance(atom, Floor):
                inside = lower_bound(atom.inside)
                if inside is None or inside < 0:
                    return None
                least *= inside // atom.divisor
        total += least
    return total


def never_negative(size: Size) -> bool | None:
    """Whether `size >= 0`: True for all values of the symbols, False for none, None where that depends or is open."""
    if isinstance(size, int):
        return size >= 0
    bound, opposite = lower_bound(size), lower_bound(-size)
    if bound is not None and bound >= 0:
        return True
    if opposite is not None and opposite > 0:
        return False
    line = straight_line(size)
    solution = line and solve(line, equality=False)
    if not solution:
        return None
    if solution.empty:
        return False
    return True if solution.low == 1 and solution.high is None and len(solution.residues) == solution.period else None


def smaller(left: Size, right: Size) -> Size | None:
    """The smaller of two sizes; None where it depends on a symbol."""
    if never_negative(right - left):
        return left
    return right if never_negative(left - right) else None


def greatest(sizes: Sequence[Size]) -> Size | None:
    """The largest of sizes; None where it depends on a symbol."""
    if all(isinstance(size, int) for size in sizes):
        return max(sizes)  # type: ignore[type-var]
    distinct = list(dict.fromkeys(sizes))
    best = distinct[0]
    for size in distinct:
        # a size that is never below another one is not given up once it is reached
        if never_negative(best - size) is not True:
            best = size
    return best if all(never_negative(best - size) for size in distinct) else None
