"""The expression language: values, names, and each thing that can be wrong, with its position.

In the tables of errors, «» encloses what the caret must be below; an empty «» is the position
behind the text, or of what is missing.
"""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from paramcalc import limits
from paramcalc.algebra.expr import plain, symbol
from paramcalc.errors import ExpressionError
from paramcalc.language.arithmetic import Constant
from paramcalc.language.expression import Expression, SyntaxProblem, parse, tokenize

H, W = symbol("H"), symbol("W")
NAMES: dict[str, Constant] = {
    "H": H,
    "W": W,
    "n": 7,
    "half": Fraction(1, 2),
    "yes": True,
    "word": "same",
    "both": (1, 2),
}


def value(text: str) -> Constant:
    """The value with the names above."""
    return parse(text).evaluate(NAMES)


def blame(marked: str) -> tuple[str, int, int]:
    """A text without its marks, and the offset and length that they enclose."""
    before, rest = marked.split("«")
    inside, after = rest.split("»")
    return before + inside + after, len(before), max(1, len(inside))


# -- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 + 3*4", 14),
        ("(2 + 3)*4", 20),
        ("20 - 5 - 3", 12),
        ("60 // 4 // 3", 5),
        ("60 // (4 // 3)", 60),
        ("7 // 2 * 2", 6),
        ("2 * 7 // 2", 7),
        ("17 % 5 * 2", 4),
        ("-7 // 3", -3),
        ("-(7 // 3)", -2),
        ("-7 % 3", 2),
        ("7 // -3", -3),
        ("7 % -3", -2),
        ("--5", 5),
        ("+5 - -5", 10),
        ("2*-3", -6),
        ("n // 2", 3),
        ("0", 0),
        ("  12\t+\n1 ", 13),
        ("min(3)", 3),
        ("min(3, 1, 2)", 1),
        ("max(3, 1, 2)", 3),
        ("max(1, min(5, n), 2) + 1", 6),
    ],
)
def test_whole_numbers(text: str, expected: int) -> None:
    assert value(text) == expected
    assert type(value(text)) is int


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.75", Fraction(3, 4)),
        ("0.1 + 0.2", Fraction(3, 10)),
        ("1.10", Fraction(11, 10)),
        ("half + 0.25", Fraction(3, 4)),
        ("-0.5", Fraction(-1, 2)),
        ("5.5 % 2", Fraction(3, 2)),
        ("max(0.3, 0.25)", Fraction(3, 10)),
    ],
)
def test_decimals_are_exact(text: str, expected: Fraction) -> None:
    assert value(text) == expected
    assert type(value(text)) is Fraction


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0.75 * 64", 48), ("2.0", 2), ("half * 8", 4), ("0.7 + 0.3", 1), ("5.5 // 2", 2), ("-5.5 // 2", -3)],
)
def test_what_comes_out_whole_is_a_whole_number(text: str, expected: int) -> None:
    assert value(text) == expected
    assert type(value(text)) is int


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # the nearest multiple; half-way goes up
        ("round_to(30, 8)", 32),
        ("round_to(27, 8)", 24),
        ("round_to(28, 8)", 32),
        ("round_to(0.75 * 30, 8)", 24),
        ("round_to(2.5, 1)", 3),
        ("round_to(-2.5, 1)", -2),
        ("round_to(3, 8)", 0),
    ],
)
def test_round_to(text: str, expected: int) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 < 2", True),
        ("2 <= 1", False),
        ("2 > 1", True),
        ("1 >= 2", False),
        ("1 == 1.0", True),
        ("0.1 + 0.2 == 0.3", True),
        ("1 != 1", False),
        ("1 + 1 == 2", True),
        ("not 1 == 2", True),
        ("not true == false", True),
        ("true or false and false", True),
        ("(true or false) and false", False),
        ("not true or true", True),
        ("not not yes", True),
        ("false or 1 < 2 and 3 < 4", True),
        ("word == word", True),
        ("word != n", True),
        ("both == both", True),
        ("true == yes", True),
        ("half < 1", True),
    ],
)
def test_truths(text: str, expected: bool) -> None:
    assert value(text) is expected


def test_what_is_decided_is_not_looked_at() -> None:
    assert value("false and 1 // 0 == 1") is False
    assert value("true or 5") is True


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(H + 29)//32 - 2", (H + 29) // 32 - 2),
        ("-H//3", -H // 3),
        ("-(H//3)", -(H // 3)),
        ("H*W//W", H),
        ("H % 4", H - 4 * (H // 4)),
        ("0.5 * (2*H)", H),
        ("2*H * 1.5", 3 * H),
        ("round_to(H, 8)", 8 * ((H + 4) // 8)),
        ("min(H, H + 1)", H),
        ("max(H, 1)", H),
        ("H - H", 0),
        ("min(H, 0)", 0),
    ],
)
def test_symbols(text: str, expected: Constant) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("H >= 1", True),
        ("H < 1", False),
        ("H > 0", True),
        ("H <= 0", False),
        ("H == 0", False),
        ("H != 0", True),
        ("H == H", True),
        ("H == half", False),
        ("H == word", False),
        ("H + W > 1", True),
        ("H % 4 <= 3", True),
        ("H // 2 <= H", True),
    ],
)
def test_what_holds_for_every_symbol_is_true(text: str, expected: bool) -> None:
    assert value(text) is expected


def test_words_and_lists_are_values() -> None:
    assert value("word") == "same"
    assert value("(both)") == (1, 2)


def test_names_come_with_their_first_offset() -> None:
    assert parse("a + min(b, a)*_c2 - b").names == {"a": 0, "b": 8, "_c2": 14}
    assert parse("not true or 1 == 1").names == {}


def test_an_expression_keeps_its_text() -> None:
    expression = parse(" 2 * n ")
    assert isinstance(expression, Expression)
    assert expression.text == " 2 * n "
    assert [token.text for token in tokenize("a<=b//-1")] == ["a", "<=", "b", "//", "-", "1"]


# -- what does not parse --------------------------------------------------------------------------

ANYTHING = "a number, a name or '('"


@pytest.mark.parametrize(
    ("marked", "message"),
    [
        ("«»", f"expected {ANYTHING}, got the end"),
        ("  «»", f"expected {ANYTHING}, got the end"),
        ("1 +«»", f"expected {ANYTHING}, got the end"),
        ("1 + «)»", f"expected {ANYTHING}, got ')'"),
        ("(«)»", f"expected {ANYTHING}, got ')'"),
        ("2 * «and»", f"expected {ANYTHING}, got 'and'"),
        ("1 + «not» true", f"expected {ANYTHING}, got 'not'"),
        ("«,»", f"expected {ANYTHING}, got ','"),
        ("2*«*»3", f"expected {ANYTHING}, got '*'; powers are not in the language"),
        ("2 //«//» 3", f"expected {ANYTHING}, got '//'"),
        ("«==» 3", f"expected {ANYTHING}, got '=='"),
        ("1 «2»", "expected an operator or the end, got '2'"),
        ("a «b»", "expected an operator or the end, got 'b'"),
        ("«n» (2)", "there is no function 'n'; there are min, max, round_to"),
        ("1 + 2«)»", "expected an operator or the end, got ')'"),
        ("1«,» 2", "expected an operator or the end, got ','"),
        ("1 «true»", "expected an operator or the end, got 'true'"),
        ("(1 + 2«»", "expected ')', got the end"),
        ("(1 «2»)", "expected ')', got '2'"),
        ("((1)«»", "expected ')', got the end"),
        ("min(1, 2«»", "expected ',' or ')', got the end"),
        ("min(1 «2»)", "expected ',' or ')', got '2'"),
        ("min(«)»", f"expected {ANYTHING}, got ')'"),
        ("min(1, «)»", f"expected {ANYTHING}, got ')'"),
        ("1 < 2 «<» 3", "comparisons do not chain; join them with 'and'"),
        ("1 == 1 «==» 1", "comparisons do not chain; join them with 'and'"),
        ("true and 1 < 2 «>=» 1", "comparisons do not chain; join them with 'and'"),
        ("«$»", "'$' is not allowed in an expression"),
        ("a«.»b", "'.' is not allowed in an expression"),
        ("a«[»0]", "'[' is not allowed in an expression"),
        ("«'»same'", "quotes are not allowed in an expression"),
        ("«ä»", "'ä' is not allowed in an expression"),
        ("2 «×» 3", "'×' is not allowed in an expression"),
        ("6«/»2", "'/' is not allowed in an expression; divide with '//'"),
        ("2«^»3", "'^' is not allowed in an expression; write products out"),
        ("a «=» 2", "'=' is not allowed in an expression; compare with '=='"),
        ("a «&» b", "'&' is not allowed in an expression; write 'and'"),
        ("a «|» b", "'|' is not allowed in an expression; write 'or'"),
        ("«!»a", "'!' is not allowed in an expression; write 'not'"),
        ("«1.»", "'1.' is not a number; write 1"),
        ("1 + «1.5.2»", "'1.5.2' is not a number"),
        ("«1e5»", "'1e5' is not a number"),
        ("«0x10»", "'0x10' is not a number"),
        ("2*«3a»", "'3a' is not a number"),
        ("«1_000»", "'1_000' is not a number; write 1000"),
        ("«010» + 1", "'010' is not a number; write 10"),
        ("n - «00»", "'00' is not a number; write 0"),
        ("«foo»(1)", "there is no function 'foo'; there are min, max, round_to"),
        ("1 + «maxx»(1)", "there is no function 'maxx'; did you mean 'max'?"),
        ("«round»(1, 2)", "there is no function 'round'; did you mean 'round_to'?"),
        ("1 + «round_to(1)»", "round_to takes a number and a multiple"),
        ("«round_to(1, 2, 3)» + 1", "round_to takes a number and a multiple"),
    ],
)
def test_what_does_not_parse_is_reported_at_its_position(marked: str, message: str) -> None:
    text, offset, length = blame(marked)
    with pytest.raises(SyntaxProblem, match=f"^error: {re.escape(message)}$") as caught:
        parse(text)
    assert (caught.value.offset, caught.value.length) == (offset, length)


# -- what cannot be computed ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marked", "message"),
    [
        ("1 + «n // 0»", "division by zero"),
        ("«n % (1 - 1)» + 1", "division by zero"),
        ("2*«(H // 0)»", "division by zero"),
        ("«0.5 // 0»", "division by zero"),
        ("«n» and true", "expected true or false, got 7"),
        ("true and «1 + 1»", "expected true or false, got 2"),
        ("not «0.75»", "expected true or false, got 0.75"),
        ("false or «H + 1»", "expected true or false, got H + 1"),
        ("not «word»", "expected true or false, got 'same'"),
        ("«both» or true", "expected true or false, got [1, 2]"),
        ("2 * (1 + «yes»)", "expected a number, got true"),
        ("«word» * 2", "expected a number, got 'same'"),
        ("«both» - 1", "expected a number, got [1, 2]"),
        ("-«(1 < 2)»", "expected a number, got true"),
        ("«true» < 2", "expected a number, got true"),
        ("min(1, «false»)", "expected a number, got false"),
        ("«1 == true»", "cannot compare 1 with true"),
        ("not «yes != word»", "cannot compare true with 'same'"),
        ("«H == 5» or true", "whether H equals 5 depends on the symbol H"),
        ("«H != W»", "whether H equals W depends on the symbols H and W"),
        ("«H >= 5»", "whether H >= 5 depends on the symbol H"),
        ("«H < W»", "whether H < W depends on the symbols H and W"),
        ("1 + «min(H, 5)»", "which of H and 5 is smaller depends on the symbol H"),
        ("«H + 0.5»", "H and 0.5 do not give a whole number"),
        ("«H // 0.5»", "H and 0.5 do not give a whole number"),
        ("«0.5 * H» + 1", "0.5 of H is not always a whole number; divide with '//'"),
        ("«(2*H + 1) * 0.5»", "0.5 of 2*H + 1 is not always a whole number; divide with '//'"),
        ("«min(H, 0.5)»", "H and 0.5 do not compare: one is a symbol, one a fraction"),
        ("«H // W»", "cannot divide H by W: only numbers divide freely"),
        ("«5 % H»", "cannot divide 5 by H: only numbers divide freely"),
        ("«round_to(5, 0)»", "round_to needs a whole multiple above 0, got 0"),
        ("«round_to(5, -8)»", "round_to needs a whole multiple above 0, got -8"),
        ("«round_to(5, 0.5)»", "round_to needs a whole multiple above 0, got 0.5"),
        ("«round_to(5, H)»", "round_to needs a whole multiple above 0, got H"),
    ],
)
def test_what_cannot_be_computed_is_reported_at_its_position(marked: str, message: str) -> None:
    text, offset, length = blame(marked)
    with pytest.raises(SyntaxProblem, match=f"^error: {re.escape(message)}$") as caught:
        value(text)
    assert (caught.value.offset, caught.value.length) == (offset, length)


def test_a_wrong_expression_is_an_error_of_expressions() -> None:
    with pytest.raises(ExpressionError, match=r"^error: division by zero$") as caught:
        value("1 // 0")
    assert len(caught.value.problems) == 1


# -- limits ---------------------------------------------------------------------------------------


def test_an_expression_has_so_many_characters_and_no_more() -> None:
    assert limits.EXPRESSION_LENGTH == 500
    assert value("1" + " " * 499) == 1
    with pytest.raises(SyntaxProblem, match=r"^error: an expression of 501 characters; at most 500$") as caught:
        parse("1" + " " * 500)
    assert (caught.value.offset, caught.value.length) == (0, 501)


def test_the_longest_sums_and_joins_are_computed() -> None:
    assert value("+".join(["1"] * 250)) == 250
    assert value(" or ".join(["true"] * 62)) is True
    assert value(" and ".join(["yes"] * 62)) is True
    assert value("*".join(["1"] * 250)) == 1


def test_a_number_has_so_many_digits_and_no_more() -> None:
    assert limits.DIGITS == 18
    assert value("9" * 18) == 10**18 - 1
    assert value("1." + "5" * 17) == Fraction("1." + "5" * 17)
    for number in ("1" * 19, "1." + "5" * 18):
        with pytest.raises(SyntaxProblem, match=r"^error: a number of 19 digits; at most 18$") as caught:
            parse(f"1 + {number}")
        assert (caught.value.offset, caught.value.length) == (4, len(number))


@pytest.mark.parametrize(
    ("inside", "beyond"),
    [
        ("999999999999999998 + 1", "1 + «(999999999999999999 + 1)»"),
        ("1 - 1000000000*999999999", "1 - «1000000000*1000000000»"),
        ("-999999999999999998 - 1", "«-999999999999999999 - 1»"),
        ("0.000000001 * 0.00000001", "2*«(0.000000001 * 0.000000001)»"),
        ("1000000000*H * 999999999", "1 + «1000000000*H * 1000000000»"),
    ],
)
def test_a_result_has_so_many_digits_and_no_more(inside: str, beyond: str) -> None:
    value(inside)
    text, offset, length = blame(beyond)
    with pytest.raises(SyntaxProblem, match=r"^error: the result has more than 18 digits$") as caught:
        value(text)
    assert (caught.value.offset, caught.value.length) == (offset, length)


@pytest.mark.parametrize(
    ("opening", "middle", "closing", "expected"),
    [("(", "1", ")", 1), ("-", "1", "", 1), ("+", "1", "", 1), ("not ", "true", "", True), ("min(", "1", ")", 1)],
)
def test_expressions_nest_so_deeply_and_no_deeper(opening: str, middle: str, closing: str, expected: Constant) -> None:
    assert limits.EXPRESSION_NESTING == 40
    assert value(opening * 40 + middle + closing * 40) == expected
    with pytest.raises(SyntaxProblem, match=r"^error: nested deeper than 40 levels$") as caught:
        parse(opening * 41 + middle + closing * 41)
    assert caught.value.offset == len(opening) * 41


def test_nesting_is_counted_inside_one_another_only() -> None:
    assert value("+".join(["(1)"] * 100)) == 100
    assert value("+".join(["-1"] * 100)) == -100


def test_symbolic_sizes_grow_no_further_than_their_limit() -> None:
    names: dict[str, Constant] = {f"s{index}": symbol(f"s{index}") for index in range(12)}
    factor = f"({'+'.join(names)})"
    with pytest.raises(SyntaxProblem, match=r"^error: the expression grows beyond 2,000 terms$"):
        parse("*".join([factor] * 8)).evaluate(names)


def test_the_spelling_of_a_size_with_every_sign_is_read_back() -> None:
    size = 3 * H * (W // 2) - 2 * (H // 3) * (W // 2) - (H * W + 4) // 5 + 7
    assert value(plain(size)) == size
