"""`paramcalc compare`: architectures side by side, or two of them step by step."""

from __future__ import annotations

from typing import Annotated

import typer

import paramcalc
from paramcalc.commands import options
from paramcalc.render.deliver import Output


def compare(
    architectures: options.SomeArchitectures = None,
    layers: Annotated[
        bool, typer.Option("--layers", help="Compare two architectures layer by layer, as a diff does.")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="With --layers, print equal layers too.")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="End with status 1 when they differ.")] = False,
    inputs: options.Inputs = None,
    settings: options.Settings = None,
    format: options.FormatOption = None,
    output: options.OutputFile = None,
    force: options.Force = False,
) -> None:
    """Put architectures side by side, with the ratio to the first.

    Each may have values of its own after colons: 'resnet50:classes=10:input=3,256,256'.
    """
    out = Output(format, output, force=force)
    from paramcalc.commands.values import request
    from paramcalc.render.compare import compare_object, compare_table, parted, steps_object, steps_table
    from paramcalc.report.comparison import line_up

    names = architectures or []
    if layers and len(names) != 2:
        raise paramcalc.ParamcalcError(f"--layers lines up two architectures, got {len(names)}")
    reports = [paramcalc.analyze(request(name, inputs, settings).network()) for name in names]
    comparison = paramcalc.compare(*reports, names=names)
    if layers:
        pairs = line_up(*reports)
        out.deliver(lambda: [steps_table(names, pairs, full=full)], lambda: steps_object(names, pairs))
    else:
        out.deliver(lambda: parted(compare_table(comparison), out.page.width), lambda: compare_object(comparison))
    if exit_code and not comparison.equal:
        raise typer.Exit(1)
