"""Values with symbols as LaTeX's mathematics, which markdown has too."""

from __future__ import annotations

from paramcalc.algebra.expr import Expr, latex
from paramcalc.render.table import Sizes

MARKS = {"*": r"\ast", "~": r"\sim"}


def mathematics(value: Expr | Sizes) -> str:
    r"""A value with symbols, without the dollars around it: `[96, \\lfloor H/2 \\rfloor]`."""
    if isinstance(value, Expr):
        return latex(value)
    sizes = (r"\mbox{–}" if size is None else latex(size) for size in value.values)
    mark = " ".join(MARKS[letter] for letter in value.mark)
    return f"[{', '.join(sizes)}]" + (f"^{{{mark}}}" if mark else "")
