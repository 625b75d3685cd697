"""Torch agrees with networks whose channels come last, between other axes, or not at all."""

from __future__ import annotations

import pytest

import paramcalc

NETWORKS = {
    "tokens": """
input: {shape: [9, 6], axes: [tokens, channels]}
layers: [linear: 4*channels, layer_norm, softmax: tokens, glu, slice: {axis: tokens, start: 1, step: 2}]
""",
    "image with channels last": """
input: {shape: [12, 10, 5], axes: [height, width, channels]}
layers:
  - layer_norm
  - linear: 2*channels
  - rearrange: h w c -> c w h
  - conv: {out: 4, kernel: [3, 5], stride: 2, padding: 1}
  - permute: [2, 1, 0]
  - {linear: 3, name: head}
""",
    "channels between other axes": """
input: {x: {shape: [12, 8, 10], axes: [height, channels, width]}}
layers:
  - softmax
  - layer_norm: 1
  - permute: [1, 0, 2]
  - conv: {out: channels, kernel: [3, 5], padding: 1}
  - flatten: {start: 1}
  - permute: [1, 0]
  - linear: channels
""",
    "no channels": """
input: {shape: [9], axes: [tokens]}
layers: [relu, slice: {start: 2}, softmax]
""",
    "patches": """
input: [3, 32, 48]
layers:
  - rearrange: {pattern: "c (h p) (w q) -> (h w) (p q c)", p: 16, q: 16}
  - linear: channels // 4
  - layer_norm
""",
}


@pytest.mark.parametrize("name", NETWORKS)
def test_torch_agrees_wherever_the_channels_are(name: str) -> None:
    network = paramcalc.loads(f"name: {name}\n{NETWORKS[name]}")
    result = paramcalc.check(network)
    assert result.agrees, result.differences
    assert bool(result.fields) == (name != "patches")
    assert all("splits or joins axes" in reason for reason in result.unchecked.values())
