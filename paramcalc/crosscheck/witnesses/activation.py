"""The witnesses of activations."""

from __future__ import annotations

from torch import nn

from paramcalc.crosscheck.linear import AxisMean
from paramcalc.crosscheck.witness import Witness, each_position, elementwise

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
        linear=lambda module, _: AxisMean(module.dim),
        whole_axes=lambda layer, _: (layer.axis,),
    ),
    "hard_swish": elementwise(nn.Hardswish),
    "hard_sigmoid": elementwise(nn.Hardsigmoid),
    "dropout": elementwise(nn.Dropout, "p"),
    "identity": elementwise(nn.Identity),
}
