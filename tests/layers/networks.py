"""Random networks of one input: chains of layers, with branches that meet and gates.

A network grows step by step on what its last node gives; a step that does not fit is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from paramcalc.errors import LayerError
from paramcalc.layers import layer_class
from paramcalc.network import Network, Node

Fields = dict[str, Any]
Step = tuple[str, Fields]
Shape = tuple[int, ...]


class Sketch:
    """A network while it grows; its repr is how to build it again."""

    def __init__(self, shape: Shape) -> None:
        self.network = Network("random")
        self.input = self.network.add_input("input", shape)
        self.steps: list[str] = [f"input {shape}"]

    def add(self, step: Step, *inputs: Node) -> Node | None:
        """The node of a step on these inputs, or None where it does not fit."""
        name, fields = step
        try:
            node = self.network.add(layer_class(name)(**fields), inputs, f"{name}{len(self.network.nodes)}")
        except LayerError:
            return None
        self.steps.append(
            f"{node.path} = {name} {fields} of {', '.join(x.path for x in inputs)} gives {shape_of(node)}"
        )
        return node

    def __repr__(self) -> str:
        return "\n".join(["", *self.steps])


def shape_of(node: Node) -> Shape:
    """The shape of a node, which is of numbers here."""
    assert all(isinstance(size, int) for size in node.output.shape)
    return node.output.shape  # type: ignore[return-value]


def per_axis(draw: st.DrawFn, axes: int, values: st.SearchStrategy[int]) -> int | list[int]:
    """One number, or one for each axis."""
    return draw(values) if axes == 1 or draw(st.booleans()) else [draw(values) for _ in range(axes)]


def window_padding(draw: st.DrawFn, axes: int, most: int, *, same: bool) -> Any:
    """Padding of any kind."""
    kind = draw(st.sampled_from(["none", "even", "uneven", "same"] if same else ["none", "even", "uneven"]))
    values = st.integers(0, most)
    if kind == "none":
        return 0
    if kind == "same":
        return "same"
    return per_axis(draw, axes, values) if kind == "even" else [[draw(values), draw(values)] for _ in range(axes)]


def conv(draw: st.DrawFn, x: Shape) -> Fields:
    axes = len(x) - 1
    groups = draw(st.sampled_from([1, 1, x[0]]))
    return {
        "out": groups * draw(st.integers(1, 2)),
        "groups": groups,
        "kernel": per_axis(draw, axes, st.integers(1, 4)),
        "stride": per_axis(draw, axes, st.integers(1, 3)),
        "dilation": per_axis(draw, axes, st.integers(1, 3)),
        "padding": window_padding(draw, axes, 3, same=True),
    }


def conv_transpose(draw: st.DrawFn, x: Shape) -> Fields:
    axes = len(x) - 1
    stride = draw(st.integers(1, 4))
    return {
        "out": draw(st.integers(1, 2)),
        "kernel": per_axis(draw, axes, st.integers(1, 4)),
        "stride": stride,
        "dilation": per_axis(draw, axes, st.integers(1, 3)),
        "padding": window_padding(draw, axes, 2, same=False),
        "output_padding": draw(st.integers(0, stride - 1)),
    }


def max_pool(draw: st.DrawFn, x: Shape) -> Fields:
    return avg_pool(draw, x) | {"dilation": per_axis(draw, len(x) - 1, st.integers(1, 3))}


def avg_pool(draw: st.DrawFn, x: Shape) -> Fields:
    axes = len(x) - 1
    kernel = draw(st.integers(1, 4))
    return {
        "kernel": kernel,
        "stride": per_axis(draw, axes, st.integers(1, 3)),
        "ceil": draw(st.booleans()),
        "padding": window_padding(draw, axes, kernel // 2, same=True),
    }


def adaptive(draw: st.DrawFn, x: Shape) -> Fields:
    return {"output": per_axis(draw, len(x) - 1, st.integers(1, 9))}


def upsample(draw: st.DrawFn, x: Shape) -> Fields:
    axes, mode = len(x) - 1, draw(st.sampled_from(["nearest", "linear"]))
    if draw(st.booleans()):
        return {"scale": per_axis(draw, axes, st.integers(1, 3)), "mode": mode}
    return {"size": per_axis(draw, axes, st.integers(1, 2 * max(x[1:]))), "mode": mode}


def pad(draw: st.DrawFn, x: Shape) -> Fields:
    mode = draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"]))
    return {"padding": window_padding(draw, len(x) - 1, 3, same=False), "mode": mode}


def crop(draw: st.DrawFn, x: Shape) -> Fields:
    offset = draw(st.integers(0, 3))
    return {"offset": offset, "size": draw(st.integers(1, max(1, min(x[1:]) - offset)))}


def slice_map(draw: st.DrawFn, x: Shape) -> Fields:
    axis = draw(st.integers(1, len(x) - 1))
    start = draw(st.integers(0, min(3, x[axis] - 1)))
    stop = draw(st.one_of(st.none(), st.integers(start + 1, x[axis])))
    fields = {"axis": axis, "start": start, "step": draw(st.integers(1, 3))}
    return fields if stop is None else fields | {"stop": stop}


def space_to_depth(draw: st.DrawFn, x: Shape) -> Fields:
    return {"block": draw(st.integers(1, 3))}


def pixel_shuffle(draw: st.DrawFn, x: Shape) -> Fields:
    return {"factor": draw(st.integers(1, 2))}


def nothing(draw: st.DrawFn, x: Shape) -> Fields:
    return {}


Kinds = dict[str, Callable[[st.DrawFn, Shape], Fields]]

ON_MAPS: Kinds = {
    "conv": conv,
    "conv_transpose": conv_transpose,
    "max_pool": max_pool,
    "avg_pool": avg_pool,
    "adaptive_avg_pool": adaptive,
    "adaptive_max_pool": adaptive,
    "upsample": upsample,
    "pad": pad,
    "crop": crop,
    "slice": slice_map,
    "relu": nothing,
    "batch_norm": nothing,
}
"""Layers that leave the axes of a map in their places."""

ON_IMAGES: Kinds = {
    "space_to_depth": space_to_depth,
    "pixel_shuffle": pixel_shuffle,
}
"""Layers for maps of height and width only."""


LARGER = {"conv_transpose", "upsample", "pixel_shuffle"}
"""Layers that make a map larger."""

ENOUGH = {1: 90, 2: 30}
"""Sizes, by the number of spatial axes, from which on a map is not made larger."""


def one_step(draw: st.DrawFn, x: Shape) -> Step:
    """A layer for a map."""
    kinds = ON_MAPS | ON_IMAGES if len(x) == 3 else ON_MAPS
    large = max(x[1:]) > ENOUGH.get(len(x) - 1, 0)
    name = draw(st.sampled_from([kind for kind in kinds if not (large and kind in LARGER)]))
    return name, kinds[name](draw, x)


def mixed(sketch: Sketch, node: Node, out: int) -> Node:
    """The node behind a convolution of one position, so that every channel reads all channels."""
    result = sketch.add(("conv", {"out": out, "kernel": 1}), node)
    assert result
    return result


def grown(draw: st.DrawFn, sketch: Sketch, node: Node, least: int, most: int) -> Node:
    """The node behind a few layers for maps."""
    for _ in range(draw(st.integers(least, most))):
        x = shape_of(node)
        step = one_step(draw, x)
        if step[0] == "pixel_shuffle":
            node = mixed(sketch, node, step[1]["factor"] ** 2)
        node = sketch.add(step, node) or node
        if step[0] == "space_to_depth":
            node = mixed(sketch, node, draw(st.integers(1, 2)))
    return node


def cropped(draw: st.DrawFn, sketch: Sketch, branches: list[Node]) -> list[Node]:
    """Branches cut to one size, that of the smallest on each axis."""
    sizes = [min(each) for each in zip(*(shape_of(branch)[1:] for branch in branches), strict=True)]
    parts = []
    for branch in branches:
        spare = min(n - size for n, size in zip(shape_of(branch)[1:], sizes, strict=True))
        part = sketch.add(("crop", {"size": sizes, "offset": draw(st.integers(0, spare))}), branch)
        assert part
        parts.append(part)
    return parts


def met(draw: st.DrawFn, sketch: Sketch, node: Node) -> Node:
    """The node behind two or three branches, cropped to one size, that meet."""
    branches = cropped(draw, sketch, [grown(draw, sketch, node, 0, 2) for _ in range(draw(st.integers(2, 3)))])
    name = draw(st.sampled_from(["add", "multiply", "concat"]))
    if name != "concat":
        branches = [mixed(sketch, branch, 2) for branch in branches]
    joined = sketch.add((name, {}), *branches)
    assert joined
    return mixed(sketch, joined, 2) if name == "concat" else joined


def gated(draw: st.DrawFn, sketch: Sketch, node: Node) -> Node:
    """The node times a gate made of its whole map, as in squeeze-and-excitation."""
    squeezed = sketch.add((draw(st.sampled_from(["global_avg_pool", "global_max_pool"])), {}), node)
    assert squeezed
    gate = sketch.add(("sigmoid", {}), mixed(sketch, squeezed, shape_of(node)[0]))
    assert gate
    result = sketch.add(("multiply", {}), node, gate)
    assert result
    return result


@st.composite
def maps_of(draw: st.DrawFn, axes: int, largest: int) -> Sketch:
    """A network of layers for maps of so many spatial axes, of joins and of gates."""
    n = [draw(st.integers(largest // 3, largest)) for _ in range(axes)]
    sketch = Sketch((draw(st.integers(1, 2)), *n))
    node = sketch.input
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["layers", "layers", "layers", "layers", "branches", "gate"]))
        if kind == "layers":
            node = grown(draw, sketch, node, 1, 2)
        else:
            node = met(draw, sketch, node) if kind == "branches" else gated(draw, sketch, node)
    return sketch


# -- layers that move axes, or lose their order --------------------------------------------------


def permute(draw: st.DrawFn, x: Shape) -> Fields:
    return {"axes": list(draw(st.permutations(range(len(x)))))}


def reshape(draw: st.DrawFn, x: Shape) -> Fields:
    """An axis of 1 more, two axes joined, one cut in two, or one lost in the others."""
    y = list(x)
    place = draw(st.integers(0, len(y) - 1))
    kind = draw(st.sampled_from(["more", "joined", "cut"]))
    if kind == "more" and len(y) < 4:
        y.insert(place, 1)
    elif kind == "joined" and len(y) > 1:
        place = min(place, len(y) - 2)
        y[place : place + 2] = [y[place] * y[place + 1]]
    elif kind == "cut" and y[place] % 2 == 0 and len(y) < 4:
        y[place : place + 1] = draw(st.permutations([2, y[place] // 2]))
    return {"shape": y}


def flatten(draw: st.DrawFn, x: Shape) -> Fields:
    start = draw(st.integers(0, len(x) - 1))
    return {"start": start, "end": draw(st.integers(start, len(x) - 1))}


def any_slice(draw: st.DrawFn, x: Shape) -> Fields:
    axis = draw(st.integers(0, len(x) - 1))
    return {"axis": axis, "start": draw(st.integers(0, min(3, x[axis] - 1))), "step": draw(st.integers(1, 3))}


def one_group(draw: st.DrawFn, x: Shape) -> Fields:
    return conv(draw, x) | {"groups": 1, "out": draw(st.integers(1, 6))}


def pyramid(draw: st.DrawFn, x: Shape) -> Fields:
    return {"levels": draw(st.lists(st.integers(1, 7), min_size=1, max_size=3))}


def over_axis(draw: st.DrawFn, x: Shape) -> Fields:
    return {"axis": draw(st.integers(0, len(x) - 1))}


def dense(draw: st.DrawFn, x: Shape) -> Fields:
    return {"out": draw(st.integers(1, 6))}


def channel_shuffle(draw: st.DrawFn, x: Shape) -> Fields:
    return {"groups": draw(st.integers(1, 3))}


def last_axis(draw: st.DrawFn, x: Shape) -> Fields:
    return {"axes": 1}


KEEPING_ORDER: Kinds = {
    "permute": permute,
    "softmax": over_axis,
    "linear": dense,
    "slice": any_slice,
    "layer_norm": last_axis,
    "rms_norm": last_axis,
    "global_avg_pool": nothing,
    "global_max_pool": nothing,
}
"""Layers after which every axis of the input is known on every axis of the node."""

LOSING_ORDER: Kinds = {
    "reshape": reshape,
    "flatten": flatten,
    "spatial_pyramid_pool": pyramid,
    "channel_shuffle": channel_shuffle,
}
"""Layers that may lay units out in no regular order."""


@st.composite
def rearranged(draw: st.DrawFn, *, losing: bool) -> Sketch:
    """A network on a line whose positions wander to other axes; `losing` also lets them lose their order."""
    sketch = Sketch((draw(st.integers(1, 3)), draw(st.integers(6, 30))))
    node = sketch.input
    kinds = ON_MAPS | {"conv": one_group} | KEEPING_ORDER | (LOSING_ORDER if losing else {})
    names = [*ON_MAPS, *[name for name in kinds if name not in ON_MAPS] * 2]
    for _ in range(draw(st.integers(1, 5))):
        x = shape_of(node)
        name = draw(st.sampled_from(names))
        if name in ON_MAPS and name != "slice" and len(x) < 2:
            continue
        node = sketch.add((name, kinds[name](draw, x)), node) or node
    return sketch
