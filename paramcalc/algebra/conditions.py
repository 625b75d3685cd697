"""What must hold for the symbols of a network: collected, decided, and told as shortly as possible.

A statement is `size >= 0` or `size == 0`. With numbers it is true or false at once. With one symbol
whose size grows by a fixed step (every chain of windows does), it is solved exactly: in each residue
class of the period of its floors, the size is a straight line. What is always true is dropped, what
is never true is refused, and the rest is kept: the strongest bound, the residues that remain. A
statement about products or about several symbols that cannot be decided is kept as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import lcm
from typing import NamedTuple

from paramcalc import limits
from paramcalc.algebra.expr import Expr, Floor, Size, plain, settle


class Line(NamedTuple):
    """A size in one symbol, on each residue class: `size(period*t + r) = slope*t + starts[r]`."""

    symbol: str
    period: int
    slope: int
    starts: tuple[int, ...]


class Condition(NamedTuple):
    """A statement that must hold, and the step that asks for it."""

    text: str
    where: str


class Statement(NamedTuple):
    """`size >= 0`, or `size == 0` when `exact`."""

    size: Expr
    exact: bool

    def __str__(self) -> str:
        """The statement with what is subtracted on the other side: `2*(H//2) >= W + 3`."""
        added = settle({monomial: c for monomial, c in self.size.terms.items() if c > 0})
        taken = settle({monomial: -c for monomial, c in self.size.terms.items() if c < 0})
        return f"{plain(added)} {'==' if self.exact else '>='} {plain(taken)}"

    def holds(self, values: Mapping[str, int]) -> bool | None:
        """True or false with numbers in; None when a symbol is left."""
        result = self.size.substitute(values)
        if not isinstance(result, int):
            return None
        return result == 0 if self.exact else result >= 0


class Solution(NamedTuple):
    """The values of one symbol that a statement allows: `low <= value <= high`, in some residues."""

    low: int = 1
    high: int | None = None
    period: int = 1
    residues: frozenset[int] = frozenset((0,))

    @property
    def empty(self) -> bool:
        """Whether no value is left."""
        if not self.residues:
            return True
        least = min(self.low + (residue - self.low) % self.period for residue in self.residues)
        return self.high is not None and self.high < least

    @property
    def first(self) -> int:
        """The least value of at least 1 in the residues, whatever the bounds say."""
        return min(residue or self.period for residue in self.residues)

    def meet(self, other: Solution) -> Solution:
        """The values that both allow."""
        highs = [high for high in (self.high, other.high) if high is not None]
        period = lcm(self.period, other.period)
        residues = frozenset(
            r for r in range(period) if r % self.period in self.residues and r % other.period in other.residues
        )
        return Solution(max(self.low, other.low), min(highs, default=None), period, residues)

    def congruence(self) -> tuple[int, int] | None:
        """The modulus m and remainder r when the residues are those of `value % m == r`."""
        modulus, odd = divmod(self.period, len(self.residues))
        first = min(self.residues)
        if not odd and self.residues == frozenset(range(first, self.period, modulus)):
            return modulus, first
        return None


def straight_line(size: Expr) -> Line | None:
    """`size` as a line on each residue class, or None: several symbols, products, a long period."""
    symbols = size.symbols()
    period = floors_period(size)
    if len(symbols) != 1 or period is None or period > limits.PERIOD:
        return None
    (name,) = symbols
    *starts, behind = numbers(size, range(period + 1))
    return Line(name, period, behind - starts[0], tuple(starts))


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


def numbers(size: Size, values: Sequence[int]) -> list[int]:
    """A size in one symbol at each of several values of it."""
    if isinstance(size, int):
        return [size] * len(values)
    total = [0] * len(values)
    for monomial, coefficient in size.terms.items():
        product = [coefficient] * len(values)
        for atom in monomial:
            if isinstance(atom, str):
                factors: Sequence[int] = values
            else:
                divisor = atom.divisor
                factors = [inside // divisor for inside in numbers(atom.inside, values)]
            product = [left * right for left, right in zip(product, factors, strict=True)]
        total = [left + right for left, right in zip(total, product, strict=True)]
    return total


def threshold(size: Expr) -> tuple[str, int] | None:
    """The symbol s and the least v with `size >= 0` exactly when `s >= v`, where no search is needed.

    `c*a + e >= 0` is `a >= ceil(-e/c)`, and `floor(p/m) >= v` is `p - m*v >= 0`.
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
        below = atom.inside - atom.divisor * least
        assert isinstance(below, Expr)
        size = below


def solve(line: Line, exact: bool) -> Solution | None:
    """What `size >= 0` or `size == 0` allows; None where it is no range and no set of residues."""
    period, slope, starts = line.period, line.slope, line.starts
    if slope == 0:
        allowed = frozenset(r for r, start in enumerate(starts) if (start == 0 if exact else start >= 0))
        return Solution(period=period, residues=allowed)
    if exact:
        roots = [-start // slope * period + r for r, start in enumerate(starts) if start % slope == 0]
        roots = [value for value in roots if value >= 1]
        if len(roots) > 1:
            return None
        return Solution(roots[0], roots[0]) if roots else Solution(residues=frozenset())
    first = [period if r == 0 else r for r in range(period)]
    if slope > 0:
        least = [max(first[r], -(start // slope) * period + r) for r, start in enumerate(starts)]
        failing = max(value - period for value in least)
        low = max(1, failing + 1)
        return Solution(low) if min(least) >= low else None
    most = [start // -slope * period + r for r, start in enumerate(starts)]
    passing = [value for r, value in enumerate(most) if value >= first[r]]
    if not passing:
        return Solution(residues=frozenset())
    failing = min(max(first[r], value + period) for r, value in enumerate(most))
    return Solution(high=max(passing)) if failing > max(passing) else None


def lower_bound(size: Size) -> int | None:
    """A number that `size` never falls below while every symbol is at least 1; None if none is seen."""
    if isinstance(size, int):
        return size
    total = 0
    for monomial, coefficient in size.terms.items():
        if monomial and coefficient < 0:
            return None
        least = 1
        for atom in monomial:
            inside = 1 if isinstance(atom, str) else lower_bound(atom.inside)
            if inside is None or inside < 0:
                return None
            least *= inside if isinstance(atom, str) else inside // atom.divisor
        total += coefficient * least
    return total


def never_negative(size: Size) -> bool | None:
    """Whether `size >= 0` for all values of its symbols: True, False for none, None when it depends."""
    if isinstance(size, int):
        return size >= 0
    bound, opposite = lower_bound(size), lower_bound(-size)
    if bound is not None and bound >= 0:
        return True
    if opposite is not None and opposite > 0:
        return False
    line = straight_line(size)
    solution = line and solve(line, exact=False)
    if not solution:
        return None
    if solution.empty:
        return False
    return True if solution.low == 1 and solution.high is None and len(solution.residues) == solution.period else None


def smaller(left: Size, right: Size) -> Size | None:
    """The smaller of two sizes; None where it depends on a symbol."""
    if isinstance(left, int) and isinstance(right, int):
        return min(left, right)
    decided = never_negative(right - left)
    if decided is None:
        decided = None if never_negative(left - right) is None else not never_negative(left - right)
    return None if decided is None else left if decided else right


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


class Conditions:
    """The conditions of one network on its symbols, each of which is at least 1.

    `asker` is the step that the next conditions come from.
    """

    def __init__(self) -> None:
        self.asker = ""
        self._asked: dict[Statement, str] = {}
        self._solved: dict[str, Solution] = {}
        self._parts: dict[str, list[tuple[Solution, str]]] = {}
        self._open: list[Statement] = []

    def at_least(self, size: Size, bound: Size) -> bool:
        """Require `size >= bound`; False when that cannot hold."""
        gap = size - bound
        if isinstance(gap, int):
            return gap >= 0
        return self._require(Statement(gap, exact=False))

    def equal(self, left: Size, right: Size) -> bool:
        """Require `left == right`; False when that cannot hold."""
        if left == right:
            return True
        gap = left - right
        if isinstance(gap, int):
            return gap == 0
        return self._require(Statement(gap, exact=True))

    def divisible(self, size: Size, divisor: Size) -> bool:
        """Require that `divisor` divides `size`; False when that cannot hold."""
        return self.equal(size % divisor, 0)

    def _require(self, statement: Statement) -> bool:
        if statement in self._asked:
            return True
        simple = None if statement.exact else threshold(statement.size)
        if simple:
            name, solution = simple[0], Solution(max(1, simple[1]))
        else:
            line = straight_line(statement.size)
            solved = line and solve(line, statement.exact)
            if not line or not solved:
                return self._keep_open(statement)
            name, solution = line.symbol, solved
        before = self._solved.get(name, Solution())
        if lcm(before.period, solution.period) > limits.PERIOD:
            return self._keep_open(statement)
        after = before.meet(solution)
        if after.empty:
            return False
        self._asked[statement] = self.asker
        self._solved[name] = after
        self._parts.setdefault(name, []).append((solution, self.asker))
        return True

    def _keep_open(self, statement: Statement) -> bool:
        """Keep a statement that no solution describes, unless bounds settle it."""
        size = statement.size
        low, opposite = lower_bound(size), lower_bound(-size)
        above = low is not None and low >= (1 if statement.exact else 0)
        below = opposite is not None and opposite >= 1
        if below or (statement.exact and above):
            return False
        self._asked[statement] = self.asker
        if not above:
            self._open.append(statement)
        return True

    def holds(self, values: Mapping[str, int]) -> bool:
        """Whether every condition holds with these values for the symbols."""
        return all(statement.holds(values) for statement in self._asked)

    def __iter__(self) -> Iterator[Condition]:
        """The conditions, each as strong as it can be said: bounds, residues, then the rest."""
        for name, solution in sorted(self._solved.items()):
            yield from self._of_symbol(name, solution)
        for statement in self._open:
            yield Condition(str(statement), self._asked[statement])

    def _of_symbol(self, name: str, solution: Solution) -> Iterator[Condition]:
        parts = self._parts[name]

        def asker(*telling: Callable[[Solution], bool]) -> str:
            """The first step whose own demand tells this part of the solution."""
            return next((where for tells in telling for part, where in parts if tells(part)), "")

        if solution.low == solution.high:
            where = asker(lambda part: solution.low in (part.low, part.high))
            yield Condition(f"{name} == {solution.low}", where)
            return
        if solution.low > solution.first:
            yield Condition(f"{name} >= {solution.low}", asker(lambda part: part.low == solution.low))
        if solution.high is not None:
            yield Condition(f"{name} <= {solution.high}", asker(lambda part: part.high == solution.high))
        if len(solution.residues) < solution.period:
            congruence = solution.congruence()
            kept = ", ".join(str(r) for r in sorted(solution.residues))
            text = f"{name} % {solution.period} in ({kept})"
            if congruence:
                text = f"{name} % {congruence[0]} == {congruence[1]}"
            where = asker(
                lambda part: (part.period, part.residues) == (solution.period, solution.residues),
                lambda part: len(part.residues) < part.period,
            )
            yield Condition(text, where)
