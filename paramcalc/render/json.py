"""A report as JSON: stable keys, exact integers, symbolic values in the plain spelling."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from paramcalc.algebra.expr import Expr, Size, plain
from paramcalc.errors import invisible
from paramcalc.report.analysis import Report
from paramcalc.report.row import Row
from paramcalc.report.summary import Memory


def number(value: Size | Fraction | None) -> int | str | None:
    """A number as JSON holds it: an integer, a string for a symbolic value or a fraction, or null."""
    if isinstance(value, (Expr, Fraction)):
        return plain(value)
    return value


def numbers(values: Sequence[Size | Fraction | None] | None) -> list[int | str | None] | None:
    """Several numbers; null as a whole when they are not known."""
    return None if values is None else [number(value) for value in values]


def row_object(row: Row) -> dict[str, Any]:
    """One executed step."""
    return {
        "path": row.path,
        "type": row.type,
        "inputs": row.inputs,
        "output": numbers(row.output),
        "count": number(row.count),
        "weights": number(row.weights),
        "biases": number(row.biases),
        "params": number(row.params),
        "buffers": number(row.buffers),
        "macs": number(row.macs),
        "activations": number(row.activations),
        "receptive_field": numbers(row.receptive_field),
        "effective_stride": numbers(row.effective_stride),
        "effective_padding": numbers(row.effective_padding),
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
            name: {"shape": numbers(row.shape), "count": number(row.count)} for name, row in report.input.items()
        },
        "layers": [row_object(row) for row in report.layers],
        "outputs": {name: numbers(shape) for name, shape in report.outputs.items()},
        "totals": {name: number(value) for name, value in report.totals._asdict().items()},
        "conditions": [condition.text for condition in report.conditions],
        **({} if memory is None else {"memory": memory_object(memory)}),
    }


def memory_object(memory: Memory) -> dict[str, Any]:
    """Bytes at one element type."""
    return {
        "dtype": memory.dtype,
        "params": number(memory.params),
        "activations": number(memory.activations),
        "peak_activations": number(memory.peak),
    }


def render(value: Any) -> str:
    """Plain values as JSON text; characters that cannot be seen, or that turn text around, are JSON's escapes."""
    return "\n".join(map(visible, json.dumps(value, indent=2, ensure_ascii=False).split("\n"))) + "\n"


def visible(line: str) -> str:
    """A line of JSON that a terminal shows as it is."""
    if line.isprintable():
        return line
    return "".join(json.dumps(character)[1:-1] if invisible(character) else character for character in line)
