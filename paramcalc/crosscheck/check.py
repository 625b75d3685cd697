"""Every computed figure of a network against what torch does, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from paramcalc.crosscheck.fields import FieldCheck, field_checks
from paramcalc.crosscheck.figures import Figures, torch_figures
from paramcalc.crosscheck.gradients import Progress, silently
from paramcalc.crosscheck.network import refusals_of_torch
from paramcalc.crosscheck.probes import Measures
from paramcalc.crosscheck.witnesses import witness_of
from paramcalc.network import Network
from paramcalc.report.analysis import Report, analyze
from paramcalc.report.claims import Verdict, judge
from paramcalc.report.quantities import Use, keys
from paramcalc.report.row import Row

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
    """What a check found. `unchecked` gives, by path, why a step, or its field, could not be compared.

    `followed` is how many steps have a field that gradients can follow; in a deep network `fields`
    are of some of them.
    """

    name: str
    layers: int
    comparisons: list[Comparison] = field(default_factory=list)
    fields: list[FieldCheck] = field(default_factory=list)
    unchecked: dict[str, str] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    followed: int = 0

    @property
    def differences(self) -> list[Comparison | FieldCheck]:
        """Where torch says something else."""
        compared: list[Comparison | FieldCheck] = [*self.comparisons, *self.fields]
        return [item for item in compared if not item.agrees]

    @property
    def agrees(self) -> bool:
        """Whether torch says the same in every comparison, and every claim is fine."""
        return not self.differences and all(verdict.fine for verdict in self.verdicts)


def check(network: Network, *, fields: bool = True, claims: bool = True, progress: Progress = silently) -> CheckResult:
    """Compare the figures of a network with torch's: shapes, parameters, buffers, MACs, receptive fields.

    Raises ParamcalcError for sizes that are symbols, for a layer without a witness, and where torch refuses
    what paramcalc accepts.
    """
    report = analyze(network)
    result = CheckResult(network.name, len(report.layers))
    result.unchecked = {node.path: reason for node in network.nodes if (reason := witness_of(node).not_checked)}
    with refusals_of_torch(network):
        found = torch_figures(network)
    for row in report.layers:
        if row.path not in result.unchecked:
            result.comparisons += compared(row, found[row.path])
    result.comparisons += totals_compared(report, found)
    if fields:
        shown = field_checks(network, progress)
        result.fields, result.followed = shown.checks, shown.followed
        result.comparisons += [item for row in report.layers for item in measures_compared(row, shown.measures)]
        result.unchecked = shown.unchecked | result.unchecked
    result.verdicts = judge(network, report) if claims else []
    return result


def compared(row: Row, found: Figures) -> list[Comparison]:
    """The figures of one row."""
    trainable = 0 if row.frozen else row.params
    return [Comparison(row.path, key, getattr(row, key, trainable), getattr(found, key)) for key in keys(Use.CHECK)]


def measures_compared(row: Row, measures: Mapping[str, Sequence[Measures]]) -> Iterator[Comparison]:
    """The figures of a row's receptive field that gradients show on every axis."""
    found = measures.get(row.path)
    if row.receptive_field is None or found is None or len(found) < len(row.receptive_field):
        return
    for key, shown in zip(keys(Use.FIELD), zip(*found, strict=True), strict=True):
        if None not in shown:
            yield Comparison(row.path, key, getattr(row, key), list(shown))


def totals_compared(report: Report, found: dict[str, Figures]) -> list[Comparison]:
    """The sums over all rows."""
    return [
        Comparison(TOTAL, key, getattr(report.totals, key), sum(getattr(figures, key) for figures in found.values()))
        for key in keys(Use.CHECK | Use.TOTAL)
    ]
