"""`paramcalc export`: the tables of `show` as a document."""

from __future__ import annotations

from paramcalc.commands import options
from paramcalc.commands.show import Analyzed
from paramcalc.render.deliver import Format, Output


def export(
    architectures: options.Architectures,
    inputs: options.Inputs = None,
    settings: options.Settings = None,
    symbolic: options.Symbolic = False,
    formulas: options.Formulas = False,
    columns: options.Columns = None,
    format: options.FormatOption = None,
    output: options.OutputFile = None,
    force: options.Force = False,
) -> None:
    """Write the table of 'show' as Markdown, CSV, JSON, LaTeX or HTML; by default as Markdown.

    Several architectures are several tables in one document, and a list in JSON. CSV has a header row, plain
    integers, shapes as 96x55x55, symbols in the notation of the language, and neither totals nor notes; a text
    that a spreadsheet would take for a formula gets an apostrophe in front. LaTeX needs the package booktabs.
    """
    out = Output(format, output, force=force, columns=columns, usual=Format.md)
    from paramcalc.commands.values import request

    found = [Analyzed(request(name, inputs, settings, symbolic=symbolic)) for name in architectures]
    out.deliver(
        lambda: [each.table(formulas=formulas, columns=out.columns) for each in found],
        lambda: found[0].value() if len(found) == 1 else [each.value() for each in found],
    )
