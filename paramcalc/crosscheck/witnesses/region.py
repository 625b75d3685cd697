"""Layers whose receptive field depends on the data: torch has no module for them, and their figures are not checked."""

from __future__ import annotations

import torch

from paramcalc.crosscheck.parts import Apply
from paramcalc.crosscheck.settings import Shape, per_axis
from paramcalc.crosscheck.witness import Witness

REASON = "which positions it reads depends on the data, and torch has no such module"


def empty(x: torch.Tensor, *others: torch.Tensor, shape: Shape, count: int | None = None) -> torch.Tensor:
    """Empty tensors of a shape, as many as given or as the last input has; they prove nothing."""
    return torch.empty(others[-1].shape[0] if count is None else count, *shape, device=x.device)


REGION_POOL = Witness(
    lambda layer, shapes: Apply(empty, shape=(shapes[0][0], *per_axis(layer.output, 2))),
    not_checked=REASON,
)

WITNESSES = {
    "roi_pool": REGION_POOL,
    "roi_align": REGION_POOL,
    "region_proposal": Witness(lambda layer, _: Apply(empty, shape=(5,), count=layer.count), not_checked=REASON),
}
