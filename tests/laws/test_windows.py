"""Laws of windows: they are a monoid, and they count what can be counted."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from paramcalc.algebra.expr import Size, substitute, symbol
from paramcalc.algebra.window import UNIT, Window, same_padding
from tests.strategies import CHAINS, STEPS, Step, convolutions, poolings, size_after

H = symbol("H")


def starts(n: int, window: Window) -> int:
    """How many windows fit, one after the other, from the padding in front to the padding behind."""
    kernel, stride, lo, hi, dilation = (value for value in window if isinstance(value, int))
    count, first = 0, -lo
    while max(first + dilation * tap for tap in range(kernel)) < n + hi:
        count, first = count + 1, first + stride
    return count


# -- size ---------------------------------------------------------------------------------------


@given(convolutions(), st.integers(1, 80))
def test_the_size_is_the_number_of_windows_that_fit(step: Step, n: int) -> None:
    size = step.window.size(n)
    assert isinstance(size, int)
    assert max(size, 0) == starts(n, step.window)


@given(STEPS, st.integers(1, 400))
def test_a_size_with_a_symbol_becomes_the_size_with_a_number(step: Step, n: int) -> None:
    assert substitute(step.window.size(H), {"H": n}) == step.window.size(n) == step.size(n)


@given(convolutions(), st.fixed_dictionaries({"k": st.integers(1, 5), "p": st.integers(0, 3)}), st.integers(1, 60))
def test_kernel_and_padding_may_be_symbols(step: Step, names: dict[str, int], n: int) -> None:
    window = Window(symbol("k"), step.stride, symbol("p"), symbol("p"), step.dilation)
    concrete = Window(names["k"], step.stride, names["p"], names["p"], step.dilation)
    assert substitute(window.size(n), names) == concrete.size(n)


def pooled(step: Step, n: int, operation: Any, **further: Any) -> int | None:
    """The size that torch gives; None where torch finds no output at all."""
    shape = torch.empty(1, 1, n, 1, device="meta")
    try:
        result = operation(shape, (step.kernel, 1), (step.stride, 1), (step.lo, 0), ceil_mode=step.up, **further)
    except RuntimeError as error:
        if "Output size is too small" not in str(error):
            raise
        return None
    return int(result.shape[2])


@given(st.one_of(poolings(up=True), poolings(up=False)), st.lists(st.integers(1, 60), min_size=5, max_size=5))
def test_max_pooling_has_the_size_that_torch_gives(step: Step, sizes: list[int]) -> None:
    for n in sizes:
        found = pooled(step, n, torch.nn.functional.max_pool2d, dilation=(step.dilation, 1))
        size = step.window.size(n)
        assert isinstance(size, int)
        assert (size if size >= 1 else None) == found


@given(st.one_of(poolings(up=True), poolings(up=False)), st.lists(st.integers(1, 60), min_size=5, max_size=5))
def test_average_pooling_has_the_size_that_torch_gives(step: Step, sizes: list[int]) -> None:
    step = step._replace(dilation=1)
    for n in sizes:
        size = step.window.size(n)
        assert isinstance(size, int)
        assert (size if size >= 1 else None) == pooled(step, n, torch.nn.functional.avg_pool2d)


@given(poolings())
def test_rounding_up_changes_only_the_padding_behind(step: Step) -> None:
    exact = step._replace(up=False).window
    up = step.window
    assert up._replace(hi=exact.hi) == exact
    assert all(0 <= step.size(n) - step._replace(up=False).size(n) <= 1 for n in range(1, 60))


@given(convolutions(), st.integers(1, 60))
def test_a_transposed_window_has_the_size_that_torch_gives(step: Step, n: int) -> None:
    window = step.window._replace(hi=step.lo)
    size = window.transposed_size(n)
    assert isinstance(size, int)
    assume(size >= 1)
    x, weight = torch.empty(1, 1, n, device="meta"), torch.empty(1, 1, step.kernel, device="meta")
    y = torch.nn.functional.conv_transpose1d(x, weight, None, step.stride, step.lo, 0, 1, step.dilation)
    assert y.shape[2] == size


@given(convolutions(), st.integers(1, 60))
def test_a_window_undoes_the_size_of_its_transpose(step: Step, n: int) -> None:
    assert step.window.size(step.window.transposed_size(n)) == n
    assert step.window.size(step.window.transposed_size(H)) == H


# -- the monoid ---------------------------------------------------------------------------------


def same(left: Window, right: Window) -> bool:
    """Whether two windows read the same hull: kernel and dilation count together, as the span."""
    return (left.span, left.stride, left.lo, left.hi) == (right.span, right.stride, right.lo, right.hi)


@given(STEPS, STEPS, STEPS)
def test_windows_compose_associatively(first: Step, second: Step, third: Step) -> None:
    a, b, c = first.window, second.window, third.window
    assert a.then(b).then(c) == a.then(b.then(c))


@given(STEPS)
def test_the_unit_changes_nothing(step: Step) -> None:
    window = step.window
    assert same(UNIT.then(window), window)
    assert same(window.then(UNIT), window)
    assert UNIT.size(H) == H
    assert all(UNIT.size(n) == n for n in range(1, 30))


@given(STEPS, STEPS, st.integers(1, 300))
def test_the_size_behind_two_windows_is_the_size_behind_their_composition(first: Step, second: Step, n: int) -> None:
    a, b = first.window, second.window
    assert a.then(b).size(n) == b.size(a.size(n)) == second.size(first.size(n))
    assert a.then(b).size(H) == b.size(a.size(H))


@given(CHAINS, st.integers(1, 500))
def test_a_chain_of_windows_is_one_window(chain: list[Step], n: int) -> None:
    window = UNIT
    for step in chain:
        window = window.then(step.window)
    assert window.size(n) == size_after(n, chain)
    assert substitute(window.size(H), {"H": n}) == size_after(n, chain)


@given(CHAINS, st.integers(-5, 20))
def test_the_composed_window_spans_what_its_windows_reach(chain: list[Step], unit: int) -> None:
    reach = {unit}
    window = UNIT
    for step in reversed(chain):
        one = step.window
        assert isinstance(one.kernel, int)
        reach = {step.stride * i - step.lo + step.dilation * t for i in reach for t in range(one.kernel)}
        window = one.then(window)
    assert isinstance(window.lo, int)
    first = window.stride * unit - window.lo
    assert (min(reach), max(reach)) == (first, first + window.span - 1)


# -- padding 'same' -----------------------------------------------------------------------------


def padded(n: Size, kernel: int, stride: int, dilation: int) -> Window:
    lo, hi = same_padding(n, kernel, stride, dilation)
    return Window(kernel, stride, lo, hi, dilation)


@given(st.integers(1, 200), st.integers(1, 9), st.integers(1, 9), st.integers(1, 4))
def test_padding_same_divides_the_size_by_the_stride_rounded_up(
    n: int, kernel: int, stride: int, dilation: int
) -> None:
    window = padded(n, kernel, stride, dilation)
    lo, hi = window.lo, window.hi
    assert isinstance(lo, int)
    assert isinstance(hi, int)
    assert window.size(n) == -(-n // stride)
    assert lo <= hi <= lo + 1
    # never more than is needed: with less, a window would be lost
    assert lo >= 0
    assert lo + hi == 0 or Window(kernel, stride, lo, hi - 1, dilation).size(n) == window.size(n) - 1


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4), st.integers(1, 200))
def test_padding_same_with_a_symbol_becomes_that_with_a_number(kernel: int, stride: int, dilation: int, n: int) -> None:
    span = dilation * (kernel - 1) + 1
    assume(span >= stride or span == 1)
    lo, hi = same_padding(H, kernel, stride, dilation)
    assert (substitute(lo, {"H": n}), substitute(hi, {"H": n})) == same_padding(n, kernel, stride, dilation)
    assert padded(H, kernel, stride, dilation).size(H) == (H + stride - 1) // stride


@given(st.integers(2, 9), st.integers(2, 30), st.integers(1, 4))
def test_padding_same_is_refused_where_it_depends_on_the_symbol(kernel: int, stride: int, dilation: int) -> None:
    assume(dilation * (kernel - 1) + 1 < stride)
    # the total is never below 0 only because it is cut off there: for some sizes it is, for others not
    span = dilation * (kernel - 1) + 1
    totals = {((n + stride - 1) // stride - 1) * stride + span - n for n in range(1, 2 * stride)}
    assert min(totals) < 0 < max(totals)
    with pytest.raises(ValueError, match=r"^padding 'same' with a stride above the kernel needs an input size"):
        same_padding(H, kernel, stride, dilation)
