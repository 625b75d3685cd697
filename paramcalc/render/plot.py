"""A figure of one or several networks: parameters and MACs by layer, receptive fields by depth.

Drawn without pyplot; matplotlib's settings are changed only while a figure is drawn. The same
networks give the same bytes.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from math import nan
from typing import TYPE_CHECKING, Any

from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from paramcalc.render.curves import Curves, Group, Point, groups
from paramcalc.render.lettering import POINTS, fitted, inches, literal
from paramcalc.render.scales import FAINT, number_layers, scale, scale_fields

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

WIDTH, HEIGHT, DOTS = 10.0, 9.0, 150
"""Inches of a figure of one network, and dots per inch of a picture."""
LEGEND_LINE = 0.2
"""Inches that each further network adds to the height."""
HEADING, ENTRY, LABEL = 9.4, 8.8, 1.7
"""Inches that a line of the heading, an entry of the legend and a layer's name may be long."""
AXIS = 8.6
"""Inches of the horizontal axis, at least."""
NAME_SIZE, LEGEND_SIZE, PANEL_SIZE, TITLE_SIZE = 7.5, 9, 10, 12
"""Points."""

SMALL = 0.03
"""The share of all layers up to which a group may go without its name, so that the names of the others can lie flat."""
NAMED_LAYERS = 60
"""A network of up to so many layers has their names along its axis, a longer one numbers."""
GROUPS = 45
"""Groups of layers whose names find room along the upper edge."""

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK = "#E69F00", "#56B4E9", "#000000"
COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
"""Okabe and Ito, Color universal design, 2008, without yellow, which is faint on white."""
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5)))
MARKERS = "os^Dv<>ph"
FAMILIES = {
    "convolution": (BLUE, "o"),
    "linear": (VERMILION, "s"),
    "normalisation": (GREEN, "^"),
    "other": (PURPLE, "D"),
}
"""The colour and the marker of each family of layers."""
HATCHED: dict[str, Any] = {"facecolor": "none", "edgecolor": "#bbbbbb", "hatch": "//", "linewidth": 0}
WHOLE, DATA = "from here the whole input is read", "receptive field unknown"
"""What the marks in the lowest panel say."""
BAND = "#f2f2f2"

SETTINGS = {
    "axes.axisbelow": True,
    "axes.edgecolor": FAINT,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": PANEL_SIZE,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.fontsize": LEGEND_SIZE,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "paramcalc",
    "xtick.labelsize": NAME_SIZE,
    "ytick.labelsize": 8,
}
METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Creator": "paramcalc", "Date": None},
    "png": {"Software": "paramcalc"},
    "pdf": {"Creator": "paramcalc", "CreationDate": None},
}
"""The formats, and what their files say of themselves: no date."""


def render(networks: Sequence[Curves], file_format: str) -> bytes:
    """The figure of up to `MOST` networks, as a file of one of the formats of `METADATA`."""
    file = BytesIO()
    with settings():
        figure = draw(networks, glyphs=file_format == "svg")
        figure.savefig(file, format=file_format, dpi=DOTS, metadata=METADATA[file_format])
    return file.getvalue()


@contextmanager
def settings() -> Iterator[None]:
    """The settings of matplotlib itself with those of this module, whatever the user's are."""
    with style.context(["default", SETTINGS]), warnings.catch_warnings():
        # an SVG holds its text as text: whoever shows it brings the fonts
        warnings.filterwarnings("ignore", message="Glyph ")
        yield


def draw(networks: Sequence[Curves], *, glyphs: bool = False) -> Figure:
    """The figure, inside of `settings`.

    `glyphs` says that who shows it has fonts for every script; without, characters that matplotlib's
    font lacks are escapes.
    """
    figure = Figure((WIDTH, HEIGHT + LEGEND_LINE * (len(networks) - 1)), layout="constrained")
    params, macs, fields = figure.subplots(3, 1, sharex=True)
    params_title = in_all("parameters", [network.params for network in networks])
    macs_title = in_all("multiply-accumulates (MACs)", [network.macs for network in networks])
    title(params, params_title, scale(params, [network.layer_params for network in networks]))
    title(macs, macs_title, scale(macs, [network.layer_macs for network in networks]))
    gap = "; gap: unknown" if len(networks) > 1 and any(network.unknown for network in networks) else ""
    fields_title = f"receptive field, largest axis, in input positions{gap}"
    title(fields, fields_title, scale_fields(fields, networks))
    length = max(1, *(len(network.paths) for network in networks))
    margin = max(0.6, length / 80)
    fields.set_xlim(1 - margin, length + margin)
    if len(networks) == 1:
        draw_one(figure, networks[0], glyphs)
    else:
        draw_several(figure, networks, glyphs)
    return figure


# -- titles -------------------------------------------------------------------------------------


def title(panel: Axes, text: str, log: bool) -> None:
    """What a panel shows."""
    text = f"{text}, logarithmic scale" if log else text
    panel.set_title(fitted(text, PANEL_SIZE, AXIS))


def in_all(name: str, totals: Sequence[int]) -> str:
    """What a panel of figures by layer shows, with the total of an only network."""
    return f"{name}, {totals[0]:,} in all" if len(totals) == 1 else name


# -- one network --------------------------------------------------------------------------------


def draw_one(figure: Figure, network: Curves, glyphs: bool) -> None:
    """One network: its layers by kind, with their names or those of the steps they belong to."""
    params, macs, fields = figure.axes
    shapes = " and ".join("×".join(map(str, shape)) for shape in network.shapes)
    heading = f"{literal(network.name, glyphs=glyphs)}, input {shapes}"
    figure.suptitle(fitted(heading, TITLE_SIZE, HEADING), x=0.01, ha="left", fontsize=TITLE_SIZE, parse_math=False)
    drawn = {point.family for point in (*network.layer_params, *network.layer_macs)}
    families = {family: look for family, look in FAMILIES.items() if family in drawn}
    named = len(network.paths) <= NAMED_LAYERS
    for panel, points in ((params, network.layer_params), (macs, network.layer_macs)):
        for family, (colour, marker) in families.items():
            stems(panel, [point for point in points if point.family == family], colour, marker, large=named)
    draw_fields(fields, network, BLACK, marker="o" if named else "", markersize=4)
    for first, last in network.unknown:
        fields.axvspan(first - 0.5, last + 0.5, **HATCHED)
    handles: dict[str, Artist] = {}
    for family, (colour, marker) in families.items():
        handles[family] = Line2D([], [], color=colour, marker=marker)
    if network.whole:
        handles[WHOLE] = ring(BLACK)
    if network.unknown:
        handles[DATA] = Patch(**HATCHED)
    figure.legend(list(handles.values()), list(handles), loc="outside lower left", ncols=len(handles))
    if named:
        texts = [literal(network.paths[layer - 1], glyphs=glyphs) for layer in network.eventful]
        names = [fitted(text, NAME_SIZE, LABEL) for text in texts]
        fields.set_xticks(network.eventful, names, rotation=90, parse_math=False)
    else:
        number_layers(fields, len(network.paths))
        name_groups(figure, groups(network.paths, GROUPS), len(network.paths), glyphs)


def coordinates(points: Sequence[Point]) -> tuple[list[int], list[float]]:
    """The layers and the values of points."""
    return [point.layer for point in points], [float(point.value) for point in points]


def stems(panel: Axes, points: Sequence[Point], colour: str, marker: str, *, large: bool) -> None:
    """A line up to each value, and a marker on it."""
    layers, values = coordinates(points)
    panel.vlines(layers, panel.get_ylim()[0], values, color=colour, linewidth=1.6 if large else 0.6)
    panel.plot(layers, values, color=colour, marker=marker, linestyle="", markersize=5 if large else 2.5)


def draw_fields(panel: Axes, network: Curves, colour: str, **look: Any) -> None:
    """The line of the fields, with gaps where none is known, and rings where the whole input is read."""
    values = [nan if field is None else float(field) for field in network.fields]
    panel.plot(range(1, len(values) + 1), values, color=colour, linewidth=1.4, **look)
    for layer in network.whole:
        panel.add_line(ring(colour, layer, values[layer - 1]))


def ring(colour: str, *at: float) -> Line2D:
    """The mark of a layer from which on the whole input is read; for the legend without a position."""
    x, y = [[value] for value in at] or [[], []]
    return Line2D(x, y, color=colour, marker="o", linestyle="", markersize=10, fillstyle="none")


def name_groups(figure: Figure, found: Sequence[Group], length: int, glyphs: bool) -> None:
    """Bands behind every other group of layers, and the groups' names along the upper edge."""
    for group in found[1::2]:
        for panel in figure.axes:
            panel.axvspan(group.first - 0.5, group.last + 0.5, color=BAND, linewidth=0, zorder=0)
    labels = {group: fitted(literal(group.name, glyphs=glyphs), NAME_SIZE, LABEL) for group in found}
    inch = AXIS / length
    wide = [group for group in found if inches(labels[group], NAME_SIZE) < inch * group.length]
    flat = all(group in wide or group.length <= SMALL * length for group in found)
    placed = wide if flat else with_room(found, 1.4 * NAME_SIZE / POINTS / inch)
    upper = figure.axes[0].secondary_xaxis("top")
    upper.spines["top"].set_visible(False)
    middles, names = [(group.first + group.last) / 2 for group in placed], [labels[group] for group in placed]
    upper.set_xticks(middles, names, rotation=0 if flat else 90, parse_math=False)
    upper.tick_params(length=0 if flat else 3)


def with_room(found: Sequence[Group], room: float) -> list[Group]:
    """The groups whose middles are at least `room` layers from those of larger ones, from left to right."""
    placed: list[Group] = []
    for group in sorted(found, key=lambda group: group.first - group.last):
        middle = group.first + group.last
        if all(abs(middle - other.first - other.last) >= 2 * room for other in placed):
            placed.append(group)
    return sorted(placed, key=lambda group: group.first)


# -- several networks ---------------------------------------------------------------------------


def draw_several(figure: Figure, networks: Sequence[Curves], glyphs: bool) -> None:
    """Several networks: a colour, a dash pattern and a marker for each, and a legend above the panels."""
    params, macs, fields = figure.axes
    handles, labels = [], []
    length = max(len(network.paths) for network in networks)
    apart = max(1, length // 40)
    for index, network in enumerate(networks):
        colour, dashes = COLOURS[index % len(COLOURS)], DASHES[index % len(DASHES)]
        look = {"linestyle": dashes, "marker": MARKERS[index % len(MARKERS)], "fillstyle": "none"}
        many = len(network.paths) > NAMED_LAYERS
        lines = look | ({"linestyle": ""} if many else {})
        lines |= {"markersize": 3.5 if many else 5.5, "markeredgewidth": 0.8 if many else 1.2, "linewidth": 0.7}
        for panel, points in ((params, network.layer_params), (macs, network.layer_macs)):
            panel.plot(*coordinates(points), color=colour, **lines)
        every = (index * apart // len(networks) % max(1, len(network.paths)), apart)
        draw_fields(fields, network, colour, markevery=every, markersize=5, **look)
        handles.append(Line2D([], [], color=colour, **look))
        about = f": {network.params:,} parameters, {network.macs:,} MACs"
        room = max(2.0, ENTRY - inches(about, LEGEND_SIZE))
        name = fitted(literal(network.name, glyphs=glyphs), LEGEND_SIZE, room)
        labels.append(fitted(name + about, LEGEND_SIZE, ENTRY))
    if any(network.whole for network in networks):
        handles.append(ring(BLACK))
        labels.append(WHOLE)
    # a label that begins with an underscore would be left out, so the texts come later
    legend = figure.legend(handles, list(map(str, range(len(labels)))), loc="outside upper left", handlelength=4)
    for text, label in zip(legend.get_texts(), labels, strict=True):
        text.set(text=label, parse_math=False)
    number_layers(fields, length)
