"""One architecture under many inputs and arguments: the figures of every combination."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from paramcalc.errors import ParamcalcError
from paramcalc.network import Network
from paramcalc.report.analysis import analyze
from paramcalc.report.summary import Summary


@dataclass(frozen=True, slots=True)
class Result:
    """One combination: its values by name, as they were written, and its figures or why it does not fit."""

    values: Mapping[str, str]
    summary: Summary | None
    error: ParamcalcError | None = None


def result(values: Mapping[str, str], network: Callable[[], Network]) -> Result:
    """The figures of the combination that `network` builds, or the errors with which that ends."""
    try:
        return Result(values, Summary(analyze(network())))
    except ParamcalcError as error:
        return Result(values, None, error)


def need_one_that_fits(results: Sequence[Result]) -> None:
    """Raise the first combination's error where none of them fits."""
    errors = [each.error for each in results if each.error is not None]
    if errors and len(errors) == len(results):
        raise errors[0]
