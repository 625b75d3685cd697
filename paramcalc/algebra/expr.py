"""Exact integer expressions: sizes with symbols in them.

A size is an `int` or an `Expr`: a polynomial with integer coefficients over atoms. An atom is a
symbol, which stands for a positive integer, or `floor(p / m)` of such a polynomial and an integer
m > 1. Rules are written with Python's own operators: ints in give ints out, symbols give symbols.

Every operation returns the canonical form, so that equal sizes compare equal and print short:

- whole multiples leave the floor: `(32*h + 5) // 32` is `h`;
- common factors cancel: `(4*h + 6) // 8` is `(h + 1) // 2`;
- a floor of a floor is one floor: `((h + a)//m + b) // n` is `(h + a + m*b) // (m*n)`;
- of `floor(p/m)` and `-floor((m - 1 - p)/m)`, which are equal, the one with the smaller
  coefficients is kept.

Where a division by an integer is meant to be exact, `//` is exact; there is no `/`.
The identities are those of Graham, Knuth, Patashnik, Concrete Mathematics, chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from math import gcd
from typing import TypeAlias, Union

from paramcalc import limits
from paramcalc.errors import ExpressionError

BEYOND = 10**limits.DIGITS
"""The least number that is too large."""

Atom: TypeAlias = Union[str, "Floor"]
Monomial: TypeAlias = tuple[Atom, ...]
Terms: TypeAlias = dict[Monomial, int]


class Floor:
    """The atom `floor(inside / divisor)`; `inside` is reduced, `divisor` is at least 2."""

    __slots__ = ("_hash", "depth", "divisor", "inside", "terms")

    def __init__(self, inside: Expr, divisor: int) -> None:
        self.inside = inside
        self.divisor = divisor
        within = [atom for atom in inside.atoms() if isinstance(atom, Floor)]
        self.terms: int = len(inside.terms) + sum(atom.terms for atom in within)
        if self.terms > limits.FLOOR_TERMS:
            raise ExpressionError(f"the expression grows beyond {limits.FLOOR_TERMS:,} terms inside one division")
        self.depth: int = 1 + max((atom.depth for atom in within), default=0)
        if self.depth > limits.FLOOR_NESTING:
            raise ExpressionError(f"the expression grows beyond {limits.FLOOR_NESTING} divisions inside one another")
        if divisor >= BEYOND:
            raise ExpressionError(f"the expression grows beyond divisors of {limits.DIGITS} digits")
        self._hash = hash((inside, divisor))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Floor):
            return NotImplemented
        return self.divisor == other.divisor and self.inside == other.inside

    def __repr__(self) -> str:
        return f"({self.inside})//{self.divisor}"


class Expr:
    """A polynomial that holds at least one symbol. Build one with `symbol` and the operators.

    `terms` maps each product of atoms (a sorted tuple, with repetition for powers; the empty tuple
    is the constant) to its coefficient, which is never 0.
    """

    __slots__ = ("_hash", "terms")

    def __init__(self, terms: Terms) -> None:
        if len(terms) > limits.TERMS:
            raise ExpressionError(f"the expression grows beyond {limits.TERMS:,} terms")
        self.terms = terms
        self._hash: int | None = None  # most sums on the way to a result are never looked up

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self.terms.items()))
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if isinstance(other, Expr):
            return self.terms == other.terms
        return NotImplemented

    def __add__(self, other: Size) -> Size:
        return combine(self, other, 1)

    __radd__ = __add__

    def __sub__(self, other: Size) -> Size:
        return combine(self, other, -1)

    def __rsub__(self, other: int) -> Size:
        return -self + other

    def __neg__(self) -> Expr:
        return Expr({monomial: -c for monomial, c in self.terms.items()})

    def __mul__(self, other: Size) -> Size:
        if isinstance(other, int):
            return Expr({m: c * other for m, c in self.terms.items()}) if other else 0
        if not isinstance(other, Expr):
            return NotImplemented
        product: Terms = {}
        if len(self.terms) * len(other.terms) > 4 * limits.TERMS:
            raise ExpressionError(f"the expression grows beyond {limits.TERMS:,} terms")
        for left, a in self.terms.items():
            for right, b in other.terms.items():
                if len(left) + len(right) > limits.DEGREE:
                    raise ExpressionError(f"the expression grows beyond products of {limits.DEGREE} factors")
                monomial = tuple(sorted(left + right, key=order)) if left and right else left or right
                product[monomial] = product.get(monomial, 0) + a * b
        return settle(product)

    __rmul__ = __mul__

    def __floordiv__(self, other: Size) -> Size:
        """`floor(self / other)`; a divisor with symbols must divide exactly."""
        if isinstance(other, int):
            if other == 0:
                raise ExpressionError("division by zero")
            return floor_divide(self.terms, other) if other > 0 else floor_divide((-self).terms, -other)
        quotient = divide_exactly(self, other)
        if quotient is None:
            raise ExpressionError(f"cannot divide {plain(self)} by {plain(other)}: only numbers divide freely")
        return quotient

    def __rfloordiv__(self, other: int) -> Size:
        if other == 0:
            return 0
        raise ExpressionError(f"cannot divide {other} by {plain(self)}: only numbers divide freely")

    def __mod__(self, other: Size) -> Size:
        """`self - other * (self // other)`."""
        return self - other * (self // other)

    def __rmod__(self, other: int) -> Size:
        return other // self  # 0 of 0; no other number is divided by symbols

    def __repr__(self) -> str:
        return plain(self)

    def atoms(self) -> Iterator[Atom]:
        """Every atom at the top, each as often as it occurs."""
        for monomial in self.terms:
            yield from monomial

    def symbols(self) -> frozenset[str]:
        """The names of all symbols, also those inside floors."""
        return _symbols(self)

    def substitute(self, values: Mapping[str, Size]) -> Size:
        """The expression with sizes in place of the symbols that `values` names."""
        total: Size = 0
        for monomial, coefficient in self.terms.items():
            product: Size = coefficient
            for atom in monomial:
                if isinstance(atom, str):
                    product = product * (values[atom] if atom in values else symbol(atom))
                else:
                    product = product * (atom.inside.substitute(values) // atom.divisor)
            total = total + product
        return total


Size: TypeAlias = int | Expr
"""A size: a number, or an expression with symbols."""


@lru_cache(maxsize=4096)
def _symbols(expr: Expr) -> frozenset[str]:
    found: set[str] = set()
    for atom in expr.atoms():
        found |= {atom} if isinstance(atom, str) else atom.inside.symbols()
    return frozenset(found)


@lru_cache(maxsize=1024)
def symbol(name: str) -> Expr:
    """The symbol `name`: a positive integer that is not known."""
    return Expr({(name,): 1})


def substitute(size: Size, values: Mapping[str, Size]) -> Size:
    """`size` with values in place of symbols; an `int` stays as it is."""
    return size if isinstance(size, int) else size.substitute(values)


def order(atom: Atom) -> tuple[int, str]:
    """Sort key of atoms: symbols by name, then floors by divisor and spelling."""
    return (0, atom) if isinstance(atom, str) else (atom.divisor, plain(atom.inside))


def settle(terms: Terms) -> Size:
    """The size that `terms` stand for: without zeros, and an `int` when no symbol is left."""
    if 0 in terms.values():
        terms = {monomial: c for monomial, c in terms.items() if c}
    if not terms:
        return 0
    if len(terms) == 1 and () in terms:
        return terms[()]
    return Expr(terms)


def combine(left: Expr, right: Size, sign: int) -> Size:
    """`left + sign * right`."""
    if isinstance(right, int) and right == 0:
        return left
    terms = dict(left.terms)
    if isinstance(right, int):
        terms[()] = terms.get((), 0) + sign * right
    elif isinstance(right, Expr):
        for monomial, c in right.terms.items():
            terms[monomial] = terms.get(monomial, 0) + sign * c
    else:
        return NotImplemented
    return settle(terms)


def floor_divide(terms: Terms, m: int) -> Size:
    """`floor(p / m)` for the polynomial `terms` and m >= 1, in canonical form."""
    whole: Terms = {}
    rest: Terms = {}
    for monomial, c in terms.items():
        quotient, remainder = divmod(c, m)
        if quotient:
            whole[monomial] = quotient
        if remainder:
            rest[monomial] = remainder
    constant = rest.pop((), 0)
    if not rest:
        return settle(whole)
    common = gcd(m, *rest.values())
    if common > 1:
        m, constant = m // common, constant // common
        rest = {monomial: c // common for monomial, c in rest.items()}
    return settle(whole) + reduced_floor(rest, constant, m)


def reduced_floor(rest: Terms, constant: int, m: int) -> Size:
    """`floor((rest + constant) / m)`: coefficients in 1..m-1 without a factor common with m."""
    leading = sorted(rest, key=lambda monomial: [order(atom) for atom in monomial])
    for monomial in leading:
        atom = monomial[0]
        if len(monomial) > 1 or isinstance(atom, str) or rest[monomial] not in (1, m - 1):
            continue
        # floor((floor(q/n) + r) / m) = floor((q + n*r) / (n*m)), and -floor(q/n) = floor((n-1-q)/n)
        n, q = atom.divisor, atom.inside
        others = {key: c * n for key, c in rest.items() if key != monomial}
        if rest[monomial] == 1:
            inner = q + settle({**others, (): constant * n})
            return floor_divide(terms_of(inner), n * m)
        inner = settle({**others, (): constant * n + n - 1}) - q
        return settle({monomial: 1}) + floor_divide(terms_of(inner), n * m)
    residues = [rest[monomial] for monomial in leading]
    if [m - c for c in residues] < residues:
        # floor(p/m) = -floor((m-1-p)/m); p and -p agree modulo m up to whole multiples
        positive = {monomial: m - c for monomial, c in rest.items()}
        below = reduced_floor(positive, m - 1 - constant, m)
        return settle(dict.fromkeys(rest, 1)) - below
    inside = dict(rest)
    if constant:
        inside[()] = constant
    return Expr({(Floor(Expr(inside), m),): 1})


def terms_of(size: Size) -> Terms:
    """The terms of a size; an `int` is one constant term."""
    return {(): size} if isinstance(size, int) else size.terms


def divide_exactly(dividend: Size, divisor: Size) -> Size | None:
    """The polynomial q with `q * divisor == dividend`, or None when there is none."""
    if isinstance(dividend, int) and isinstance(divisor, int):
        return None if dividend % divisor else dividend // divisor
    divisor_terms = terms_of(divisor)
    lead = max(divisor_terms, key=rank)
    quotient: Size = 0
    rest = dividend
    for _ in range(limits.TERMS):
        if isinstance(rest, int) and rest == 0:
            return quotient
        top = max(terms_of(rest), key=rank)
        remaining = list(top)
        for atom in lead:
            if atom not in remaining:
                return None
            remaining.remove(atom)
        share, odd = divmod(terms_of(rest)[top], divisor_terms[lead])
        if odd:
            return None
        step = settle({tuple(remaining): share})
        quotient = quotient + step
        rest = rest - step * divisor
    return None


def rank(monomial: Monomial) -> tuple[int, list[tuple[int, str]]]:
    """Order of monomials: by degree, then by atoms."""
    return len(monomial), [order(atom) for atom in monomial]


def added(sizes: Iterable[Size]) -> Size:
    """The sum of sizes; 0 for none."""
    every = list(sizes)
    if Expr not in map(type, every):
        return sum(every)
    terms: Terms = {}
    for size in every:
        for monomial, c in terms_of(size).items():
            terms[monomial] = terms.get(monomial, 0) + c
    return settle(terms)


def too_large(value: Size | Fraction) -> bool:
    """Whether a number that a value is made of has more digits than a file may write."""
    if isinstance(value, int):
        return not -BEYOND < value < BEYOND
    parts = value.terms.values() if isinstance(value, Expr) else (value.numerator, value.denominator)
    return any(not -BEYOND < part < BEYOND for part in parts)


def ceil_divide(size: Size, divisor: int) -> Size:
    """`ceil(size / divisor)`."""
    return (size + (divisor - 1)) // divisor


# -- spelling ---------------------------------------------------------------------------------


def spell(
    expr: Expr,
    number: Callable[[int], str],
    floor: Callable[[Floor, bool], str],
    dot: str,
    minus: str,
    name: Callable[[str], str] = str,
) -> str:
    """An expression as text: products by falling degree, the constant last.

    `floor` spells an atom and gets whether it begins its term, so that it needs no parentheses.
    """
    ordered = sorted(expr.terms, key=lambda m: (-len(m), [order(atom) for atom in m]))
    text = ""
    for monomial in ordered:
        value = expr.terms[monomial]
        factors = [] if monomial and abs(value) == 1 else [number(abs(value))]
        for atom in monomial:
            begins = not factors and (value > 0 or bool(text))
            factors.append(name(atom) if isinstance(atom, str) else floor(atom, begins))
        term = dot.join(factors)
        if text:
            text += f" {minus} {term}" if value < 0 else f" + {term}"
        else:
            text = f"{minus}{term}" if value < 0 else term
    return text


@lru_cache(maxsize=8192)
def _plain(expr: Expr) -> str:
    def floor(atom: Floor, begins: bool) -> str:
        inside = _plain(atom.inside)
        text = f"{inside if inside.isidentifier() else f'({inside})'}//{atom.divisor}"
        return text if begins else f"({text})"

    return spell(expr, str, floor, "*", "-")


@lru_cache(maxsize=8192)
def _pretty(expr: Expr) -> str:
    def floor(atom: Floor, begins: bool) -> str:
        inside, (left, right) = rounded(atom)
        text = _pretty(inside).replace(" ", "")
        return f"{left}{text if len(inside.terms) == 1 else f'({text})'}/{atom.divisor:,}{right}"

    return spell(expr, "{:,}".format, floor, "·", "−")


def rounded(atom: Floor) -> tuple[Expr, tuple[str, str]]:
    """What is divided, and the brackets around: `floor((H + 31)/32)` is `ceil(H/32)` for readers."""
    inside = atom.inside
    if inside.terms.get(()) == atom.divisor - 1:
        return Expr({monomial: c for monomial, c in inside.terms.items() if monomial}), ("⌈", "⌉")
    return inside, ("⌊", "⌋")


BRACKETS = {"⌊": r"\lfloor", "⌋": r"\rfloor", "⌈": r"\lceil", "⌉": r"\rceil"}


def _latex(expr: Expr) -> str:
    def floor(atom: Floor, begins: bool) -> str:
        inside, brackets = rounded(atom)
        left, right = (BRACKETS[bracket] for bracket in brackets)
        text = _latex(inside).replace(" + ", "+")
        return rf"{left} {text if len(inside.terms) == 1 else f'({text})'}/{latex(atom.divisor)} {right}"

    def name(text: str) -> str:
        return text if len(text) == 1 and text != "_" else rf"\mathit{{{text}}}".replace("_", r"\_")

    return spell(expr, latex, floor, r" \cdot ", "-", name)


def plain(size: Size | Fraction) -> str:
    """The plain spelling, which the expression parser reads back: `(H + 29)//32 - 2`."""
    return _plain(size) if isinstance(size, Expr) else str(size)


def pretty(size: Size | Fraction) -> str:
    """The spelling for readers: `⌊(H+29)/32⌋ − 2`, `⌈H/32⌉`, `177,209,344`, `1/2`."""
    if isinstance(size, Expr):
        return _pretty(size)
    if isinstance(size, Fraction) and size.denominator != 1:
        return f"{size.numerator:,}/{size.denominator:,}".replace("-", "−")
    return f"{int(size):,}".replace("-", "−")


def latex(size: Size | Fraction) -> str:
    r"""The spelling in LaTeX's mathematics: `\lfloor (H+29)/32 \rfloor - 2`, `177{,}209{,}344`, `1/2`."""
    if isinstance(size, Expr):
        return _latex(size)
    if isinstance(size, Fraction) and size.denominator != 1:
        return f"{latex(size.numerator)}/{latex(size.denominator)}"
    return f"{int(size):,}".replace(",", "{,}")
