"""Axes with names in files: what expressions, layers, fields and errors make of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import paramcalc
from paramcalc import ParamcalcError, Report, symbol

H, W, T = map(symbol, "HWT")
TOKENS = "input: {shape: [T, 32], axes: [tokens, channels]}"
IMAGE = "input: {shape: [H, W, 96], axes: [height, width, channels]}"


def report(start: str, *layers: str, **given: Any) -> Report:
    """The report of a file that begins with an input and has these layers."""
    text = "\n".join(["name: Net", start, "layers:", *(f"  - {layer}" for layer in layers)])
    return paramcalc.analyze(paramcalc.loads(text, name="net.yaml", **given))


def error(start: str, *layers: str, **given: Any) -> str:
    with pytest.raises(ParamcalcError, match=r"\w") as caught:
        report(start, *layers, **given)
    return str(caught.value)


def test_channels_are_those_of_tokens_wherever_they_lie() -> None:
    found = report(
        TOKENS, "linear: 4*channels", "{linear: tokens, name: square}", "{linear: channels // 2, name: half}"
    )
    assert [row.output for row in found.layers] == [(T, 128), (T, T), (T, T // 2)]
    assert found.layers[0].params == 32 * 128 + 128
    assert found.layers[0].macs == T * 32 * 128


def test_names_move_with_a_permute() -> None:
    found = report("input: [3, H, W]", "permute: [2, 1, 0]", "linear: height + width", "linear: channels - height")
    assert [row.output for row in found.layers] == [(W, H, 3), (W, H, H + W), (W, H, W)]


def test_linear_and_norms_work_on_channels_last_of_any_number_of_axes() -> None:
    found = report(IMAGE, "layer_norm", "linear: 4*channels", "gelu", "rms_norm")
    assert [row.params for row in found.layers] == [2 * 96, 96 * 384 + 384, 0, 384]
    assert found.layers[1].macs == H * W * 96 * 384
    assert [row.receptive_field for row in found.layers] == [[1, 1]] * 4


def test_a_norm_between_permutes_needs_no_axes() -> None:
    given = report("input: [96, H, W]", "permute: [1, 2, 0]", "layer_norm: 1", "permute: [2, 0, 1]")
    named = report("input: [96, H, W]", "permute: [1, 2, 0]", "layer_norm", "permute: [2, 0, 1]")
    assert given.totals == named.totals
    assert [row.output for row in given.layers] == [row.output for row in named.layers]


@pytest.mark.parametrize(
    ("start", "layer", "last"),
    [
        ("input: [3, H, W]", "linear: 10", "width"),
        ("input: [3, L]", "linear: 10", "length"),
        ("input: [3, H, W]", "layer_norm", "width"),
        ("input: [3, 4, 5, 6]", "rms_norm", "width"),
        ("input: {shape: [32, F], axes: [channels, frames]}", "linear: 10", "frames"),
    ],
)
def test_elsewhere_the_error_says_which_axis_is_last(start: str, layer: str, last: str) -> None:
    kind = layer.partition(":")[0]
    assert f"{kind} works on the last axis, which is {last}: flatten or permute first" in error(start, layer)


def test_layers_of_maps_take_no_tokens_for_channels() -> None:
    for layer in ("conv: {out: 4, kernel: 3}", "batch_norm", "max_pool: 2", "group_norm: {groups: 2}"):
        assert "needs channels first, but the first axis is tokens: permute first" in error(TOKENS, layer)


def test_flattened_positions_are_tokens() -> None:
    found = report(
        "input: [8, H, W]",
        "flatten: {start: 1}",
        "permute: [1, 0]",
        "linear: channels + 1",
        "{linear: tokens, name: t}",
    )
    assert [row.output for row in found.layers] == [(8, H * W), (H * W, 8), (H * W, 9), (H * W, H * W)]


def test_axes_of_a_reshape_and_a_flatten_may_be_said() -> None:
    start = "input: {shape: [6, 4], axes: [tokens, channels]}"
    found = report(
        start, "reshape: {shape: [2, 3, 4], axes: [rows, columns, channels]}", "linear: rows*columns + channels"
    )
    assert found.layers[-1].output == (2, 3, 10)
    found = report("input: [8, H, W]", "flatten: {start: 1, axes: [tokens, channels]}", "linear: tokens")
    assert found.layers[-1].output == (8, 8)
    words = "flatten gives [8, 25], which needs 2 names of axes, got tokens"
    assert words in error("input: [8, 5, 5]", "flatten: {start: 1, axes: [tokens]}")


def test_names_of_the_file_s_own() -> None:
    start = "input: {clip: {shape: [F, 3], axes: [frames, channels]}}"
    found = report(start, "linear: frames", "softmax: frames", "{slice: {axis: frames, stop: 2}}", settings={"F": 7})
    assert [row.output for row in found.layers] == [(7, 7), (7, 7), (2, 7)]
    assert found.layers[1].receptive_field == [7]
    assert "unknown name 'rows'" in error(start, "linear: rows")
    words = error(start, "linear: tokens")
    assert "the incoming tensor [F, 3] has no axis tokens" in words
    assert words.endswith("its axes: frames, channels")


def test_an_axis_that_two_have_the_name_of_cannot_be_asked_for() -> None:
    split = 'rearrange: {pattern: "c (h m) (w n) -> (h w) (m n) c", m: 2, n: 2}'
    assert "has several axes tokens" in error("input: [4, 8, 8]", split, "linear: tokens")


def test_joins_and_softmax_work_on_the_channels_unless_they_say_otherwise() -> None:
    found = report(TOKENS, "concat: {a: [], b: []}", "concat: {axis: tokens, a: [], b: []}", "softmax", "slice: 5")
    assert [row.output for row in found.layers] == [(T, 64), (2 * T, 64), (2 * T, 64), (2 * T, 5)]
    assert found.layers[2].receptive_field == found.layers[1].receptive_field


def test_branches_have_their_channels_on_one_axis() -> None:
    words = "the branches of add differ in which axis holds the channels: [tokens, channels] and [channels, tokens]"
    start = "input: {shape: [8, 8], axes: [tokens, channels]}"
    assert words in error(start, "add: {a: [], b: [permute: [1, 0]]}")


# -- receptive fields -----------------------------------------------------------------------------


def test_every_axis_but_the_channels_has_a_field() -> None:
    found = report(TOKENS, "linear: 8", "permute: [1, 0]", "conv: {out: 8, kernel: 3, dilation: 2}", "global_avg_pool")
    assert [row.receptive_field for row in found.layers] == [[1], [1], [5], [T]]
    assert [row.effective_stride for row in found.layers] == [[1], [1], [1], [None]]
    assert found.layers[-1].covers_input
    ids = report("input: {shape: [T], axes: [tokens]}", "relu")
    assert ids.layers[0].receptive_field == [1]


def test_a_line_reads_the_same_with_its_channels_first_and_last() -> None:
    layers = ["conv: {out: 4, kernel: 5, stride: 2}", "conv: {out: 4, kernel: 3, padding: 1}"]
    first = report("input: [32, L]", *layers)
    last = report("input: {shape: [L, 32], axes: [length, channels]}", "permute: [1, 0]", *layers)
    assert [row.receptive_field for row in last.layers[1:]] == [row.receptive_field for row in first.layers]
    assert [row.output for row in last.layers[1:]] == [row.output for row in first.layers]


# -- inputs ---------------------------------------------------------------------------------------


def test_one_input_may_say_its_axes_or_its_count_without_a_name() -> None:
    assert list(report(TOKENS, "relu").input) == ["input"]
    found = report("input: {shape: [5], count: 7}", "linear: 2")
    assert found.layers[0].macs == 7 * 5 * 2


def test_another_input_has_as_many_sizes_as_the_input_has_axes() -> None:
    assert report(TOKENS, "linear: 3", input=[7, 16]).layers[0].params == 16 * 3 + 3
    words = "'input' has the axes tokens, channels: 2 sizes, got 3"
    assert words in error(TOKENS, "linear: 3", input=[3, 8, 8])


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        ("[tokens]", "input 'input' has 2 sizes, but names for 1 axes"),
        ("[tokens, tokens]", "axes of input 'input' must be a list of names such as [tokens, channels]"),
        ("[tokens, 2]", "axes of input 'input' must be a list of names"),
        ("[tokens, 'a b']", "axes of input 'input' must be a list of names"),
        ("tokens", "axes of input 'input' must be a list of names"),
    ],
)
def test_wrong_names_of_an_input_s_axes(axes: str, words: str) -> None:
    assert words in error(f"input: {{shape: [T, 32], axes: {axes}}}", "relu")


def test_a_variant_and_an_included_block_know_the_names(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(f"name: Base\n{TOKENS}\nargs: [wide: 4]\nlayers: [linear: wide*channels]\n")
    (tmp_path / "variant.yaml").write_text("name: Variant\nbase: base.yaml\nargs: [wide: 2]\n")
    assert paramcalc.analyze(paramcalc.load(tmp_path / "variant.yaml")).layers[0].output == (T, 64)
    block = "name: Blocks\ninput: [3, 8]\nblocks: {mlp: {layers: [linear: tokens]}}\nlayers: []\n"
    (tmp_path / "blocks.yaml").write_text(block)
    (tmp_path / "net.yaml").write_text(f"name: Net\ninclude: [blocks.yaml]\n{TOKENS}\nlayers: [mlp]\n")
    assert paramcalc.analyze(paramcalc.load(tmp_path / "net.yaml")).layers[0].output == (T, T)


def test_patches_in_a_file() -> None:
    pattern = 'rearrange: {pattern: "c (h p) (w q) -> (h w) (p q c)", p: 16, q: 16}'
    found = report("input: [3, H, W]", pattern, "linear: channels", "layer_norm")
    assert found.layers[1].output == (H // 16 * (W // 16), 768)
    assert found.layers[1].receptive_field == [16, 16]
    assert [condition.text for condition in found.conditions] == ["H % 16 == 0", "W % 16 == 0"]
    assert "net.yaml:4:5: error: rearrange of" in error("input: [3, 8, 9]", pattern)
    assert "the pattern has no part 'r'" in error("input: [3, 8]", 'rearrange: {pattern: "c l -> l c", r: 2}')
    assert "pattern of rearrange must be a pattern such as" in error("input: [3, 8]", "rearrange: c l")
