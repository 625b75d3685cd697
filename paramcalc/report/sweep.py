"""One architecture under many inputs and arguments: every combination, one row each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from paramcalc import limits
from paramcalc.errors import ParamcalcError, Problem, Source, Span
from paramcalc.language.build import build
from paramcalc.language.document import Argument, File
from paramcalc.language.options import Request, from_text, input_option, parts_of
from paramcalc.report.analysis import analyze
from paramcalc.report.summary import Summary, summarize

RANGE = re.compile(r"\s*(-?[0-9]+)\s*\.\.\s*(-?[0-9]+)\s*(?::\s*(-?[0-9]+)\s*)?")


@dataclass(frozen=True, slots=True)
class Combination:
    """One choice: the values as they were written, by name, and what they are."""

    values: Mapping[str, str]
    inputs: Mapping[str, Argument]
    settings: Mapping[str, Argument]


@dataclass(frozen=True, slots=True)
class Result:
    """The figures of one combination; without, why it does not fit."""

    combination: Combination
    summary: Summary | None
    error: ParamcalcError | None = None


def values_of(text: str) -> tuple[str, list[tuple[str, Argument]]]:
    """`width=32,64` or `width=16..128:16` of the command line: the name and its values, each as written.

    A range holds both ends where its steps reach them. Raises ParamcalcError for anything else.
    """
    source = Source("--set", text)
    name, sign, written = text.partition("=")
    if not sign or not name.strip() or not written.strip():
        raise ParamcalcError(Problem("expected NAME=VALUE,VALUE,… or NAME=FIRST..LAST:STEP", source.part()))
    found: list[tuple[str, Argument]] = []
    for start, part in parts_of(written):
        span = source.part(len(name) + 1 + start, len(part))
        match = RANGE.fullmatch(part)
        if match:
            found += [(str(number), Argument(number, span)) for number in numbers(match, span)]
        elif ".." in part:
            raise ParamcalcError(Problem("a range is FIRST..LAST or FIRST..LAST:STEP, of whole numbers", span))
        else:
            found.append((part.strip(), from_text(part, span)))
    return name.strip(), found


def numbers(match: re.Match[str], span: Span) -> range:
    """The numbers of a range."""
    if max(len((part or "").lstrip("-")) for part in match.groups()) > limits.DIGITS:
        raise ParamcalcError(Problem(f"a number of more than {limits.DIGITS} digits", span))
    first, last, step = int(match[1]), int(match[2]), int(match[3] or 1)
    if step < 1 or last < first:
        raise ParamcalcError(Problem("a range goes up: FIRST..LAST, or FIRST..LAST:STEP, a step of at least 1", span))
    if (last - first) // step >= limits.COMBINATIONS:
        raise ParamcalcError(Problem(f"more than {limits.COMBINATIONS:,} values", span))
    return range(first, last + 1, step)


def combinations(inputs: Sequence[str], settings: Sequence[str]) -> list[Combination]:
    """Every combination of the inputs (`3,224,224`, one a text) and the values of the arguments.

    Raises ParamcalcError where there are too many, and where an argument is given twice.
    """
    shapes: dict[str, list[tuple[str, Argument]]] = {}
    for text in inputs:
        name, shape = input_option(text)
        shapes.setdefault(name, []).append((text.rpartition("=")[2].strip(), shape))
    arguments: dict[str, list[tuple[str, Argument]]] = {}
    for text in settings:
        name, values = values_of(text)
        if name in arguments:
            raise ParamcalcError(
                Problem(f"'{name}' is given twice; its values go into one list", Source("--set", text).part())
            )
        arguments[name] = values
    count = prod(len(values) for values in (*shapes.values(), *arguments.values()))
    if count > limits.COMBINATIONS:
        raise ParamcalcError(f"{count:,} combinations; at most {limits.COMBINATIONS:,}")
    swept = [*shapes.values(), *arguments.values()]
    names = [*(name or "input" for name in shapes), *arguments]
    found = []
    for choice in product(*swept):
        chosen = [value for _, value in choice]
        found.append(
            Combination(
                {name: text for name, (text, _) in zip(names, choice, strict=True)},
                dict(zip(shapes, chosen, strict=False)),
                dict(zip(arguments, chosen[len(shapes) :], strict=True)),
            )
        )
    return found


def result(file: File, combination: Combination, fixed: Request | None = None) -> Result:
    """The figures of one combination, or the first reason why it does not fit.

    `fixed` holds the values that the architecture carries itself; what is swept comes before them.
    """
    shapes, values = (fixed.inputs, fixed.settings) if fixed else ({}, {})
    first = file.inputs[0].name if file.inputs else ""
    try:
        if "" in combination.inputs and first in combination.inputs:
            raise ParamcalcError(f"--input is given for '{first}' with and without its name; one of them is enough")
        report = analyze(build(file, {**shapes, **combination.inputs}, {**values, **combination.settings}))
    except ParamcalcError as error:
        return Result(combination, None, error)
    return Result(combination, summarize(report))


def need_one_that_fits(results: Sequence[Result]) -> None:
    """Raise the first combination's error where none of them fits."""
    if all(each.error is not None for each in results):
        for each in results:
            assert each.error
            raise each.error
