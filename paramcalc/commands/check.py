"""What the `check` command runs: claims, torch, or a module of someone else, as tables and plain values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from paramcalc import need_torch
from paramcalc.network import Network
from paramcalc.render.budget import budget_object, budget_table
from paramcalc.render.claims import claims_object, claims_table
from paramcalc.render.page import Page
from paramcalc.render.table import Table
from paramcalc.report.analysis import analyze
from paramcalc.report.budget import Budget, spend
from paramcalc.report.claims import judge


@dataclass(slots=True)
class Checked:
    """What was found: whether all is fine, the tables, and the plain values of JSON."""

    fine: bool
    tables: list[Table]
    value: Any


def check_claims(networks: Iterable[tuple[str, Network]]) -> Checked:
    """The published figures of several networks."""
    verdicts = [(name, verdict) for name, network in networks for verdict in judge(network, analyze(network))]
    fine = all(verdict.fine for _, verdict in verdicts)
    return Checked(fine, [claims_table(verdicts)], claims_object(verdicts))


def check_budgets(networks: Iterable[tuple[str, Network]], budgets: Sequence[Budget]) -> Checked:
    """The budgets of several networks."""
    found = [(name, spent) for name, network in networks for spent in spend(analyze(network), budgets)]
    return Checked(all(spent.kept for _, spent in found), [budget_table(found)], budget_object(found))


def check_torch(
    names: Sequence[str],
    made: Callable[[str], Network],
    page: Page,
    *,
    fields: bool,
    claims: bool,
    full: bool,
) -> Checked:
    """Several networks against torch, with a progress bar on a terminal."""
    need_torch()
    from paramcalc.crosscheck.check import check  # noqa: PLC0415 - it imports torch
    from paramcalc.crosscheck.gradients import silently  # noqa: PLC0415 - the same
    from paramcalc.render.check import check_object, check_table  # noqa: PLC0415 - the same

    # one bar: over the networks, or over the steps of the only one
    progress = page.progress if len(names) == 1 else silently
    results = [
        (name, check(made(name), fields=fields, claims=claims, progress=progress))
        for name in page.progress(names, "checking")
    ]
    tables = [check_table(result, full=full) for _, result in results]
    value = [check_object(name, result) for name, result in results]
    return Checked(all(result.agrees for _, result in results), tables, value)


def check_against(networks: Sequence[tuple[str, Network]], target: str, arguments: str, *, full: bool) -> Checked:
    """Networks against a torch module of someone else."""
    need_torch()
    from paramcalc.crosscheck.against import against  # noqa: PLC0415 - it imports torch
    from paramcalc.render.check import against_object, against_table  # noqa: PLC0415 - the same

    results = [against(network, target, arguments) for _, network in networks]
    tables = [against_table(result, full=full) for result in results]
    return Checked(all(result.agrees for result in results), tables, [against_object(result) for result in results])
