"""The gradients of units of a linear network on its input, and their supports: the positions where they are not zero.

A step's gradient is torch's own, taken step after step from the last to the first. In between only
the support is kept, so that a thousand layers neither vanish nor overflow, and what has been used is
dropped, so that memory does not grow with depth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from paramcalc.crosscheck.linear_network import LinearNetwork, Step

ELEMENTS = 1_000_000
"""Elements of one gradient tensor of many units, about."""

Interval: TypeAlias = tuple[int, int]

Part: TypeAlias = tuple[Interval, ...]
"""A part of a tensor without the batch: from and to on each axis."""


class Units(NamedTuple):
    """Some units of a step, whose gradients are added: the index of the step, and a part of its tensor."""

    step: int
    part: Part


def select(tensor: Tensor, part: Part) -> Tensor:
    """A part of a tensor."""
    return tensor[tuple(slice(*span) for span in part)]


Progress: TypeAlias = Callable[[Sequence[int], str], Iterable[int]]
"""Takes the numbers of steps and what they do, and hands the numbers on while it shows how far they are."""

LONG = 1000
"""Steps from which on a backward pass shows its progress."""


def silently(steps: Sequence[int], _what: str) -> Iterable[int]:
    """The numbers, without showing anything."""
    return steps


def supports(network: LinearNetwork, wanted: Sequence[Units], progress: Progress) -> dict[Units, Interval | None]:
    """The first and last position of the input where the gradient of each is not zero, or None for none.

    Positions count from the first of the input's own, so that those in the margin before it are negative.
    """
    largest = max(value.marks.numel() for value in network.values.values())
    batch_size = max(1, ELEMENTS // largest)
    ordered = sorted(wanted, key=lambda units: -units.step)
    found: dict[Units, Interval | None] = {}
    for start in range(0, len(ordered), batch_size):
        batch = ordered[start : start + batch_size]
        found.update(zip(batch, backward(network, batch, progress), strict=True))
    return found


def backward(network: LinearNetwork, wanted: Sequence[Units], progress: Progress) -> Iterator[Interval | None]:
    """The support of each on the input, in one backward pass; units of later steps come first in `wanted`.

    Every gradient has a row for each of the units met so far.
    """
    gradients: dict[int, Tensor] = {}
    rows = 0
    indices = range(wanted[0].step, -1, -1)
    for index in progress(indices, "taking gradients") if len(indices) > LONG else indices:
        step = network.steps[index]
        known = rows
        while rows < len(wanted) and wanted[rows].step == index:
            rows += 1
        gradient = gradients.pop(id(step.node), None)
        if gradient is None and rows == known:
            continue
        gradient = with_rows(gradient, rows, network.values[id(step.node)].shape)
        for row in range(known, rows):
            select(gradient[row], wanted[row].part).fill_(1)
        for source, part in zip(step.sources, backward_step(network, step, gradient), strict=True):
            other = gradients.get(id(source))
            gradients[id(source)] = part if other is None else part + with_rows(other, rows, part.shape[1:])
    first = with_rows(gradients.get(id(network.source)), rows, network.values[id(network.source)].shape)
    reached = (first != 0).movedim(1 + network.long, -1)[:, None].flatten(1, -2).any(1)
    for row in reached:
        positions = row.nonzero()
        yield (int(positions[0]) - network.margin, int(positions[-1]) - network.margin) if len(positions) else None


def backward_step(network: LinearNetwork, step: Step, gradient: Tensor) -> Sequence[Tensor]:
    """The gradients on the inputs of a step, from the support of those of many units on its output."""
    if isinstance(step.module, nn.Identity):
        return [gradient]
    shapes = [network.values[id(source)].shape for source in step.sources]
    inputs = [torch.zeros(1, *shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    # a linear module has one gradient for all inputs, so that it runs once for all units
    outside = (gradient != 0).double()[:, None]
    parts = torch.autograd.grad(step.module(*inputs), inputs, outside, is_grads_batched=True)
    return [part[:, 0] for part in parts]


def with_rows(gradient: Tensor | None, rows: int, shape: Sequence[int]) -> Tensor:
    """A gradient with rows of zeros for units that come in later."""
    if gradient is None:
        return torch.zeros(rows, *shape, dtype=torch.float64)
    return functional.pad(gradient, [0, 0] * len(shape) + [0, rows - len(gradient)])
