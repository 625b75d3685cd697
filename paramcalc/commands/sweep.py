"""`paramcalc sweep`: an architecture under every combination of inputs and values."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from paramcalc import limits
from paramcalc.commands.options import INPUT_HELP, Architecture, Columns, Force, FormatOption, OutputFile
from paramcalc.errors import ParamcalcError, Problem, Source
from paramcalc.render.deliver import Output

if TYPE_CHECKING:
    from paramcalc.commands.values import Value
    from paramcalc.request import Request


def sweep(
    architecture: Architecture,
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", metavar="SIZES", help=f"{INPUT_HELP} Given several times, all are swept."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUES", help="Values of an argument: width=32,64 or width=16..128:16."),
    ] = None,
    columns: Columns = None,
    format: FormatOption = None,
    output: OutputFile = None,
    force: Force = False,
) -> None:
    """Compute every combination of inputs and arguments, one row each.

    Exit status 1 when a combination does not fit.
    """
    out = Output(format, output, force=force, columns=columns)
    from paramcalc.commands.values import request
    from paramcalc.render.sweep import sweep_object, sweep_table
    from paramcalc.report.sweep import need_one_that_fits, result

    wanted = request(architecture, None, None)
    name = wanted.file.name
    found = combinations(inputs or [], settings or [])
    results = [result(each.written(), each.of(wanted).network) for each in out.page.progress(found, "computing")]
    need_one_that_fits(results)
    out.deliver(lambda: [sweep_table(name, results)], lambda: sweep_object(name, results))
    if any(one.error for one in results):
        raise typer.Exit(1)


class Combination(NamedTuple):
    """One choice: a shape for each input that is swept, and a value for each argument."""

    inputs: dict[str, Value]
    settings: dict[str, Value]

    def written(self) -> dict[str, str]:
        """The values by name, as they are written."""
        shapes = {name or "input": shape.written for name, shape in self.inputs.items()}
        return shapes | {name: value.written for name, value in self.settings.items()}

    def of(self, request: Request) -> Request:
        """The request with these values."""
        shapes = {name: shape.argument for name, shape in self.inputs.items()}
        return request.varied(shapes, {name: value.argument for name, value in self.settings.items()})


def combinations(inputs: Sequence[str], settings: Sequence[str]) -> list[Combination]:
    """Every combination of the inputs (`3,224,224`, one a text) and the values of the arguments (`width=32,64`).

    Raises ParamcalcError where there are too many, and where an argument is given twice.
    """
    from paramcalc.commands.values import input_shape, swept_setting

    shapes: dict[str, list[Value]] = {}
    for text in inputs:
        name, shape = input_shape(text)
        shapes.setdefault(name, []).append(shape)
    arguments: dict[str, list[Value]] = {}
    for text in settings:
        name, values = swept_setting(text)
        if name in arguments:
            message = f"'{name}' is given twice; its values go into one list"
            raise ParamcalcError(Problem(message, Source("--set", text).part()))
        arguments[name] = values
    count = prod(len(values) for values in (*shapes.values(), *arguments.values()))
    if count > limits.COMBINATIONS:
        raise ParamcalcError(f"{count:,} combinations; at most {limits.COMBINATIONS:,}")
    return [
        Combination(dict(zip(shapes, chosen, strict=True)), dict(zip(arguments, given, strict=True)))
        for chosen in product(*shapes.values())
        for given in product(*arguments.values())
    ]
