"""A network as gradients need it: linear, of one channel, and on one axis longer than it is.

The receptive field along an axis depends on neither the channels nor the other axes. So every tensor
has one channel and one position on each axis but the long one, and windows are one position wide there.

The input gets a margin of further positions before and behind its own, so that what a unit reads
beyond the border of the image exists. The maps behind it have margins too. What reads a whole axis,
or gives a fixed size, gets a map without margins; what strides gets a margin that the stride divides.

A 3×3 convolution with stride 2 and a padding of 1 on an image of 32×32, along its height, with a
margin of 5: the input is [1, 42, 1]; the convolution, 3×1 with stride (2, 1) and padding (1, 0), gets
the middle [1, 40, 1] of it, with a margin of 4, and gives [1, 20, 1]: its 16 rows with a margin of 2.
Row 0 of the 16 is at 2, reads rows 3 to 5 of the 40, which are rows 4 to 6 of the 42, and these are
-1 to 1 of the image.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from paramcalc.crosscheck.network import layer_of
from paramcalc.crosscheck.parts import Apply, PaddingValue, broadcast_concatenated, part_of
from paramcalc.crosscheck.settings import Shape, as_int
from paramcalc.crosscheck.witness import NOWHERE, LongInputs, NotFollowed, Witness
from paramcalc.crosscheck.witnesses import witness_of
from paramcalc.layers.base import Layer
from paramcalc.network import Network, Node


class LongTensor(NamedTuple):
    """The tensor of a node on one channel, without the batch.

    `sizes` is its shape at the network's own size. `marks` are its values, with margins, for ones in
    the input and NaN in every padding: NaN marks what reads padding. `long` is the axis along which
    the positions of the input's long axis are, or NOWHERE when a layer has read all of them. `mixed`
    says that branches are concatenated along positions, so that elements of one position may read
    different things.
    """

    sizes: Shape
    marks: Tensor
    long: int
    mixed: bool = False

    @property
    def shape(self) -> Shape:
        """The shape with margins."""
        return tuple(self.marks.shape[1:])

    @property
    def margins(self) -> Shape:
        """The width of the margin before the own positions on each axis; that behind them is as wide."""
        return tuple((size - n) // 2 for size, n in zip(self.shape, self.sizes, strict=True))

    @property
    def positions(self) -> int:
        """How many positions the long axis has at the network's own size."""
        return 0 if self.long == NOWHERE else self.sizes[self.long]


class Step(NamedTuple):
    """A node with its linear module, the nodes that the module reads, and the elements that it writes."""

    node: Node
    module: nn.Module
    sources: tuple[Node, ...]
    cost: int


class LinearNetwork:
    """A network made linear, long on one axis of the input `source`, the `axis`-th of its positions.

    `values` are the tensors by the id of their node, `steps` the modules in order; `skipped` says by
    path why a step is not among them.
    """

    def __init__(self, network: Network, source: Node, axis: int, margin: int) -> None:
        self.source = source
        self.axis = axis
        self.margin = margin
        self.values = {id(node): long_input(node, axis, margin) for node in network.inputs}
        self.steps: list[Step] = []
        self.skipped: dict[str, str] = {}
        for node in network.nodes:
            self.follow(node)

    @property
    def long(self) -> int:
        """The long axis of the input, counted without the batch."""
        return self.values[id(self.source)].long

    def follow(self, node: Node) -> None:
        """Add a step, or say why it cannot be followed."""
        witness = witness_of(node)
        before = [self.skipped[source.path] for source in node.inputs if source.path in self.skipped]
        for reason in (witness.not_checked, *before):
            if reason:
                self.skipped[node.path] = reason
                return
        try:
            self.add(node, witness, [self.values[id(source)] for source in node.inputs])
        except NotFollowed as error:
            self.skipped[node.path] = str(error)
        except (RuntimeError, IndexError, ValueError) as error:
            self.skipped[node.path] = f"torch refuses it with one channel: {error}"

    def add(self, node: Node, witness: Witness, inputs: Sequence[LongTensor]) -> None:
        """Add a step on these inputs. Raises NotFollowed, and what torch raises."""
        layer = layer_of(node)
        read = inputs[:1] if layer.references else inputs
        longest = max(read, key=lambda value: value.positions)
        if any(value.positions > 1 and value.long != longest.long for value in read):
            raise NotFollowed("branches that are long on different axes cannot be followed with one channel")
        sizes, shapes = [value.sizes for value in inputs], [value.shape for value in inputs]
        own = LongInputs(sizes, sizes, longest.long, node.inputs[0].output.channels or 0)
        long = own._replace(shapes=shapes)
        own_module = linear_module(witness, layer, own, len(read), 0.0)
        module = own_module if sizes == shapes else linear_module(witness, layer, long, len(read), 0.0)
        marking = linear_module(witness, layer, long, len(read), float("nan"))
        with torch.no_grad():
            own_output = own_module(*(torch.ones(1, *value.sizes, dtype=torch.float64) for value in read))
            marks = marking(*(value.marks for value in read))
        concatenated = isinstance(own_module, Apply) and own_module.function is broadcast_concatenated
        cost = 0 if isinstance(module, nn.Identity) else marks.numel()
        self.steps.append(Step(node, module, node.inputs[: len(read)], cost))
        self.values[id(node)] = LongTensor(
            tuple(own_output.shape[1:]),
            marks,
            NOWHERE if longest.long == NOWHERE else witness.output_axis(layer, own),
            concatenated or any(value.mixed for value in read),
        )


def long_input(node: Node, axis: int, margin: int) -> LongTensor:
    """An input of ones on one channel, with margins on the `axis`-th of its positions.

    One with fewer axes of positions is long on its last; a vector keeps its size, without margins.
    """
    positions = node.output.positions
    long = positions[min(axis, len(positions) - 1)] if positions else 0
    sizes = tuple(as_int(size) if at == long else 1 for at, size in enumerate(node.output.shape))
    shape = [size + 2 * margin if at == long and positions else size for at, size in enumerate(sizes)]
    return LongTensor(sizes, torch.ones(1, *shape, dtype=torch.float64), long)


# -- one step ------------------------------------------------------------------------------------


def on_middle(*inputs: Tensor, module: nn.Module, shapes: Sequence[Shape]) -> Tensor:
    """What a module gives for parts of these shapes from the middle of its inputs."""
    parts = []
    for x, shape in zip(inputs, shapes, strict=False):
        starts = [(n - size) // 2 for n, size in zip(x.shape[1:], shape, strict=True)]
        parts.append(part_of(x, starts, shape))
    result: Tensor = module(*parts)
    return result


def linear_module(
    witness: Witness, layer: Layer, inputs: LongInputs, reads: int, padding_value: PaddingValue
) -> nn.Module:
    """The linear module of a layer on its first `reads` inputs. Raises NotFollowed."""
    used = [*usable_shapes(witness, layer, inputs, reads), *inputs.shapes[reads:]]
    module = witness.one_channel_module(layer, inputs._replace(shapes=used), padding_value)
    return module if used == inputs.shapes else Apply(on_middle, module=module, shapes=used)


def usable_shapes(witness: Witness, layer: Layer, inputs: LongInputs, reads: int) -> list[Shape]:
    """How much of its first `reads` inputs a layer can use.

    No margin on an axis that it reads whole, a multiple of its stride on the long one, and one width for
    all branches of a join; a branch that is broadcast has none.
    """
    whole = witness.whole_axes(layer, inputs)
    used = [list(sizes) for sizes in inputs.sizes[:reads]]
    for axis, sizes in enumerate(zip(*inputs.sizes[:reads], strict=True)):
        if axis in whole:
            continue
        largest = max(sizes)
        margin = min((shape[axis] - n) // 2 for shape, n in zip(inputs.shapes, sizes, strict=False) if n == largest)
        margin -= margin % witness.stride(layer, inputs) if axis == inputs.long else 0
        for shape, n in zip(used, sizes, strict=True):
            shape[axis] += 2 * margin if n == largest else 0
    return [tuple(shape) for shape in used]
