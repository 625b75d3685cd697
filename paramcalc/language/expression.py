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

    @property
    def end(self) -> int:
        """Where the piece after it may begin."""
        return self.offset + len(self.text)

    def problem(self, message: str) -> SyntaxProblem:
        """A problem that this piece is to blame for."""
        return SyntaxProblem(message, self.offset, max(1, len(self.text)))


class Term(NamedTuple):
    """A node of the tree, which covers the text from `offset` to `end`: an operator with its operands.

    The operators `constant` and `name` have a value instead.
    """

    operator: str
    offset: int
    end: int
    operands: tuple[Term, ...] = ()
    value: Constant = 0

    def problem(self, message: str) -> SyntaxProblem:
        """A problem that this part of the text is to blame for."""
        return SyntaxProblem(message, self.offset, self.end - self.offset)


class Expression(NamedTuple):
    """A parsed expression: its text, its tree, and the names that it uses, with the offsets of their first use."""

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
            subject = "quotes are" if text[offset] in "'\"" else f"'{text[offset]}' is"
            hint = INSTEAD.get(text[offset], "")
            raise SyntaxProblem(f"{subject} not allowed in an expression{hint}", offset, 1)
        token = Token(match.lastgroup or "", match[0], offset)
        if token.kind == "number":
            check_number(token)
        if token.kind != "space":
            tokens.append(token)
        offset = match.end()
    return tokens


def check_number(token: Token) -> None:
    """Raise SyntaxProblem unless the token is a whole or decimal number of few enough digits."""
    text = token.text
    digits = sum(character.isdigit() for character in text)
    if digits > limits.DIGITS:
        raise token.problem(f"a number of {digits:,} digits; at most {limits.DIGITS}")
    if not NUMBER.fullmatch(text):
        likely = [text.replace("_", ""), f"0{text}", text.rstrip("."), text.lstrip("0") or "0"]
        hint = next((f"; write {other}" for other in likely if NUMBER.fullmatch(other)), "")
        raise token.problem(f"'{clipped(text)}' is not a number{hint}")


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """The tree of an expression. Raises SyntaxProblem where it does not parse."""
    if len(text) > limits.EXPRESSION_LENGTH:
        message = f"an expression of {len(text):,} characters; at most {limits.EXPRESSION_LENGTH}"
        raise SyntaxProblem(message, 0, len(text))
    parser = _Parser(text, tokenize(text))
    tree = parser.expression()
    parser.need_end()
    return Expression(text, tree, parser.names)


class _Parser:
    """A recursive descent over the tokens, by the grammar at the top of this file."""

    LEVELS = (("or",), ("and",), ("not",), tuple(COMPARISONS), ("+", "-"), ("*", "//", "%"), ("-", "+"))
    PREFIXES = (2, 6)

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
        if token.text not in texts:
            return None
        self.position += 1
        return token

    def need(self, text: str, wanted: str) -> Token:
        token = self.take(text)
        if token is None:
            raise self.unexpected(wanted)
        return token

    def need_end(self) -> None:
        if self.here.text in COMPARISONS:
            raise self.here.problem("comparisons do not chain; join them with 'and'")
        if self.here.kind != "end":
            raise self.unexpected("an operator or the end")

    def unexpected(self, wanted: str) -> SyntaxProblem:
        here = self.here
        got = f"'{clipped(here.text)}'" if here.kind != "end" else "the end"
        is_power = here.text == "*" and self.position > 0 and self.tokens[self.position - 1].text == "*"
        return here.problem(f"expected {wanted}, got {got}{'; powers are not in the language' if is_power else ''}")

    def nested(self, level: int = 0) -> Term:
        """An expression inside parentheses, or behind a sign."""
        self.depth += 1
        if self.depth > limits.EXPRESSION_NESTING:
            raise self.here.problem(f"nested deeper than {limits.EXPRESSION_NESTING} levels")
        term = self.expression(level)
        self.depth -= 1
        return term

    def expression(self, level: int = 0) -> Term:
        """What binds as tightly as the operators of a level, or tighter."""
        if level == len(self.LEVELS):
            return self.atom()
        if level in self.PREFIXES:
            token = self.take(*self.LEVELS[level])
            if token is None:
                return self.expression(level + 1)
            operand = self.nested(level)
            operator = "negative" if token.text == "-" else token.text
            return operand if operator == "+" else Term(operator, token.offset, operand.end, (operand,))
        left = self.expression(level + 1)
        while token := self.take(*self.LEVELS[level]):
            right = self.expression(level + 1)
            left = Term(token.text, left.offset, right.end, (left, right))
            if token.text in COMPARISONS:
                break
        return left

    def atom(self) -> Term:
        token = self.here
        if token.kind == "number":
            value: Constant = simplify(Fraction(token.text))
        elif token.text in ("true", "false"):
            value = token.text == "true"
        elif token.text == "(":
            self.position += 1
            inside = self.nested()
            return inside._replace(offset=token.offset, end=self.need(")", "')'").end)
        elif token.kind != "name" or token.text in KEYWORDS:
            raise self.unexpected("a number, a name or '('")
        elif self.tokens[self.position + 1].text == "(":
            return self.call(token)
        else:
            self.names.setdefault(token.text, token.offset)
            value = token.text
        self.position += 1
        return Term("name" if isinstance(value, str) else "constant", token.offset, token.end, (), value)

    def call(self, name: Token) -> Term:
        if name.text not in FUNCTIONS:
            known = suggestion(name.text, FUNCTIONS) or f"; there are {', '.join(FUNCTIONS)}"
            raise name.problem(f"there is no function '{clipped(name.text)}'{known}")
        self.position += 2
        operands = [self.nested()]
        while self.take(","):
            operands.append(self.nested())
        end = self.need(")", "',' or ')'").end
        term = Term(name.text, name.offset, end, tuple(operands))
        if name.text == "round_to" and len(operands) != 2:
            raise term.problem("round_to takes a number and a multiple")
        return term


def simplify(value: Number) -> Number:
    """A fraction that is whole as an int; any other number as it is."""
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
        left = evaluate_truth(term.operands[0], names)
        return left if left == (operator == "or") else evaluate_truth(term.operands[1], names)
    if operator == "not":
        return not evaluate_truth(term.operands[0], names)
    if operator in CHAINED:
        return evaluate_chain(term, names)
    return apply(term, [evaluate(operand, names) for operand in term.operands])


def evaluate_chain(term: Term, names: Mapping[str, Constant]) -> Constant:
    """The value of `a + b - c …`, from the left, so that a long sum does not nest."""
    links: list[Term] = []
    while term.operator in CHAINED:
        links.append(term)
        term = term.operands[0]
    value = evaluate(term, names)
    for link in reversed(links):
        value = apply(link, [value, evaluate(link.operands[1], names)])
    return value


def evaluate_truth(term: Term, names: Mapping[str, Constant]) -> bool:
    """The truth value of a tree."""
    value = evaluate(term, names)
    if not isinstance(value, bool):
        raise term.problem(f"expected true or false, got {spell(value)}")
    return value


def apply(term: Term, operands: list[Constant]) -> Constant:
    """The value of an operator or function. Raises SyntaxProblem with the part of the text that it covers."""
    try:
        if term.operator in ("==", "!="):
            return are_equal(operands[0], operands[1]) == (term.operator == "==")
        numbers = [need_number(value, operand) for value, operand in zip(operands, term.operands, strict=True)]
        result = OPERATIONS[term.operator](*numbers)
        if not isinstance(result, (str, tuple)) and too_large(result):
            raise ExpressionError(f"the result has more than {limits.DIGITS} digits")
    except SyntaxProblem:
        raise
    except ExpressionError as error:
        raise term.problem(error.problems[0].message) from None
    return result


def need_number(value: Constant, term: Term) -> Number:
    """A value that can be computed with. Raises SyntaxProblem for any other, with its term."""
    if isinstance(value, bool) or not isinstance(value, (int, Expr, Fraction)):
        raise term.problem(f"expected a number, got {spell(value)}")
    return value


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
CHAINED = frozenset(("+", "-", "*", "//", "%"))
