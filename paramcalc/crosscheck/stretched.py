"""A network as gradients need it: linear, of one channel, and on one axis longer than it is.

The input gets a margin of further positions before and behind its own, so that what a unit reads
beyond the border of the image exists. The maps behind it have margins too, around the positions that
they have at the network's own size. What reads a whole axis, or gives a fixed size, is given its own
positions only; what strides is given a margin that the stride divides. All other axes are one
position wide, and windows there too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from paramcalc.crosscheck.figures import reason_not_checked
from paramcalc.crosscheck.linearised import Beyond
from paramcalc.crosscheck.network import Shapes, layer_of
from paramcalc.crosscheck.one_channel import NotFollowed, one_channel
from paramcalc.crosscheck.windows import each, number
from paramcalc.layers import JOINS
from paramcalc.layers.base import Layer
from paramcalc.network import Network, Node

Shape = tuple[int, ...]


NOWHERE = -1


class Value(NamedTuple):
    """The tensor of a node: its shape at the network's own size, and with margins.

    `place` is the axis that the positions of the input's long axis lie along, without the batch, or
    NOWHERE when a layer has read all of them.
    `levels` is what ones in the input give, with NaN beyond every map: NaN marks what reads there.
    `mixed` says that branches lie behind one another on an axis that is not that of the channels, so
    that elements of one position may read different things.
    """

    own: Shape
    levels: Tensor
    place: int
    mixed: bool = False

    @property
    def shape(self) -> Shape:
        """The shape with margins."""
        return tuple(self.levels.shape[1:])

    @property
    def margins(self) -> Shape:
        """The positions before the own ones on each axis, as many as behind them."""
        return tuple((size - own) // 2 for size, own in zip(self.shape, self.own, strict=True))


class Step(NamedTuple):
    """A node with its linear module, the nodes that the module reads, and the elements that it writes."""

    node: Node
    module: nn.Module
    sources: tuple[Node, ...]
    cost: int


class Stretched:
    """The linear network with the values of all nodes; `lost` says by path why a step is not in it."""

    def __init__(self, network: Network, source: Node, axis: int, margin: int) -> None:
        self.source = source
        self.axis = axis
        self.margin = margin
        self.values: dict[int, Value] = {}
        self.steps: list[Step] = []
        self.lost: dict[str, str] = {}
        for node in network.inputs:
            shape = [size if place in (0, axis + 1) else 1 for place, size in enumerate(sizes_of(node))]
            place = min(axis + 1, len(shape) - 1)
            own = (1, *shape[1:]) if len(shape) > 1 else tuple(shape)
            longer = [size + 2 * margin * (len(shape) > 1 and at == place) for at, size in enumerate(own)]
            self.values[id(node)] = Value(own, torch.ones(1, *longer, dtype=torch.float64), place)
        for node in network.nodes:
            self.follow(node)

    def follow(self, node: Node) -> None:
        """Add a step, or say why it cannot be followed."""
        before = [self.lost[source.path] for source in node.inputs if source.path in self.lost]
        for reason in (reason_not_checked(node), *before):
            if reason:
                self.lost[node.path] = reason
                return
        try:
            self.add(node, [self.values[id(source)] for source in node.inputs])
        except NotFollowed as error:
            self.lost[node.path] = str(error)
        except (RuntimeError, IndexError, ValueError) as error:
            self.lost[node.path] = f"torch refuses it with one channel: {error}"

    def add(self, node: Node, inputs: Sequence[Value]) -> None:
        """Add a step on these inputs. Raises NotFollowed, and what torch raises."""
        layer = layer_of(node)
        read = inputs[:1] if layer.references else inputs
        widest = max(read, key=positions)
        if any(positions(value) > 1 and value.place != widest.place for value in read):
            raise NotFollowed("branches that are long on different axes cannot be followed with one channel")
        place, own, shapes = widest.place, [value.own for value in inputs], [value.shape for value in inputs]
        at_own_size = stretched_module(layer, own, own, place, 0.0)
        module = stretched_module(layer, own, shapes, place, 0.0) if own != shapes else at_own_size
        marked = stretched_module(layer, own, shapes, place, float("nan"))
        with torch.no_grad():
            small = at_own_size(*(torch.ones(1, *value.own, dtype=torch.float64) for value in read))
            levels = marked(*(value.levels for value in read))
        cost = 0 if isinstance(module, nn.Identity) else levels.numel()
        self.steps.append(Step(node, module, node.inputs[: len(read)], cost))
        mixed = any(value.mixed for value in read) or (
            layer.type == "concat" and getattr(layer, "axis", 0) not in (0, None)
        )
        self.values[id(node)] = Value(tuple(small.shape[1:]), levels, moved(layer, place, len(own[0])), mixed)


def positions(value: Value) -> int:
    """How many positions of the long axis a tensor has at the network's own size."""
    return 0 if value.place == NOWHERE else value.own[value.place]


def sizes_of(node: Node) -> list[int]:
    """The sizes of an input as numbers."""
    return [number(size) for size in node.output.shape]


# -- one step ------------------------------------------------------------------------------------


class Middle(nn.Module):
    """A module that is given parts of these shapes from the middle of its inputs."""

    def __init__(self, module: nn.Module, shapes: Shapes) -> None:
        super().__init__()
        self.module = module
        self.shapes = shapes

    def forward(self, *inputs: Tensor) -> Tensor:
        """What the module gives for the parts."""
        parts = []
        for x, shape in zip(inputs, self.shapes, strict=False):
            part = x
            for axis, size in enumerate(shape, 1):
                part = part.narrow(axis, (x.shape[axis] - size) // 2, size)
            parts.append(part)
        result: Tensor = self.module(*parts)
        return result


def stretched_module(layer: Layer, own: Shapes, shapes: Shapes, place: int, beyond: Beyond) -> nn.Module:
    """The linear module of a layer on inputs with margins. Raises NotFollowed."""
    used = [tuple(shape) for shape in parts_used(layer, own, shapes, place)]
    module = one_channel(layer, own, used, place, beyond)
    return module if used == shapes else Middle(module, used)


def parts_used(layer: Layer, own: Shapes, shapes: Shapes, place: int) -> Sequence[Sequence[int]]:
    """How much of each input the layer is given: what it reads whole only at the own size."""
    if layer.type in JOINS:
        return aligned(own, shapes, layer.axis if layer.type == "concat" else None)  # type: ignore[attr-defined]
    whole = whole_axes(layer, own[0])
    first = []
    for axis, (n, size) in enumerate(zip(own[0], shapes[0], strict=True)):
        step = stride(layer, len(own[0]) - 1, place) if axis == place else 1
        margin = 0 if axis in whole else (size - n) // 2
        first.append(n + 2 * (margin - margin % step))
    return [first, *shapes[1:]]


def aligned(own: Shapes, shapes: Shapes, axis: int | None) -> list[list[int]]:
    """Parts of the branches of a join that lie beside each other: margins of one width, none along `axis`.

    A branch that is broadcast has no margin.
    """
    parts = [list(shape) for shape in shapes]
    for at, sizes in enumerate(zip(*own, strict=True)):
        margin = min((part[at] - n) // 2 for part, n in zip(parts, sizes, strict=True) if n == max(sizes))
        for part, n in zip(parts, sizes, strict=True):
            part[at] = n + 2 * margin if n == max(sizes) and at != axis else n
    return parts


def stride(layer: Any, axes: int, place: int) -> int:
    """The stride of a layer along the axis `place`."""
    if layer.type == "space_to_depth":
        return number(layer.block)
    if layer.type not in ("conv", "max_pool", "avg_pool") or place == 0:
        return 1
    return each(layer.kernel if layer.stride is None else layer.stride, axes)[place - 1]


def moved(layer: Any, place: int, rank: int) -> int:
    """The axis behind a layer along which lies what was along `place` before."""
    if place == NOWHERE or layer.type == "reshape":
        return NOWHERE
    if layer.type in CHANNELS and place == 0 and place in WHOLE[layer.type](layer, rank):
        return NOWHERE
    if layer.type == "permute":
        return [number(axis) for axis in layer.axes].index(place)
    if layer.type == "flatten":
        start, end = number(layer.start), number(layer.end) % rank
        return place if place < start else max(start, place - (end - start))
    return 0 if layer.type == "spatial_pyramid_pool" else place


CHANNELS = ("conv", "conv_transpose", "linear")
"""Layers that make channels of what they read whole."""


def whole_axes(layer: Any, own: Shape) -> Sequence[int]:
    """The axes that a layer reads whole, or makes another size of, or mixes with other axes."""
    if layer.type == "flatten":
        start, end = number(layer.start), number(layer.end) % len(own)
        return range(start, end + 1) if sum(size > 1 for size in own[start : end + 1]) > 1 else ()
    return WHOLE[layer.type](layer, len(own)) if layer.type in WHOLE else ()


def spatial(_layer: Any, rank: int) -> Sequence[int]:
    """All axes but the channels."""
    return range(1, rank)


def all_axes(_layer: Any, rank: int) -> Sequence[int]:
    """All axes."""
    return range(rank)


def channels(_layer: Any, _rank: int) -> Sequence[int]:
    """The first axis."""
    return (0,)


WHOLE: dict[str, Callable[[Any, int], Sequence[int]]] = {
    "conv": channels,
    "conv_transpose": channels,
    "channel_shuffle": channels,
    "linear": lambda _layer, rank: (rank - 1,),
    "softmax": lambda layer, _rank: (layer.axis,),
    "adaptive_avg_pool": spatial,
    "adaptive_max_pool": spatial,
    "global_avg_pool": spatial,
    "global_max_pool": spatial,
    "spatial_pyramid_pool": all_axes,
    "reshape": all_axes,
    "upsample": lambda layer, rank: () if layer.size is None else spatial(layer, rank),
}
"""Layers that read whole axes, or make another size of them, and the axes."""
