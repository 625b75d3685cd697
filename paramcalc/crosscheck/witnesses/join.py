"""The witnesses of layers with branches."""

from __future__ import annotations

import torch

from paramcalc.crosscheck.parts import BroadcastConcat, Concat, Reduction
from paramcalc.crosscheck.witness import LongInputs, Witness
from paramcalc.layers import join


def concat_on_one_channel(layer: join.Concat, inputs: LongInputs) -> torch.nn.Module:
    """Branches behind one another; along the channels their sum, which is one channel and reads the same."""
    assert isinstance(layer.axis, int)
    if layer.axis == inputs.channels and inputs.long != inputs.channels:
        return Reduction(torch.add)
    return BroadcastConcat(layer.axis)


WITNESSES = {
    "add": Witness(lambda *_: Reduction(torch.add)),
    "multiply": Witness(lambda *_: Reduction(torch.mul), linear=lambda *_: Reduction(torch.add)),
    "concat": Witness(
        lambda layer, _: Concat(layer.axis),
        one_channel=concat_on_one_channel,
        whole_axes=lambda layer, _: (layer.axis,),
    ),
}
