"""Values with symbols as LaTeX's mathematics, which markdown has too."""

from __future__ import annotations

from typing import TypeGuard

from paramcalc.algebra.expr import Expr, latex
from paramcalc.render.table import Number, Sizes, Value

MARKS = {"*": r"\ast", "~": r"\sim"}


def symbolic(value: Value) -> TypeGuard[Expr | Sizes]:
    """Whether a value holds symbols."""
    return isinstance(value, Expr) or (isinstance(value, Sizes) and value.symbolic)


def mathematics(value: Expr | Sizes) -> str:
    r"""A value with symbols, without the dollars around it: `[96, \\lfloor H/2 \\rfloor]`."""
    if isinstance(value, Expr):
        return latex(value)
    mark = " ".join(MARKS[letter] for letter in value.mark)
    return f"[{', '.join(map(item, value.values))}]" + (f"^{{{mark}}}" if mark else "")


def item(value: Number | None) -> str:
    """One of several sizes; a dash for one that is not known."""
    return r"\mbox{–}" if value is None else latex(value)
