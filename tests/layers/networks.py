"""Random networks of one input: chains of layers, with branches that meet and gates.

A network grows step by step on what its last node gives; a step that does not fit is left out.
"""

from __future__ import annotations

from hypothesis import strategies as st
from pydantic import ValidationError

from paramcalc.errors import LayerError
from paramcalc.layers import layer_class
from paramcalc.network import Network, Node
from tests.layers.examples import EXAMPLES, IMAGES, LARGER
from tests.layers.random_fields import Fields, Shape

Step = tuple[str, Fields]


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
        except (LayerError, ValidationError):
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


def named(*positions: str) -> list[str]:
    """Layers of chains that do this with positions, but for those that take images only."""
    return [
        name for name, example in EXAMPLES.items() if example.positions in positions and example.spatial_axes != IMAGES
    ]


OWN, STAY, MOVE, LOSE_ORDER = (named(positions) for positions in ("own", "stay", "move", "lose order"))
ON_IMAGES = [name for name, example in EXAMPLES.items() if example.spatial_axes == IMAGES]
ANY_OWN = "own"
"""Drawn for one of the layers whose units read their own position, so that they do not outnumber the others."""

ENOUGH = {1: 90, 2: 30}
"""Sizes, by the number of spatial axes, from which on a map is not made larger."""


def step_of(draw: st.DrawFn, names: list[str], x: Shape) -> Step:
    """One of these layers with fields for an input."""
    name = draw(st.sampled_from(names))
    if name == ANY_OWN:
        name = draw(st.sampled_from(OWN))
    fields = EXAMPLES[name].random(draw, x)
    # channels of zeros read nothing, which a field does not say
    fields.pop("channels", None)
    return name, fields


def one_step(draw: st.DrawFn, x: Shape) -> Step:
    """A layer for a map that leaves its axes as they are."""
    large = max(x[1:]) > ENOUGH.get(len(x) - 1, 0)
    names = [*STAY, "slice", ANY_OWN, ANY_OWN, *(ON_IMAGES if len(x) == 3 else [])]
    name, fields = step_of(draw, [name for name in names if not (large and name in LARGER)], x)
    return name, fields | {"axis": max(1, fields["axis"])} if name == "slice" else fields


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
    sizes = [min(of_axis) for of_axis in zip(*(shape_of(branch)[1:] for branch in branches), strict=True)]
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


@st.composite
def rearranged(draw: st.DrawFn, *, losing: bool) -> Sketch:
    """A network on a line whose positions wander to other axes; `losing` also lets them lose their order."""
    sketch = Sketch((draw(st.integers(1, 3)), draw(st.integers(6, 30))))
    node = sketch.input
    names = [*STAY, ANY_OWN, ANY_OWN, *MOVE * 2, *(LOSE_ORDER * 2 if losing else [])]
    for _ in range(draw(st.integers(1, 5))):
        x = shape_of(node)
        name, fields = step_of(draw, names, x)
        if len(x) - 1 not in EXAMPLES[name].spatial_axes:
            continue
        # positions in the place of channels are all read, not those of a group
        one_group = {"groups": 1} if "kernel" in fields and "groups" in fields else {}
        node = sketch.add((name, fields | one_group), node) or node
    return sketch
