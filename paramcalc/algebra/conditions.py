"""Conditions: what must hold for the symbols of a network, collected from its layers and combined.

A statement is `size >= 0` or `size == 0`. With numbers it is true or false at once. In one symbol it is
solved (see `solve`): what always holds is dropped, what never holds is refused, and the rest is combined
into the strongest bounds and the residues that remain. What cannot be solved, such as a statement on a
product or on several symbols, is kept as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import lcm
from typing import NamedTuple

from paramcalc import limits
from paramcalc.algebra.expr import Expr, Size, plain, settle
from paramcalc.algebra.solve import Solution, lower_bound, solve, straight_line, threshold


class Condition(NamedTuple):
    """A condition as text, such as `H >= 67`, and the path of the step that requires it."""

    text: str
    where: str


class Statement(NamedTuple):
    """`size == 0` for an equality, or else `size >= 0`."""

    size: Expr
    equality: bool

    def __str__(self) -> str:
        """The statement with negative terms on the other side: `2*(H//2) >= W + 3`."""
        left = settle({monomial: c for monomial, c in self.size.terms.items() if c > 0})
        right = settle({monomial: -c for monomial, c in self.size.terms.items() if c < 0})
        return f"{plain(left)} {'==' if self.equality else '>='} {plain(right)}"

    def holds(self, values: Mapping[str, int]) -> bool | None:
        """Whether it is true with numbers for the symbols; None where a symbol has none."""
        result = self.size.substitute(values)
        if not isinstance(result, int):
            return None
        return result == 0 if self.equality else result >= 0


class Conditions:
    """The conditions of one network on its symbols, each of which is at least 1.

    `required_by` is the path of the step whose requirements come next.

    >>> conditions = Conditions()
    >>> conditions.at_least((H - 11)//4 + 1, 3)
    True
    >>> conditions.divisible(H, 4)
    True
    >>> [text for text, _ in conditions]
    ['H >= 19', 'H % 4 == 0']
    """

    def __init__(self) -> None:
        self.required_by = ""
        self._statements: dict[Statement, str] = {}
        self._unsolved: list[Statement] = []
        self._solutions: dict[str, Solution] = {}
        self._parts: dict[str, list[tuple[Solution, str]]] = {}

    def at_least(self, size: Size, bound: Size) -> bool:
        """Require `size >= bound`; False when that cannot hold."""
        gap = size - bound
        return gap >= 0 if isinstance(gap, int) else self._require(Statement(gap, equality=False))

    def equal(self, left: Size, right: Size) -> bool:
        """Require `left == right`; False when that cannot hold."""
        gap = left - right
        return gap == 0 if isinstance(gap, int) else self._require(Statement(gap, equality=True))

    def divisible(self, size: Size, divisor: Size) -> bool:
        """Require that `divisor` divides `size`; False when that cannot hold."""
        return self.equal(size % divisor, 0)

    def _require(self, statement: Statement) -> bool:
        if statement in self._statements:
            return True
        simple = None if statement.equality else threshold(statement.size)
        if simple:
            name, solution = simple[0], Solution(max(1, simple[1]))
        else:
            line = straight_line(statement.size)
            solved = line and solve(line, statement.equality)
            if not line or not solved:
                return self._keep_unsolved(statement)
            name, solution = line.symbol, solved
        before = self._solutions.get(name, Solution())
        if lcm(before.period, solution.period) > limits.PERIOD:
            return self._keep_unsolved(statement)
        after = before.intersect(solution)
        if after.empty:
            return False
        self._statements[statement] = self.required_by
        self._solutions[name] = after
        self._parts.setdefault(name, []).append((solution, self.required_by))
        return True

    def _keep_unsolved(self, statement: Statement) -> bool:
        """Keep a statement as it stands, unless lower bounds of the size and its opposite decide it."""
        low, opposite = lower_bound(statement.size), lower_bound(-statement.size)
        always_above = low is not None and low >= (1 if statement.equality else 0)
        always_below = opposite is not None and opposite >= 1
        if always_below or (statement.equality and always_above):
            return False
        self._statements[statement] = self.required_by
        if not always_above:
            self._unsolved.append(statement)
        return True

    def holds(self, values: Mapping[str, int]) -> bool:
        """Whether every condition holds with these values for the symbols."""
        return all(statement.holds(values) for statement in self._statements)

    def __iter__(self) -> Iterator[Condition]:
        """The conditions: by symbol its bounds and its residues, then what could not be solved."""
        for name, solution in sorted(self._solutions.items()):
            yield from self._of_symbol(name, solution)
        for statement in self._unsolved:
            yield Condition(str(statement), self._statements[statement])

    def _of_symbol(self, name: str, solution: Solution) -> Iterator[Condition]:
        def first_step(*tests: Callable[[Solution], bool]) -> str:
            """The first step whose own requirement passes the first test, or else the next."""
            return next((step for test in tests for part, step in self._parts[name] if test(part)), "")

        low, high, period, residues = solution
        if low == high:
            yield Condition(f"{name} == {low}", first_step(lambda part: low in (part.low, part.high)))
            return
        if low > solution.first:
            yield Condition(f"{name} >= {low}", first_step(lambda part: part.low == low))
        if high is not None:
            yield Condition(f"{name} <= {high}", first_step(lambda part: part.high == high))
        if len(residues) < period:
            congruence = solution.congruence()
            kept = ", ".join(map(str, sorted(residues)))
            text = f"{name} % {congruence[0]} == {congruence[1]}" if congruence else f"{name} % {period} in ({kept})"
            step = first_step(
                lambda part: (part.period, part.residues) == (period, residues),
                lambda part: len(part.residues) < part.period,
            )
            yield Condition(text, step)
