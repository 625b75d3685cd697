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
    Column("here", "here", numeric=False, longest=40),
)
SPAN = "span = dilation·(kernel − 1) + 1, from a window's first tap to its last"


def step_table(node: Node) -> Table:
    """How the figures of a step come about."""
    inputs = ", ".join(str(source.output) for source in node.inputs)
    return explained(f"{node.path}: {node.type}, {inputs} → {node.output}", explain(node))


def whole_table(network: Network, report: Report) -> Table:
    """How the figures of the whole come about."""
    return explained(network.name, explain_whole(network, report))


def explained(title: str, parts: Sequence[Explanation]) -> Table:
    """Explanations as a table; the span is explained where a rule has one."""
    lines = [Line(part) for part in parts]
    return Table(title, list(COLUMNS), lines, foot=[SPAN] if any("span" in part.rule for part in parts) else [])


def explain_tables(network: Network, report: Report, nodes: Sequence[Node], *, whole: bool) -> list[Table]:
    """The tables of some steps, and of the whole."""
    return [*map(step_table, nodes), *([whole_table(network, report)] if whole else [])]


def explain_object(network: Network, report: Report, nodes: Sequence[Node], *, whole: bool) -> dict[str, Any]:
    """The same as plain values."""
    return {
        "name": network.name,
        "steps": [
            {"path": node.path, "type": node.type, "figures": [part._asdict() for part in explain(node)]}
            for node in nodes
        ],
        "whole": [part._asdict() for part in explain_whole(network, report)] if whole else None,
    }
