"""What a layer's model has against its fields, as problems of the step that gives them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from paramcalc.errors import Problem, Span
from paramcalc.language.arithmetic import spell
from paramcalc.language.document import Argument, Step
from paramcalc.language.findings import Findings, Reported
from paramcalc.layers import layer_class


def faults(step: Step, error: ValidationError) -> Iterator[tuple[str, Span]]:
    """Each problem that the model of a step's layer has with one field, or with all of them, and its span."""
    for detail in error.errors(include_url=False):
        reason = str(detail["ctx"]["error"]) if detail["type"] == "value_error" else expected_choice(detail)
        if detail["loc"]:
            name = str(detail["loc"][0])
            argument = step.arguments.get(name)
            yield f"{name} of {step.callee} {reason}", argument.span if argument else step.span
        else:
            yield reason, step.span


def expected_choice(detail: Any) -> str:
    """What a field with a choice of words expects."""
    expected = detail.get("ctx", {}).get("expected", detail["msg"])
    return f"must be {expected}, got {spell(detail['input'])}"


def report_wrong_constants(step: Step, findings: Findings) -> None:
    """Report what is wrong with the constant fields of a step, in a file with errors, which is not executed."""
    if not step.is_layer:
        return
    values = {}
    for name, argument in step.arguments.items():
        if argument.names or any(is_inside(problem, argument) for problem in findings.problems):
            continue
        try:
            values[name] = findings.evaluate(argument, {})
        except Reported:
            continue
    spans = {step.arguments[name].span for name in values}
    try:
        layer_class(step.callee)(**values)
    except ValidationError as error:
        for message, span in faults(step, error):
            if span in spans:
                findings.add(message, span)


def is_inside(problem: Problem, argument: Argument) -> bool:
    """Whether a problem points into an argument."""
    whole, span = argument.span, problem.span
    return span is not None and span.line == whole.line and 0 <= span.column - whole.column < whole.length
