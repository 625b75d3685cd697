"""Well-formed files that want too much: sizes, strides and repeats of any order of magnitude."""

from __future__ import annotations

import json
from random import Random
from typing import Any

NUMBERS = (1, 2, 3, 5, 7, 8, 16, 31, 64, 97, 100, 255, 1000, 1023, 1024, 1025, 4095, 4096, 10**5, 10**6, 10**9, 10**12)
SHAPES = ("H,W", "H,H", "64,64", "1000,1000", "2*H,3*W", "H,7", "4096*H,4096*H", "H*W,H", "1000000,1000003")
MODES = ("nearest", "linear")


def size(chance: Random) -> int:
    """A number as in real networks, or any."""
    return chance.choice(NUMBERS if chance.random() < 0.3 else NUMBERS[:7])


def layer(chance: Random) -> tuple[str, dict[str, Any] | None]:
    """The name of a layer, and its arguments."""
    first, second = size(chance), size(chance)
    few = chance.choice(NUMBERS[:7])
    window = {"kernel": first, "stride": chance.choice((1, 1, 2, second))}
    return chance.choice(
        (
            ("conv", {"out": few, **window, "padding": chance.choice((0, 1, second)), "dilation": few}),
            ("conv", {"out": few, **window, "padding": chance.choice((0, 1, second))}),
            ("conv", {"out": few, "kernel": 3, "padding": 1}),
            ("conv", {"out": "2*channels", "kernel": f"height // {first} + 1", "padding": "same", "stride": few}),
            ("max_pool", {**window, "ceil": chance.random() < 0.5}),
            ("avg_pool", window),
            ("conv_transpose", {"out": few, **window, "dilation": few}),
            ("upsample", {"scale": first, "mode": chance.choice(MODES)}),
            ("upsample", {"size": [first, second], "mode": chance.choice(MODES)}),
            ("adaptive_avg_pool", {"output": first}),
            ("space_to_depth", {"block": first}),
            ("pixel_shuffle", {"factor": first}),
            ("pad", {"padding": [[first, second], [0, few]], "mode": chance.choice(("zeros", "reflect"))}),
            ("slice", {"axis": 1, "start": second, "step": first}),
            ("relu", None),
        )
    )


def step(chance: Random, depth: int = 0) -> dict[str, Any]:
    """A layer, or a join of two lists of steps; often many times."""
    if depth < 2 and chance.random() < 0.2:
        kind = chance.choice(("add", "concat", "multiply"))
        arguments: Any = {name: [step(chance, depth + 1) for _ in range(chance.randrange(3))] for name in "ab"}
    else:
        kind, arguments = layer(chance)
    return {kind: arguments, **({"repeat": chance.choice((2, 3, 10, 50, 300))} if chance.random() < 0.4 else {})}


def wild(chance: Random) -> str:
    """A file; JSON is YAML too."""
    shape = [chance.choice((1, 8, 64, "C")), *chance.choice(SHAPES).split(",")]
    return json.dumps(
        {"name": "wild", "input": shape, "layers": [step(chance) for _ in range(chance.randrange(1, 8))]}, indent=1
    )
