"""Receptive fields by gradients: which input positions the gradient of a unit touches.

The network is made linear and positive, and gets room around its input, so that a gradient is not
zero exactly where the unit reads. What is looked at are units of the network at its own size. Where
there is no room (behind a layer that gives a fixed size) a gradient shows as much of an interval as
there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple, TypeAlias

import torch

from paramcalc.algebra.receptive_field import Ordered
from paramcalc.crosscheck.gradients import Interval, Part, Progress, Units, cut, silently, supports
from paramcalc.crosscheck.network import layer_of
from paramcalc.crosscheck.one_channel import NEUTRAL
from paramcalc.crosscheck.stretched import Stretched
from paramcalc.crosscheck.units import Measures, expected_of, measured, period, told, total, units_of, whole
from paramcalc.network import Network, Node

BUDGET = 500_000_000
"""Elements of all gradients along one axis, about; in a deeper network not every step's are taken."""

LONGEST = 16_384
"""Positions of the margin around the input, at most."""

AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
"""The names of the spatial axes, by their number."""


@dataclass(frozen=True, slots=True)
class FieldCheck:
    """A unit of a step on one axis of the input: what it should read, and what its gradient touches.

    `unit` is ALL for all of them together. `clipped` marks that the unit reads beyond a border where
    there is no room, so that its gradient touches a part of the interval.
    """

    path: str
    axis: str
    unit: int
    expected: Interval | None
    found: Interval | None
    clipped: bool

    @property
    def agrees(self) -> bool:
        """Whether they are the same, or the one holds what is seen of it."""
        if not self.clipped or not self.expected or not self.found:
            return self.expected == self.found or (self.clipped and not self.found)
        return self.expected[0] <= self.found[0] and self.found[1] <= self.expected[1]


@dataclass(slots=True)
class Fields:
    """What gradients show: of units, of the steps that were looked at by axis, and why others cannot be.

    `followed` is how many steps have a field that gradients can follow.
    """

    checks: list[FieldCheck] = field(default_factory=list)
    measures: dict[str, list[Measures]] = field(default_factory=dict)
    unchecked: dict[str, str] = field(default_factory=dict)
    followed: int = 0


def field_checks(network: Network, progress: Progress = silently) -> Fields:
    """The receptive fields of a network against gradients, on every spatial axis of the inputs that they are of.

    What paramcalc says decides which units are looked at and how much room they get, never what their
    gradients touch.
    """
    result = Fields()
    for node in network.nodes:
        if node.fields is None and spatial_axes(node.source):
            result.unchecked[node.path] = "receptive field: paramcalc does not know it"
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # on tensors as small as these, threads wait for each other most of the time
    try:
        for source in network.inputs:
            check_source(network, source, result, progress)
    finally:
        torch.set_num_threads(threads)
    return result


def check_source(network: Network, source: Node, result: Fields, progress: Progress) -> None:
    """Add the checks of all nodes whose fields are of one input."""
    nodes = [node for node in network.nodes if node.source is source and node.fields]
    known: Known = {}
    for axis in range(spatial_axes(source) if nodes else 0):
        if axis and not alike(network, source):
            known.clear()
        line = Stretched(network, source, axis, margin(nodes, source, axis))
        nodes = check_axis(line, nodes, known, result, progress)


def spatial_axes(node: Node) -> int:
    """The number of spatial axes of an input."""
    return len(node.output.shape) - 1


def alike(network: Network, source: Node) -> bool:
    """Whether every layer does the same on every axis, so that one axis's gradients are the other's."""
    if len(set(source.output.shape[1:])) > 1 or len(network.inputs) > 1:
        return False
    for node in network.nodes:
        layer = layer_of(node)
        if layer.type == "permute" or getattr(layer, "axis", 0) not in (0, None):
            return False
        for name in NEUTRAL.keys() & type(layer).model_fields.keys():
            value = getattr(layer, name)
            if isinstance(value, tuple) and any(item != value[0] for item in value):
                return False
    return True


def margin(nodes: Iterable[Node], source: Node, axis: int) -> int:
    """How much room around the input the units of all nodes need, and what striding layers cut off of it."""
    n = whole(source.output.shape[1 + axis])
    room = widest_step = 0
    for node in nodes:
        assert node.fields is not None
        found = node.fields[axis]
        spans = [total(found)]
        if isinstance(found, Ordered):
            spans.append(expected_of(found, period(found)))
            widest_step = max(widest_step, *(whole(part.step) for part in found.maps))
        for lo, hi in filter(None, spans):
            room = max(room, -lo, hi - n + 1)
    return min(LONGEST, room + 2 * widest_step)


# -- one axis ------------------------------------------------------------------------------------

Key: TypeAlias = tuple[int, int, Part, Part]
"""Units of a step: the margin around the input, the step, and a part of its tensor on the long axis and the others."""

Known: TypeAlias = dict[Key, Interval | None]


class Look(NamedTuple):
    """Units of a node to look at; there is nothing to see (None) where the tensor has no such unit."""

    unit: int
    key: Key | None
    units: Units
    clipped: bool


def check_axis(line: Stretched, nodes: Sequence[Node], known: Known, result: Fields, progress: Progress) -> list[Node]:
    """Add the checks of one axis to the result; the nodes that were looked at.

    `known` are gradients on an axis on which the network does the same; new ones are added.
    """
    for node in nodes:
        if node.path in line.lost:
            result.unchecked[node.path] = f"receptive field: {line.lost[node.path]}"
    makers = first_steps(line)
    looks = {node: looks_at(line, node, makers[id(node)]) for node in nodes if node.path not in line.lost}
    if line.axis == 0:
        result.followed += len(looks)
        looks = affordable(line, looks)
    missing = {look.key: look.units for found in looks.values() for look in found if look.key and look.key not in known}
    spans = supports(line, list(missing.values()), progress)
    known.update((key, spans[units]) for key, units in missing.items())
    for node, found in looks.items():
        add_node(line, node, {look: known[look.key] if look.key else None for look in found}, result)
    return list(looks)


def add_node(line: Stretched, node: Node, touched: Mapping[Look, Interval | None], result: Fields) -> None:
    """Add the checks of a node on one axis to the result, from what its gradients touch."""
    assert node.fields is not None
    found = node.fields[line.axis]
    name = AXES[spatial_axes(line.source)][line.axis]
    for look, span in touched.items():
        if told(found, look.unit, span):
            expected = expected_of(found, look.unit)
            result.checks.append(FieldCheck(node.path, name, look.unit, expected, span, look.clipped))
    spans = {look.unit: span for look, span in touched.items()}
    clipped = any(look.clipped for look in touched)
    result.measures.setdefault(node.path, []).append(Measures() if clipped else measured(found, spans))


def first_steps(line: Stretched) -> dict[int, int]:
    """By node the step that made its tensor: layers that change no position hand it on."""
    makers: dict[int, int] = {}
    found = {}
    for place, step in enumerate(line.steps):
        found[id(step.node)] = makers.setdefault(id(line.values[id(step.node)].levels), place)
    return found


def looks_at(line: Stretched, node: Node, step: int) -> list[Look]:
    """The units of a node to look at, in the tensor that `step` has made."""
    assert node.fields is not None
    value = line.values[id(node)]
    found = []
    for unit, part in units_of(node.fields[line.axis], value):
        if part is None:
            found.append(Look(unit, None, Units(step, ()), clipped=False))
            continue
        # the long axis apart from the others, so that equal axes have equal keys
        long = tuple(span for axis, span in enumerate(part) if axis == value.place)
        others = tuple(span for axis, span in enumerate(part) if axis != value.place)
        clipped = bool(cut(value.levels[0], part).isnan().any())
        found.append(Look(unit, (line.margin, step, long, others), Units(step, part), clipped))
    return found


def affordable(line: Stretched, looks: dict[Node, list[Look]]) -> dict[Node, list[Look]]:
    """All of them, or in a deep network those of the last node of every layer, and of evenly spread others."""
    costs = list(accumulate(step.cost for step in line.steps))
    price = {node: sum(costs[look.units.step] for look in found) for node, found in looks.items()}
    if sum(price.values()) <= BUDGET:
        return looks
    needed = set({layer_of(node): node for node in looks}.values())
    others = [node for node in looks if node not in needed]
    left = max(1, BUDGET - sum(price[node] for node in needed))
    every = -(-sum(price[node] for node in others) // left)
    chosen = needed.union(others[every - 1 :: every])
    return {node: found for node, found in looks.items() if node in chosen}
