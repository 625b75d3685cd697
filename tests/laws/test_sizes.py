"""Laws of `Expr`: it means what plain integers mean, and equal sizes have one form."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import pytest
import sympy  # type: ignore[import-untyped]
from hypothesis import assume, given
from hypothesis import strategies as st

from paramcalc.algebra.expr import (
    Expr,
    Floor,
    Monomial,
    Size,
    ceil_divide,
    divide_exactly,
    plain,
    pretty,
    substitute,
    symbol,
)
from paramcalc.errors import ExpressionError
from paramcalc.language.expression import parse
from tests.strategies import (
    CHAINS,
    DIVISORS,
    NAMES,
    SYMBOLS,
    Step,
    Tree,
    brute,
    polynomials,
    size_after,
    size_of,
    symbolic_size_after,
    trees,
    worth,
)

VALUES = st.fixed_dictionaries({name: st.integers(-30, 400) for name in NAMES})
MANY_VALUES = st.lists(VALUES, min_size=4, max_size=4)
H, W = symbol("H"), symbol("W")

SYMPY = {name: sympy.Symbol(name, integer=True) for name in NAMES}


def sympy_of(tree: Tree) -> sympy.Expr:
    """The tree in sympy, with its own floor."""
    if isinstance(tree, int):
        return sympy.Integer(tree)
    if isinstance(tree, str):
        return SYMPY[tree]
    sign, left, right = tree
    a, b = sympy_of(left), sympy_of(right)
    if sign == "//":
        return sympy.floor(a / b)
    if sign == "%":
        return a - b * sympy.floor(a / b)
    return {"+": a + b, "-": a - b, "*": a * b}[sign]


def floors(size: Size) -> list[Floor]:
    """The floor atoms of a size, also those inside others."""
    if isinstance(size, int):
        return []
    found = []
    for atom in size.atoms():
        if isinstance(atom, Floor):
            found += [atom, *floors(atom.inside)]
    return found


# -- values -------------------------------------------------------------------------------------


@given(trees(), MANY_VALUES)
def test_a_size_has_the_value_that_plain_integers_have(tree: Tree, values: list[dict[str, int]]) -> None:
    size = size_of(tree)
    for names in values:
        assert substitute(size, names) == brute(tree, names)


@given(trees(), VALUES, st.sets(st.sampled_from(NAMES)))
def test_substituting_in_two_steps_is_substituting_at_once(tree: Tree, names: dict[str, int], first: set[str]) -> None:
    half = substitute(size_of(tree), {name: names[name] for name in first})
    if isinstance(half, Expr):
        assert half.symbols() <= set(NAMES) - first
    assert substitute(half, names) == brute(tree, names)


@given(trees(leaves=6), trees(leaves=4), VALUES)
def test_substituting_a_size_is_substituting_its_value(tree: Tree, inner: Tree, names: dict[str, int]) -> None:
    composed = substitute(size_of(tree), {"H": size_of(inner)})
    assert substitute(composed, names) == brute(tree, {**names, "H": brute(inner, names)})


@given(trees(leaves=6), VALUES)
def test_a_size_has_the_value_that_sympy_gives(tree: Tree, names: dict[str, int]) -> None:
    expected = sympy_of(tree).subs({SYMPY[name]: value for name, value in names.items()})
    assert substitute(size_of(tree), names) == int(expected)


@given(trees(leaves=6), trees(leaves=6), VALUES)
def test_operators_of_sizes_are_those_of_their_values(left: Tree, right: Tree, names: dict[str, int]) -> None:
    a, b = size_of(left), size_of(right)
    x, y = brute(left, names), brute(right, names)
    assert substitute(a + b, names) == x + y
    assert substitute(a - b, names) == x - y
    assert substitute(a * b, names) == x * y
    assert substitute(-a, names) == -x


@given(trees(leaves=5), trees(leaves=5))
def test_dividing_a_product_by_a_factor_gives_the_other(left: Tree, right: Tree) -> None:
    a, b = size_of(left), size_of(right)
    assume(b != 0)
    assert divide_exactly(a * b, b) == a
    if isinstance(a, Expr) or isinstance(b, Expr):
        assert (a * b) // b == a
        assert (a * b) % b == 0


@given(polynomials(), polynomials())
def test_what_does_not_divide_is_refused_and_what_divides_multiplies_back(left: Tree, right: Tree) -> None:
    a, b = size_of(left), size_of(right)
    assume(isinstance(b, Expr))
    assert isinstance(b, Expr)
    quotient = divide_exactly(a, b)
    exact, rest = sympy.div(sympy_of(left), sympy_of(right), *SYMPY.values(), domain="QQ")
    divides = rest == 0 and all(c.is_integer for c in sympy.Poly(exact, *SYMPY.values()).coeffs())
    assert (quotient is not None) == divides
    if quotient is None:
        with pytest.raises(ExpressionError, match=r"^error: cannot divide .* by .*: only numbers divide freely$"):
            a // b
    else:
        assert quotient * b == a


# -- one form -----------------------------------------------------------------------------------


@given(polynomials(), polynomials())
def test_polynomials_are_equal_exactly_when_sympy_says_so(left: Tree, right: Tree) -> None:
    for other in (right, ("-", ("+", left, right), right)):
        equal = sympy.expand(sympy_of(left) - sympy_of(other)) == 0
        assert (size_of(left) == size_of(other)) == equal


@given(trees(leaves=6), trees(leaves=6), trees(leaves=6))
def test_sizes_are_a_commutative_ring(left: Tree, middle: Tree, right: Tree) -> None:
    a, b, c = size_of(left), size_of(middle), size_of(right)
    for one, other in (
        (a + b, b + a),
        (a * b, b * a),
        ((a + b) + c, a + (b + c)),
        ((a * b) * c, a * (b * c)),
        (a * (b + c), a * b + a * c),
        (a - b, a + -b),
        (a - a, 0),
    ):
        assert one == other
        assert hash(one) == hash(other)


@given(trees(leaves=6), trees(leaves=6), DIVISORS)
def test_whole_multiples_leave_the_floor(left: Tree, right: Tree, m: int) -> None:
    p, q = size_of(left), size_of(right)
    assert (p + m * q) // m == p // m + q
    assert (p + m * q) % m == p % m


@given(trees(leaves=6), DIVISORS, st.integers(1, 9))
def test_common_factors_cancel(tree: Tree, m: int, factor: int) -> None:
    p = size_of(tree)
    for rest in range(factor):
        assert (factor * p + rest) // (factor * m if m > 0 else factor * -m) == p // abs(m)


@given(st.sampled_from([H, W, H + W, H * W, H * H + W]), polynomials(), st.integers(1, 12), st.integers(1, 12))
def test_a_floor_of_a_floor_is_one_floor(size: Size, tree: Tree, m: int, n: int) -> None:
    more = size_of(tree)
    for a in range(m):
        assert ((size + a) // m + more) // n == (size + a + m * more) // (m * n)


@given(polynomials(), st.sampled_from([3, 5, 7, 9, 11, 15]))
def test_a_quotient_rounded_up_has_one_form(tree: Tree, m: int) -> None:
    p = size_of(tree)
    assert -(-p // m) == ceil_divide(p, m) == (p + m - 1) // m


@given(trees(leaves=6), st.integers(1, 12), VALUES)
def test_rounding_up_is_rounding_down_from_the_other_side(tree: Tree, m: int, names: dict[str, int]) -> None:
    p = size_of(tree)
    assert substitute(ceil_divide(p, m), names) == substitute(-(-p // m), names) == -(-brute(tree, names) // m)


@given(trees())
def test_floors_are_reduced(tree: Tree) -> None:
    for atom in floors(size_of(tree)):
        coefficients = [c for monomial, c in atom.inside.terms.items() if monomial]
        assert coefficients
        assert all(0 < c < atom.divisor for c in atom.inside.terms.values())
        assert math.gcd(atom.divisor, *coefficients) == 1


@given(trees())
def test_what_is_built_again_from_its_parts_is_equal(tree: Tree) -> None:
    size = size_of(tree)
    again = substitute(size, SYMBOLS)
    assert again == size
    assert hash(again) == hash(size)
    assert plain(again) == plain(size)


# -- chains of windows --------------------------------------------------------------------------


def shortest_form(chain: list[Step]) -> tuple[int, int, int]:
    """The m, a, b with 0 <= a < m for which the chain has size `(n + a)//m + b`, found by counting sizes only."""
    m = 1
    for step in chain:
        m *= step.stride
    b = size_after(0, chain)
    first = next(n for n in range(1, m + 1) if size_after(n, chain) > b)
    return m, m - first, b


@given(CHAINS)
def test_a_chain_of_windows_has_one_floor_at_most(chain: list[Step]) -> None:
    m, a, b = shortest_form(chain)
    size = symbolic_size_after(H, chain)
    assert size == (H + a) // m + b
    rest: dict[Monomial, int] = {(): b} if b else {}
    if m == 1:
        assert a == 0
        assert isinstance(size, Expr)
        assert size.terms == {("H",): 1, **rest}
        return
    assert isinstance(size, Expr)
    (atom,) = size.atoms()
    assert isinstance(atom, Floor)
    assert (atom.divisor, atom.inside) == (m, H + a)
    assert size.terms == {(atom,): 1, **rest}


@given(CHAINS)
def test_a_chain_of_windows_is_spelled_with_three_numbers(chain: list[Step]) -> None:
    m, a, b = shortest_form(chain)
    size = symbolic_size_after(H, chain)
    tail = f" {'-' if b < 0 else '+'} {abs(b)}" if b else ""
    pretty_tail = tail.replace("-", "−")
    if m == 1:
        assert plain(size) == f"H{tail}"
        assert pretty(size) == f"H{pretty_tail}"
        return
    assert abs(b) < 1000
    inside = f"(H + {a})" if a else "H"
    assert plain(size) == f"{inside}//{m}{tail}"
    floor = f"⌈H/{m:,}⌉" if a == m - 1 else f"⌊(H+{a:,})/{m:,}⌋" if a else f"⌊H/{m:,}⌋"
    assert pretty(size) == floor + pretty_tail


# -- spelling -----------------------------------------------------------------------------------


def read_back(size: Size, names: Mapping[str, Size] = SYMBOLS) -> object:
    text = plain(size)
    assume(len(text) <= 500)
    return parse(text).evaluate(dict(names))


@given(trees())
def test_the_plain_spelling_is_read_back_to_the_same_size(tree: Tree) -> None:
    size = size_of(tree)
    assert read_back(size) == size


@given(trees(), VALUES)
def test_the_plain_spelling_has_the_same_value_with_numbers_in(tree: Tree, names: dict[str, int]) -> None:
    value = brute(tree, names)
    assume(abs(value) < 10**12)
    assert read_back(size_of(tree), names) == value


@given(trees())
def test_the_spelling_for_readers_has_its_own_signs(tree: Tree) -> None:
    text = pretty(size_of(tree))
    assert not re.search(r"[*%-]|//", text)
    for left, right in ("()", "⌊⌋", "⌈⌉"):
        assert text.count(left) == text.count(right)


@given(trees(), VALUES)
def test_the_spelling_for_readers_says_the_same_value(tree: Tree, names: dict[str, int]) -> None:
    # ⌊p/m⌋ and ⌈p/m⌉ are turned into Python's own division, and computed by sympy
    text = pretty(size_of(tree)).replace(",", "").replace("·", "*").replace("−", "-")
    text = text.replace("⌊", "floor(").replace("⌈", "ceiling(").replace("⌋", ")").replace("⌉", ")")
    value = sympy.sympify(text, locals=SYMPY).subs({SYMPY[name]: number for name, number in names.items()})
    assert value == worth(tree, names)
