"""The witnesses of poolings to a fixed size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn

from paramcalc.crosscheck.parts import PaddingValue, Pyramid
from paramcalc.crosscheck.settings import by_rank
from paramcalc.crosscheck.witness import LongInputs, Witness

MAX_POOL = (nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d)
AVG_POOL = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d)


def average(pool: Any, _value: PaddingValue) -> nn.Module:
    """The average pooling in the place of an adaptive max pooling."""
    return AVG_POOL[MAX_POOL.index(type(pool))](pool.output_size)


def positions(_layer: Any, inputs: LongInputs) -> Sequence[int]:
    """All axes but the channels, which torch has first."""
    return range(1, inputs.rank)


WITNESSES = {
    "adaptive_avg_pool": Witness(
        lambda layer, shapes: by_rank(AVG_POOL, shapes[0])(layer.output), whole_axes=positions
    ),
    "adaptive_max_pool": Witness(
        lambda layer, shapes: by_rank(MAX_POOL, shapes[0])(layer.output), linear=average, whole_axes=positions
    ),
    "global_avg_pool": Witness(lambda _, shapes: by_rank(AVG_POOL, shapes[0])(1), whole_axes=positions),
    "global_max_pool": Witness(lambda _, shapes: by_rank(MAX_POOL, shapes[0])(1), linear=average, whole_axes=positions),
    "spatial_pyramid_pool": Witness(
        lambda layer, shapes: Pyramid([by_rank(MAX_POOL, shapes[0])(level) for level in layer.levels]),
        linear=lambda pyramid, value: Pyramid([average(pool, value) for pool in pyramid.pools]),
        whole_axes=lambda _, inputs: range(inputs.rank),
        output_axis=lambda *_: 0,
    ),
}
