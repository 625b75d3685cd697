"""The witness of the linear layer, which torch applies to the last axis."""

from __future__ import annotations

from torch import nn

from paramcalc.crosscheck.linear import axis_mean
from paramcalc.crosscheck.parts import Apply
from paramcalc.crosscheck.witness import NOWHERE, Witness

WITNESSES = {
    "linear": Witness(
        lambda layer, shapes: nn.Linear(shapes[0][-1], layer.out, layer.bias),
        linear=lambda module, _: Apply(axis_mean, axis=-1, size=module.out_features),
        # features are one channel; where they take the place of positions all of them are there
        fields=lambda _, inputs: {} if inputs.long == inputs.rank - 1 > 0 else {"out": 1},
        whole_axes=lambda _, inputs: (inputs.rank - 1,),
        output_axis=lambda _, inputs: NOWHERE if inputs.rank == 1 else inputs.long,
    )
}
