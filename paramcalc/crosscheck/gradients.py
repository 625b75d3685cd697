"""The gradients of units of a stretched network on its input: which positions each of them touches.

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

from paramcalc.crosscheck.stretched import Step, Stretched

ELEMENTS = 1_000_000
"""Elements of one gradient tensor of many units, about."""

Interval: TypeAlias = tuple[int, int]

Part: TypeAlias = tuple[Interval, ...]
"""A part of a tensor without the batch: from and to on each axis."""


class Units(NamedTuple):
    """Some units of a step, whose gradients are added: the place of the step, and a part of its tensor."""

    step: int
    part: Part


def cut(tensor: Tensor, part: Part) -> Tensor:
    """A part of a tensor."""
    for axis, (start, stop) in enumerate(part):
        tensor = tensor.narrow(axis, start, stop - start)
    return tensor


Progress: TypeAlias = Callable[[Sequence[int], str], Iterable[int]]
"""Numbers, and what they are steps of: the numbers, told to whoever waits."""

LONG = 1000
"""Steps from which on a pass backwards tells how far it is."""


def silently(steps: Sequence[int], _what: str) -> Iterable[int]:
    """The numbers, told to nobody."""
    return steps


def supports(line: Stretched, wanted: Sequence[Units], progress: Progress = silently) -> dict[Units, Interval | None]:
    """The first and last position of the input that the gradient of each touches, or None for none.

    Positions count from the first of the input's own.
    """
    largest = max(value.levels.numel() for value in line.values.values())
    most = max(1, ELEMENTS // largest)
    ordered = sorted(wanted, key=lambda units: -units.step)
    found: dict[Units, Interval | None] = {}
    for start in range(0, len(ordered), most):
        chunk = ordered[start : start + most]
        found.update(zip(chunk, intervals(line, chunk, progress), strict=True))
    return found


def intervals(line: Stretched, wanted: Sequence[Units], progress: Progress) -> Iterator[Interval | None]:
    """The positions that each touches; those of later steps come first in `wanted`."""
    gradients: dict[int, Tensor] = {}
    rows = 0
    places = range(wanted[0].step, -1, -1)
    for place in progress(places, "taking gradients") if len(places) > LONG else places:
        step = line.steps[place]
        new = rows
        while new < len(wanted) and wanted[new].step == place:
            new += 1
        gradient = gradients.pop(id(step.node), None)
        if new > rows:
            gradient = with_rows(gradient, new, line.values[id(step.node)].shape)
            for row in range(rows, new):
                cut(gradient[row], wanted[row].part).fill_(1)
            rows = new
        if gradient is None:
            continue
        for source, part in zip(step.sources, backward(line, step, gradient), strict=True):
            other = gradients.get(id(source))
            gradients[id(source)] = part if other is None else added(part, other)
    first = with_rows(gradients.get(id(line.source)), rows, line.values[id(line.source)].shape)
    touched = (first != 0).movedim(2 + line.axis, -1).flatten(1, -2).any(1)
    for row in touched:
        positions = row.nonzero()
        yield (int(positions[0]) - line.margin, int(positions[-1]) - line.margin) if len(positions) else None


def backward(line: Stretched, step: Step, gradient: Tensor) -> Sequence[Tensor]:
    """The gradients on the inputs of a step, from the support of those of many units on its output."""
    if isinstance(step.module, nn.Identity):
        return [gradient]
    shapes = [line.values[id(source)].shape for source in step.sources]
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


def added(left: Tensor, right: Tensor) -> Tensor:
    """The sum of two gradients, one of which may have fewer rows."""
    more, fewer = (left, right) if len(left) >= len(right) else (right, left)
    return more + with_rows(fewer, len(more), more.shape[1:])
