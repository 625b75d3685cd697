"""What torch says of each step: output, parameters, buffers, multiply-accumulates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from paramcalc.crosscheck.modules import MODULES, NotCheckable, module_for
from paramcalc.crosscheck.network import Shapes, layer_of, meta_inputs, trace
from paramcalc.layers.base import Layer
from paramcalc.layers.region import RegionPool, RegionProposal
from paramcalc.network import Network, Node

QUANTITIES = ("output", "count", "weights", "biases", "trainable", "buffers", "macs")
"""What is held against torch, step by step."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one step; elements of parameters that an earlier step owns are not counted again."""

    output: tuple[int, ...]
    count: int
    weights: int
    biases: int
    trainable: int
    buffers: int
    macs: int


class StandIn(nn.Module):
    """An output of the right form for a layer whose values depend on the data; it proves nothing."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor, *others: Tensor) -> Tensor:
        """An empty tensor of as many bins in as many regions as the fields and the inputs say."""
        layer = self.layer
        if isinstance(layer, RegionPool):
            bins = layer.output if isinstance(layer.output, tuple) else (layer.output,) * 2
            return x.new_empty((others[0].shape[0], x.shape[1], *(int(size) for size in bins)))  # type: ignore[arg-type]
        assert isinstance(layer, RegionProposal)
        return x.new_empty((int(layer.count), 5))  # type: ignore[arg-type]


def reason_not_checked(node: Node) -> str:
    """Why torch cannot express a step; empty where it can."""
    entry = MODULES[node.type]
    return entry.reason if isinstance(entry, NotCheckable) else ""


def torch_figures(network: Network, inputs: Sequence[Tensor] | None = None) -> dict[str, Figures]:
    """The figures of every step, by path, from one forward pass on the meta device.

    The inputs are the network's own, or others; only the fields of its layers are asked for.
    Parameters are counted from the tensors of the step's module, each tensor once; multiply-accumulates
    are half of what torch's FLOP counter adds while the module runs. Raises whatever torch raises.
    """
    found: dict[str, Figures] = {}
    seen: set[int] = set()
    counter = FlopCounterMode(display=False)

    def build(node: Node, shapes: Shapes) -> nn.Module:
        # in training, norms refuse a batch of one vector
        return StandIn(layer_of(node)) if reason_not_checked(node) else module_for(layer_of(node), shapes).eval()

    def call(node: Node, module: nn.Module, arguments: list[Tensor]) -> Tensor:
        before = counter.get_total_flops()
        value: Tensor = module(*arguments)
        found[node.path] = figures_of(module, value, counter.get_total_flops() - before, seen)
        return value

    # gradients stay on: without them torch may take fused paths that its counter does not see
    with torch.device("meta"), counter:
        trace(network, build, meta_inputs(network) if inputs is None else inputs, call)
    return found


def figures_of(module: nn.Module, value: Tensor, flops: int, seen: set[int]) -> Figures:
    """The figures of a module that has run; its tensors become part of `seen`."""
    kinds = {"weights": 0, "biases": 0, "trainable": 0, "buffers": 0}
    for name, parameter in module.named_parameters():
        if id(parameter) in seen:
            continue
        seen.add(id(parameter))
        kinds["biases" if name.endswith("bias") else "weights"] += parameter.numel()
        kinds["trainable"] += parameter.numel() if parameter.requires_grad else 0
    for name, buffer in module.named_buffers():
        if id(buffer) not in seen and not name.endswith("num_batches_tracked"):
            seen.add(id(buffer))
            kinds["buffers"] += buffer.numel()
    count, *shape = value.shape
    return Figures(output=tuple(shape), count=count, macs=flops // 2, **kinds)
