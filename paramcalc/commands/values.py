"""Values of the command line: what the text of an argument or option means. Every error points into that text."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from paramcalc import limits
from paramcalc.errors import ParamcalcError, Problem, Source, Span, suggestion
from paramcalc.language.arguments import from_list, from_text, split
from paramcalc.language.document import Argument
from paramcalc.published import figure
from paramcalc.request import Request

if TYPE_CHECKING:
    from paramcalc.report.budget import Budget

OWN_VALUE = re.compile(r":(?=[A-Za-z_][A-Za-z0-9_]*=)")
"""The colon before a value that an architecture carries: `resnet50:width=32:input=3,256,256`."""

RANGE = re.compile(r"(-?[0-9]+)\s*\.\.\s*(-?[0-9]+)\s*(?::\s*(-?[0-9]+))?")


class Value(NamedTuple):
    """A value as it is written, and what it is."""

    written: str
    argument: Argument


def request(
    architecture: str, inputs: Sequence[str] | None, settings: Sequence[str] | None, *, symbolic: bool = False
) -> Request:
    """`resnet50`, or with values of its own `resnet50:classes=10:input=3,256,256`, and the options of the call.

    Its own values come before those of the options. Raises ParamcalcError for a value that does not parse.
    """
    # os.path.isfile has no error for what cannot be a path
    name, *own = [architecture] if os.path.isfile(architecture) else OWN_VALUE.split(architecture)  # noqa: PTH113
    shapes = [*(inputs or ()), *(text.removeprefix("input=") for text in own if text.startswith("input="))]
    values = [*(settings or ()), *(text for text in own if not text.startswith("input="))]
    return Request(
        name,
        {name: shape.argument for name, shape in map(input_shape, shapes)},
        dict(map(setting, values)),
        symbolic=symbolic,
    )


def assignment(option: str, text: str, expected: str) -> tuple[str, str, Span]:
    """`NAME=VALUE` of an option: the name, the value, and the span of the value in the option.

    Raises ParamcalcError that says what is expected where one of both is missing.
    """
    source = Source(option, text)
    name, _, value = text.partition("=")
    if not name.strip() or not value.strip():
        raise ParamcalcError(Problem(f"expected {expected}", source.part()))
    return name.strip(), value, source.part(len(name) + 1)


def setting(text: str) -> tuple[str, Argument]:
    """`width=32`: the name of an argument, and its value."""
    name, value, span = assignment("--set", text, "NAME=VALUE")
    return name, from_text(value, span)


def input_shape(text: str) -> tuple[str, Value]:
    """`3,H,W` or `image=3,600,1000`: the name of an input, "" for the first one, and its shape."""
    name, sign, sizes = text.rpartition("=")
    span = Source("--input", text).part(len(name) + len(sign))
    if not 1 <= len([*split(sizes)]) <= 4 or not sizes.strip() or (sign and not name.strip()):
        raise ParamcalcError(Problem("expected 1 to 4 sizes, channels first, such as 3,224,224", span))
    return name.strip(), Value(sizes.strip(), from_list(sizes, span))


def swept_setting(text: str) -> tuple[str, list[Value]]:
    """`width=32,64` or `width=16..128:16`: the name of an argument, and its values.

    A range holds its first number and every step up to its last. Raises ParamcalcError for anything else.
    """
    name, values, span = assignment("--set", text, "NAME=VALUE,VALUE,… or NAME=FIRST..LAST:STEP")
    found: list[Value] = []
    for offset, part in split(values):
        where = span.part(offset, len(part))
        if ".." in part:
            found += [Value(str(number), Argument(number, where)) for number in numbers(part, where)]
        else:
            found.append(Value(part, from_text(part, where)))
    return name, found


def numbers(text: str, span: Span) -> range:
    """The numbers of a range such as `16..128:16`. Raises ParamcalcError where it does not go up or is too long."""
    match = RANGE.fullmatch(text)
    if match is None:
        raise ParamcalcError(Problem("a range is FIRST..LAST or FIRST..LAST:STEP, of whole numbers", span))
    if max(len((part or "").lstrip("-")) for part in match.groups()) > limits.DIGITS:
        raise ParamcalcError(Problem(f"a number of more than {limits.DIGITS} digits", span))
    first, last, step = int(match[1]), int(match[2]), int(match[3] or 1)
    if step < 1 or last < first:
        raise ParamcalcError(Problem("a range goes up: FIRST..LAST, or FIRST..LAST:STEP, a step of at least 1", span))
    if (last - first) // step >= limits.COMBINATIONS:
        raise ParamcalcError(Problem(f"more than {limits.COMBINATIONS:,} values", span))
    return range(first, last + 1, step)


def budget(text: str, *, most: bool) -> Budget:
    """`params=5M`, the most or the least of a quantity. Raises ParamcalcError for anything else."""
    from paramcalc.report.budget import BUDGETED, Budget

    quantity, value, span = assignment("--max" if most else "--min", text, "QUANTITY=NUMBER, such as params=5M")
    if quantity not in BUDGETED:
        message = f"unknown quantity '{quantity}'{suggestion(quantity, BUDGETED)}"
        note = f"there are {', '.join(BUDGETED)}"
        raise ParamcalcError(Problem(message, span.source.part(0, text.index("=")), (note,)))
    try:
        bound = figure(value.strip())
    except ValueError as error:
        raise ParamcalcError(Problem(str(error), span)) from None
    return Budget(quantity, most, str(bound), bound.digits * bound.step)


def block_levels(text: str) -> int | None:
    """How many levels of blocks a table shows; None for `all`. Raises ParamcalcError for anything else."""
    if text == "all":
        return None
    if not text.isdecimal() or not 1 <= int(text) <= limits.CALL_DEPTH:
        raise ParamcalcError(f"--depth takes a number from 1 to {limits.CALL_DEPTH}, or 'all', got '{text}'")
    return int(text)


def call_arguments(text: str) -> tuple[list[Any], dict[str, Any]]:
    """`10, bias=False`: the arguments of a call, which are literals. Raises ParamcalcError for anything else."""
    try:
        call = ast.parse(f"f({text})", mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            raise ValueError(text)
        if not all(word.arg for word in call.keywords):
            raise ValueError(text)
        positional = [ast.literal_eval(value) for value in call.args]
        return positional, {str(word.arg): ast.literal_eval(word.value) for word in call.keywords}
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError) as error:
        raise ParamcalcError(f"--against-args takes literals such as 'num_classes=10', got '{text}'") from error
