"""`paramcalc check`: claims, budgets, torch, or a torch module of the user, against what is computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

import paramcalc
from paramcalc.commands import options
from paramcalc.render.deliver import Output

if TYPE_CHECKING:
    from paramcalc.network import Network
    from paramcalc.render.page import Page
    from paramcalc.render.table import Table
    from paramcalc.report.budget import Budget
    from paramcalc.request import Request


def check(
    architectures: options.SomeArchitectures = None,
    every: Annotated[bool, typer.Option("--all", help="Check all bundled architectures.")] = False,
    claims: Annotated[bool, typer.Option("--claims", help="Check only the published figures; needs no torch.")] = False,
    no_field: Annotated[
        bool, typer.Option("--no-field", help="Leave out receptive fields, which take longest to check.")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="Print every figure, not only those that differ.")] = False,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="MODULE:CALLABLE",
            help="Compare with a torch module of your own, such as torchvision.models:resnet50. "
            "Importing MODULE runs its code.",
        ),
    ] = None,
    against_args: Annotated[
        str, typer.Option(metavar="ARGS", help="Arguments for CALLABLE, such as 'num_classes=10'.")
    ] = "",
    most: Annotated[
        list[str] | None,
        typer.Option(
            "--max", metavar="QUANTITY=NUMBER", help="Allow at most this: params=5M, macs=600M; needs no torch."
        ),
    ] = None,
    least: Annotated[
        list[str] | None,
        typer.Option(
            "--min", metavar="QUANTITY=NUMBER", help="Require at least this: receptive_field=200; needs no torch."
        ),
    ] = None,
    inputs: options.Inputs = None,
    settings: options.Settings = None,
    format: options.FormatOption = None,
    output: options.OutputFile = None,
    force: options.Force = False,
) -> None:
    """Compare every figure with torch and with the published ones.

    A budget or a claim on the receptive field, stride, padding or output of the whole network is about its first
    output, in the order of the file; stride and padding are those of the last step on the way to it whose units have a
    position. Exit status 1 when one differs, 2 when the check cannot run.
    """
    out = Output(format, output, force=force)
    from paramcalc.commands.values import budget, call_arguments, request
    from paramcalc.language.library import bundled_names

    names = bundled_names() if every else architectures or []
    if not names:
        raise paramcalc.ParamcalcError("check needs an architecture, or --all")
    requests = [(name, request(name, inputs, settings)) for name in names]
    budgets = [*(budget(text, most=True) for text in most or ()), *(budget(text, most=False) for text in least or ())]
    if bool(budgets) + claims + (against is not None) > 1:
        raise paramcalc.ParamcalcError("budgets, --claims and --against are checks of their own: one at a time")
    networks = ((name, each.network()) for name, each in requests)
    if budgets:
        checked = check_budgets(networks, budgets)
    elif against is not None:
        checked = check_against([network for _, network in networks], against, *call_arguments(against_args), full=full)
    elif claims:
        checked = check_claims(networks)
    else:
        checked = check_torch(requests, out.page, fields=not no_field, full=full)
    out.deliver(lambda: checked.tables, lambda: checked.value)
    if not checked.fine:
        raise typer.Exit(1)


class Checked(NamedTuple):
    """What a check finds: whether all is fine, the tables, and the plain values of JSON."""

    fine: bool
    tables: list[Table]
    value: Any


def check_claims(networks: Iterable[tuple[str, Network]]) -> Checked:
    """The published figures of several networks."""
    from paramcalc.render.claims import claims_object, claims_table
    from paramcalc.report.claims import judge

    verdicts = [(name, verdict) for name, network in networks for verdict in judge(network, paramcalc.analyze(network))]
    fine = all(verdict.fine for _, verdict in verdicts)
    return Checked(fine, [claims_table(verdicts)], claims_object(verdicts))


def check_budgets(networks: Iterable[tuple[str, Network]], budgets: Sequence[Budget]) -> Checked:
    """The budgets of several networks."""
    from paramcalc.render.budget import budget_object, budget_table
    from paramcalc.report.budget import spend

    found = [(name, spent) for name, network in networks for spent in spend(paramcalc.analyze(network), budgets)]
    return Checked(all(spent.kept for _, spent in found), [budget_table(found)], budget_object(found))


def check_torch(requests: Sequence[tuple[str, Request]], page: Page, *, fields: bool, full: bool) -> Checked:
    """Several networks against torch, with a progress bar on a terminal, and where none is changed their claims."""
    paramcalc.need_torch()
    from paramcalc.crosscheck.check import check
    from paramcalc.crosscheck.gradients import silently
    from paramcalc.render.check import check_object, check_table

    claims = all(request.is_as_published for _, request in requests)
    # one bar: over the networks, or over the steps of the only one
    progress = page.progress if len(requests) == 1 else silently
    results = [
        (name, check(request.network(), fields=fields, claims=claims, progress=progress))
        for name, request in page.progress(requests, "checking")
    ]
    tables = [check_table(result, full=full) for _, result in results]
    value = [check_object(name, result) for name, result in results]
    return Checked(all(result.agrees for _, result in results), tables, value)


def check_against(
    networks: Sequence[Network], target: str, positional: Sequence[Any], named: Mapping[str, Any], *, full: bool
) -> Checked:
    """Networks against a torch module of the user."""
    paramcalc.need_torch()
    from paramcalc.crosscheck.against import against
    from paramcalc.render.check import against_object, against_table

    results = [against(network, target, positional, named) for network in networks]
    tables = [against_table(result, full=full) for result in results]
    return Checked(all(result.agrees for result in results), tables, [against_object(result) for result in results])
