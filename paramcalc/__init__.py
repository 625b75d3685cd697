"""paramcalc: parameter counts, shapes, multiply-accumulates and receptive fields, exact and symbolic.

    import paramcalc
    network = paramcalc.load("alexnet.yaml")
    report = paramcalc.analyze(network)
    report.totals.params, report.layers[0].receptive_field

Importing this loads neither torch nor anything that prints.
"""

from __future__ import annotations

from paramcalc.analysis import Report, Row, Totals, analyze
from paramcalc.errors import ParamcalcError
from paramcalc.expr import Expr, Size, plain, pretty, substitute, symbol
from paramcalc.language import load, loads
from paramcalc.network import Network

__version__ = "0.1.0"

__all__ = [
    "Expr",
    "Network",
    "ParamcalcError",
    "Report",
    "Row",
    "Size",
    "Totals",
    "analyze",
    "load",
    "loads",
    "plain",
    "pretty",
    "substitute",
    "symbol",
]
