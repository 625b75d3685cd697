"""Tap maps: which positions of a layer's input each unit of its output reads, along one axis.

A unit is a position of the output. Positions count from 0; the input is treated as unbounded, so that
positions in the padding, -1 for example, count as well.
"""

from __future__ import annotations

from math import gcd
from typing import NamedTuple

from paramcalc import limits
from paramcalc.algebra.expr import Size, divide_exactly
from paramcalc.algebra.window import Window


class Unknown(Exception):
    """What a unit reads cannot be determined: it depends on the data, or on the value of a symbol."""


class Taps(NamedTuple):
    """The positions that one unit reads: `kernel` of them, `dilation` apart, the lowest of them `first`.

    `Taps(-1, 3, 2)` is -1, 1, 3.
    """

    first: Size
    kernel: Size = 1
    dilation: Size = 1


class TapMap(NamedTuple):
    """The map from a unit of a layer to the positions of the layer's input that it reads.

    The pattern repeats after `len(taps)` units, its period: unit `period*q + r` reads the positions
    `taps[r]`, all moved by `step*q`. None instead of taps is a unit that reads nothing.

    A 3x3 convolution of stride 2 and padding 1 has the period 1, and unit q reads 2q - 1, 2q, 2q + 1:
    `TapMap(2, (Taps(-1, 3),))`. Upsampling by 2 has the period 2, and units 2q and 2q + 1 both read q:
    `TapMap(1, (Taps(0), Taps(0)))`.
    """

    step: Size
    taps: tuple[Taps | None, ...]


EACH = TapMap(1, (Taps(0),))
"""The map of a pointwise layer: unit i reads position i."""


def phases(period: int) -> range:
    """The units 0, 1, … of one period. Raises Unknown for a longer period than is followed."""
    if period > limits.PERIOD:
        raise Unknown
    return range(period)


def window_taps(window: Window) -> TapMap:
    """A convolution or pooling: unit i reads `s*i - lo + d*t` for t in 0..k-1."""
    return TapMap(window.stride, (Taps(-window.lo, window.kernel, window.dilation),))


def transposed_taps(window: Window) -> TapMap:
    """A transposed convolution: unit i reads each j with `i = s*j - lo + d*t` for a t in 0..k-1.

    For kernel 4, stride 2, padding 1, unit 0 reads 0 (t = 1) and -1 (t = 3), unit 1 reads 1 (t = 0) and 0 (t = 2):

    >>> transposed_taps(Window(4, 2, 1, 1))
    TapMap(step=1, taps=(Taps(first=-1, kernel=2, dilation=1), Taps(first=0, kernel=2, dilation=1)))

    Raises Unknown where the window has symbols.
    """
    kernel, stride, lo, dilation = window.kernel, window.stride, window.lo, window.dilation
    if not (isinstance(kernel, int) and isinstance(stride, int) and isinstance(lo, int) and isinstance(dilation, int)):
        raise Unknown
    units = phases(stride)
    # d*t is the same modulo s every `cycle` taps: unit r reads through one tap in so many, or through none
    cycle = stride // gcd(stride, dilation)
    lowest_tap = {(dilation * t - lo) % stride: t for t in range(min(cycle, kernel))}
    taps: list[Taps | None] = []
    for r in units:
        tap = lowest_tap.get(r)
        if tap is None:
            taps.append(None)
            continue
        count = (kernel - 1 - tap) // cycle + 1
        last = (r + lo - dilation * tap) // stride  # the lowest tap reads the highest position
        between = dilation * cycle // stride
        taps.append(Taps(last - between * (count - 1), count, between))
    return TapMap(1, tuple(taps))


def adaptive_taps(n: Size, out: int) -> TapMap:
    """Adaptive pooling of n positions to `out` bins: bin i reads `floor(i*n/out) .. ceil((i+1)*n/out) - 1`.

    Raises Unknown for too many bins.
    """
    common = gcd(n, out) if isinstance(n, int) else gcd(out, *n.terms.values())
    period, step = out // common, n // common
    if period > limits.BINS and not isinstance(n, int):
        raise Unknown
    taps = []
    for r in phases(period):
        first = step * r // period
        taps.append(Taps(first, (step * (r + 1) + period - 1) // period - first))
    return TapMap(step, tuple(taps))


def nearest_taps(n: Size, out: Size) -> TapMap:
    """Nearest upsampling of n positions to `out`: unit i reads `floor(i*n/out)`. Raises Unknown as `lowest_terms`."""
    step, period = lowest_terms(n, out)
    return TapMap(step, tuple(Taps(step * r // period) for r in phases(period)))


def enlarged_taps(factor: int) -> TapMap:
    """Every position becomes `factor` units: unit i reads `floor(i/factor)`."""
    return nearest_taps(1, factor)


def linear_taps(n: Size, out: Size) -> TapMap:
    """Linear upsampling of n positions to `out`: unit i reads the two positions around `(i + 1/2)*n/out - 1/2`.

    It reads one where that is a position. This is torch's rule for `align_corners=False`. Raises Unknown
    as `lowest_terms`.
    """
    step, period = lowest_terms(n, out)
    taps = []
    for r in phases(period):
        first, rest = divmod((2 * r + 1) * step - period, 2 * period)
        taps.append(Taps(first, 2 if rest else 1))
    return TapMap(step, tuple(taps))


def lowest_terms(n: Size, out: Size) -> tuple[int, int]:
    """Numerator and denominator of the fraction n/out, `(1, 3)` for H and 3*H. Raises Unknown where it has symbols."""
    factor = divide_exactly(out, n)
    if isinstance(factor, int):
        return 1, factor
    if not isinstance(n, int) or not isinstance(out, int):
        raise Unknown
    common = gcd(n, out)
    return n // common, out // common
