"""The witness of `rearrange`, as torch unflattens, permutes and reshapes."""

from __future__ import annotations

from math import prod

from torch import Tensor, nn

from paramcalc.crosscheck.parts import Apply
from paramcalc.crosscheck.settings import as_int
from paramcalc.crosscheck.witness import NOWHERE, LongInputs, NotFollowed, Witness
from paramcalc.layers.rearrange import Rearrange, Side


def rearranged(x: Tensor, layer: Rearrange) -> Tensor:
    """Axes taken apart, permuted and joined; torch works out the part of each axis that has no size given.

    `[N, 3, 32, 48]` by `c (h p) w -> h w (p c)` with p of 16: `[N, 3, 2, 16, 48]`, then `[N, 2, 48, 48]`.
    """
    left, right = layer.pattern.of_rank(x.dim() - 1)
    for axis, parts in reversed([*enumerate(left, 1)]):
        sizes = [as_int(layer.given.get(part, -1)) for part in parts]
        x = nn.Unflatten(axis, sizes)(x) if parts else x.squeeze(axis)
    names = [part for parts in left for part in parts]
    x = x.permute(0, *(1 + names.index(part) for parts in right for part in parts))
    ends = iter(x.shape[1:])
    return x.reshape(len(x), *(prod(next(ends) for _ in parts) for parts in right))


def on_one_channel(layer: Rearrange, inputs: LongInputs) -> nn.Module:
    """A pattern that only moves axes, or one of a tensor that has shrunk to a point. Raises NotFollowed."""
    sides: tuple[Side, Side] = layer.pattern.of_rank(inputs.rank)
    if any(len(parts) > 1 for side in sides for parts in side):
        raise NotFollowed("a rearrangement that splits or joins axes cannot be followed with one channel")
    return Apply(rearranged, layer=layer)


def output_axis(layer: Rearrange, inputs: LongInputs) -> int:
    """Where an axis is after it has moved."""
    left, right = layer.pattern.of_rank(inputs.rank)
    return right.index(left[inputs.long]) if left[inputs.long] in right else NOWHERE


WITNESSES = {
    "rearrange": Witness(
        lambda layer, _: Apply(rearranged, layer=layer),
        one_channel=on_one_channel,
        output_axis=output_axis,
        moves_axes=True,
    ),
}
