"""The witnesses of norms."""

from __future__ import annotations

from torch import nn

from paramcalc.crosscheck.settings import NoModule, Shape, Shapes, by_rank
from paramcalc.crosscheck.witness import each_position
from paramcalc.layers import norm

BATCH_NORM = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
INSTANCE_NORM = (nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d)


def batch_norm(layer: norm.BatchNorm, shapes: Shapes) -> nn.Module:
    """`nn.BatchNorm1d` for vectors and one spatial axis, `2d`, `3d`."""
    x = shapes[0]
    return by_rank(BATCH_NORM, x if len(x) > 1 else (*x, 1))(x[0], affine=layer.affine)


def normalized_shape(layer: norm.TrailingNorm, x: Shape) -> list[int]:
    """The last sizes of the input, as many as the layer normalises over."""
    axes = 1 if layer.axes is None else layer.axes
    if not isinstance(axes, int) or axes > len(x):
        raise NoModule(f"{axes} axes to normalise over, of {len(x)}")
    return list(x[len(x) - axes :])


WITNESSES = {
    "batch_norm": each_position(batch_norm),
    "layer_norm": each_position(
        lambda layer, shapes: nn.LayerNorm(
            normalized_shape(layer, shapes[0]), elementwise_affine=layer.affine, bias=layer.bias
        )
    ),
    "group_norm": each_position(lambda layer, shapes: nn.GroupNorm(layer.groups, shapes[0][0], affine=layer.affine)),
    "instance_norm": each_position(
        lambda layer, shapes: by_rank(INSTANCE_NORM, shapes[0])(shapes[0][0], affine=layer.affine)
    ),
    "local_response_norm": each_position(lambda layer, _: nn.LocalResponseNorm(layer.size)),
    "rms_norm": each_position(
        lambda layer, shapes: nn.RMSNorm(normalized_shape(layer, shapes[0]), elementwise_affine=layer.affine)
    ),
}
