"""Layers whose receptive field depends on the data: torch has no module for them, and their figures are not checked."""

from __future__ import annotations

from torch import Tensor, nn

from paramcalc.crosscheck.settings import Shape, per_axis
from paramcalc.crosscheck.witness import Witness

REASON = "which positions it reads depends on the data, and torch has no such module"


class Empty(nn.Module):
    """Empty tensors of a shape, as many as given or as the last input has; they prove nothing."""

    def __init__(self, shape: Shape, count: int | None = None) -> None:
        super().__init__()
        self.shape = shape
        self.count = count

    def forward(self, x: Tensor, *others: Tensor) -> Tensor:
        """The tensors."""
        return x.new_empty((others[-1].shape[0] if self.count is None else self.count, *self.shape))


REGION_POOL = Witness(
    lambda layer, shapes: Empty((shapes[0][0], *per_axis(layer.output, 2))),
    not_checked=REASON,
)

WITNESSES = {
    "roi_pool": REGION_POOL,
    "roi_align": REGION_POOL,
    "region_proposal": Witness(lambda layer, _: Empty((5,), layer.count), not_checked=REASON),
}
