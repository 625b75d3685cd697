"""Windows: what a convolution or a pooling does along one axis.

A window has kernel k, stride s, padding lo and hi, dilation d, and spans d*(k-1) + 1 positions
(Dumoulin, Visin, A guide to convolution arithmetic for deep learning, 2016). A chain of windows equals
one window; a window of kernel 1 and stride 1 changes nothing.
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
        """Positions from the first to the last that one output reads: `d*(k-1) + 1`."""
        return self.dilation * (self.kernel - 1) + 1

    def size(self, n: Size) -> Size:
        """Outputs on n positions: `(n + lo + hi - span)//s + 1`; below 1 when no window fits."""
        kernel, stride, lo, hi, dilation = self
        return (n + lo + hi - dilation * (kernel - 1) - 1) // stride + 1

    def transposed_size(self, n: Size) -> Size:
        """Outputs of the transposed window on n positions: `(n - 1)*s - lo - hi + span`."""
        return (n - 1) * self.stride - self.lo - self.hi + self.span

    def then(self, after: Window) -> Window:
        """The one window that equals this one followed by `after`.

        `k = k1 + (k2-1)*s1`, `s = s1*s2`, `lo = lo1 + lo2*s1`, `hi = hi1 + hi2*s1`, with spans for
        the kernels. Two 3x3 are one 5x5:

        >>> Window(3).then(Window(3))
        Window(kernel=5, stride=1, lo=0, hi=0, dilation=1)
        """
        return Window(
            self.span + (after.span - 1) * self.stride,
            self.stride * after.stride,
            self.lo + after.lo * self.stride,
            self.hi + after.hi * self.stride,
        )

    def formula(self, n: Size) -> str:
        """The derivation of `size(n)`: `(227 − 11)/4 + 1 = 55`."""
        if self.lo == self.hi and self.lo != 0:
            pads = f" + 2·{factor(self.lo)}"
        else:
            pads = "".join(f" + {factor(pad)}" for pad in (self.lo, self.hi) if pad != 0)
        last_start = f"{pretty(n)}{pads} − {pretty(self.span)}"
        result = pretty(self.size(n))
        if self.stride == 1:
            return f"{last_start} + 1 = {result}"
        exact = (n + self.lo + self.hi - self.span) % self.stride == 0
        quotient = f"({last_start})/{pretty(self.stride)}"
        return f"{quotient if exact else f'⌊{quotient}⌋'} + 1 = {result}"

    def transposed_formula(self, n: Size) -> str:
        """The derivation of `transposed_size(n)`: `(14 − 1)·2 − 2 + 4 = 28`."""
        padding = self.lo + self.hi
        pads = "" if padding == 0 else f" − {factor(padding)}"
        result = pretty(self.transposed_size(n))
        return f"({pretty(n)} − 1)·{factor(self.stride)}{pads} + {pretty(self.span)} = {result}"


def factor(size: Size) -> str:
    """A size as a factor or summand of a derivation: in parentheses where it is a sum or negative."""
    text = pretty(size)
    return f"({text})" if " " in text or text.startswith("−") else text


UNIT = Window()


def rounded_up(window: Window) -> Window:
    """The window, with more padding behind, whose size is that of `window` rounded up by torch's rule (`ceil_mode`).

    Torch computes `ceil((n + lo + hi - span)/s) + 1` outputs and drops the last one if it would start at or
    beyond n + lo. Outputs start at multiples of s: those that start before n + lo, and those of the first
    formula, are both floors over s of n plus a constant, so the smaller constant decides for every n:
    the padding behind is `min(span - 1, hi + s - 1)`. Raises ValueError where these have symbols.
    """
    span, stride = window.span, window.stride
    if not (isinstance(span, int) and isinstance(stride, int) and isinstance(window.hi, int)):
        raise ValueError("rounding up needs a kernel, stride and padding that are numbers")
    return window._replace(hi=min(span - 1, window.hi + stride - 1))


def same_padding(n: Size, kernel: Size, stride: Size, dilation: Size) -> tuple[Size, Size]:
    """Padding (lo, hi) that gives ceil(n / stride) outputs: TensorFlow's rule for `SAME`.

    `lo + hi = max((ceil(n/s) - 1)*s + span - n, 0)`, where hi is lo or lo + 1. Raises ValueError where the
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
