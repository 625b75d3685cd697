"""Explanations as tables: one for each step, one for the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from paramcalc.network import Network, Node
from paramcalc.render.table import Column, Line, Table
from paramcalc.report.analysis import Report
from paramcalc.report.explain import Explanation, explain, explain_whole

COLUMNS = (
    Column("quantity", "", numeric=False),
    Column("rule", "rule", numeric=False, rank=1),
    Column("with_numbers", "with numbers", numeric=False, longest=40),
)
NAMES = {"peak": "alive at once"}
"""What JSON calls a figure that tables call otherwise by now."""
SPAN = "span = dilation·(kernel − 1) + 1, from a window's first tap to its last"


def explain_tables(network: Network, report: Report, nodes: Sequence[Node], *, whole: bool) -> list[Table]:
    """How the figures of some steps come about, and those of the whole network."""
    tables = []
    for node in nodes:
        inputs = ", ".join(str(source.output) for source in node.inputs)
        tables.append(explanations(f"{node.path}: {node.type}, {inputs} → {node.output}", explain(node)))
    return [*tables, *([explanations(network.name, explain_whole(network, report))] if whole else [])]


def explanations(title: str, parts: Sequence[Explanation]) -> Table:
    """Explanations as a table; the span is defined where a rule has one."""
    lines = [Line(part) for part in parts]
    return Table(title, list(COLUMNS), lines, foot=[SPAN] if any("span" in part.rule for part in parts) else [])


def explain_object(network: Network, report: Report, nodes: Sequence[Node], *, whole: bool) -> dict[str, Any]:
    """The same as plain values."""
    steps = [{"path": node.path, "type": node.type, "figures": figures(explain(node))} for node in nodes]
    return {"name": network.name, "steps": steps, "whole": figures(explain_whole(network, report)) if whole else None}


def figures(parts: Sequence[Explanation]) -> list[dict[str, str]]:
    """Figures under the names that scripts rely on."""
    return [{"quantity": NAMES.get(name, name), "rule": rule, "here": numbers} for name, rule, numbers in parts]
