"""Expressions in YAML.

Names, whole numbers and decimals, `+ - * // %`, comparisons, `and or not`, parentheses, and the
functions `min`, `max` and `round_to`; nothing else.

    or_test    = and_test { "or" and_test }
    and_test   = not_test { "and" not_test }
    not_test   = "not" not_test | comparison
    comparison = sum { ("<" | "<=" | ">" | ">=" | "==" | "!=") sum }
    sum        = product { ("+" | "-") product }
    product    = sign { ("*" | "//" | "%") sign }
    sign       = ("-" | "+") sign | atom
    atom       = number | name | name "(" or_test { "," or_test } ")" | "(" or_test ")"

An expression is parsed once into a tree of tuples, and evaluated with the values of the names that
it uses. Values are whole numbers, symbolic sizes, exact fractions, truth values and words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache, reduce
from typing import NamedTuple, TypeAlias

from paramcalc import limits
from paramcalc.algebra.expr import Expr, divide_exactly, plain, too_large
from paramcalc.algebra.solve import never_negative, smaller
from paramcalc.errors import ExpressionError, clipped, conjoined, suggestion

Number: TypeAlias = int | Expr | Fraction
Constant: TypeAlias = int | Expr | Fraction | bool | str | tuple["Constant", ...]

TOKEN = re.compile(
    r"(?P<space>[ \t\n]+)|(?P<number>\.?[0-9][0-9A-Za-z_.]*)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<operator>//|<=|>=|==|!=|[-+*%<>(),])"
)
NUMBER = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?")
INSTEAD = {
    "/": "; divide with '//'",
    "^": "; write products out",
    "=": "; compare with '=='",
    "&": "; write 'and'",
    "|": "; write 'or'",
    "!": "; write 'not'",
}
"""What to write instead of characters that other languages have."""

KEYWORDS = frozenset(("and", "or", "not", "true", "false"))
COMPARISONS = frozenset(("<", "<=", ">", ">=", "==", "!="))


class SyntaxProblem(ExpressionError):
    """An expression that does not parse, or cannot be computed, and which part of its text is to blame."""

    def __init__(self, message: str, offset: int, length: int) -> None:
        super().__init__(message)
        self.offset = offset
        self.length = length


class Token(NamedTuple):
    """A piece of an expression."""

    kind: str
    text: str
    offset: int


class Term(NamedTuple):
    """A node of the tree: an operator with its operands, or `number`, `name`, `truth` with its value."""

    operator: str
    operands: tuple[Term, ...]
    value: Constant
    offset: int
    length: int


class Expression(NamedTuple):
    """A parsed expression: its text, its tree, and the names that it uses, with their places."""

    text: str
    tree: Term
    names: Mapping[str, int]

    def evaluate(self, names: Mapping[str, Constant]) -> Constant:
        """The value with `names` bound. Raises SyntaxProblem where it cannot be computed."""
        return evaluate(self.tree, names)


def tokenize(text: str) -> list[Token]:
    """The pieces of an expression, without spaces."""
    tokens: list[Token] = []
    offset = 0
    while offset < len(text):
        match = TOKEN.match(text, offset)
        if match is None:
            character = "quotes" if text[offset] in "'\"" else f"'{text[offset]}'"
            verb = "have" if character == "quotes" else "has"
            hint = INSTEAD.get(text[offset], "")
            raise SyntaxProblem(f"{character} {verb} no place in an expression{hint}", offset, 1)
        kind = match.lastgroup or ""
        if kind == "number":
            check_number(match[0], offset)
        if kind != "space":
            tokens.append(Token(kind, match[0], offset))
        offset = match.end()
    return tokens


def check_number(text: str, offset: int) -> None:
    """Raise SyntaxProblem unless `text` is a whole or decimal number of few enough digits."""
    problem = ""
    digits = sum(character.isdigit() for character in text)
    if digits > limits.DIGITS:
        problem = f"a number of {digits:,} digits; at most {limits.DIGITS}"
    elif not NUMBER.fullmatch(text):
        likely = [text.replace("_", ""), f"0{text}", text.rstrip("."), text.lstrip("0") or "0"]
        hint = next((f"; write {other}" for other in likely if NUMBER.fullmatch(other)), "")
        problem = f"'{clipped(text)}' is not a number{hint}"
    if problem:
        raise SyntaxProblem(problem, offset, len(text))


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """The tree of an expression. Raises SyntaxProblem with the place where it does not parse."""
    if len(text) > limits.EXPRESSION_LENGTH:
        raise SyntaxProblem(
            f"an expression of {len(text):,} characters; at most {limits.EXPRESSION_LENGTH}", 0, len(text)
        )
    parser = _Parser(text, tokenize(text))
    tree = parser.expression()
    parser.end()
    return Expression(text, tree, parser.names)


class _Parser:
    """A recursive descent over the tokens, by the grammar at the top of this file."""

    LEVELS = (("or",), ("and",), ("not",), tuple(COMPARISONS), ("+", "-"), ("*", "//", "%"))

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.tokens = [*tokens, Token("end", "", len(text))]
        self.position = 0
        self.depth = 0
        self.names: dict[str, int] = {}

    @property
    def here(self) -> Token:
        return self.tokens[self.position]

    def take(self, *texts: str) -> Token | None:
        token = self.here
        if token.kind != "end" and token.text in texts:
            self.position += 1
            return token
        return None

    def end(self) -> None:
        if self.here.kind != "end":
            if self.here.text in COMPARISONS:
                raise SyntaxProblem(
                    "comparisons do not chain; join them with 'and'", self.here.offset, len(self.here.text)
                )
            raise self.unexpected("an operator or the end")

    def unexpected(self, wanted: str) -> SyntaxProblem:
        got = f"'{clipped(self.here.text)}'" if self.here.kind != "end" else "the end"
        hint = (
            "; powers are not in the language"
            if self.here.text == "*" and self.position and self.tokens[self.position - 1].text == "*"
            else ""
        )
        return SyntaxProblem(f"expected {wanted}, got {got}{hint}", self.here.offset, max(1, len(self.here.text)))

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > limits.EXPRESSION_NESTING:
            raise SyntaxProblem(
                f"nested deeper than {limits.EXPRESSION_NESTING} levels", self.here.offset, max(1, len(self.here.text))
            )

    def expression(self, level: int = 0) -> Term:
        if level == len(self.LEVELS):
            return self.sign()
        if self.LEVELS[level] == ("not",):
            token = self.take("not")
            if token is None:
                return self.expression(level + 1)
            self.deeper()
            operand = self.expression(level)
            self.depth -= 1
            return Term("not", (operand,), 0, token.offset, operand.offset + operand.length - token.offset)
        left = self.expression(level + 1)
        while token := self.take(*self.LEVELS[level]):
            right = self.expression(level + 1)
            left = Term(token.text, (left, right), 0, left.offset, right.offset + right.length - left.offset)
            if token.text in COMPARISONS:
                break
        return left

    def sign(self) -> Term:
        token = self.take("-", "+")
        if token is None:
            return self.atom()
        self.deeper()
        operand = self.sign()
        self.depth -= 1
        if token.text == "+":
            return operand
        return Term("neg", (operand,), 0, token.offset, operand.offset + operand.length - token.offset)

    def atom(self) -> Term:
        token = self.here
        self.position += 1
        if token.kind == "number":
            value = Fraction(token.text)
            return Term("constant", (), simplest(value), token.offset, len(token.text))
        if token.text in ("true", "false"):
            return Term("constant", (), token.text == "true", token.offset, len(token.text))
        if token.kind == "name" and token.text not in KEYWORDS:
            if self.here.text == "(":
                return self.call(token)
            self.names.setdefault(token.text, token.offset)
            return Term("name", (), token.text, token.offset, len(token.text))
        if token.text == "(":
            self.deeper()
            inside = self.expression()
            self.depth -= 1
            closing = self.take(")")
            if closing is None:
                raise self.unexpected("')'")
            return inside._replace(offset=token.offset, length=closing.offset + 1 - token.offset)
        self.position -= 1
        raise self.unexpected("a number, a name or '('")

    def call(self, name: Token) -> Term:
        if name.text not in FUNCTIONS:
            known = suggestion(name.text, FUNCTIONS) or f"; there are {', '.join(FUNCTIONS)}"
            raise SyntaxProblem(f"there is no function '{clipped(name.text)}'{known}", name.offset, len(name.text))
        self.position += 1
        self.deeper()
        operands = [self.expression()]
        while self.take(","):
            operands.append(self.expression())
        closing = self.take(")")
        if closing is None:
            raise self.unexpected("',' or ')'")
        self.depth -= 1
        if name.text == "round_to" and len(operands) != 2:
            raise SyntaxProblem("round_to takes a number and a multiple", name.offset, closing.offset + 1 - name.offset)
        return Term(name.text, tuple(operands), 0, name.offset, closing.offset + 1 - name.offset)


def simplest(value: Number) -> Number:
    """A fraction that is whole as an int."""
    return int(value) if isinstance(value, Fraction) and value.denominator == 1 else value


# -- evaluation ---------------------------------------------------------------------------------


def evaluate(term: Term, names: Mapping[str, Constant]) -> Constant:
    """The value of a tree with names bound."""
    operator = term.operator
    if operator == "constant":
        return term.value
    if operator == "name":
        assert isinstance(term.value, str)
        return names[term.value]
    if operator in ("and", "or"):
        left = truth(term.operands[0], names)
        if left == (operator == "or"):
            return left
        return truth(term.operands[1], names)
    if operator == "not":
        return not truth(term.operands[0], names)
    if operator in CHAINED:
        return chain(term, names)
    return apply(term, [evaluate(operand, names) for operand in term.operands])


def chain(term: Term, names: Mapping[str, Constant]) -> Constant:
    """The value of `a + b - c …`, from the left, so that a long sum does not nest."""
    links: list[Term] = []
    while term.operator in CHAINED:
        links.append(term)
        term = term.operands[0]
    value = evaluate(term, names)
    for link in reversed(links):
        value = apply(link, [value, evaluate(link.operands[1], names)])
    return value


def apply(term: Term, operands: list[Constant]) -> Constant:
    """The value of an operator or function. Raises SyntaxProblem with the part of the text that it covers."""
    try:
        if term.operator in ("==", "!="):
            return equal(operands[0], operands[1]) == (term.operator == "==")
        numbers = [number(value, operand) for value, operand in zip(operands, term.operands, strict=True)]
        result = OPERATIONS[term.operator](*numbers)
        if not isinstance(result, (str, tuple)) and too_large(result):
            raise ExpressionError(f"the result has more than {limits.DIGITS} digits")
    except SyntaxProblem:
        raise
    except ExpressionError as error:
        raise SyntaxProblem(error.problems[0].message, term.offset, term.length) from None
    return result


def truth(term: Term, names: Mapping[str, Constant]) -> bool:
    """The truth value of a tree."""
    value = evaluate(term, names)
    if not isinstance(value, bool):
        raise SyntaxProblem(f"expected true or false, got {show(value)}", term.offset, term.length)
    return value


def number(value: Constant, term: Term) -> Number:
    """A value that can be computed with. Raises SyntaxProblem for any other, with its term."""
    if isinstance(value, bool) or not isinstance(value, (int, Expr, Fraction)):
        raise SyntaxProblem(f"expected a number, got {show(value)}", term.offset, term.length)
    return value


def show(value: Constant | None) -> str:
    """A value as an error writes it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(show(item) for item in value)}]"
    if isinstance(value, Fraction):
        return f"{Decimal(value.numerator) / Decimal(value.denominator):f}"
    return f"'{clipped(value)}'" if isinstance(value, str) else plain(value)


def equal(left: Constant, right: Constant) -> bool:
    """Whether two values are equal. Raises ExpressionError where that depends on a symbol."""
    if isinstance(left, Expr) or isinstance(right, Expr):
        if not isinstance(left, (int, Expr)) or not isinstance(right, (int, Expr)):
            return False
        gap = left - right
        if isinstance(gap, int):
            return gap == 0
        if never_negative(gap - 1) or never_negative(-gap - 1):
            return False
        raise ExpressionError(f"whether {show(left)} equals {show(right)} depends on {symbols_of(gap)}")
    if isinstance(left, bool) != isinstance(right, bool):
        raise ExpressionError(f"cannot compare {show(left)} with {show(right)}")
    return left == right


def comparison(operator: str) -> Callable[[Number, Number], bool]:
    """The rule of `<`, `<=`, `>` or `>=`."""

    def compare(left: Number, right: Number) -> bool:
        """Whether it holds. Raises ExpressionError where that depends on a symbol."""
        gap = subtract(left, right) if operator in (">=", "<") else subtract(right, left)
        decided = never_negative(gap) if isinstance(gap, Expr) else gap >= 0
        if decided is None:
            raise ExpressionError(f"whether {show(left)} {operator} {show(right)} depends on {symbols_of(gap)}")
        return decided == (operator in (">=", "<="))

    return compare


def symbols_of(*sizes: Number) -> str:
    """The symbols that a decision depends on."""
    names = sorted({name for size in sizes if isinstance(size, Expr) for name in size.symbols()})
    return f"the symbol{'s' if len(names) > 1 else ''} {conjoined(names)}"


def scaled(expr: Expr, by: Fraction) -> Number:
    """A symbolic size times a fraction, which must come out whole."""
    result = divide_exactly(expr * by.numerator, by.denominator)
    if result is None:
        raise ExpressionError(f"{show(by)} of {plain(expr)} is not always a whole number; divide with '//'")
    return result


def add(left: Number, right: Number) -> Number:
    """Sum."""
    if isinstance(left, Expr) or isinstance(right, Expr):
        if isinstance(left, Fraction) or isinstance(right, Fraction):
            raise ExpressionError(f"{show(left)} and {show(right)} do not make a whole number")
        return left + right
    return simplest(left + right)


def subtract(left: Number, right: Number) -> Number:
    """Difference."""
    return add(left, -right)


def multiply(left: Number, right: Number) -> Number:
    """Product."""
    if isinstance(left, Fraction) and isinstance(right, Expr):
        return scaled(right, left)
    if isinstance(right, Fraction) and isinstance(left, Expr):
        return scaled(left, right)
    return simplest(left * right)  # type: ignore[operator]


def floor_divide(left: Number, right: Number) -> Number:
    """Quotient, rounded down."""
    if right == 0:
        raise ExpressionError("division by zero")
    if isinstance(left, Expr) or isinstance(right, Expr):
        if isinstance(left, Fraction) or isinstance(right, Fraction):
            raise ExpressionError(f"{show(left)} and {show(right)} do not make a whole number")
        return left // right
    return left // right


def remainder(left: Number, right: Number) -> Number:
    """What the quotient, rounded down, leaves."""
    return subtract(left, multiply(right, floor_divide(left, right)))


def lowest(*values: Number) -> Number:
    """The smallest. Raises ExpressionError where that depends on a symbol."""
    return reduce(lambda best, value: lower(best, value, "smaller"), values)


def highest(*values: Number) -> Number:
    """The largest. Raises ExpressionError where that depends on a symbol."""
    return reduce(lambda best, value: value if lower(best, value, "larger") == best else best, values)


def lower(left: Number, right: Number, what: str) -> Number:
    """The smaller of two numbers; `what` is asked for."""
    if isinstance(left, Fraction) or isinstance(right, Fraction):
        if isinstance(left, Expr) or isinstance(right, Expr):
            raise ExpressionError(f"{show(left)} and {show(right)} do not compare: one is a symbol, one a fraction")
        return min(left, right)
    found = smaller(left, right)
    if found is None:
        raise ExpressionError(f"which of {show(left)} and {show(right)} is {what} depends on {symbols_of(left, right)}")
    return found


def round_to(value: Number, multiple: Number) -> Number:
    """The multiple of `multiple` nearest to `value`; half-way goes up."""
    if isinstance(multiple, Expr) or multiple <= 0 or isinstance(multiple, Fraction):
        raise ExpressionError(f"round_to needs a whole multiple above 0, got {show(multiple)}")
    return multiply(floor_divide(add(multiply(value, 2), multiple), 2 * multiple), multiple)


FUNCTIONS: dict[str, Callable[..., Constant]] = {
    "min": lowest,
    "max": highest,
    "round_to": round_to,
}
OPERATIONS: dict[str, Callable[..., Constant]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "//": floor_divide,
    "%": remainder,
    "neg": lambda value: -value,
    **{operator: comparison(operator) for operator in ("<", "<=", ">", ">=")},
    **FUNCTIONS,
}
CHAINED = frozenset(("+", "-", "*", "//", "%"))
