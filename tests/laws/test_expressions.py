"""Laws of the expression language: where it says what Python says, it means what Python means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from paramcalc.algebra.expr import Expr
from paramcalc.errors import ExpressionError
from paramcalc.language.expression import Expression, SyntaxProblem, parse, tokenize
from tests.strategies import NAMES, SYMBOLS

NUMBERS = st.integers(0, 60).map(str)
DECIMALS = st.one_of(
    NUMBERS, st.builds("{}.{}".format, st.integers(0, 40), st.from_regex(r"[0-9]{1,3}", fullmatch=True))
)
VALUES = st.fixed_dictionaries({name: st.integers(1, 60) for name in NAMES})
SPACES = st.sampled_from(["", " ", "  ", "\t", "\n"])


def joined(parts: Sequence[str], operators: Sequence[str]) -> str:
    """Operands with operators between them, without parentheses: precedence decides."""
    text = parts[0]
    for operator, part in zip(operators, parts[1:], strict=False):
        text += f" {operator} {part}"
    return text


def flat(operands: st.SearchStrategy[str], operators: list[str]) -> st.SearchStrategy[str]:
    """One to three operands in a row."""
    signs = st.lists(st.sampled_from(operators), min_size=2, max_size=2)
    return st.builds(joined, st.lists(operands, min_size=1, max_size=3), signs)


def signed(operands: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds("{}{}".format, st.sampled_from(["", "", "", "-", "+", "--", "- +"]), operands)


def numeric(numbers: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Sums and products of signed numbers, names, parentheses, min and max, three levels deep."""
    text = st.one_of(numbers, st.sampled_from(NAMES))
    for _ in range(2):
        call = st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), text, text)
        inner = st.one_of(text, st.builds("({})".format, text), call)
        text = flat(signed(inner), ["+", "-", "*", "//", "%"])
    return text


def truths(numbers: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Comparisons joined by `and`, `or` and `not`; a comparison inside `not` or a join needs no parentheses."""
    comparison = st.builds(
        "{} {} {}".format, numeric(numbers), st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), numeric(numbers)
    )
    atoms = st.one_of(comparison, st.sampled_from(["true", "false"]))
    negated = st.builds("{}{}".format, st.sampled_from(["", "not ", "not not "]), atoms)
    row = flat(negated, ["and", "or"])
    return st.one_of(row, st.builds("not ({}) and {}".format, row, negated), st.builds("({}) == ({})".format, row, row))


def python(text: str, names: dict[str, int]) -> Any:
    """What Python makes of the text, with every number as a fraction."""
    exact = re.sub(r"(?<![A-Za-z_])\d+(\.\d+)?", r"Fraction('\g<0>')", text).replace("\n", " ")
    known = {"Fraction": Fraction, "min": min, "max": max, "true": True, "false": False}
    values = {name: Fraction(value) for name, value in names.items()}
    return eval(exact, {"__builtins__": {}}, {**known, **values})  # noqa: S307 - Python is the oracle, the text is ours


def compare(text: str, names: dict[str, int]) -> None:
    """The language gives the value that Python gives, and fails where Python fails."""
    assume(len(text) <= 500)
    try:
        expected = python(text, names)
    except ZeroDivisionError:
        with pytest.raises(SyntaxProblem, match=r"^error: division by zero$"):
            parse(text).evaluate(dict(names))
        return
    try:
        value = parse(text).evaluate(dict(names))
    except SyntaxProblem as problem:
        if "digits" not in str(problem):
            raise
        reject()
    assert value == expected
    assert isinstance(value, bool) == isinstance(expected, bool)
    if not isinstance(expected, bool):
        assert isinstance(value, int) == (Fraction(expected).denominator == 1)


@given(numeric(NUMBERS), VALUES)
def test_whole_numbers_have_the_value_that_python_gives(text: str, names: dict[str, int]) -> None:
    compare(text, names)


@given(numeric(DECIMALS), VALUES)
def test_decimals_are_exact_fractions(text: str, names: dict[str, int]) -> None:
    compare(text, names)


@given(truths(NUMBERS), VALUES)
def test_truths_have_the_value_that_python_gives(text: str, names: dict[str, int]) -> None:
    compare(text, names)


@given(truths(DECIMALS), VALUES)
def test_comparisons_of_decimals_are_exact(text: str, names: dict[str, int]) -> None:
    compare(text, names)


@given(numeric(NUMBERS), VALUES)
def test_symbols_with_numbers_put_in_later_give_the_same_value(text: str, names: dict[str, int]) -> None:
    try:
        value = parse(text).evaluate(dict(SYMBOLS))
    except SyntaxProblem:
        reject()  # a division by a symbol, or a choice that it leaves open
    number = value.substitute(names) if isinstance(value, Expr) else value
    try:
        expected = python(text, names)
    except ZeroDivisionError:
        reject()  # 0 // (1 - H) is 0 for every H but 1
    assert number == expected


@given(truths(NUMBERS), st.lists(VALUES, min_size=3, max_size=3))
def test_what_is_true_of_symbols_is_true_of_all_their_values(text: str, several: list[dict[str, int]]) -> None:
    try:
        value = parse(text).evaluate(dict(SYMBOLS))
    except SyntaxProblem:
        reject()
    assert [python(text, names) for names in several] == [value] * len(several)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 60), st.sampled_from(["", ".5", ".25", ".125"]))
def test_round_to_gives_the_nearest_multiple_and_half_way_the_upper(
    left: int, right: int, multiple: int, tail: str
) -> None:
    value = Fraction(f"{left}{tail}") - right
    result = parse(f"round_to({left}{tail} - {right}, {multiple})").evaluate({})
    assert isinstance(result, int)
    nearest = min(
        range(int(value) - 2 * multiple, int(value) + 2 * multiple), key=lambda m: (distance(m, value, multiple), -m)
    )
    assert result == nearest


def distance(candidate: int, value: Fraction, multiple: int) -> Fraction:
    """How far a candidate is from the value; far away when it is no multiple."""
    return abs(candidate - value) if candidate % multiple == 0 else Fraction(10**9)


# -- text -------------------------------------------------------------------------------------------


@given(numeric(DECIMALS), st.lists(SPACES, min_size=5, max_size=5))
def test_space_does_not_matter(text: str, spaces: list[str]) -> None:
    assume(len(text) <= 400)
    pieces = [token.text for token in tokenize(text)]
    spaced = "".join(spaces[place % 5] + piece for place, piece in enumerate(pieces)) + spaces[0]
    assume(len(spaced) <= 500)
    assert [token.text for token in tokenize(spaced)] == pieces
    assert shape(parse(spaced)) == shape(parse(text))


def shape(expression: Expression) -> object:
    """The tree without offsets."""

    def of(term: Any) -> object:
        return term.operator, term.value, [of(operand) for operand in term.operands]

    return of(expression.tree)


@given(truths(DECIMALS))
def test_every_part_of_the_tree_points_at_its_own_text(text: str) -> None:
    assume(len(text) <= 500)

    def check(term: Any) -> None:
        part = text[term.offset : term.end]
        assert len(part) == term.end - term.offset
        assert shape(parse(part)) == shape(Expression(part, term, {}))
        for operand in term.operands:
            check(operand)

    check(parse(text).tree)


@given(numeric(NUMBERS))
def test_names_have_the_offsets_of_their_first_use(text: str) -> None:
    assume(len(text) <= 500)
    found = parse(text).names
    words = [(match[0], match.start()) for match in re.finditer(r"[A-Za-z_]+", text)]
    expected: dict[str, int] = {}
    for word, offset in words:
        if word not in ("min", "max"):
            expected.setdefault(word, offset)
    assert dict(found) == expected


@given(st.text(st.sampled_from("0123456789.+-*/%()<>=!,abH _and$"), max_size=14))
def test_any_text_is_parsed_or_refused_at_an_offset_inside_it(text: str) -> None:
    try:
        tree = parse(text).tree
    except SyntaxProblem as problem:
        refused = problem
    else:
        assert 0 <= tree.offset < tree.end <= len(text)
        return
    assert isinstance(refused, ExpressionError)
    assert 0 <= refused.offset <= len(text)
    assert refused.length >= 1
    assert refused.offset == len(text) or refused.offset + refused.length <= len(text)


@given(st.text(max_size=30))
def test_text_that_is_not_ascii_is_refused(text: str) -> None:
    assume(not text.isascii())
    with pytest.raises(
        SyntaxProblem, match=r"(is|are) not allowed in an expression|not a number|expected|begin|no function"
    ):
        parse(text)
