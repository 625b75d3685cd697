"""Random sizes and windows, with their meaning in plain Python integers.

A `Tree` is an expression before anyone has looked at it: with numbers in, Python's own operators
give its value; with symbols in, `Expr` does.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from hypothesis import strategies as st

from paramcalc.algebra.expr import Size, symbol
from paramcalc.algebra.window import Window, rounded_up

Tree: TypeAlias = int | str | tuple[str, "Tree", "Tree"]

NAMES = ("H", "W", "width")
SYMBOLS: dict[str, Size] = {name: symbol(name) for name in NAMES}
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
}


def worth(tree: Tree, names: Mapping[str, Size]) -> Size:
    """The tree, computed with Python's operators on what `names` holds."""
    if isinstance(tree, int):
        return tree
    if isinstance(tree, str):
        return names[tree]
    sign, left, right = tree
    value: Size = OPERATORS[sign](worth(left, names), worth(right, names))
    return value


def brute(tree: Tree, names: Mapping[str, int]) -> int:
    """The tree in plain integers."""
    value = worth(tree, names)
    assert isinstance(value, int)
    return value


def size_of(tree: Tree) -> Size:
    """The tree with symbols in."""
    return worth(tree, SYMBOLS)


SMALL = st.integers(-12, 30)
DIVISORS = st.sampled_from([2, 3, 4, 6, 8, 5, 7, 12, 1, -2, -3, -4])
POSITIVE = st.sampled_from([2, 3, 4, 1, 6, 5, 8])


def trees(names: tuple[str, ...] = NAMES, leaves: int = 10) -> st.SearchStrategy[Tree]:
    """Any expression of `+ - * // %`; divisors are numbers, also negative ones."""

    def grown(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
        return st.one_of(
            st.tuples(st.sampled_from(["//", "//", "%"]), inner, DIVISORS),
            st.tuples(st.sampled_from(["+", "-", "*"]), inner, inner),
        )

    return st.recursive(st.one_of(st.sampled_from(names), SMALL), grown, max_leaves=leaves)


def polynomials() -> st.SearchStrategy[Tree]:
    """Any expression of `+ - *`."""

    def grown(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
        return st.tuples(st.sampled_from(["+", "-", "*"]), inner, inner)

    return st.recursive(st.one_of(st.sampled_from(NAMES), SMALL), grown, max_leaves=8)


def linear_trees(names: tuple[str, ...] = ("H",), leaves: int = 4) -> st.SearchStrategy[Tree]:
    """Expressions that grow by a fixed step: sums, multiples, and floors of them."""

    def grown(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
        return st.one_of(
            st.tuples(st.sampled_from(["//", "//", "%"]), inner, st.integers(2, 5)),
            st.tuples(st.just("*"), st.integers(-3, 4), inner),
            st.tuples(st.sampled_from(["+", "-"]), inner, inner),
        )

    return st.recursive(st.one_of(st.sampled_from(names), SMALL), grown, max_leaves=leaves)


class Step(NamedTuple):
    """A convolution or a pooling along one axis; `up` is torch's `ceil_mode`."""

    kernel: int
    stride: int = 1
    lo: int = 0
    hi: int = 0
    dilation: int = 1
    up: bool = False

    def size(self, n: int) -> int:
        """The output size by torch's documentation.

        `floor((n + lo + hi - dilation*(kernel - 1) - 1)/stride) + 1`; with `ceil_mode`, `ceil`
        instead, and a window that would start in the padding behind, or beyond it, is ignored.
        """
        reach = n + self.lo + self.hi - self.dilation * (self.kernel - 1) - 1
        if not self.up:
            return reach // self.stride + 1
        count = -(-reach // self.stride) + 1
        return count - 1 if (count - 1) * self.stride >= n + self.lo else count

    @property
    def window(self) -> Window:
        """The same as the program's window."""
        window = Window(self.kernel, self.stride, self.lo, self.hi, self.dilation)
        return rounded_up(window) if self.up else window


@st.composite
def convolutions(draw: st.DrawFn) -> Step:
    """A window that rounds down, also with uneven padding."""
    kernel, stride, dilation = draw(st.integers(1, 7)), draw(st.integers(1, 4)), draw(st.integers(1, 3))
    return Step(kernel, stride, draw(st.integers(0, 4)), draw(st.integers(0, 4)), dilation)


@st.composite
def poolings(draw: st.DrawFn, *, up: bool = True) -> Step:
    """A max pooling that torch accepts."""
    kernel, stride, dilation = draw(st.integers(1, 6)), draw(st.integers(1, 5)), draw(st.integers(1, 3))
    padding = draw(st.integers(0, kernel // 2))
    return Step(kernel, stride, padding, padding, dilation, up)


STEPS = st.one_of(convolutions(), poolings())
CHAINS = st.lists(STEPS, max_size=6)


def size_after(n: int, chain: Sequence[Step]) -> int:
    """The size after all steps, in plain integers."""
    for step in chain:
        n = step.size(n)
    return n


def symbolic_size_after(n: Size, chain: Sequence[Step]) -> Size:
    """The size after all steps, by the program, one window after the other."""
    for step in chain:
        n = step.window.size(n)
    return n
