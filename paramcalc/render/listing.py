"""The bundled architectures as a table: name, parameters, source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from paramcalc.language.library import bundled_names
from paramcalc.network import Network
from paramcalc.render.figures import sizes
from paramcalc.render.table import Column, Line, Table
from paramcalc.report.analysis import Totals, analyze
from paramcalc.request import load

COLUMNS = (
    Column("name", "name", numeric=False),
    Column("input", "input", rank=3),
    Column("params", "params"),
    Column("macs", "MACs", rank=2),
    Column("source", "source", numeric=False, rank=1, elastic=True),
)


def bundled() -> Iterator[tuple[str, Network, Totals]]:
    """Every bundled architecture: its name, its network, its totals."""
    for name in bundled_names():
        network = load(name)
        yield name, network, analyze(network).totals


def list_table() -> Table:
    """One row for each bundled architecture."""
    lines = [
        Line((name, sizes(network.inputs[0].output.shape), totals.params, totals.macs, network.source))
        for name, network, totals in bundled()
    ]
    return Table("", list(COLUMNS), lines, foot=["`paramcalc show NAME` prints one of them, layer by layer."])


def list_object() -> list[dict[str, Any]]:
    """The same for JSON."""
    return [
        {"name": name, "title": net.name, "params": totals.params, "macs": totals.macs, "source": net.source}
        for name, net, totals in bundled()
    ]
