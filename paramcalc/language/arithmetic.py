"""Exact arithmetic of expressions: whole numbers, fractions and symbolic sizes, and how errors spell them.

A result that depends on the value of a symbol is an ExpressionError, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from typing import TypeAlias

from paramcalc.algebra.expr import Expr, divide_exactly, plain
from paramcalc.algebra.solve import never_negative, smaller
from paramcalc.errors import ExpressionError, clipped, conjoined

Number: TypeAlias = int | Expr | Fraction
Constant: TypeAlias = int | Expr | Fraction | bool | str | tuple["Constant", ...]


def simplify(value: Number) -> Number:
    """A fraction that is whole as an int; any other number as it is."""
    return int(value) if isinstance(value, Fraction) and value.denominator == 1 else value


def spell(value: Constant | None) -> str:
    """A value as an error writes it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(spell(item) for item in value)}]"
    if isinstance(value, Fraction):
        return f"{Decimal(value.numerator) / Decimal(value.denominator):f}"
    return f"'{clipped(value)}'" if isinstance(value, str) else plain(value)


def are_equal(left: Constant, right: Constant) -> bool:
    """Whether two values are equal. Raises ExpressionError where that depends on a symbol."""
    if isinstance(left, Expr) or isinstance(right, Expr):
        if not isinstance(left, (int, Expr)) or not isinstance(right, (int, Expr)):
            return False
        gap = left - right
        if isinstance(gap, int):
            return gap == 0
        if never_negative(gap - 1) or never_negative(-gap - 1):
            return False
        raise ExpressionError(f"whether {spell(left)} equals {spell(right)} depends on {symbols_of(gap)}")
    if isinstance(left, bool) != isinstance(right, bool):
        raise ExpressionError(f"cannot compare {spell(left)} with {spell(right)}")
    return left == right


def comparison(operator: str) -> Callable[[Number, Number], bool]:
    """The rule of `<`, `<=`, `>` or `>=`."""

    def compare(left: Number, right: Number) -> bool:
        """Whether it holds. Raises ExpressionError where that depends on a symbol."""
        gap = subtract(left, right) if operator in (">=", "<") else subtract(right, left)
        decided = never_negative(gap) if isinstance(gap, Expr) else gap >= 0
        if decided is None:
            raise ExpressionError(f"whether {spell(left)} {operator} {spell(right)} depends on {symbols_of(gap)}")
        return decided == (operator in (">=", "<="))

    return compare


def symbols_of(*sizes: Number) -> str:
    """The symbols that a decision depends on."""
    names = sorted({name for size in sizes if isinstance(size, Expr) for name in size.symbols()})
    return f"the symbol{'s' if len(names) > 1 else ''} {conjoined(names)}"


def add(left: Number, right: Number) -> Number:
    """Sum."""
    need_whole(left, right)
    return simplify(left + right)  # type: ignore[operator]


def subtract(left: Number, right: Number) -> Number:
    """Difference."""
    return add(left, -right)


def multiply(left: Number, right: Number) -> Number:
    """Product; that of a fraction and a symbolic size must be whole."""
    if isinstance(right, Fraction):
        left, right = right, left
    if isinstance(left, Fraction) and isinstance(right, Expr):
        result = divide_exactly(right * left.numerator, left.denominator)
        if result is None:
            raise ExpressionError(f"{spell(left)} of {plain(right)} is not always a whole number; divide with '//'")
        return result
    return simplify(left * right)  # type: ignore[operator]


def floor_divide(left: Number, right: Number) -> Number:
    """Quotient, rounded down."""
    if right == 0:
        raise ExpressionError("division by zero")
    need_whole(left, right)
    return left // right  # type: ignore[operator]


def need_whole(left: Number, right: Number) -> None:
    """Raise ExpressionError for a symbolic size beside a fraction."""
    if {Fraction, Expr} <= {type(left), type(right)}:
        raise ExpressionError(f"{spell(left)} and {spell(right)} do not give a whole number")


def remainder(left: Number, right: Number) -> Number:
    """What the quotient, rounded down, leaves."""
    return subtract(left, multiply(right, floor_divide(left, right)))


def minimum(*values: Number) -> Number:
    """The smallest. Raises ExpressionError where that depends on a symbol."""
    return reduce(lambda best, value: smaller_of(best, value, "smaller"), values)


def maximum(*values: Number) -> Number:
    """The largest. Raises ExpressionError where that depends on a symbol."""
    return reduce(lambda best, value: value if smaller_of(best, value, "larger") == best else best, values)


def smaller_of(left: Number, right: Number, wanted: str) -> Number:
    """The smaller of two numbers; an error that symbols decide this asks for the `wanted` one, smaller or larger."""
    if isinstance(left, Fraction) or isinstance(right, Fraction):
        if isinstance(left, Expr) or isinstance(right, Expr):
            raise ExpressionError(f"{spell(left)} and {spell(right)} do not compare: one is a symbol, one a fraction")
        return min(left, right)
    found = smaller(left, right)
    if found is None:
        choice = f"which of {spell(left)} and {spell(right)} is {wanted}"
        raise ExpressionError(f"{choice} depends on {symbols_of(left, right)}")
    return found


def round_to(value: Number, multiple: Number) -> Number:
    """The multiple of `multiple` nearest to `value`; half-way goes up."""
    if isinstance(multiple, Expr) or multiple <= 0 or isinstance(multiple, Fraction):
        raise ExpressionError(f"round_to needs a whole multiple above 0, got {spell(multiple)}")
    return multiply(floor_divide(add(multiply(value, 2), multiple), 2 * multiple), multiple)


FUNCTIONS: dict[str, Callable[..., Constant]] = {
    "min": minimum,
    "max": maximum,
    "round_to": round_to,
}
OPERATIONS: dict[str, Callable[..., Constant]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "//": floor_divide,
    "%": remainder,
    "negative": lambda value: -value,
    **{operator: comparison(operator) for operator in ("<", "<=", ">", ">=")},
    **FUNCTIONS,
}
