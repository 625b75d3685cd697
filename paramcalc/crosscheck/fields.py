"""Receptive fields by gradients: which input positions the gradient of a unit touches.

The network is made linear and positive, every tensor has one channel, and the input is long on one
axis and one position wide on the others, where every window is of one position too. The gradient of
a unit in the middle is then not zero exactly where the unit reads. After each step only the support
of the gradient is kept, so that a thousand layers neither vanish nor overflow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import lcm
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from paramcalc import field as fields
from paramcalc.crosscheck.figures import reason_not_checked
from paramcalc.crosscheck.linearised import linearised
from paramcalc.crosscheck.modules import module_for
from paramcalc.crosscheck.network import Shapes, layer_of, trace
from paramcalc.errors import ParamcalcError
from paramcalc.expr import Size
from paramcalc.field import Axis, AxisField, Scattered
from paramcalc.layers.base import Layer
from paramcalc.network import Network, Node

TARGETS = 600
"""Units whose gradients are taken on one axis, at most; in a deeper network evenly spread ones, and the last."""

PHASES = 32
"""Neighbouring units of one step whose gradients are taken, at most."""

ELEMENTS = 500_000
"""Elements of the input of one backward pass, about."""

LONGEST = 8192
"""Positions of the long axis, at most."""

Interval: TypeAlias = tuple[int, int]

SHORT = (1, 2, 3, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
"""Sizes of the short axes that are tried, besides the network's own."""


@dataclass(frozen=True, slots=True)
class FieldCheck:
    """One unit of a step on one axis of the input: what it should read, and what its gradient touches."""

    path: str
    axis: int
    unit: int
    expected: Interval | None
    found: Interval | None
    whole: bool

    @property
    def agrees(self) -> bool:
        """Whether they are the same; of a whole-map operation the part that lies in the input counts."""
        if self.whole and self.expected and self.found:
            return self.expected[0] <= self.found[0] and self.found[1] <= self.expected[1]
        return self.expected == self.found


def field_checks(network: Network) -> Iterator[FieldCheck]:
    """Checks of every step with a known field, on every spatial axis of the first input.

    Steps behind a layer that torch cannot express are left out. Raises ParamcalcError where no input
    size can be found on which the network runs.
    """
    rank = len(network.inputs[0].output.shape) - 1
    known: dict[tuple[str, int], Interval | None] = {}
    for axis in range(rank):
        if axis and not alike(network):
            known.clear()
        yield from checks_along(stretched(network, axis), axis, known)


def alike(network: Network) -> bool:
    """Whether every layer does the same on every axis, so that one axis's gradients are the other's."""
    for node in network.nodes:
        layer = layer_of(node)
        if layer.type == "permute" or (layer.type in ("slice", "softmax", "concat") and getattr(layer, "axis", 0) != 0):
            return False
        for name in NEUTRAL.keys() & type(layer).model_fields.keys():
            value = getattr(layer, name)
            if isinstance(value, tuple) and any(item != value[0] for item in value):
                return False
    return True


def stretched(network: Network, axis: int) -> Network:
    """The network on an input that is long on one axis and short on the others."""
    own = network.inputs[0].output.shape
    length = needed(network, axis)
    for short in (*SHORT, None):
        for long in dict.fromkeys((length, -(-length // 32) * 32, -(-length // 64) * 64, own[1 + axis])):
            sizes = [long if place == axis else short or size for place, size in enumerate(own[1:])]
            try:
                return resized(network, [own[0], *sizes])
            except ParamcalcError:
                continue
    raise ParamcalcError(f"{network.name} has no input on which receptive fields can be seen along axis {axis}")


def resized(network: Network, shape: Sequence[Size]) -> Network:
    """The network on another shape of its first input."""
    if network.resize is None:
        return network
    return network.resize({network.inputs[0].path: shape})


def needed(network: Network, axis: int) -> int:
    """A length of the input in whose middle every unit reads only what exists."""
    widest, widest_step = 1, 1
    for node in network.nodes:
        if not node.fields or node.source is not network.inputs[0]:
            continue
        found = node.fields[axis]
        size = safe_size(found)
        if isinstance(found, Axis) and not found.constant and isinstance(size, int):
            steps = [part.step for part in found.progressions if isinstance(part.step, int)]
            widest, widest_step = max(widest, size), max(widest_step, *steps)
    return min(LONGEST, widest + 6 * widest_step)


def safe_size(found: AxisField) -> Size | None:
    """The receptive field, or None where it is not known."""
    try:
        return fields.receptive_field(found)
    except fields.Unknown:
        return None


class Untraced(nn.Module):
    """What stands for a step that cannot be followed with one channel: its output is empty."""

    def forward(self, *inputs: Tensor) -> Tensor:
        """An empty tensor."""
        return inputs[0].new_empty(inputs[0].shape[0], 0)


class Together(nn.Module):
    """Concatenation when every tensor has one channel: along the channels a sum, else behind one another."""

    def __init__(self, axis: int) -> None:
        super().__init__()
        self.axis = axis

    def forward(self, *inputs: Tensor) -> Tensor:
        """One channel."""
        channels = self.axis == 0 and all(x.dim() > 2 and x.shape[1] == 1 for x in inputs)
        return torch.stack(inputs).sum(0) if channels else torch.cat(inputs, self.axis + 1)


class Reshaped(nn.Module):
    """A reshape of the one element of a map that has shrunk to a point; anything else cannot be followed."""

    def __init__(self, axes: int) -> None:
        super().__init__()
        self.axes = axes

    def forward(self, x: Tensor) -> Tensor:
        """The element, with as many axes as the new shape."""
        return x.reshape(x.shape[0], *[1] * self.axes) if x[0].numel() == 1 else Untraced()(x)


def linear_module(node: Node, shapes: Shapes, axis: int) -> nn.Module:
    """The linear module of a step, on tensors of one channel that are long on one axis."""
    layer = layer_of(node)
    if reason_not_checked(node) or any(0 in shape for shape in shapes):
        return Untraced()
    spatial = shapes[0][1:]
    long = spatial.index(max(spatial)) if spatial and max(spatial) > 1 else min(axis, max(0, len(spatial) - 1))
    special = SPECIAL.get(layer.type)
    if special is not None:
        return special(layer, [place == long for place in range(len(spatial))])
    return linearised(module_for(narrowed(layer, len(spatial), long), shapes))


def narrowed(layer: Layer, axes: int, long: int) -> Layer:
    """The layer with one channel, and with windows of one position on every axis but the long one."""
    update = dict(ONE_CHANNEL.get(layer.type, {}))
    fields_of_layer = {name: getattr(layer, name) for name in type(layer).model_fields}
    if fields_of_layer.get("stride", 1) is None:
        fields_of_layer["stride"] = fields_of_layer["kernel"]
    for name, value in fields_of_layer.items():
        if name in NEUTRAL and value is not None and not isinstance(value, str):
            given = value if isinstance(value, tuple) else (value,) * axes
            neutral: object = NEUTRAL[name]
            if any(isinstance(item, tuple) for item in given):
                neutral = (neutral, neutral)
            update[name] = tuple(item if place == long else neutral for place, item in enumerate(given))
    return layer.model_copy(update=update)


def resampled(kind: Callable[[Any], nn.Module], factor: int, long: Sequence[bool]) -> nn.Module:
    """A module that scales the long axis."""
    return kind(tuple(factor if is_long else 1 for is_long in long))


def sliced(layer: Any, _long: Sequence[bool]) -> nn.Module:
    """Some of the channels are the one channel; on another axis it is a slice."""
    return nn.Identity() if layer.axis == 0 else linearised(module_for(layer, []))


def unchanged(_layer: Any, _long: Sequence[bool]) -> nn.Module:
    """One channel stays as it is."""
    return nn.Identity()


ONE_CHANNEL: dict[str, dict[str, object]] = {
    "conv": {"out": 1, "groups": 1},
    "conv_transpose": {"out": 1, "groups": 1},
    "linear": {"out": 1},
    "pad": {"channels": 0},
}
"""What fields are when every tensor has one channel."""

NEUTRAL = {
    "kernel": 1,
    "stride": 1,
    "dilation": 1,
    "padding": 0,
    "output_padding": 0,
    "output": 1,
    "scale": 1,
    "size": 1,
    "offset": 0,
}
"""Fields with a value for each axis, and the value that leaves an axis of one position as it is."""

SPECIAL: dict[str, Callable[[Any, Sequence[bool]], nn.Module]] = {
    "concat": lambda layer, _long: Together(layer.axis),
    "reshape": lambda layer, _long: Reshaped(len(layer.shape)),
    "slice": sliced,
    "channel_shuffle": unchanged,
    "group_norm": unchanged,
    "local_response_norm": unchanged,
    "prelu": unchanged,
    "pixel_shuffle": lambda layer, long: resampled(lambda f: nn.Upsample(scale_factor=f), layer.factor, long),
    "space_to_depth": lambda layer, long: resampled(nn.AvgPool2d, layer.block, long),
}
"""Layers that are another one when every tensor has one channel."""


@dataclass(frozen=True, slots=True)
class Target:
    """A unit whose gradient is wanted: a position on one axis of a step's tensor."""

    node: Node
    dim: int
    unit: int
    expected: Interval | None
    whole: bool


def checks_along(network: Network, axis: int, known: dict[tuple[str, int], Interval | None]) -> Iterator[FieldCheck]:
    """Checks on one axis of a network that is long there, in chunks that share one backward pass.

    `known` are gradients that have been taken on an axis on which the network does the same.
    """
    first = network.inputs[0]
    modules: dict[str, nn.Module] = {}

    def build(node: Node, shapes: Shapes) -> nn.Module:
        modules[node.path] = linear_module(node, shapes, axis)
        return modules[node.path]

    values: dict[int, Tensor] = {id(first): ones(first, 1, axis)}

    def call(node: Node, module: nn.Module, arguments: list[Tensor]) -> Tensor:
        value: Tensor = module(*arguments)
        values[id(node)] = value
        return value

    trace(network, build, [ones(node, 1, axis) for node in network.inputs], call)
    targets = spread(list(targets_of(network, axis, values)))
    size = max(1, ELEMENTS // values[id(first)].numel())
    asked = [target for target in targets if (target.node.path, target.unit) not in known]
    for start in range(0, len(asked), size):
        chunk = asked[start : start + size]
        for target, found in zip(chunk, supports(network, modules, chunk, axis), strict=True):
            known[target.node.path, target.unit] = found
    for target in targets:
        found = known[target.node.path, target.unit]
        yield FieldCheck(target.node.path, axis, target.unit, target.expected, found, target.whole)


def ones(node: Node, batch: int, axis: int) -> Tensor:
    """An input of ones; a map has one channel, and its own size on one axis only."""
    shape = [size for size in node.output.shape if isinstance(size, int)]
    if len(shape) > 1:
        shape = [size if place == axis + 1 else 1 for place, size in enumerate(shape)]
    return torch.ones(batch, *shape, dtype=torch.float64)


def targets_of(network: Network, axis: int, values: dict[int, Tensor]) -> Iterator[Target]:
    """For each tensor of the network units in the middle, one for each phase, whose whole field exists."""
    length = network.inputs[0].output.shape[1 + axis]
    assert isinstance(length, int)
    seen: set[int] = set()
    for node in network.nodes:
        value = values[id(node)]
        if id(value) in seen or value.numel() == 0 or not node.fields or node.source is not network.inputs[0]:
            continue
        seen.add(id(value))
        found = node.fields[axis]
        if isinstance(found, Scattered):
            continue
        if found.constant:
            yield Target(node, 1, 0, interval_of(found, 0), whole=True)
            continue
        n = value.shape[found.along + 1]
        phases = min(PHASES, lcm(*(len(part.spans) for part in found.progressions)))
        start = max(0, (n - phases) // 2)
        for unit in range(start, min(n, start + phases)):
            expected = interval_of(found, unit)
            if expected is None or (expected[0] >= 0 and expected[1] < length):
                yield Target(node, found.along + 1, unit, expected, whole=False)


def interval_of(found: Axis, unit: int) -> Interval | None:
    """What a unit should read."""
    span = fields.hull(fields.interval(part, unit) for part in found.progressions)
    if span is None:
        return None
    lo, hi = span
    assert isinstance(lo, int)
    assert isinstance(hi, int)
    return lo, hi


def spread(targets: list[Target]) -> list[Target]:
    """All targets, or of too many evenly spread ones with the last."""
    if len(targets) <= TARGETS:
        return targets
    return [targets[(place + 1) * len(targets) // TARGETS - 1] for place in range(TARGETS)]


def supports(
    network: Network, modules: dict[str, nn.Module], targets: list[Target], axis: int
) -> list[Interval | None]:
    """The first and last input position on an axis that the gradient of each target touches."""
    inputs = [ones(node, len(targets), axis) for node in network.inputs]
    x = inputs[0].requires_grad_()
    values = {id(node): value for node, value in zip(network.inputs, inputs, strict=True)}
    for node in network.nodes:
        value = modules[node.path](*(values[id(source)] for source in node.inputs))
        if value.requires_grad and not any(value is values[id(source)] for source in node.inputs):
            value.register_hook(lambda gradient: (gradient > 0).to(gradient.dtype))
        values[id(node)] = value
    picked = [values[id(t.node)][place].select(t.dim - 1, t.unit).sum() for place, t in enumerate(targets)]
    (gradient,) = torch.autograd.grad(torch.stack(picked).sum(), x)
    touched = (gradient != 0).movedim(2 + axis, -1).reshape(len(targets), -1, gradient.shape[2 + axis]).any(1)
    found: list[Interval | None] = []
    for row in touched:
        positions = row.nonzero()
        found.append((int(positions[0]), int(positions[-1])) if len(positions) else None)
    return found
