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
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from paramcalc import limits
from paramcalc.algebra.expr import Expr, too_large
from paramcalc.errors import ExpressionError, clipped, suggestion
from paramcalc.language.arithmetic import FUNCTIONS, OPERATIONS, Constant, Number, are_equal, simplify, spell

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
CHAINED = frozenset(("+", "-", "*", "//", "%"))
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
