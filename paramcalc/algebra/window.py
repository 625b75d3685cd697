"""Windows: what a convolution or a pooling does along one axis.

A window has kernel k, stride s, padding lo and hi, dilation d, and spans d*(k-1) + 1 positions.
On n positions it gives `(n + lo + hi - span)//s + 1` outputs (Dumoulin, Visin, A guide to
convolution arithmetic for deep learning, 2016). A chain of windows equals one window: windows are
a monoid, whose unit has kernel 1 and stride 1.

A window that rounds up, by torch's rule, is one that rounds down with more padding behind. Torch
computes `ceil((n + lo + hi - span)/s) + 1` outputs and drops the last one if it would start at or
beyond n + lo. The count of starts i*s that are < n + lo, and of those that the first formula
allows, are both floors over s of n plus a constant, so the smaller constant decides for every n:
the padding behind is `min(span - 1, hi + s - 1)`.
"""

from __future__ import annotations

from typing import NamedTuple

from paramcalc.algebra.expr import Size, ceil_divide, pretty


class Window(NamedTuple):
    """A window along one axis; sizes may be symbolic."""

    kernel: Size = 1
    stride: Size = 1
    lo: Size = 0
    hi: Size = 0
    dilation: Size = 1

    @property
    def span(self) -> Size:
        """Positions from the first to the last tap: `d*(k-1) + 1`."""
        return self.dilation * (self.kernel - 1) + 1

    def size(self, n: Size) -> Size:
        """Outputs on n positions: `(n + lo + hi - span)//s + 1`; below 1 when no window fits."""
        kernel, stride, lo, hi, dilation = self
        return (n + lo + hi - (dilation * (kernel - 1) + 1)) // stride + 1

    def then(self, after: Window) -> Window:
        """The one window that equals this one followed by `after`.

        `k = k1 + (k2-1)*s1`, `s = s1*s2`, `lo = lo1 + lo2*s1`, `hi = hi1 + hi2*s1`, with spans for
        the kernels: the holes of a dilation are inside the span.
        """
        return Window(
            self.span + (after.span - 1) * self.stride,
            self.stride * after.stride,
            self.lo + after.lo * self.stride,
            self.hi + after.hi * self.stride,
        )

    def formula(self, n: Size) -> str:
        """The size on n positions with the numbers in: `(227 − 11)/4 + 1 = 55`."""
        if self.lo == self.hi and self.lo != 0:
            pads = f" + 2·{factor(self.lo)}"
        else:
            pads = "".join(f" + {factor(pad)}" for pad in (self.lo, self.hi) if pad != 0)
        reach = f"{pretty(n)}{pads} − {pretty(self.span)}"
        result = pretty(self.size(n))
        if self.stride == 1:
            return f"{reach} + 1 = {result}"
        exact = (n + self.lo + self.hi - self.span) % self.stride == 0
        share = f"({reach})/{pretty(self.stride)}"
        return f"{share if exact else f'⌊{share}⌋'} + 1 = {result}"


def factor(size: Size) -> str:
    """A size as one factor or summand: in parentheses where it is a sum or negative."""
    text = pretty(size)
    return f"({text})" if " " in text or text.startswith("−") else text


UNIT = Window()


def rounded_up(window: Window) -> Window:
    """The window that gives what `window` gives when the size is rounded up, by torch's rule."""
    span, stride = window.span, window.stride
    if not (isinstance(span, int) and isinstance(stride, int) and isinstance(window.hi, int)):
        raise ValueError("rounding up needs a kernel, stride and padding that are numbers")
    return window._replace(hi=min(span - 1, window.hi + stride - 1))


def same_padding(n: Size, kernel: Size, stride: Size, dilation: Size) -> tuple[Size, Size]:
    """Padding (lo, hi) that gives ceil(n / stride) outputs: TensorFlow's rule for `SAME`.

    In all `max((ceil(n/s) - 1)*s + span - n, 0)`, the odd one behind. Raises ValueError where the
    maximum depends on a symbol.
    """
    span = dilation * (kernel - 1) + 1
    if not isinstance(stride, int):
        raise ValueError("padding 'same' needs a stride that is a number")
    total = (ceil_divide(n, stride) - 1) * stride + span - n
    if isinstance(total, int):
        total = max(total, 0)
    elif span == 1:
        total = 0
    elif not isinstance(span, int) or span < stride:
        raise ValueError("padding 'same' with a stride above the kernel needs an input size that is a number")
    return total // 2, total - total // 2
