"""Arguments and input shapes that come from outside a file: Python values, and text in the language's notation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import isfinite

from paramcalc import limits
from paramcalc.algebra.expr import Expr, symbol, too_large
from paramcalc.algebra.tensor import CHANNELS, SYMBOLS, names_by_rank
from paramcalc.errors import ParamcalcError, Problem, Source, Span
from paramcalc.language import expression
from paramcalc.language.document import Argument, File
from paramcalc.language.expression import SyntaxProblem
from paramcalc.layers import WORDS


def from_value(value: object, origin: str) -> Argument:
    """A Python value as an argument: a number, a list, or a text, which is read as in a file.

    A float stands for the decimal that Python prints: 0.1 is 1/10. `origin` is the name of the value in
    errors. Raises ParamcalcError for other types, infinities, and numbers of too many digits.
    """
    if isinstance(value, str):
        return from_text(value, Source(origin, value).part())
    if isinstance(value, float) and isfinite(value):
        exact = Fraction(str(value))
        value = int(exact) if exact.denominator == 1 else exact
    if isinstance(value, (int, Fraction, Expr)):
        if too_large(value):
            raise ParamcalcError(f"{origin}: a number of more than {limits.DIGITS} digits")
        return Argument(value, Source(origin, str(value)).part())
    if isinstance(value, Sequence):
        items = tuple(from_value(item, origin) for item in value)
        names = frozenset(name for item in items for name in item.names)
        return Argument(items, Source(origin, str(value)).part(), names)
    got = value if isinstance(value, float) else type(value).__name__
    raise ParamcalcError(f"{origin}: expected a number, an expression or a list, got {got}")


def from_text(text: str, span: Span) -> Argument:
    """A text as an argument: a word such as `same`, a list in brackets, or an expression.

    Raises ParamcalcError that points at what does not parse.
    """
    stripped = text.strip()
    if stripped in WORDS:
        return Argument(stripped, span)
    if stripped.startswith("[") and stripped.endswith("]"):
        start = text.index("[") + 1
        return from_list(text[start : text.rindex("]")], span.part(start, len(text)))._replace(span=span)
    try:
        parsed = expression.parse(text)
    except SyntaxProblem as error:
        where = span.part(error.offset, error.length)
        raise ParamcalcError(Problem(error.problems[0].message, where)) from None
    return Argument(parsed, span, frozenset(parsed.names))


def from_list(text: str, span: Span) -> Argument:
    """Expressions between commas as a list: `3, H, W//2`. Raises ParamcalcError for one that does not parse."""
    items = tuple(from_text(part, span.part(offset, len(part))) for offset, part in split(text))
    return Argument(items, span, frozenset(name for item in items for name in item.names))


def split(text: str) -> Iterator[tuple[int, str]]:
    """The parts between the commas that stand in no brackets, without spaces around them, each after its offset."""
    start = depth = 0
    for offset, character in enumerate(f"{text},"):
        depth += (character in "([") - (character in ")]")
        if character == "," and (depth == 0 or offset == len(text)):
            part = text[start:offset]
            yield start + len(part) - len(part.lstrip()), part.strip()
            start = offset + 1


def symbolic_input(file: File) -> dict[str, Argument]:
    """The first input of a file with symbols for all sizes but its channels, by the input's name: `[3, H, W]`."""
    if not file.inputs:
        return {}
    spec = file.inputs[0]
    axes = spec.axes or names_by_rank(len(spec.shape))
    sizes = [
        size if name == CHANNELS else Argument(symbol(SYMBOLS.get(name, name)), spec.span)
        for name, size in zip(axes, spec.shape, strict=True)
    ]
    return {spec.name: Argument(tuple(sizes), spec.span, frozenset(name for size in sizes for name in size.names))}
