"""Random networks, written in the language: every layer, one to three axes, branches, blocks, repeats, sharing.

A document grows step by step. A step is kept when the document with it can be read, and when what
comes out is not too large; a branch grows behind the steps in front of its join.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from math import prod
from typing import Any

import yaml
from hypothesis import strategies as st

import paramcalc
from paramcalc import Network, ParamcalcError
from tests.layers.differences import TAKEN_BY_US, expected
from tests.layers.examples import EXAMPLES, LARGER, Case, Step, chained
from tests.layers.random_fields import Draw, Shape

LARGEST = {1: 60, 2: 24, 3: 12}
"""The largest spatial size of an input, by the number of spatial axes."""

ELEMENTS = 30_000
"""Elements of a tensor from which on a step is not kept."""

MOST_AXES = 4
"""Axes of a tensor; torch's norms take no more."""

BLOCKS: dict[str, dict[str, Any]] = yaml.safe_load("""
conv_bn:
  args: [out, kernel: 1, stride: 1, active: true]
  layers:
    - conv: {out: out, kernel: kernel, stride: stride, padding: kernel // 2, bias: not active}
    - batch_norm
    - relu:
      when: active
residual:
  args: [width, kernel: 3, stride: 1]
  layers:
    - add:
        main:
          - conv_bn: {out: width, kernel: kernel, stride: stride}
          - conv_bn: {out: 2*width, active: false}
        shortcut:
          - conv_bn: {out: 2*width, stride: stride, active: false}
            when: stride > 1 or channels != 2*width
    - relu
dense:
  args: [growth, times: 2]
  layers:
    - dense_step: growth
      repeat: times
      name: more
dense_step:
  args: [growth]
  layers:
    - concat:
        old: []
        new:
          - batch_norm
          - relu
          - conv: {out: growth, kernel: 3, padding: 2, dilation: 2, bias: false}
gate:
  args: [out, ratio: 2]
  layers:
    - multiply:
        map: []
        factors:
          - global_avg_pool
          - conv: {out: "max(1, channels // ratio)", kernel: 1}
          - relu
          - conv: {out: out, kernel: 1}
          - sigmoid
""")
"""Blocks that a document may call."""

CALLS = {"residual": ["conv_bn"], "dense": ["dense_step"]}
"""The blocks that blocks call."""


# -- a document while it grows -------------------------------------------------------------------


class Document:
    """A document and what comes out of it; its repr is its text, in YAML as people write it."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.layers: list[Step] = []
        self.heads: dict[str, list[Step]] = {}
        self.names = 0
        self.known: dict[str, Shape | None] = {}

    def text(self, layers: Sequence[Step], heads: dict[str, list[Step]] | None = None) -> str:
        """The file with these steps; JSON is YAML too."""
        inputs: dict[str, Any] = {"image": list(self.shape), "rois": {"shape": [5], "count": 3}}
        content: dict[str, Any] = {"name": "random", "source": "none", "input": inputs, "layers": list(layers)}
        if heads:
            content["heads"] = heads
        if called := called_in(json.dumps(content, default=float)):
            content["blocks"] = {name: BLOCKS[name] for name in called}
        return json.dumps(content, default=float)

    def __repr__(self) -> str:
        return "\n" + yaml.safe_dump(json.loads(self.text(self.layers, self.heads)), sort_keys=False)

    def load(self) -> Network:
        """The network."""
        return paramcalc.loads(repr(self))

    def shape_after(self, layers: Sequence[Step]) -> Shape | None:
        """What comes out of the last of these steps; None where they cannot be read, or it is too large."""
        text = self.text(layers)
        if text not in self.known:
            self.known[text] = self.shape_of(text)
        return self.known[text]

    def shape_of(self, text: str) -> Shape | None:
        """What comes out of a file."""
        try:
            network = paramcalc.loads(text)
        except ParamcalcError:
            return None
        shapes = [sizes(node.output.shape) for node in network.nodes]
        if any(prod(shape) > ELEMENTS or len(shape) > MOST_AXES for shape in shapes):
            return None
        return sizes(network.outputs["output"].output.shape) if network.nodes else self.shape

    def new_name(self) -> str:
        """A name that no step has."""
        self.names += 1
        return f"step_{self.names}"


def called_in(text: str) -> list[str]:
    """The blocks that steps call, and those that these call."""
    found = [name for name in BLOCKS if f'"{name}"' in text]
    return list(dict.fromkeys(called for name in found for called in (name, *CALLS.get(name, []))))


def sizes(shape: Sequence[Any]) -> Shape:
    assert all(isinstance(size, int) for size in shape)
    return tuple(shape)


def layer(draw: Draw, x: Shape) -> Step | None:
    """A layer with its fields, None where torch will not take it."""
    names = [name for name in chained(len(x) - 1) if name not in LARGER or max(x[1:]) <= 30]
    often = [name for name in ("conv", "conv_transpose", "max_pool", "upsample") if name in names]
    name = draw(st.sampled_from([*names, *often * 3]))
    fields = EXAMPLES[name].random(draw, x)
    return None if expected(Case(name, fields, (x,)), TAKEN_BY_US) else {name: fields or None}


def keyed(draw: Draw, step: Step) -> Step:
    """A step, sometimes frozen or repeated."""
    given: dict[str, Any] = {step: None} if isinstance(step, str) else dict(step)
    if draw(st.integers(0, 9)) == 0:
        given["frozen"] = True
    if draw(st.integers(0, 7)) == 0:
        given["repeat"] = draw(st.integers(0, 3))
    return given


def block(draw: Draw, x: Shape) -> Step:
    """A call of a block."""
    name = draw(st.sampled_from(["conv_bn", "residual", "dense", "gate"]))
    small = st.integers(1, 3)
    if name == "conv_bn":
        return {name: {"out": draw(small), "kernel": draw(small), "stride": draw(small), "active": draw(st.booleans())}}
    if name == "residual":
        return {name: {"width": draw(small), "kernel": draw(st.sampled_from([1, 3, 5])), "stride": draw(small)}}
    if name == "dense":
        return {name: {"growth": draw(small), "times": draw(small)}}
    return {name: {"out": x[0], "ratio": draw(small)}}


def grown(draw: Draw, document: Document, before: Sequence[Step], most: int, depth: int) -> list[Step]:
    """Up to `most` steps behind those before."""
    steps: list[Step] = []
    for _ in range(draw(st.integers(1 if depth == 0 else 0, most))):
        x = document.shape_after([*before, *steps])
        if x is None:
            return []
        for more in additions(draw, document, [*before, *steps], x, depth):
            if document.shape_after([*before, *steps, *more]) is not None:
                steps += more
                break
    return steps


def additions(draw: Draw, document: Document, before: list[Step], x: Shape, depth: int) -> Iterator[list[Step]]:
    """Steps that may come next; the first that fit are taken."""
    kinds = ["layer"] * 9
    if 2 <= len(x) <= 4:
        kinds += ["block"] * 3 + ["shared", "regions"]
        kinds += ["join"] * 3 if depth < 2 else []
    kinds += ["from"] if any(isinstance(step, dict) and "name" in step for step in before) else []
    kind = draw(st.sampled_from(kinds))
    if kind == "join":
        with suppress(LookupError):
            yield [joined(draw, document, before, depth)]
    elif kind == "block":
        yield [keyed(draw, block(draw, x))]
    elif kind == "shared":
        yield shared(draw, document, x)
    elif kind == "from":
        yield [from_earlier(draw, document, before, x)]
    elif kind == "regions" and len(x) == 3 and depth == 0 and draw(st.booleans()):
        yield regions(draw, document, x)
    for _ in range(3):
        step = layer(draw, x)
        if step is not None:
            named = keyed(draw, step)
            yield [named | {"name": document.new_name()} if draw(st.integers(0, 3)) == 0 else named]  # type: ignore[operator]


def joined(draw: Draw, document: Document, before: list[Step], depth: int) -> Step:
    """Branches that meet, cut to one size and to one number of channels."""
    kind = draw(st.sampled_from(["add", "multiply", "concat"]))
    branches = [grown(draw, document, before, 3, depth + 1) for _ in range(draw(st.integers(1, 3)))]
    shapes = [document.shape_after([*before, *branch]) for branch in branches]
    known = [shape for shape in shapes if shape is not None and 2 <= len(shape) <= 4]
    if len(known) < len(branches) or len({len(shape) for shape in known}) > 1:
        raise LookupError
    common = [min(each) for each in zip(*(shape[1:] for shape in known), strict=True)]
    along = draw(st.integers(0, len(common))) if kind == "concat" else 0
    for branch, shape in zip(branches, known, strict=True):
        part = [n if axis == along else size for axis, (n, size) in enumerate(zip(shape[1:], common, strict=True), 1)]
        spare = min(n - size for n, size in zip(shape[1:], part, strict=True))
        if tuple(part) != shape[1:]:
            branch.append({"crop": {"size": part, "offset": draw(st.integers(0, spare))}})
        if kind != "concat" or along:
            branch.append({"conv": {"out": 2, "kernel": 1}})
    names = {f"branch{place}": branch for place, branch in enumerate(branches)}
    if kind == "concat":
        return {kind: {**names, "axis": along}}
    return keyed(draw, {kind: names})


def shared(draw: Draw, document: Document, x: Shape) -> list[Step]:
    """A step, and again with its weights."""
    name = document.new_name()
    kind = draw(st.sampled_from(["conv", "batch_norm", "conv_bn"]))
    fields: dict[str, Any] | None = {"out": x[0], "kernel": draw(st.sampled_from([1, 3])), "stride": 1}
    if kind == "conv":
        fields = {**(fields or {}), "padding": "same"}
    elif kind == "batch_norm":
        fields = None
    return [{kind: fields, "name": name, "frozen": draw(st.booleans())}, "relu", {kind: fields, "share": name}]


def from_earlier(draw: Draw, document: Document, before: list[Step], x: Shape) -> Step:
    """A layer that starts from an earlier step, or a crop like one."""
    names = [step["name"] for step in before if isinstance(step, dict) and "name" in step]
    name = draw(st.sampled_from(names))
    if draw(st.booleans()):
        return {"crop": {"like": name, "offset": draw(st.integers(0, 2))}}
    return {"relu": None, "from": name}


def regions(draw: Draw, document: Document, x: Shape) -> list[Step]:
    """Layers whose fields depend on the data."""
    kind = draw(st.sampled_from(["roi_pool", "roi_align", "region_proposal"]))
    if kind != "region_proposal":
        return [{kind: {"output": draw(st.integers(1, 3)), "rois": "rois"}}, "flatten", {"linear": 4}]
    scores, boxes, anchors = document.new_name(), document.new_name(), draw(st.integers(1, 3))
    fields = [("scores", scores), ("boxes", boxes), ("count", draw(st.integers(1, 9)))]
    return [
        {"identity": None, "name": (base := document.new_name())},
        {"conv": {"out": 2 * anchors, "kernel": 1}, "name": scores},
        {"conv": {"out": 4 * anchors, "kernel": 1}, "name": boxes, "from": base},
        {"region_proposal": dict(draw(st.permutations(fields)))},
    ]


@st.composite
def documents(draw: Draw) -> Document:
    """A document of one to eight steps, and branches, and sometimes heads."""
    axes = draw(st.sampled_from([1, 2, 2, 2, 3]))
    least = LARGEST[axes] // 3
    document = Document((draw(st.integers(1, 4)), *(draw(st.integers(least, LARGEST[axes])) for _ in range(axes))))
    document.layers = grown(draw, document, [], 8, 0)
    for head in range(draw(st.sampled_from([0, 0, 0, 2]))):
        document.heads[f"head{head}"] = grown(draw, document, document.layers, 2, 1)
    return document
