"""The scales of a plot's panels: linear or logarithmic, ticks at round numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from paramcalc.render.curves import Curves, Point

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOG_FROM = 30
"""How many times the smallest value the largest must be for a logarithmic scale."""
DECADES = 1000
"""The same for a logarithmic scale with ticks at powers of ten alone."""
NICE = (1, 2, 5, 10)
"""Steps between ticks, times a power of ten."""
NUMBERS = 12
"""Steps between the numbers of layers, at most."""
UNITS = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))
FAINT = "#666666"


def scale(panel: Axes, curves: Sequence[Sequence[Point]]) -> bool:
    """Scale an axis for values above 0; whether it is logarithmic, which it is where they are far apart."""
    values = [point.value for points in curves for point in points]
    return scaled(panel, values, values)


def scale_fields(panel: Axes, networks: Sequence[Curves]) -> bool:
    """Scale the axis of the fields; whether it is logarithmic, as where those of some networks are far larger."""
    known = [[field for field in network.fields if field is not None] for network in networks]
    logarithmic = scaled(panel, [field for fields in known for field in fields], [max(each) for each in known if each])
    panel.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value < 10**6 else short(value))
    return logarithmic


def scaled(panel: Axes, values: Sequence[int], compared: Sequence[int]) -> bool:
    """Scale an axis for values, logarithmic where those that are compared are far apart, otherwise from 0.

    Where there are no values, the panel says so.
    """
    if not values:
        panel.yaxis.set_major_locator(NullLocator())
        panel.text(0.5, 0.5, "no layer has any", transform=panel.transAxes, ha="center", va="center", color=FAINT)
        return False
    lowest, highest = float(min(values)), float(max(values))
    far_apart = max(compared) >= LOG_FROM * min(compared)
    panel.set_yscale("log" if far_apart else "linear")
    panel.yaxis.set_major_formatter(lambda value, _: short(value))
    if far_apart:
        margin = max(1.9, (highest / lowest) ** 0.06)
        panel.set_ylim(lowest / margin, highest * margin)
        within = (1, 2, 5) if highest < DECADES * lowest else (1,)
        panel.yaxis.set_major_locator(LogLocator(subs=within, numticks=8))
        panel.yaxis.set_minor_locator(NullLocator())
    else:
        panel.set_ylim(0.0, 1.08 * highest)
        panel.yaxis.set_major_locator(MaxNLocator(6, integer=True, steps=NICE))
    return far_apart


def short(value: float) -> str:
    """A number on an axis: `1.5M`, `20k`, `300`."""
    for unit, letter in UNITS:
        if unit <= value < 1000 * unit:
            return f"{value / unit:g}{letter}"
    return f"{value:g}"


def number_layers(panel: Axes, length: int) -> None:
    """Numbers of layers along the lower edge: 1, and multiples of a round number."""
    step = next(
        step for power in range(len(str(length))) for step in (n * 10**power for n in NICE) if length <= NUMBERS * step
    )
    panel.set_xticks(sorted({1, *range(step, length + 1, step)}))
    panel.set_xlabel("executed layer")
