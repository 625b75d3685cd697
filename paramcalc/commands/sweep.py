"""`paramcalc sweep`: an architecture under every combination of inputs and values."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from paramcalc import limits
from paramcalc.commands import options
from paramcalc.errors import ParamcalcError, Problem, Source
from paramcalc.render.deliver import Output

if TYPE_CHECKING:
    from paramcalc.commands.values import Value
    from paramcalc.language.document import Argument


def sweep(
    architecture: options.Architecture,
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", metavar="SIZES", help=f"{options.INPUT_HELP} Given several times, all are swept."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUES", help="Values of an argument: width=32,64 or width=16..128:16."),
    ] = None,
    columns: options.Columns = None,
    format: options.FormatOption = None,
    output: options.OutputFile = None,
    force: options.Force = False,
) -> None:
    """Compute every combination of inputs and arguments, one row each.

    Exit status 1 when a combination does not fit.
    """
    out = Output(format, output, force=force, columns=columns)
    from paramcalc.commands.values import request
    from paramcalc.render.sweep import sweep_object, sweep_table
    from paramcalc.report.sweep import need_one_that_fits, result

    base = request(architecture, None, None)
    name = base.file.name
    found = combinations(inputs or [], settings or [])
    results = [
        result(each.written, base.varied(each.inputs, each.settings).network)
        for each in out.page.progress(found, "computing")
    ]
    need_one_that_fits(results)
    out.deliver(lambda: [sweep_table(name, results)], lambda: sweep_object(name, results))
    if any(one.error for one in results):
        raise typer.Exit(1)


class Combination(NamedTuple):
    """One choice: values by name as they are written, and the shapes and the arguments that they are."""

    written: dict[str, str]
    inputs: dict[str, Argument]
    settings: dict[str, Argument]


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
    axes = [[(name, value) for value in values] for name, values in (*shapes.items(), *arguments.items())]
    return [
        Combination(
            {name or "input": value.written for name, value in chosen},
            {name: value.argument for name, value in chosen[: len(shapes)]},
            {name: value.argument for name, value in chosen[len(shapes) :]},
        )
        for chosen in product(*axes)
    ]
