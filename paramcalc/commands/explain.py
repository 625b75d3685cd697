"""`paramcalc explain`: how each figure comes about."""

from __future__ import annotations

from typing import Annotated

import typer

import paramcalc
from paramcalc.commands import options
from paramcalc.render.deliver import Output


def explain(
    architecture: options.Architecture,
    step: Annotated[str, typer.Argument(metavar="STEP", help="A layer or a block; by default the whole network.")] = "",
    inputs: options.Inputs = None,
    settings: options.Settings = None,
    format: options.FormatOption = None,
    output: options.OutputFile = None,
    force: options.Force = False,
) -> None:
    """Show how each figure comes about: the rule, the numbers in it, the result."""
    out = Output(format, output, force=force)
    from paramcalc.commands.values import request
    from paramcalc.render.explain import explain_object, explain_tables
    from paramcalc.report.explain import steps_of

    network = request(architecture, inputs, settings).network()
    nodes = steps_of(network, step)
    report = paramcalc.analyze(network)
    out.deliver(
        lambda: explain_tables(network, report, nodes, whole=not step),
        lambda: explain_object(network, report, nodes, whole=not step),
    )
