"""Every computed figure of a network against what torch does, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from paramcalc.analysis import Report, Row, analyze
from paramcalc.claims import Verdict, judge
from paramcalc.crosscheck.fields import FieldCheck, field_checks
from paramcalc.crosscheck.figures import QUANTITIES, Figures, reason_not_checked, torch_figures
from paramcalc.errors import ParamcalcError
from paramcalc.network import Network

AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
TOTAL = "total"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure of one step: what paramcalc computes, what torch says."""

    path: str
    quantity: str
    computed: Any
    torch: Any

    @property
    def agrees(self) -> bool:
        """Whether both are the same."""
        return bool(self.computed == self.torch)


@dataclass(slots=True)
class CheckResult:
    """What a check found. `unchecked` gives, by path, why torch could not be asked."""

    name: str
    layers: int
    comparisons: list[Comparison] = field(default_factory=list)
    fields: list[FieldCheck] = field(default_factory=list)
    unchecked: dict[str, str] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    axes: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether torch says the same everywhere that it was asked, and every claim is fine."""
        return (
            all(comparison.agrees for comparison in self.comparisons)
            and all(found.agrees for found in self.fields)
            and all(verdict.fine for verdict in self.verdicts)
        )


def check(network: Network, *, fields: bool = True, claims: bool = True) -> CheckResult:
    """Hold the figures of a network against torch: shapes, parameters, buffers, MACs, receptive fields.

    Raises ParamcalcError for sizes that are symbols, and where torch refuses what paramcalc accepts.
    """
    report = analyze(network)
    rank = len(network.inputs[0].output.shape) - 1
    result = CheckResult(network.name, len(report.layers), axes=AXES.get(rank, ()))
    result.unchecked = {node.path: reason for node in network.nodes if (reason := reason_not_checked(node))}
    try:
        found = torch_figures(network)
    except (RuntimeError, ValueError, TypeError) as error:
        raise ParamcalcError(f"{network.name}: torch refuses the network: {error}") from error
    for row in report.layers:
        if row.path not in result.unchecked:
            result.comparisons += compared(row, found[row.path])
    result.comparisons += totals_compared(report, found)
    if fields and rank:
        result.fields = list(field_checks(network))
    result.verdicts = judge(network, report) if claims else []
    return result


def compared(row: Row, found: Figures) -> list[Comparison]:
    """The figures of one row."""
    ours = {name: getattr(row, name) for name in QUANTITIES if name != "trainable"}
    ours["trainable"] = 0 if row.frozen else row.params
    ours["macs"] = row.macs
    return [Comparison(row.path, name, ours[name], getattr(found, name)) for name in QUANTITIES]


def totals_compared(report: Report, found: dict[str, Figures]) -> list[Comparison]:
    """The sums over all rows."""
    names = ("weights", "biases", "trainable", "buffers", "macs")
    sums = {name: sum(getattr(figures, name) for figures in found.values()) for name in names}
    return [Comparison(TOTAL, name, getattr(report.totals, name), sums[name]) for name in names]
