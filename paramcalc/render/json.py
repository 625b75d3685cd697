"""A report as JSON: stable keys, exact integers, symbolic values in the plain spelling."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from paramcalc.algebra.expr import Expr, plain
from paramcalc.algebra.tensor import Shape
from paramcalc.errors import invisible
from paramcalc.report.analysis import Report
from paramcalc.report.quantities import Use, keys
from paramcalc.report.row import Row
from paramcalc.report.summary import Memory

OF_STEPS, OF_TOTALS = keys(Use.STEP), keys(Use.TOTAL)


def plain_value(figure: Any) -> Any:
    """A figure as JSON holds it: an integer, a string for a symbolic value or a fraction, null; of sizes, a list."""
    if isinstance(figure, (list, tuple)):
        return [plain_value(value) for value in figure]
    return plain(figure) if isinstance(figure, (Expr, Fraction)) else figure


def row_object(row: Row) -> dict[str, Any]:
    """One executed step."""
    return {
        "path": row.path,
        "type": row.type,
        "inputs": row.inputs,
        **{key: plain_value(getattr(row, key)) for key in OF_STEPS},
        "covers_input": row.covers_input,
        "misaligned": row.misaligned,
        "frozen": row.frozen,
        "shared_with": row.shared_with,
        "formula": row.formula,
    }


def report_object(report: Report, memory: Memory | None = None) -> dict[str, Any]:
    """The report, in the order and with the names that scripts rely on; `memory` adds bytes."""
    return {
        "name": report.name,
        "source": report.source,
        "input": {
            name: {"shape": plain_value(tensor.shape), "count": plain_value(tensor.count)}
            for name, tensor in report.input.items()
        },
        "layers": [row_object(row) for row in report.layers],
        "outputs": outputs_object(report.outputs),
        "totals": {key: plain_value(getattr(report.totals, key)) for key in OF_TOTALS},
        "conditions": [condition.text for condition in report.conditions],
        **({} if memory is None else {"memory": memory_object(memory)}),
    }


def outputs_object(outputs: Mapping[str, Shape]) -> dict[str, Any]:
    """The shape of each output."""
    return {name: plain_value(shape) for name, shape in outputs.items()}


def memory_object(memory: Memory) -> dict[str, Any]:
    """Bytes at one element type."""
    return {
        "dtype": memory.dtype,
        "params": plain_value(memory.params),
        "activations": plain_value(memory.activations),
        "peak_activations": plain_value(memory.peak),
    }


def render(value: Any) -> str:
    """Plain values as JSON text; characters that cannot be seen, or that turn text around, are JSON's escapes."""
    return "\n".join(map(visible, json.dumps(value, indent=2, ensure_ascii=False).split("\n"))) + "\n"


def visible(line: str) -> str:
    """A line of JSON that a terminal shows as it is."""
    if line.isprintable():
        return line
    return "".join(json.dumps(character)[1:-1] if invisible(character) else character for character in line)
