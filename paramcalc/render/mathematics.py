"""Values with symbols as LaTeX's mathematics, which markdown has too."""

from __future__ import annotations

from paramcalc.algebra.expr import Expr, latex
from paramcalc.render.table import Number, Sizes

MARKS = {"*": r"\ast", "~": r"\sim"}


def mathematics(value: Expr | Sizes) -> str:
    r"""A value with symbols, without the dollars around it: `[96, \\lfloor H/2 \\rfloor]`."""
    if isinstance(value, Expr):
        return latex(value)
    mark = " ".join(MARKS[letter] for letter in value.mark)
    return f"[{', '.join(map(item, value.values))}]" + (f"^{{{mark}}}" if mark else "")


def item(value: Number | None) -> str:
    """One of several sizes; a dash for one that is not known."""
    return r"\mbox{–}" if value is None else latex(value)
