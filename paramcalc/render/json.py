"""A report as JSON: stable keys, exact integers, symbolic values in the plain spelling."""

from __future__ import annotations

import json
from typing import Any

from paramcalc.algebra.expr import plain
from paramcalc.errors import invisible
from paramcalc.report.analysis import Report
from paramcalc.report.quantities import Use, keys
from paramcalc.report.row import Row
from paramcalc.report.summary import Memory

OF_STEPS, OF_TOTALS = keys(Use.STEP), keys(Use.TOTAL)


def row_object(row: Row) -> dict[str, Any]:
    """One executed step."""
    return {
        "path": row.path,
        "type": row.type,
        "inputs": row.inputs,
        **{key: getattr(row, key) for key in OF_STEPS},
        "covers_input": row.covers_input,
        "misaligned": row.misaligned,
        "frozen": row.frozen,
        "shared_with": row.shared_with,
        "formula": row.formula,
    }


def report_object(report: Report, memory: Memory | None = None) -> dict[str, Any]:
    """The report, in the order and with the names that scripts rely on; `memory` adds bytes at one element type."""
    found: dict[str, Any] = {
        "name": report.name,
        "source": report.source,
        "input": {name: {"shape": tensor.shape, "count": tensor.count} for name, tensor in report.input.items()},
        "layers": [row_object(row) for row in report.layers],
        "outputs": report.outputs,
        "totals": {key: getattr(report.totals, key) for key in OF_TOTALS},
        "conditions": [condition.text for condition in report.conditions],
    }
    if memory is not None:
        sizes = {"params": memory.params, "activations": memory.activations, "peak_activations": memory.peak}
        found["memory"] = {"dtype": memory.dtype, **sizes}
    return found


def render(value: Any) -> str:
    """Values as JSON text: a symbolic value or a fraction is a string in the plain spelling, sizes are a list.

    Characters that cannot be seen, or that turn text around, are JSON's escapes.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False, default=plain)
    return "\n".join(map(visible, text.split("\n"))) + "\n"


def visible(line: str) -> str:
    """A line of JSON that a terminal shows as it is."""
    if line.isprintable():
        return line
    return "".join(json.dumps(character)[1:-1] if invisible(character) else character for character in line)
