"""The witnesses of activations."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from paramcalc.crosscheck.linear import axis_mean
from paramcalc.crosscheck.parts import Apply
from paramcalc.crosscheck.witness import Witness, each_position, elementwise


def mean_of_halves(x: Tensor, axis: int) -> Tensor:
    """The average of the two halves of an axis, counted with the batch."""
    return torch.stack(x.chunk(2, axis)).mean(0)


WITNESSES = {
    "relu": elementwise(nn.ReLU),
    "relu6": elementwise(nn.ReLU6),
    "leaky_relu": elementwise(nn.LeakyReLU, "negative_slope"),
    "prelu": each_position(lambda layer, _: nn.PReLU(layer.parameters)),
    "elu": elementwise(nn.ELU, "alpha"),
    "gelu": elementwise(nn.GELU),
    "silu": elementwise(nn.SiLU),
    "mish": elementwise(nn.Mish),
    "sigmoid": elementwise(nn.Sigmoid),
    "tanh": elementwise(nn.Tanh),
    "softmax": Witness(
        lambda layer, _: nn.Softmax(layer.axis + 1),  # torch counts the batch
        linear=lambda module, _: Apply(axis_mean, axis=module.dim),
        whole_axes=lambda layer, _: (layer.axis,),
    ),
    "hard_swish": elementwise(nn.Hardswish),
    "hard_sigmoid": elementwise(nn.Hardsigmoid),
    "hard_tanh": elementwise(nn.Hardtanh, "min_val", "max_val"),
    "glu": Witness(
        lambda layer, _: nn.GLU(layer.axis + 1),
        linear=lambda module, _: Apply(mean_of_halves, axis=module.dim),
        # half of an axis that is not long is one position, like all of it
        one_channel=lambda glu, inputs: (
            Apply(mean_of_halves, axis=glu.axis + 1) if glu.axis == inputs.long else nn.Identity()
        ),
        whole_axes=lambda layer, _: (layer.axis,),
    ),
    "dropout": elementwise(nn.Dropout, "p"),
    "identity": elementwise(nn.Identity),
}
