"""Receptive fields by gradients: at which input positions the gradient of a unit is not zero.

The network is made linear and positive, and gets margins around its input, so that a gradient is not
zero exactly where the unit reads. The units are those of the network at its own size. Where there are
no margins (behind a layer that gives a fixed size) a gradient shows as much of an interval as there is.

A 3×3 convolution with stride 2 and a padding of 1 on an image: paramcalc says that unit 0 reads -1 … 1
and unit 1 reads 1 … 3. In the network with margins of 5 the gradients of these units are not zero at
exactly these positions, so the field has a size of 3, a stride of 2 and a padding of 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple, TypeAlias

import torch

from paramcalc.algebra.receptive_field import Ordered
from paramcalc.crosscheck.gradients import Interval, Part, Progress, Units, select, silently, supports
from paramcalc.crosscheck.linear_network import LinearNetwork
from paramcalc.crosscheck.network import layer_of
from paramcalc.crosscheck.probes import Measures, expected_of, hull_of, is_determined, measured, period, units_of
from paramcalc.crosscheck.settings import as_int
from paramcalc.crosscheck.witness import NEUTRAL
from paramcalc.crosscheck.witnesses import witness_of
from paramcalc.network import Network, Node

BUDGET = 500_000_000
"""Elements of all gradients along one axis, about; in a deeper network some steps are left out."""

LARGEST_MARGIN = 16_384
"""Positions of the margin around the input, at most."""


@dataclass(frozen=True, slots=True)
class FieldCheck:
    """A unit of a step on one axis of the input: what it should read, and the support of its gradient.

    `unit` is ALL for all of them together. `clipped` says that the unit reads padding where there are no
    margins, so that its gradient shows a part of the interval.
    """

    path: str
    axis: str
    unit: int
    expected: Interval | None
    found: Interval | None
    clipped: bool

    @property
    def agrees(self) -> bool:
        """Whether they are the same, or what gradients show is a part of what it should read."""
        if not self.clipped or not self.expected or not self.found:
            return self.expected == self.found or (self.clipped and not self.found)
        return self.expected[0] <= self.found[0] and self.found[1] <= self.expected[1]


@dataclass(slots=True)
class Fields:
    """What gradients show: checks of units, measures of each step by axis, and why other steps have none.

    `followed` is how many steps have a field that gradients can follow.
    """

    checks: list[FieldCheck] = field(default_factory=list)
    measures: dict[str, list[Measures]] = field(default_factory=dict)
    unchecked: dict[str, str] = field(default_factory=dict)
    followed: int = 0


def field_checks(network: Network, progress: Progress = silently) -> Fields:
    """The receptive fields of a network against gradients, on every spatial axis of the inputs that they are of.

    What paramcalc says decides which units are compared and how wide the margins are, never where
    gradients are not zero.
    """
    result = Fields()
    for node in network.nodes:
        if node.fields is None and node.source.output.positions:
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
    cache: Cache = {}
    for axis in range(len(source.output.positions) if nodes else 0):
        if axis and not axes_are_alike(network, source):
            cache.clear()
        linear = LinearNetwork(network, source, axis, margin(nodes, source, axis))
        nodes = check_axis(linear, nodes, cache, result, progress)


def axes_are_alike(network: Network, source: Node) -> bool:
    """Whether every layer does the same on every axis, so that one axis's gradients are the other's."""
    if len({source.output.shape[axis] for axis in source.output.positions}) > 1 or len(network.inputs) > 1:
        return False
    for node in network.nodes:
        layer, channels = layer_of(node), node.output.channels or 0
        if witness_of(node).moves_axes or getattr(layer, "axis", channels) != channels:
            return False
        for name in NEUTRAL.keys() & type(layer).model_fields.keys():
            value = getattr(layer, name)
            if isinstance(value, tuple) and any(item != value[0] for item in value):
                return False
    return True


def margin(nodes: Iterable[Node], source: Node, axis: int) -> int:
    """How many positions the units of all nodes read beyond the input, and what striding layers cut off of them."""
    n = as_int(source.output.shape[source.output.positions[axis]])
    beyond = widest_step = 0
    for node in nodes:
        assert node.fields is not None
        found = node.fields[axis]
        spans = [hull_of(found)]
        if isinstance(found, Ordered):
            spans.append(expected_of(found, period(found)))
            widest_step = max(widest_step, *(as_int(part.step) for part in found.maps))
        for lo, hi in filter(None, spans):
            beyond = max(beyond, -lo, hi - n + 1)
    return min(LARGEST_MARGIN, beyond + 2 * widest_step)


# -- one axis ------------------------------------------------------------------------------------

Key: TypeAlias = tuple[int, int, Part, Part]
"""Units of a step: the margin around the input, the step, and a part of its tensor on the long axis and the others."""

Cache: TypeAlias = dict[Key, Interval | None]
"""Supports of gradients that are known already."""


class Probe(NamedTuple):
    """Units of a node whose gradient is taken; without a key where the tensor has no such unit."""

    unit: int
    key: Key | None
    units: Units
    clipped: bool


def check_axis(
    linear: LinearNetwork, nodes: Sequence[Node], cache: Cache, result: Fields, progress: Progress
) -> list[Node]:
    """Add the checks of one axis to the result; the nodes that were compared.

    `cache` has gradients on an axis on which the network does the same; new ones are added.
    """
    for node in nodes:
        if node.path in linear.skipped:
            result.unchecked[node.path] = f"receptive field: {linear.skipped[node.path]}"
    origins = first_steps(linear)
    probes = {node: probes_of(linear, node, origins[id(node)]) for node in nodes if node.path not in linear.skipped}
    if linear.axis == 0:
        result.followed += len(probes)
        probes = affordable(linear, probes)
    missing = {
        probe.key: probe.units for found in probes.values() for probe in found if probe.key and probe.key not in cache
    }
    spans = supports(linear, list(missing.values()), progress)
    cache.update((key, spans[units]) for key, units in missing.items())
    for node, found in probes.items():
        add_node(linear, node, {probe: cache[probe.key] if probe.key else None for probe in found}, result)
    return list(probes)


def add_node(linear: LinearNetwork, node: Node, shown: Mapping[Probe, Interval | None], result: Fields) -> None:
    """Add the checks of a node on one axis to the result, from the supports of its gradients."""
    assert node.fields is not None
    found = node.fields[linear.axis]
    x = linear.source.output
    name = x.axes[x.positions[linear.axis]]
    for probe, span in shown.items():
        if is_determined(found, probe.unit, span):
            expected = expected_of(found, probe.unit)
            result.checks.append(FieldCheck(node.path, name, probe.unit, expected, span, probe.clipped))
    spans = {probe.unit: span for probe, span in shown.items()}
    clipped = any(probe.clipped for probe in shown)
    result.measures.setdefault(node.path, []).append(Measures() if clipped else measured(found, spans))


def first_steps(linear: LinearNetwork) -> dict[int, int]:
    """By node the index of the step that wrote its tensor: a layer that becomes the identity hands it on."""
    writers: dict[int, int] = {}
    found = {}
    for index, step in enumerate(linear.steps):
        found[id(step.node)] = writers.setdefault(id(linear.values[id(step.node)].marks), index)
    return found


def probes_of(linear: LinearNetwork, node: Node, step: int) -> list[Probe]:
    """The units of a node to compare, in the tensor that `step` has written."""
    assert node.fields is not None
    value = linear.values[id(node)]
    found = []
    for unit, part in units_of(node.fields[linear.axis], value):
        if part is None:
            found.append(Probe(unit, None, Units(step, ()), clipped=False))
            continue
        # the long axis apart from the others, so that equal axes have equal keys
        long = tuple(span for axis, span in enumerate(part) if axis == value.long)
        others = tuple(span for axis, span in enumerate(part) if axis != value.long)
        clipped = bool(select(value.marks[0], part).isnan().any())
        found.append(Probe(unit, (linear.margin, step, long, others), Units(step, part), clipped))
    return found


def affordable(linear: LinearNetwork, probes: dict[Node, list[Probe]]) -> dict[Node, list[Probe]]:
    """All of them, or in a deep network those of the last node of every layer, and of evenly spread others."""
    costs = list(accumulate(step.cost for step in linear.steps))
    price = {node: sum(costs[probe.units.step] for probe in found) for node, found in probes.items()}
    if sum(price.values()) <= BUDGET:
        return probes
    needed = set({layer_of(node): node for node in probes}.values())
    others = [node for node in probes if node not in needed]
    left = max(1, BUDGET - sum(price[node] for node in needed))
    every = -(-sum(price[node] for node in others) // left)
    chosen = needed.union(others[every - 1 :: every])
    return {node: found for node, found in probes.items() if node in chosen}
