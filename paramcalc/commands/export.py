"""`paramcalc export`: the tables of `show` as a document."""

from __future__ import annotations

from paramcalc.commands.options import (
    Architectures,
    Columns,
    Force,
    FormatOption,
    Formulas,
    Inputs,
    OutputFile,
    Settings,
    Symbolic,
)
from paramcalc.commands.show import analyzed
from paramcalc.render.deliver import Format, Output


def export(
    architectures: Architectures,
    inputs: Inputs = None,
    settings: Settings = None,
    symbolic: Symbolic = False,
    formulas: Formulas = False,
    columns: Columns = None,
    format: FormatOption = None,
    output: OutputFile = None,
    force: Force = False,
) -> None:
    """Write the table of 'show' as Markdown, CSV, JSON, LaTeX or HTML; by default as Markdown.

    Several architectures are several tables in one document,
    and a list in JSON. CSV has a header row, plain integers, shapes as 96x55x55, symbols in the notation of the
    language, and neither totals nor notes; a text that a spreadsheet would take for a formula gets an apostrophe in
    front. LaTeX needs the package booktabs.
    """
    out = Output(format, output, force=force, columns=columns, usual=Format.md)
    from paramcalc.commands.values import request

    found = [analyzed(request(name, inputs, settings, symbolic=symbolic)) for name in architectures]
    out.deliver(
        lambda: [each.table(formulas=formulas, columns=out.columns) for each in found],
        lambda: found[0].value() if len(found) == 1 else [each.value() for each in found],
    )
