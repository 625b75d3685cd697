"""What the `show` and `export` commands print: the report of a network as a table, or as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from paramcalc.language.build import build
from paramcalc.language.library import load_file
from paramcalc.language.options import Request, symbolic_input
from paramcalc.network import Network
from paramcalc.render.table import Table
from paramcalc.report.analysis import Report, analyze
from paramcalc.report.summary import Memory, memory


@dataclass(frozen=True, slots=True)
class Shown:
    """A network and its report; `memory` are bytes, where they are asked for.

    `published` says that it is the network as its file has it, which the file's claims are about.
    """

    network: Network
    report: Report
    memory: Memory | None
    published: bool

    def table(self, *, formulas: bool = False, depth: int | None = None, columns: Sequence[str] = ()) -> Table:
        """The report as a table."""
        from paramcalc.render.show import show_table  # noqa: PLC0415 - nor does it need a table
        from paramcalc.report.claims import judge  # noqa: PLC0415 - JSON holds no claims

        verdicts = judge(self.network, self.report) if self.published else []
        return show_table(
            self.report, formulas=formulas, verdicts=verdicts, depth=depth, memory=self.memory, columns=columns
        )

    def value(self) -> dict[str, Any]:
        """The report as plain values."""
        from paramcalc.render.json import report_object  # noqa: PLC0415 - a table needs no JSON

        return report_object(self.report, self.memory)


def shown(wanted: Request, *, symbolic: bool, dtype: str | None = None) -> Shown:
    """The report of an architecture; `symbolic` takes the spatial sizes of its input as symbols."""
    file = load_file(wanted.architecture)
    shapes = {**symbolic_input(file), **wanted.inputs} if symbolic else wanted.inputs
    network = build(file, shapes, wanted.settings)
    report = analyze(network)
    return Shown(network, report, None if dtype is None else memory(report, dtype), not shapes and not wanted.settings)
