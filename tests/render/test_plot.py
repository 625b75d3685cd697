"""Plots: the data behind the panels, what a reader can read, the bytes, and the command."""

from __future__ import annotations

import os
import stat
import struct
import subprocess
import sys
from functools import lru_cache
from itertools import combinations
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest
from matplotlib.text import Text

import paramcalc
from paramcalc.commands.plot import FORMATS, plot
from paramcalc.errors import ParamcalcError
from paramcalc.layers import layer_class
from paramcalc.render.curves import MOST, Curves, groups, runs
from paramcalc.render.lettering import fitted, inches, literal
from paramcalc.render.plot import DOTS, HEIGHT, METADATA, NAMED_LAYERS, WIDTH, draw, render, settings
from paramcalc.render.scales import short

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.transforms import Bbox

LECTURE = {
    "conv1": 34_848 + 96,
    "conv2": 307_200 + 256,
    "conv3": 884_736 + 384,
    "conv4": 663_552 + 384,
    "conv5": 442_368 + 256,
    "fc1": 177_209_344 + 4_096,
    "fc2": 16_777_216 + 4_096,
    "fc3": 4_096_000 + 1_000,
}
"""AlexNet as the lecture counts it: weights multiplied out, one bias an output channel."""

CASES = [
    ("alexnet",),
    ("resnet152",),
    ("densenet264",),
    ("mobilenet_v1",),
    ("unet",),
    ("faster_rcnn",),
    ("resnet50", "densenet121", "vgg16"),
    ("stack_3x3", "stack_5x5"),
]


@lru_cache
def report_of(name: str) -> paramcalc.Report:
    return paramcalc.analyze(paramcalc.load(name))


@lru_cache
def curves_of(name: str) -> Curves:
    return Curves(report_of(name))


def made(text: str) -> Curves:
    return Curves(paramcalc.analyze(paramcalc.loads(text)))


def named(name: str, layers: str = "[conv: {out: 4, kernel: 3}]") -> Curves:
    return made(f'name: "{name}"\nsource: x\ninput: [3, 8, 8]\nlayers: {layers}\n')


def run(*arguments: str, before: str = "pass", **environment: str) -> subprocess.CompletedProcess[str]:
    code = f"import sys; {before}; sys.argv = ['paramcalc', *{arguments!r}]; from paramcalc.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )


# -- the data -----------------------------------------------------------------------------------


def test_alexnet_s_parameters_are_those_of_the_lecture() -> None:
    alexnet = curves_of("alexnet")
    assert {alexnet.paths[point.layer - 1]: point.value for point in alexnet.layer_params} == LECTURE


@pytest.mark.parametrize("name", sorted({name for case in CASES for name in case} | {"lenet5", "sppnet_detection"}))
def test_the_curves_are_the_report(name: str) -> None:
    report, data = report_of(name), curves_of(name)
    assert list(data.paths) == [row.path for row in report.layers]
    for points, values in (
        (data.layer_params, [row.params for row in report.layers]),
        (data.layer_macs, [row.macs for row in report.layers]),
    ):
        assert {point.layer: point.value for point in points} == {n: v for n, v in enumerate(values, 1) if v != 0}
        assert [point.family for point in points] == [report.layers[point.layer - 1].family for point in points]
    assert sum(point.value for point in data.layer_params) == data.params == report.totals.params
    assert sum(point.value for point in data.layer_macs) == data.macs == report.totals.macs
    for row, field in zip(report.layers, data.fields, strict=True):
        sizes = [size for size in row.receptive_field or () if isinstance(size, int)]
        assert field == (max(sizes) if sizes else None)


def test_a_field_is_that_of_the_largest_axis() -> None:
    assert named("Wide", "[conv: {out: 4, kernel: [1, 5]}]").fields == [5]


def test_vgg16_reads_the_whole_input_from_its_first_linear_layer_on() -> None:
    # Simonyan, Zisserman 2015: fc6 is a 7x7 convolution on the last map, its field 212 + 6*32 = 404
    vgg = curves_of("vgg16")
    assert [vgg.paths[place - 1] for place in vgg.whole] == ["vgg_fc.fc6"]
    assert vgg.fields[vgg.whole[0] - 1] == 404


def test_the_field_of_what_regions_give_is_unknown() -> None:
    faster = curves_of("faster_rcnn")
    ((first, last),) = faster.unknown
    assert first <= faster.paths.index("roi_pool") + 1
    assert last == len(faster.paths)
    assert not any(path.startswith("features.") for path in faster.paths[first - 1 :])
    assert set(faster.fields[first - 1 :]) == {None}
    assert None not in faster.fields[: first - 1]


def test_runs_are_the_stretches_of_marked_neighbours() -> None:
    assert list(runs([])) == []
    assert list(runs([True, True, False, True])) == [(1, 2), (4, 4)]


def test_layers_have_the_family_that_torch_puts_them_in() -> None:
    # torch.nn's documentation: convolution layers, linear layers, normalization layers
    names = ("conv", "conv_transpose", "linear", "batch_norm", "rms_norm", "local_response_norm", "prelu", "max_pool")
    assert [layer_class(name).family for name in names] == [
        *["convolution"] * 2,
        "linear",
        *["normalisation"] * 3,
        *["other"] * 2,
    ]


def test_groups_are_the_steps_of_the_file_and_hold_every_layer_once() -> None:
    for most in (1, 1000):
        found = groups(curves_of("densenet264").paths, most)
        places = [place for group in found for place in range(group.first, group.last + 1)]
        assert places == list(range(1, len(curves_of("densenet264").paths) + 1))


def test_numbered_neighbours_are_one_group_where_there_are_too_many() -> None:
    paths = ["stem", "block1.a", "block1.b", "block2", "block3", "pool1", "pool3", "block9", "block10"]
    assert [group.name for group in groups(paths, 8)] == [
        "stem",
        "block1",
        "block2",
        "block3",
        "pool1",
        "pool3",
        "block9",
        "block10",
    ]
    assert [group.name for group in groups(paths, 7)] == ["stem", "block1…3", "pool1", "pool3", "block9…10"]


# -- the figure ---------------------------------------------------------------------------------


def drawn(figure: Figure, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Bbox]]:
    """Every text that drawing the figure draws, with its box in dots."""
    seen: dict[int, Text] = {}
    original = Text.draw

    def spy(text: Text, renderer: Any) -> None:
        if text.get_visible() and text.get_text():
            seen[id(text)] = text
        original(text, renderer)

    figure.set_dpi(DOTS)
    with monkeypatch.context() as patch:
        patch.setattr(Text, "draw", spy)
        figure.draw_without_rendering()
    return [(text.get_text(), text.get_window_extent()) for text in seen.values()]


def clashes(figure: Figure, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Texts that lie over one another, or beyond the edge of the figure."""
    boxes = drawn(figure, monkeypatch)
    width, height = figure.get_size_inches() * DOTS
    outside = [(a,) for a, box in boxes if box.x0 < 0 or box.y0 < 0 or box.x1 > width or box.y1 > height]
    return outside + [(a, b) for (a, one), (b, other) in combinations(boxes, 2) if one.overlaps(other)]


@pytest.mark.parametrize("names", CASES, ids="+".join)
def test_no_text_lies_over_another(names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    with settings():
        assert clashes(draw([curves_of(name) for name in names]), monkeypatch) == []


def test_no_text_lies_over_another_with_names_of_any_length(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = ", ".join(
        f"{{conv: {{out: 4, kernel: 1}}, name: {'layer_' * 12}{number}}}" for number in range(NAMED_LAYERS)
    )
    long = named("W" * 300, f"[{layers}]")
    with settings():
        assert clashes(draw([long]), monkeypatch) == []
        assert clashes(draw([long] * MOST), monkeypatch) == []


def test_the_test_above_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    with settings():
        figure = draw([curves_of("unet")])
        paths = curves_of("unet").paths
        figure.axes[2].set_xticks(range(1, len(paths) + 1), paths, rotation=0)
        assert clashes(figure, monkeypatch)
        figure = draw([curves_of("unet")])
        figure.suptitle("W" * 300)
        assert clashes(figure, monkeypatch)


def test_a_short_network_has_the_names_of_its_layers_and_a_long_one_those_of_its_stages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with settings():
        short_one = {text for text, _ in drawn(draw([curves_of("alexnet")]), monkeypatch)}
        long_one = {text for text, _ in drawn(draw([curves_of("resnet152")]), monkeypatch)}
    assert set(LECTURE) <= short_one
    assert {"stage2", "stage3", "stage4", "stage5", "1", "500"} <= long_one


@pytest.mark.parametrize("names", [("alexnet",), ("resnet50", "lenet5")], ids="+".join)
def test_the_panels_draw_what_the_curves_hold(names: tuple[str, ...]) -> None:
    networks = [curves_of(name) for name in names]
    with settings():
        params, macs, fields = draw(networks).axes[:3]
    for panel, points in (
        (params, [point for network in networks for point in network.layer_params]),
        (macs, [point for network in networks for point in network.layer_macs]),
    ):
        drawn_points = [(x, y) for line in panel.lines for x, y in numbers(line)]
        assert sorted(drawn_points) == sorted((point.layer, point.value) for point in points)
        assert all(panel.get_ylim()[0] < y < panel.get_ylim()[1] for _, y in drawn_points)
    curves_drawn = [numbers(line) for line in fields.lines if line.get_linestyle() != "None"]
    rings = [numbers(line) for line in fields.lines if line.get_linestyle() == "None"]
    assert curves_drawn == [list(enumerate(network.fields, 1)) for network in networks]
    assert rings == [[(place, network.fields[place - 1])] for network in networks for place in network.whole]


def test_an_unknown_field_leaves_a_gap() -> None:
    with settings():
        (line,) = draw([curves_of("faster_rcnn")]).axes[2].lines
    ((first, _),) = curves_of("faster_rcnn").unknown
    gap = [isnan(y) for _, y in numbers(line)]
    assert gap == [place >= first for place in range(1, len(gap) + 1)]


def numbers(line: Line2D) -> list[tuple[float, float]]:
    """The points of a line."""
    return [(float(x), float(y)) for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)]  # type: ignore[arg-type]


def test_scales_are_logarithmic_where_values_lie_far_apart() -> None:
    with settings():
        assert [panel.get_yscale() for panel in draw([curves_of("vgg16")]).axes] == ["log", "log", "linear"]
        two = draw([curves_of("stack_3x3"), curves_of("stack_5x5")])
        assert [panel.get_yscale() for panel in two.axes] == ["linear", "linear", "linear"]
        apart = draw([curves_of("stack_5x5"), curves_of("resnet152")])
        assert apart.axes[2].get_yscale() == "log"


def test_networks_differ_in_more_than_colour() -> None:
    with settings():
        lines = draw([named(f"Network {number}") for number in range(MOST)]).axes[2].lines
    for look in (
        [(line.get_marker(), line.get_color()) for line in lines],
        [(line.get_marker(), str(line._dash_pattern)) for line in lines],  # type: ignore[attr-defined]
    ):
        assert len(set(look)) == MOST


def test_the_legend_lies_outside_of_the_panels() -> None:
    for names in (["alexnet"], ["alexnet", "vgg16", "resnet50"]):
        with settings():
            figure = draw([curves_of(name) for name in names])
            figure.draw_without_rendering()
            (legend,) = figure.legends
            assert not any(legend.get_window_extent().overlaps(panel.get_window_extent()) for panel in figure.axes)


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (300, "300"), (1_500, "1.5k"), (2 * 10**7, "20M"), (10**9, "1G"), (10**18, "1e+18")]
)
def test_numbers_on_an_axis(value: int, text: str) -> None:
    assert short(value) == text


@pytest.mark.parametrize(
    "text",
    [
        "name: Empty\nsource: x\ninput: [3, 8, 8]\nlayers: []\n",
        "name: Flat\nsource: x\ninput: [8]\nlayers: [relu]\n",
        "name: B\nsource: x\ninput: [100000000000000000, 1000000000]\nlayers: [conv: {out: 1000000, kernel: 9999}]\n",
    ],
    ids=["no layer", "no map", "figures of 30 digits"],
)
def test_every_network_can_be_drawn(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for networks in ([made(text)], [made(text), curves_of("lenet5")]):
        with settings():
            assert clashes(draw(networks), monkeypatch) == []


# -- names --------------------------------------------------------------------------------------

HOSTILE = r"_x $\\frac{1}{2}$ a_b^c <b>&amp; \e[31m\u202e\uffff 网"
"""A name of a file that is code elsewhere, as YAML writes it; the last character is not in matplotlib's own font."""
LITERAL = r"_x $\frac{1}{2}$ a_b^c <b>&amp; \x1b[31m\u202e\uffff "
"""The same, as a reader should see it, without the last character."""


def test_names_are_taken_literally() -> None:
    for networks in ([named(HOSTILE)], [named(HOSTILE), curves_of("lenet5")]):
        shown = texts_of(render(networks, "svg"))
        assert any(text.startswith(LITERAL + "网") for text in shown)


def test_what_the_font_lacks_is_an_escape_where_the_figure_brings_its_own_font() -> None:
    name = named(HOSTILE).name
    assert literal(name, glyphs=False) == LITERAL + r"\u7f51"
    assert literal(name, glyphs=True) == LITERAL + "网"


def test_a_name_is_cut_in_its_middle() -> None:
    with settings():
        cut = fitted("beginning" + "m" * 500 + "end", 9, 2.0)
        assert cut.startswith("beginning")
        assert cut.endswith("end")
        assert "…" in cut
        assert 1.8 < inches(cut, 9) <= 2.0
        assert fitted("short", 9, 2.0) == "short"


def texts_of(svg: bytes) -> list[str]:
    """The texts of an SVG file."""
    return ["".join(text.itertext()) for text in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314


# -- the file -----------------------------------------------------------------------------------


def test_svg_is_xml_and_holds_names_as_text() -> None:
    shown = texts_of(render([curves_of("alexnet")], "svg"))
    assert "AlexNet (lecture), input 3×227×227" in shown
    assert set(LECTURE) <= set(shown)
    shown = texts_of(render([curves_of("stack_3x3"), curves_of("stack_5x5")], "svg"))
    assert any(text.startswith("Two 3x3 convolutions: 294,912 parameters, ") for text in shown)
    assert any(text.startswith("One 5x5 convolution: 409,600 parameters, ") for text in shown)


def test_png_has_its_signature_and_size() -> None:
    png = render([curves_of("lenet5")], "png")
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", png[16:24]) == (WIDTH * DOTS, HEIGHT * DOTS) == (1500, 1350)


def test_pdf_has_its_signature() -> None:
    assert render([curves_of("lenet5")], "pdf").startswith(b"%PDF-")


def test_every_format_can_be_asked_for() -> None:
    assert set(FORMATS) == set(METADATA)


def test_matplotlib_s_settings_stay_as_they_were() -> None:
    before = dict(mpl.rcParams)
    render([curves_of("lenet5")], "svg")
    assert dict(mpl.rcParams) == before


def test_the_same_networks_give_the_same_bytes_whatever_the_user_s_settings(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("font.size: 30\nlines.linewidth: 9\nsvg.fonttype: path\n")
    other = {"PYTHONHASHSEED": "2", "MATPLOTLIBRC": str(tmp_path), "SOURCE_DATE_EPOCH": "0"}
    write = (
        "from pathlib import Path; from paramcalc import analyze, load; from paramcalc.render.curves import Curves; "
        "from paramcalc.render.plot import render; figures = [Curves(analyze(load('stack_3x3')))] * 2; "
        f"[Path({str(tmp_path)!r}, s).write_bytes(render(figures, s)) for s in {FORMATS!r}]"
    )
    assert run("--version", before=write, **other).returncode == 0
    for suffix in FORMATS:
        assert (tmp_path / suffix).read_bytes() == render([curves_of("stack_3x3")] * 2, suffix)


def test_networks_of_one_name_are_told_apart(tmp_path: Path) -> None:
    plot(["alexnet", "alexnet.yaml"], tmp_path / "x.svg")
    shown = texts_of((tmp_path / "x.svg").read_bytes())
    assert any(text.startswith("AlexNet (lecture) (alexnet): ") for text in shown)
    assert any(text.startswith("AlexNet (lecture) (alexnet.yaml): ") for text in shown)


# -- the command --------------------------------------------------------------------------------


def test_plot_draws_what_the_options_say(tmp_path: Path) -> None:
    path = tmp_path / "x.SVG"
    done = run("plot", "alexnet", "--input", "3,259,259", "--set", "classes=10", "-o", str(path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "AlexNet (lecture), input 3×259×259" in texts_of(path.read_bytes())
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_overwritten_only_when_forced(tmp_path: Path) -> None:
    path = tmp_path / "x.svg"
    path.write_text("old")
    path.chmod(0o640)
    with pytest.raises(ParamcalcError, match="exists; --force overwrites it"):
        plot(["lenet5"], path)
    assert path.read_text() == "old"
    plot(["lenet5"], path, force=True)
    assert texts_of(path.read_bytes())
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_network_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.svg"
    path.write_text("old")
    with pytest.raises(ParamcalcError, match="no bundled architecture"):
        plot(["no_such_network"], path, force=True)
    assert path.read_text() == "old"


def test_symbols_end_with_a_message_and_status_2(tmp_path: Path) -> None:
    done = run("plot", "unet", "--input", "1,H,W", "-o", str(tmp_path / "x.svg"))
    message = (
        "error: a plot needs numbers, but U-Net depends on H and W; give the symbols values with --input or --set\n"
    )
    assert (done.returncode, done.stderr) == (2, message)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["x.jpg", "x", ".svg", "x.svg.gz"])
def test_a_suffix_that_is_no_format_s_is_an_error_that_lists_them(name: str, tmp_path: Path) -> None:
    with pytest.raises(ParamcalcError, match=r"ends in \.svg, \.png or \.pdf, got"):
        plot(["lenet5"], tmp_path / name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("folder.svg", "is a folder"),
        ("nowhere/x.svg", "cannot be written: there is no folder"),
        ("file/x.svg", "cannot be"),
    ],
)
def test_a_place_that_cannot_be_written_is_an_error_of_one_line(name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "folder.svg").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(ParamcalcError, match=message) as caught:
        plot(["lenet5"], tmp_path / name)
    assert len(str(caught.value).splitlines()) == 1


def test_more_networks_than_can_be_told_apart_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ParamcalcError, match=f"up to {MOST} architectures, got {MOST + 1}"):
        plot(["lenet5"] * (MOST + 1), tmp_path / "x.svg")


def test_without_matplotlib_the_message_says_how_to_install_it(tmp_path: Path) -> None:
    done = run("plot", "lenet5", "-o", str(tmp_path / "x.svg"), before="sys.modules['matplotlib'] = None")
    message = "error: matplotlib is not installed; `pip install 'paramcalc[plot]'` installs it\n"
    assert (done.returncode, done.stderr) == (2, message)


def test_only_plot_loads_matplotlib_and_nothing_pyplot(tmp_path: Path) -> None:
    after = "import atexit; atexit.register(lambda: print(*(f'matplotlib{x}' in sys.modules for x in ('', '.pyplot'))))"
    assert run("show", "stack_3x3", before=after).stdout.endswith("False False\n")
    assert run("plot", "stack_3x3", "-o", str(tmp_path / "x.svg"), before=after).stdout.endswith("True False\n")
