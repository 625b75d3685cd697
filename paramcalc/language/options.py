"""Values that come from outside a file: arguments and input shapes, from Python or a command line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import isfinite
from pathlib import Path
from typing import NamedTuple

from paramcalc import limits
from paramcalc.algebra.expr import Expr, symbol, too_large
from paramcalc.algebra.tensor import SYMBOLS
from paramcalc.errors import ParamcalcError, Problem, Source, Span
from paramcalc.language import expression
from paramcalc.language.document import Argument, File
from paramcalc.language.expression import SyntaxProblem
from paramcalc.layers import WORDS


def argument_of(value: object, origin: str) -> Argument:
    """A Python value as an argument; a text is an expression. `origin` is how errors call its source."""
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
        items = tuple(argument_of(item, origin) for item in value)
        names = frozenset(name for item in items for name in item.names)
        return Argument(items, Source(origin, str(value)).part(), names)
    got = value if isinstance(value, float) else type(value).__name__
    raise ParamcalcError(f"{origin}: expected a number, an expression or a list, got {got}")


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
    for begin, part in parts_of(text):
        inner = len(part) - len(part.lstrip())
        items.append(from_text(part.strip(), start.part(begin + inner, len(part.strip()))))
    return Argument(tuple(items), span, frozenset(name for item in items for name in item.names))


def parts_of(text: str) -> Iterator[tuple[int, str]]:
    """What stands between the commas that are in no brackets, each with the place where it begins."""
    begin = depth = 0
    for place, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            yield begin, text[begin:place]
            begin = place + 1
    yield begin, text[begin:]


def set_option(text: str) -> tuple[str, Argument]:
    """`width=32` of the command line: the name and the value."""
    source = Source("--set", text)
    name, sign, value = text.partition("=")
    name = name.strip()
    if not sign or not name or not value.strip():
        raise ParamcalcError(Problem("expected NAME=VALUE", source.part()))
    return name, from_text(value, source.part(text.index("=") + 1))


def input_option(text: str) -> tuple[str, Argument]:
    """`3,H,W` or `image=3,600,1000` of the command line: the input's name, empty for the first, and its shape."""
    source = Source("--input", text)
    name, sign, sizes = text.rpartition("=")
    start = source.part(len(name) + len(sign))
    if not 1 <= len([*parts_of(sizes)]) <= 4 or not sizes.strip() or (sign and not name.strip()):
        raise ParamcalcError(Problem("expected 1 to 4 sizes, channels first, such as 3,224,224", start))
    return name.strip(), from_list(sizes, start, start)


OPTION = re.compile(r":(?=[A-Za-z_][A-Za-z0-9_]*=)")
"""Where a value begins that an architecture carries: `resnet50:width=32:input=3,256,256`."""


class Request(NamedTuple):
    """What a user asks for: a file or a bundled name, input shapes and arguments."""

    architecture: str
    inputs: Mapping[str, Argument]
    settings: Mapping[str, Argument]


def request(text: str, inputs: Mapping[str, Argument], settings: Mapping[str, Argument]) -> Request:
    """`resnet50`, or with values of its own behind colons: `resnet50:classes=10:input=3,256,256`.

    Its own values come before the given ones. Raises ParamcalcError for a value that does not parse.
    """
    name, *values = [text] if is_file(text) else OPTION.split(text)
    shapes = dict(input_option(value.removeprefix("input=")) for value in values if value.startswith("input="))
    own = dict(set_option(value) for value in values if not value.startswith("input="))
    return Request(name, {**inputs, **shapes}, {**settings, **own})


def is_file(text: str) -> bool:
    """Whether there is a file of this path."""
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


def symbolic_input(file: File) -> dict[str, Argument]:
    """The first input of a file with the usual symbols for its spatial sizes: `[3, H, W]`."""
    if not file.inputs:
        return {}
    spec = file.inputs[0]
    names = SYMBOLS[len(spec.shape)]
    spatial = tuple(Argument(symbol(name), spec.span) for name in names)
    return {spec.name: Argument((spec.shape[0], *spatial), spec.span, spec.shape[0].names)}
