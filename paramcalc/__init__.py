"""paramcalc: parameter counts, shapes, multiply-accumulates and receptive fields, exact and symbolic.

    import paramcalc
    network = paramcalc.load("alexnet.yaml")
    report = paramcalc.analyze(network)
    report.totals.params, report.layers[0].receptive_field

Importing this loads neither torch nor anything that prints.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from torch import nn

    from paramcalc.algebra.expr import Expr, Size, plain, pretty, substitute, symbol
    from paramcalc.crosscheck.check import CheckResult
    from paramcalc.errors import ParamcalcError
    from paramcalc.network import Network
    from paramcalc.report.analysis import Report, Totals, analyze
    from paramcalc.report.comparison import Comparison, compare
    from paramcalc.report.row import Row
    from paramcalc.request import load, loads

HOMES = {
    "paramcalc.report.analysis": ("Report", "Totals", "analyze"),
    "paramcalc.report.comparison": ("Comparison", "compare"),
    "paramcalc.errors": ("ParamcalcError",),
    "paramcalc.algebra.expr": ("Expr", "Size", "plain", "pretty", "substitute", "symbol"),
    "paramcalc.request": ("load", "loads"),
    "paramcalc.network": ("Network",),
    "paramcalc.report.row": ("Row",),
}
"""Modules, and the public names that each defines."""


def __getattr__(name: str) -> Any:
    """A public name, whose module is imported when it is first asked for: a command loads only what it uses."""
    for module, names in HOMES.items():
        if name in names:
            globals().update({each: getattr(import_module(module), each) for each in names})
            return globals()[name]
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    """The public names, also those that are not imported yet."""
    return [*__all__, "__version__"]


def check(network: Network, *, fields: bool = True, claims: bool = True) -> CheckResult:
    """Hold every figure of a network against torch: shapes, parameters, buffers, MACs, receptive fields.

    `fields=False` leaves out the receptive fields, which take longest; `claims=False` the published
    figures. Raises ParamcalcError for sizes that are symbols, where torch refuses what paramcalc
    accepts, and where torch is not installed.
    """
    need_torch()
    from paramcalc.crosscheck.check import check as run  # noqa: PLC0415 - it imports torch

    return run(network, fields=fields, claims=claims)


def to_torch(network: Network) -> nn.Module:
    """The network as a `torch.nn.Module`, ready to train, whose submodules carry the paths as names.

    Its parameters are on torch's default device. Raises ParamcalcError for sizes that
    are symbols, for layers that torch does not have, and where torch is not installed.
    """
    need_torch()
    from paramcalc.crosscheck.network import to_torch as run  # noqa: PLC0415 - it imports torch

    return run(network)


def need_torch() -> None:
    """Raise ParamcalcError where torch is not installed."""
    from importlib.util import find_spec  # noqa: PLC0415 - only a check asks

    from paramcalc.errors import ParamcalcError  # noqa: PLC0415 - the same

    if find_spec("torch") is None:
        message = "torch is not installed; `pip install 'paramcalc[torch]'` installs it, `check --claims` works without"
        raise ParamcalcError(message)


__all__ = [
    "Comparison",
    "Expr",
    "Network",
    "ParamcalcError",
    "Report",
    "Row",
    "Size",
    "Totals",
    "analyze",
    "check",
    "compare",
    "load",
    "loads",
    "plain",
    "pretty",
    "substitute",
    "symbol",
    "to_torch",
]
