"""What a layer is: its fields, then its rules.

A layer is a pydantic model. Its fields are what YAML may write; its methods are the rules, each
written once, with Python's operators on sizes. A count is a sum of products, so that its value and
its derivation (`5·5·48·128·2 = 307,200`) come from the same line of code.

The modules of this package do not postpone their annotations: pydantic would compile those of every
base again for each class, which doubles the time that a layer takes to load.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import prod
from typing import ClassVar, NamedTuple, TypeAlias

from pydantic import BaseModel, ConfigDict

from paramcalc.algebra.conditions import Conditions
from paramcalc.algebra.expr import Size
from paramcalc.algebra.receptive_field import AxisField, Fields, Ordered, Unordered, apply_tap_map, read_whole_axis
from paramcalc.algebra.tap_map import EACH, TapMap, Unknown
from paramcalc.algebra.tensor import CHANNELS, TOKENS, Shape, Tensor, index_of_channels, spelled
from paramcalc.algebra.window import factor
from paramcalc.errors import LayerError, listing
from paramcalc.layers.fields import PerAxis

Count: TypeAlias = tuple[tuple[Size, ...], ...]
"""A sum of products: `((3, 3, 64, 128),)` is 73,728, and `()` is 0."""

FieldRule: TypeAlias = Callable[[Sequence[Fields], object], Fields]
"""Fields of the inputs in, and a name for this operation; fields of the output out."""


def total(count: Count) -> Size:
    """The value of a sum of products."""
    return prod(count[0]) if len(count) == 1 else sum(map(prod, count))


def multiplied(count: Iterable[Sequence[Size]]) -> str:
    """A sum of products as text: `5·5·48·128·2`."""
    return " + ".join("·".join(factor(size) for size in factors) for factors in count)


# -- which tensors a layer takes ------------------------------------------------------------------

FIRST, LAST = 0, -1


class Layout(NamedTuple):
    """The tensors that a layer takes: how many axes they have, and where among these the channels are.

    `expected` names them in errors; `channels` is the index of that axis, None where any axis will do.
    Layers of maps take whatever lies on their first axis for channels, as torch does, but tokens.
    """

    expected: str = "a tensor"
    ranks: range = range(1, 100)
    channels: int | None = None

    def need(self, layer: str, x: Tensor) -> None:
        """Raise LayerError unless the layer takes this tensor."""
        if len(x.shape) not in self.ranks:
            raise LayerError(f"{layer} needs {self.expected}, got {x}")
        if self.channels == LAST and x.axes[-1] != CHANNELS:
            wrong = f"{layer} works on the last axis, which is {x.axes[-1]}: flatten or permute first"
        elif self.channels == FIRST and x.axes[0] == TOKENS:
            wrong = f"{layer} needs channels first, but the first axis is {TOKENS}: permute first"
        else:
            return
        names = f"the axes of {x} are {listing(x.axes)}; 'axes' of an input, flatten, reshape or rearrange names them"
        raise LayerError(wrong, names)


ANY = Layout()
CHANNELS_FIRST = Layout(channels=FIRST)
CHANNELS_LAST = Layout(channels=LAST)
MAP = Layout("a map of shape [C, L], [C, H, W] or [C, D, H, W]", range(2, 5), FIRST)
IMAGE = Layout("a map of shape [C, H, W]", range(3, 4), FIRST)


def axis_of(axis: Size | str | None, x: Tensor) -> int:
    """The index of an axis: given as such or by its name; None is the channels, or the first axis without any.

    Raises LayerError where the tensor has no such axis, or several of that name.
    """
    if axis is None:
        return index_of_channels(x.axes) or 0
    if isinstance(axis, int) and axis < len(x.shape):
        return axis
    if isinstance(axis, str) and x.axes.count(axis) == 1:
        return x.axes.index(axis)
    several = "several axes" if isinstance(axis, str) and axis in x.axes else "no axis"
    raise LayerError(f"the incoming tensor {x} has {several} {axis}", f"its axes: {listing(x.axes)}")


# -- the layer ------------------------------------------------------------------------------------


class Layer(BaseModel):
    """A layer: fields that YAML may write, and rules for shape, parameters, MACs and field.

    The defaults of the rules are those of a layer without parameters that works on each position
    by itself. `rules` spells them for readers, by quantity. `references` names the fields that hold
    the name of an earlier step, which is then a further input, in that order. `takes` says which
    tensors the layer works on. `view` marks a layer that writes no elements of its own. Counts are of
    one tensor: the network multiplies MACs and activations by how many there are. `family` is what kind
    of layer it is: `convolution`, `linear`, `normalisation` or `other`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    type: ClassVar[str]
    family: ClassVar[str] = "other"
    rules: ClassVar[Mapping[str, str]] = {}
    references: ClassVar[tuple[str, ...]] = ()
    takes: ClassVar[Layout] = ANY
    view: ClassVar[bool] = False

    def result(self, inputs: Sequence[Tensor], need: Conditions) -> Tensor:
        """The tensor that comes out. Raises LayerError where the layer does not fit its inputs."""
        x = inputs[0]
        if self.takes is not ANY:
            self.takes.need(self.type, x)
        y = self.infer(x.shape, need)
        if y is x.shape:
            return x
        return Tensor(y, x.count, x.axes if len(y) == len(x.shape) else None)

    def infer(self, x: Shape, need: Conditions) -> Shape:
        """The shape that comes out of a layer with one input."""
        return x

    def weights(self, x: Shape) -> Count:
        """Weights, as a sum of products."""
        return ()

    def biases(self, x: Shape) -> Count:
        """Biases, as a sum of products."""
        return ()

    def buffers(self, x: Shape) -> Count:
        """Elements of state that is no parameter: running mean and variance."""
        return ()

    def macs(self, x: Shape, y: Shape) -> Count:
        """Multiply-accumulates for one tensor, as a sum of products."""
        return ()

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """How the output reads the inputs: fields of the inputs in, fields of the output out. Raises Unknown."""
        return unchanged

    def sizes(self, inputs: Sequence[Tensor], y: Tensor) -> Sequence[str]:
        """How each size of the output that the layer computes comes about: `(227 − 11)/4 + 1 = 55`."""
        return ()


def per_axis(name: str, value: PerAxis, axes: int) -> tuple[Size, ...]:
    """One value for each of `axes` axes; a single one serves all."""
    if not isinstance(value, tuple):
        return (value,) * axes
    if len(value) != axes:
        raise LayerError(f"{name} has {len(value)} values for {axes} {'axis' if axes == 1 else 'axes'}")
    return value


def need_sizes(layer: str, x: Shape, y: Shape, need: Conditions) -> Shape:
    """Require every size of the output to be at least 1; returns the output."""
    for size in y:
        if not need.at_least(size, 1):
            raise LayerError(f"{layer} on {spelled(x)} would give {spelled(y)}: every size must be at least 1")
    return y


# -- how outputs read inputs --------------------------------------------------------------------

WHOLE = None
"""In the maps of a layer: every unit reads the whole axis."""


def unchanged(fields: Sequence[Fields], origin: object) -> Fields:
    """Each position reads itself."""
    return fields[0]


def unknown(fields: Sequence[Fields], origin: object) -> Fields:
    """What is read depends on the data."""
    raise Unknown


def along_axes(tap_maps: Sequence[TapMap | None], y: Shape) -> FieldRule:
    """Each axis of the tensor is read as the map in its place says; WHOLE is the whole axis."""

    def rule(fields: Sequence[Fields], origin: object) -> Fields:
        return tuple([axis_behind(field, tap_maps, y) for field in fields[0]])

    return rule


def each_field(move: Callable[[AxisField, object], AxisField]) -> FieldRule:
    """Each field of the first input moves by itself; a constant one has nothing to read, and stays."""

    def rule(fields: Sequence[Fields], origin: object) -> Fields:
        return tuple(
            [field if isinstance(field, Ordered) and field.constant else move(field, origin) for field in fields[0]]
        )

    return rule


def axis_behind(field: AxisField, tap_maps: Sequence[TapMap | None], y: Shape) -> AxisField:
    """One field behind the map of the axis that it lies along."""
    if isinstance(field, Ordered) and field.constant:
        return field
    tap_map = tap_maps[field.along]
    if tap_map is None:
        return read_whole_axis(field)
    if isinstance(field, Unordered):
        if tap_map == EACH:
            return field
        raise Unknown
    if tap_map == EACH:
        return field if field.units == y[field.along] else field._replace(units=y[field.along])
    return apply_tap_map(tap_map, field, y[field.along])
