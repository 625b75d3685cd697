"""Laws of conditions: what is collected is true exactly where what was asked for is true."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import product
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from paramcalc.algebra.conditions import Condition, Conditions
from paramcalc.algebra.solve import lower_bound, never_negative, smaller
from paramcalc.language.expression import parse
from tests.strategies import Tree, brute, linear_trees, size_of, trees

HEIGHTS = [{"H": h} for h in range(1, 401)]
PAIRS = [{"H": h, "W": w} for h, w in product(range(1, 31), range(1, 31))]


class Request(NamedTuple):
    """Something that a layer asks for: `left >= right`, `left == right`, or that `right` divides `left`."""

    kind: str
    left: Tree
    right: Tree

    def ask(self, conditions: Conditions) -> bool:
        """Ask for it; False is the answer when it cannot hold."""
        asked: Callable[[Any, Any], bool] = getattr(conditions, self.kind)
        return asked(size_of(self.left), size_of(self.right))

    def true(self, names: dict[str, int]) -> bool:
        """Whether it is true, in plain integers."""
        left, right = brute(self.left, names), brute(self.right, names)
        return {"at_least": left >= right, "equal": left == right, "divisible": right != 0 and left % right == 0}[
            self.kind
        ]


@st.composite
def chain_trees(draw: st.DrawFn, name: str = "H") -> Tree:
    """What sizes look like: `(c*H + a)//m + b`."""
    inside: Tree = ("+", ("*", draw(st.integers(1, 3)), name), draw(st.integers(-12, 40)))
    return ("+", ("//", inside, draw(st.sampled_from([1, 2, 3, 4, 8, 16]))), draw(st.integers(-8, 8)))


def requests(sizes: st.SearchStrategy[Tree]) -> st.SearchStrategy[Request]:
    """Bounds, equalities of two sizes and of a size and a number, divisibility."""
    bounds = st.integers(-10, 60)
    return st.one_of(
        st.builds(Request, st.just("at_least"), sizes, st.one_of(bounds, sizes)),
        st.builds(Request, st.just("equal"), sizes, st.one_of(bounds, sizes)),
        st.builds(Request, st.just("divisible"), sizes, st.integers(2, 8)),
    )


IN_HEIGHT = requests(st.one_of(chain_trees(), linear_trees()))
IN_TWO = requests(st.one_of(chain_trees(), chain_trees("W"), linear_trees(("H", "W"), 5), trees(("H", "W"), 4)))

RESIDUES = re.compile(r"(\w+) % (\d+) in \((\d+(?:, \d+)*)\)")


def said(condition: Condition, names: dict[str, int]) -> bool:
    """Whether the text of a condition is true, read by the language of expressions."""
    residues = RESIDUES.fullmatch(condition.text)
    if residues:
        return names[residues[1]] % int(residues[2]) in {int(r) for r in residues[3].split(", ")}
    value = parse(condition.text).evaluate(dict(names))
    assert isinstance(value, bool)
    return value


def hold(asked: Iterable[Request], everywhere: list[dict[str, int]]) -> None:
    """Ask for all, and compare answers, `holds` and the texts with the plain integers at every value."""
    conditions = Conditions()
    accepted: list[Request] = []
    left = everywhere
    for request in asked:
        if request.ask(conditions):
            accepted.append(request)
            left = [names for names in left if request.true(names)]
        else:
            assert not any(request.true(names) for names in left), f"{request} was refused"
    texts = list(conditions)
    for names in everywhere:
        true = all(request.true(names) for request in accepted)
        assert conditions.holds(names) == true
        assert all(said(text, names) for text in texts) == true, f"{names}: {texts}"


@given(st.lists(IN_HEIGHT, min_size=1, max_size=4))
def test_conditions_on_one_symbol_say_what_was_asked_for(asked: list[Request]) -> None:
    hold(asked, HEIGHTS)


@given(st.lists(IN_TWO, min_size=1, max_size=3))
def test_conditions_on_two_symbols_say_what_was_asked_for(asked: list[Request]) -> None:
    hold(asked, PAIRS)


@given(requests(chain_trees()))
def test_what_is_false_for_every_height_is_refused(request: Request) -> None:
    conditions = Conditions()
    # coefficients and constants are so small that a true value, if there is one, is among these
    possible = any(request.true({"H": h}) for h in range(1, 5000))
    assert request.ask(conditions) == possible


@given(requests(chain_trees()))
def test_what_is_true_for_every_height_is_no_condition(request: Request) -> None:
    conditions = Conditions()
    request.ask(conditions)
    if all(request.true({"H": h}) for h in range(1, 5000)):
        assert list(conditions) == []


@given(st.lists(st.builds(Request, st.just("at_least"), chain_trees(), st.integers(1, 40)), min_size=1, max_size=5))
def test_only_the_strongest_bound_is_kept(asked: list[Request]) -> None:
    conditions = Conditions()
    assert all(request.ask(conditions) for request in asked)
    least = next(h for h in range(1, 5000) if all(request.true({"H": h}) for request in asked))
    assert [text for text, _ in conditions] == ([f"H >= {least}"] if least > 1 else [])


@given(st.lists(st.builds(Request, st.just("at_least"), chain_trees(), st.integers(1, 40)), min_size=1, max_size=5))
def test_a_bound_names_the_first_step_that_asks_for_it(asked: list[Request]) -> None:
    conditions = Conditions()
    for place, request in enumerate(asked):
        conditions.required_by = f"step{place}"
        request.ask(conditions)
    for condition in conditions:
        bound = int(condition.text.removeprefix("H >= "))
        first = next(place for place, request in enumerate(asked) if not request.true({"H": bound - 1}))
        assert condition.where == f"step{first}"


@given(st.lists(IN_TWO, min_size=1, max_size=3))
def test_asking_again_changes_nothing(asked: list[Request]) -> None:
    conditions = Conditions()
    accepted = [request for request in asked if request.ask(conditions)]
    before = list(conditions)
    assert all(request.ask(conditions) for request in accepted)
    assert list(conditions) == before


# -- what is decided without asking ---------------------------------------------------------------

ONE = st.one_of(chain_trees(), linear_trees(leaves=6), trees(("H",), 5))
TWO = trees(("H", "W"), 6)


def heights_or_pairs(*tried: Tree) -> list[dict[str, int]]:
    """Values to try: many heights, fewer pairs."""
    return PAIRS if "'W'" in repr(tried) else HEIGHTS


@given(st.one_of(ONE, TWO))
def test_a_size_never_falls_below_its_lower_bound(tree: Tree) -> None:
    bound = lower_bound(size_of(tree))
    if bound is not None:
        assert min(brute(tree, names) for names in heights_or_pairs(tree)) >= bound


@given(st.one_of(ONE, TWO))
def test_the_sign_of_a_size_is_decided_for_every_value(tree: Tree) -> None:
    decided = never_negative(size_of(tree))
    if decided is not None:
        assert all((brute(tree, names) >= 0) == decided for names in heights_or_pairs(tree))


@given(chain_trees(), chain_trees())
def test_the_sign_of_a_difference_is_left_open_only_where_it_depends(left: Tree, right: Tree) -> None:
    tree: Tree = ("-", left, right)
    signs = {brute(tree, {"H": h}) >= 0 for h in range(1, 5000)}
    assert never_negative(size_of(tree)) == (None if len(signs) == 2 else signs.pop())


@given(st.one_of(ONE, TWO), st.one_of(ONE, TWO))
def test_the_smaller_of_two_sizes_is_smaller_for_every_value(left: Tree, right: Tree) -> None:
    a, b = size_of(left), size_of(right)
    least = smaller(a, b)
    if least is None:
        return
    assert least in (a, b)
    chosen, other = (left, right) if least == a else (right, left)
    assert all(brute(chosen, names) <= brute(other, names) for names in heights_or_pairs(left, right))
