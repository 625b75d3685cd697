"""`paramcalc list`: the bundled architectures."""

from __future__ import annotations

from paramcalc.commands import options
from paramcalc.render.deliver import Output


def list(  # noqa: A001 - each command's function has its name
    columns: options.Columns = None,
    format: options.FormatOption = None,
    output: options.OutputFile = None,
    force: options.Force = False,
) -> None:
    """List the bundled architectures: name, parameters, source."""
    out = Output(format, output, force=force, columns=columns)
    from paramcalc.render.listing import list_object, list_table

    out.deliver(lambda: [list_table()], list_object)
