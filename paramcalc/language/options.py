"""Values that come from outside a file: arguments and input shapes, from Python or a command line."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from paramcalc.errors import ParamcalcError, Problem, Source, Span
from paramcalc.expr import Expr
from paramcalc.language import expression
from paramcalc.language.document import Argument
from paramcalc.language.expression import SyntaxProblem
from paramcalc.layers import WORDS


def argument_of(value: object, origin: str) -> Argument:
    """A Python value as an argument; a text is an expression. `origin` is how errors call its source."""
    if isinstance(value, str):
        return from_text(value, Span(Source(origin, value), 1, 1, max(1, len(value))))
    span = Span(Source(origin, str(value)), 1, 1, max(1, len(str(value))))
    if isinstance(value, (bool, int, Fraction, Expr)):
        return Argument(value, span)
    if isinstance(value, float):
        exact = Fraction(str(value))
        return Argument(int(exact) if exact.denominator == 1 else exact, span)
    if isinstance(value, Sequence):
        items = tuple(argument_of(item, origin) for item in value)
        return Argument(items, span, frozenset(name for item in items for name in item.names))
    raise ParamcalcError(f"{origin}: expected a number, an expression or a list, got {type(value).__name__}")


def from_text(text: str, span: Span) -> Argument:
    """A text as an argument: a word of the language, a list in brackets, or an expression."""
    stripped = text.strip()
    if stripped in WORDS:
        return Argument(stripped, span)
    if stripped.startswith("[") and stripped.endswith("]"):
        start = text.index("[") + 1
        return from_list(text[start : text.rindex("]")], span.part(start, len(text)), span)
    try:
        parsed = expression.parse(text)
    except SyntaxProblem as error:
        where = span.part(error.offset, error.length)
        raise ParamcalcError(Problem(error.problems[0].message, where)) from None
    return Argument(parsed, span, frozenset(parsed.names))


def from_list(text: str, start: Span, span: Span) -> Argument:
    """Expressions separated by commas as a list."""
    items: list[Argument] = []
    offset = 0
    for part in text.split(","):
        inner = len(part) - len(part.lstrip())
        items.append(from_text(part.strip(), start.part(offset + inner, len(part.strip()))))
        offset += len(part) + 1
    return Argument(tuple(items), span, frozenset(name for item in items for name in item.names))
