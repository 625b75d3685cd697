"""`paramcalc show`: a network layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

import paramcalc
from paramcalc.commands import options
from paramcalc.render.deliver import Output

if TYPE_CHECKING:
    from paramcalc.render.table import Table
    from paramcalc.request import Request


def show(
    architecture: options.Architecture,
    inputs: options.Inputs = None,
    settings: options.Settings = None,
    symbolic: options.Symbolic = False,
    formulas: options.Formulas = False,
    depth: Annotated[
        str,
        typer.Option(
            metavar="N|all",
            help="Show N levels of blocks: what is deeper is summed up, and equal blocks in a row are one with x3. "
            "JSON always holds every layer.",
        ),
    ] = "all",
    dtype: Annotated[
        str | None,
        typer.Option(
            metavar="TYPE", help="Add bytes of parameters and activations: float64, float32, float16, bfloat16, int8."
        ),
    ] = None,
    columns: options.Columns = None,
    format: options.FormatOption = None,
    output: options.OutputFile = None,
    force: options.Force = False,
) -> None:
    """Print every layer with its output, parameters, MACs and receptive field, and the totals.

    Columns: layer, type, output, count, weights, biases, params, macs, receptive_field, effective_stride, claims;
    effective_padding, buffers and activations where --columns names them. A page that is too narrow drops weights
    and biases first, then type, claims, effective_stride, count, receptive_field, macs; none that --columns names.
    """
    out = Output(format, output, force=force, columns=columns)
    from paramcalc.commands.values import block_levels, request

    levels = block_levels(depth)
    found = Analyzed(request(architecture, inputs, settings, symbolic=symbolic), dtype)
    out.deliver(lambda: [found.table(formulas=formulas, depth=levels, columns=out.columns)], found.value)


class Analyzed:
    """The network of a request and its report, with bytes where an element type is given."""

    def __init__(self, request: Request, dtype: str | None = None) -> None:
        from paramcalc.report.summary import memory

        self.network = request.network()
        self.report = paramcalc.analyze(self.network)
        self.memory = None if dtype is None else memory(self.report, dtype)
        self.as_published = request.is_as_published

    def table(self, *, formulas: bool = False, depth: int | None = None, columns: Sequence[str] = ()) -> Table:
        """The report as a table, with the claims of a file that is as published."""
        from paramcalc.render.show import show_table
        from paramcalc.report.claims import judge

        verdicts = judge(self.network, self.report) if self.as_published else []
        return show_table(
            self.report, formulas=formulas, verdicts=verdicts, depth=depth, memory=self.memory, columns=columns
        )

    def value(self) -> dict[str, Any]:
        """The report as plain values, for JSON."""
        from paramcalc.render.json import report_object

        return report_object(self.report, self.memory)
