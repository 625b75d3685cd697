"""What torch says of each step: output, parameters, buffers, multiply-accumulates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from paramcalc.crosscheck.network import meta_inputs, run, state, trace
from paramcalc.network import Network, Node


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


def torch_figures(network: Network, inputs: Sequence[Tensor] | None = None) -> dict[str, Figures]:
    """The figures of every step, by path, from one forward pass on the meta device.

    The inputs are the network's own, or others; only the fields of its layers are used.
    Parameters are counted from the tensors of the step's module, each tensor once; multiply-accumulates
    are half of what torch's FLOP counter adds while the module runs. Raises NoModule, and whatever torch raises.
    """
    found: dict[str, Figures] = {}
    seen: set[int] = set()
    counter = FlopCounterMode(display=False)

    def call(node: Node, module: nn.Module, arguments: list[Tensor]) -> Tensor:
        before = counter.get_total_flops()
        value = run(node, module, arguments)
        found[node.path] = figures_of(module, value, counter.get_total_flops() - before, seen)
        return value

    # gradients stay on: without them torch may take fused paths that its counter does not see
    with torch.device("meta"), counter:
        trace(network, meta_inputs(network) if inputs is None else inputs, call)
    return found


def figures_of(module: nn.Module, value: Tensor, flops: int, seen: set[int]) -> Figures:
    """The figures of a module that has run; its tensors become part of `seen`."""
    counts = {"weights": 0, "biases": 0, "trainable": 0, "buffers": 0}
    for name, parameter in module.named_parameters():
        if id(parameter) in seen:
            continue
        seen.add(id(parameter))
        counts["biases" if name.endswith("bias") else "weights"] += parameter.numel()
        counts["trainable"] += parameter.numel() if parameter.requires_grad else 0
    for buffer in state(module):
        if id(buffer) not in seen:
            seen.add(id(buffer))
            counts["buffers"] += buffer.numel()
    count, *shape = value.shape
    return Figures(output=tuple(shape), count=count, macs=flops // 2, **counts)
