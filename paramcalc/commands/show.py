"""`paramcalc show`: a network layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from paramcalc.commands.options import (
    Architecture,
    Columns,
    Force,
    FormatOption,
    Formulas,
    Inputs,
    OutputFile,
    Settings,
    Symbolic,
)
from paramcalc.render.deliver import Output

if TYPE_CHECKING:
    from paramcalc.network import Network
    from paramcalc.render.table import Table
    from paramcalc.report.analysis import Report
    from paramcalc.report.summary import Memory
    from paramcalc.request import Request


def show(
    architecture: Architecture,
    inputs: Inputs = None,
    settings: Settings = None,
    symbolic: Symbolic = False,
    formulas: Formulas = False,
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
    columns: Columns = None,
    format: FormatOption = None,
    output: OutputFile = None,
    force: Force = False,
) -> None:
    """Print every layer with its output, parameters, MACs and receptive field, and the totals.

    Columns: layer, type, output, count, weights, biases, params, macs, receptive_field, effective_stride, claims;
    effective_padding, buffers and activations where --columns names them. A page that is too narrow drops weights
    and biases first, then type, claims, effective_stride, count, receptive_field, macs; none that --columns names.
    """
    out = Output(format, output, force=force, columns=columns)
    from paramcalc.commands.values import block_levels, request

    levels = block_levels(depth)
    found = analyzed(request(architecture, inputs, settings, symbolic=symbolic), dtype)
    out.deliver(lambda: [found.table(formulas=formulas, depth=levels, columns=out.columns)], found.value)


class Analyzed(NamedTuple):
    """A network and its report; `memory` are bytes of it, where they are wanted.

    `as_published` says that the network is that of its file, unchanged, which the file's claims are about.
    """

    network: Network
    report: Report
    memory: Memory | None
    as_published: bool

    def table(self, *, formulas: bool = False, depth: int | None = None, columns: Sequence[str] = ()) -> Table:
        """The report as a table, with the file's claims."""
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


def analyzed(request: Request, dtype: str | None = None) -> Analyzed:
    """The report of the network that is requested, with bytes where an element type is given."""
    from paramcalc.report.analysis import analyze
    from paramcalc.report.summary import memory

    network = request.network()
    report = analyze(network)
    return Analyzed(network, report, memory(report, dtype) if dtype else None, request.is_as_published)
