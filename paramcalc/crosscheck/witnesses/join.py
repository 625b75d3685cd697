"""The witnesses of layers with branches."""

from __future__ import annotations

import torch

from paramcalc.crosscheck.parts import Apply, broadcast_concatenated, concatenated, reduced
from paramcalc.crosscheck.witness import LongInputs, Witness
from paramcalc.layers import join


def summed(*_: object) -> torch.nn.Module:
    """The sum of all branches."""
    return Apply(reduced, operation=torch.add)


def concat_on_one_channel(layer: join.Concat, inputs: LongInputs) -> torch.nn.Module:
    """Branches behind one another; along the channels their sum, which is one channel and reads the same."""
    assert isinstance(layer.axis, int)
    if layer.axis == inputs.channels and inputs.long != inputs.channels:
        return summed()
    return Apply(broadcast_concatenated, axis=layer.axis)


WITNESSES = {
    "add": Witness(summed),
    "multiply": Witness(lambda *_: Apply(reduced, operation=torch.mul), linear=summed),
    "concat": Witness(
        lambda layer, _: Apply(concatenated, axis=layer.axis),
        one_channel=concat_on_one_channel,
        whole_axes=lambda layer, _: (layer.axis,),
    ),
}
