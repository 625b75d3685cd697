"""What a layer's model has against its fields, as problems of the step that gives them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from paramcalc.errors import Problem, Span
from paramcalc.language.document import Argument, Step
from paramcalc.language.expression import SyntaxProblem, show
from paramcalc.language.findings import Findings
from paramcalc.layers import MODULES, layer_class


def faults(step: Step, error: ValidationError) -> Iterator[tuple[str, Span]]:
    """Each problem that the model of a step's layer has with one field, or with all of them, and its place."""
    for detail in error.errors(include_url=False):
        reason = str(detail["ctx"]["error"]) if detail["type"] == "value_error" else choice(detail)
        if detail["loc"]:
            name = str(detail["loc"][0])
            argument = step.arguments.get(name)
            yield f"{name} of {step.kind} {reason}", argument.span if argument else step.span
        else:
            yield reason, step.span


def choice(detail: Any) -> str:
    """What a field with a choice of words expects."""
    expected = detail.get("ctx", {}).get("expected", detail["msg"])
    return f"must be {expected}, got {show(detail['input'])}"


def wrong_constants(step: Step, findings: Findings) -> None:
    """Report what is wrong with fields that need no execution to be known, in a file that is not executed."""
    if step.kind not in MODULES:
        return
    values = {}
    for name, argument in step.arguments.items():
        if argument.names or any(inside(problem, argument) for problem in findings.problems):
            continue
        try:
            values[name] = argument.evaluate({})
        except SyntaxProblem as error:
            findings.add(error.problems[0].message, argument.blame(error))
    spans = {step.arguments[name].span for name in values}
    try:
        layer_class(step.kind)(**values)
    except ValidationError as error:
        for message, span in faults(step, error):
            if span in spans:
                findings.add(message, span)


def inside(problem: Problem, argument: Argument) -> bool:
    """Whether a problem points into an argument."""
    place, span = argument.span, problem.span
    return span is not None and span.line == place.line and 0 <= span.column - place.column < place.length
